//! How many messages arrived while following, in short periods over the last minutes, in all and by category. It comes
//! from what was followed and asks for nothing.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::message::{Category, MessageHead};

/// The seconds in a period.
const PERIOD: i64 = 5;
/// The most periods that are kept.
const KEPT: i64 = 200;
/// The most categories that are counted.
const CATEGORIES: usize = 500;

/// Messages that arrived while following, counted in periods of [`PERIOD`].
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// The number of each period with messages, and how many, oldest first.
    periods: VecDeque<(i64, u64)>,
}

impl Rates {
    pub(super) fn count(&mut self, messages: u64, now: Timestamp) {
        let period = now.as_second().div_euclid(PERIOD);
        match self.periods.back_mut() {
            Some((last, count)) if *last == period => *count += messages,
            _ if messages > 0 => self.periods.push_back((period, messages)),
            _ => {}
        }
        while self.periods.front().is_some_and(|(first, _)| *first <= period - KEPT) {
            self.periods.pop_front();
        }
    }

    /// Returns true if no message arrived in the periods that are kept.
    pub(super) fn is_empty(&self) -> bool {
        self.periods.is_empty()
    }

    /// Returns the messages in each of the last periods, the current one last.
    #[must_use]
    pub(super) fn last(&self, periods: usize, now: Timestamp) -> Vec<u64> {
        let first = now.as_second().div_euclid(PERIOD) + 1 - i64::try_from(periods).unwrap_or(0);
        let mut counts = vec![0; periods];
        for (period, messages) in &self.periods {
            if let Some(count) = usize::try_from(period - first).ok().and_then(|index| counts.get_mut(index)) {
                *count += messages;
            }
        }
        counts
    }

    /// Returns the messages in the periods that begin from one time on and before another.
    fn between(&self, from: Timestamp, to: Timestamp) -> u64 {
        let first = |time: Timestamp| time.as_second().div_euclid(PERIOD);
        let is_in = |period: i64| (first(from)..first(to)).contains(&period);
        self.periods.iter().filter(|(period, _)| is_in(*period)).map(|(_, messages)| messages).sum()
    }

    /// Returns the length of some periods.
    #[must_use]
    pub(super) fn span(periods: usize) -> SignedDuration {
        SignedDuration::from_secs(PERIOD.saturating_mul(i64::try_from(periods).unwrap_or(0)))
    }
}

/// Messages that arrived while following, by category and by the clock of the server.
#[derive(Debug)]
pub(crate) struct Arrivals {
    /// The category that is followed; none for the whole namespace.
    only: Option<Category>,
    /// When following began.
    pub since: Timestamp,
    of: HashMap<Category, Rates>,
    /// There were more categories than are counted.
    overflowed: bool,
}

impl Arrivals {
    #[must_use]
    pub(super) fn new(only: Option<Category>, since: Timestamp) -> Self {
        Self { only, since, of: HashMap::new(), overflowed: false }
    }

    pub(super) fn count<'a>(&mut self, heads: impl Iterator<Item = &'a MessageHead>, now: Timestamp) {
        for head in heads {
            let category = head.stream.category();
            if self.of.len() == CATEGORIES && !self.of.contains_key(&category) {
                self.overflowed = true;
                continue;
            }
            self.of.entry(category).or_default().count(1, now);
        }
    }

    /// Returns true if every message of the namespace since then was counted.
    #[must_use]
    pub(crate) fn covers_everything(&self) -> bool {
        self.only.is_none() && !self.overflowed
    }

    /// Returns true if every message of the category since then was counted.
    #[must_use]
    pub(crate) fn covers(&self, category: &Category) -> bool {
        self.only.as_ref().is_none_or(|only| only == category) && (!self.overflowed || self.of.contains_key(category))
    }

    /// Returns the categories with messages.
    pub(crate) fn categories(&self) -> impl Iterator<Item = &Category> {
        self.of.keys()
    }

    /// Returns the messages of a category from one time on and before another.
    #[must_use]
    pub(crate) fn between(&self, category: &Category, from: Timestamp, to: Timestamp) -> u64 {
        self.of.get(category).map_or(0, |rates| rates.between(from, to))
    }
}
