//! The rates of the pulse: those of the last answer, replaced by those of followed messages as far as they reach.

use jiff::{SignedDuration, Timestamp};

use super::PulseDialog;
use crate::app::following::Follow;
use crate::app::pulse_part::{PERIOD, PERIODS, shown_range};
use crate::app::rates::Arrivals;
use crate::message::Category;

/// The most categories that are shown.
const BUSIEST: usize = 10;

/// The messages of a category in the periods on screen, the oldest first. The last period has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RateRow {
    pub category: Category,
    pub messages: Vec<u64>,
}

impl RateRow {
    fn total(&self) -> u64 {
        self.messages.iter().sum()
    }

    /// Returns the messages of the last whole minute.
    #[must_use]
    pub(crate) fn per_minute(&self) -> u64 {
        let periods = usize::try_from(60 / PERIOD).unwrap_or(1);
        self.messages.iter().rev().skip(1).take(periods).sum()
    }
}

impl PulseDialog {
    /// Returns the rows, the busiest category first.
    #[must_use]
    pub(crate) fn rate_rows(&self, follow: Option<&Follow>, server_now: Timestamp) -> Vec<RateRow> {
        let arrivals = follow.and_then(|follow| follow.arrivals_in(&self.namespace));
        let live = arrivals.filter(|arrivals| arrivals.covers_everything());
        let now = shown_range(server_now).start;
        let start = if live.is_some() { now } else { self.rates.as_ref().map_or(now, |rates| rates.start) };
        let period = SignedDuration::from_secs(PERIOD);
        let begins = |index: usize| start + period * i32::try_from(index).unwrap_or(0);
        let mut rows: Vec<RateRow> = Vec::new();
        for asked in self.rates.iter().flat_map(|rates| &rates.categories) {
            let messages = (0..PERIODS).map(|index| self.asked_at(&asked.messages, begins(index)).unwrap_or(0));
            rows.push(RateRow { category: asked.category.clone(), messages: messages.collect() });
        }
        if let Some(arrivals) = arrivals {
            for category in arrivals.categories() {
                if !rows.iter().any(|row| row.category == *category) {
                    rows.push(RateRow { category: category.clone(), messages: vec![0; PERIODS] });
                }
            }
            for row in rows.iter_mut().filter(|row| arrivals.covers(&row.category)) {
                for (index, messages) in row.messages.iter_mut().enumerate() {
                    let (from, to) = (begins(index), begins(index + 1));
                    let followed = arrivals.between(&row.category, from, to);
                    // The first period was followed only in part.
                    *messages = if from >= arrivals.since { followed } else { followed.max(*messages) };
                }
            }
        }
        rows.retain(|row| row.total() > 0);
        rows.sort_by(|a, b| b.total().cmp(&a.total()).then_with(|| a.category.cmp(&b.category)));
        rows.truncate(BUSIEST);
        rows
    }

    /// Returns the messages that the answer has for the period that begins at a time.
    fn asked_at(&self, messages: &[u64], begins: Timestamp) -> Option<u64> {
        let since = begins.duration_since(self.rates.as_ref()?.start).as_secs();
        messages.get(usize::try_from(since.div_euclid(PERIOD)).ok()?).copied()
    }

    /// Returns true if the rates come from what is followed, up to this moment.
    #[must_use]
    pub(crate) fn has_live_rates(&self, follow: Option<&Follow>) -> bool {
        follow.and_then(|follow| follow.arrivals_in(&self.namespace)).is_some_and(Arrivals::covers_everything)
    }
}
