//! How many messages arrived while following, in short periods over the last minutes. It comes from what was followed and asks for
//! nothing.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// The seconds in a period.
const PERIOD: i64 = 5;
/// The most periods that are kept.
const KEPT: i64 = 200;

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

    /// Returns the length of some periods.
    #[must_use]
    pub(super) fn span(periods: usize) -> SignedDuration {
        SignedDuration::from_secs(PERIOD.saturating_mul(i64::try_from(periods).unwrap_or(0)))
    }
}
