//! Compares recorded positions with their categories, and decides what that means.

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::types::Type;

use super::super::browse::{Direction, Scope};
use super::super::row::{ServerTime, column};
use super::super::{Namespace, Result};
use super::{Consumer, ConsumerState, Convention, Recorded, STUCK};
use crate::message::{Category, GlobalPosition};

/// Unread messages are counted up to this many.
const COUNTED: i64 = 10_000;

/// What a category has beyond a position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lag {
    head: Option<GlobalPosition>,
    delay: Option<SignedDuration>,
    unread: u64,
    /// The time of the server.
    now: Timestamp,
}

impl Namespace {
    /// Returns the lag of each position.
    pub(super) async fn lags(&self, positions: &[(&Category, GlobalPosition)]) -> Result<Vec<Lag>> {
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        // The scope only tells which index to use; each row brings its own category.
        let any = Scope::Category(Category::stored(""));
        let newest = self.window(&any, Direction::Falling, "9223372036854775807", "of.category");
        let first = self.window(&any, Direction::Rising, "lag.unread", "lag.category");
        let sql =
            self.query(include_str!("../../../sql/query/consumer_lag.sql"), &[("newest", &newest), ("first", &first)]);
        let categories: Vec<&str> = positions.iter().map(|(category, _)| category.as_str()).collect();
        let first: Vec<i64> = positions.iter().map(|(_, position)| position.saturating_add(1)).collect();
        let session = self.session().await?;
        let limit = COUNTED + 1;
        let parameters =
            [(&categories as _, Type::TEXT_ARRAY), (&first as _, Type::INT8_ARRAY), (&limit as _, Type::INT8)];
        let rows = session.query(&sql, &parameters).await?;
        let mut lags = vec![Lag::default(); positions.len()];
        for row in &rows {
            let index = usize::try_from(column::<i64>(row, 0)?.saturating_sub(1)).ok();
            let Some(lag) = index.and_then(|index| lags.get_mut(index)) else { continue };
            let now: ServerTime = column(row, 4)?;
            let unread: Option<ServerTime> = column(row, 2)?;
            *lag = Lag {
                head: column(row, 1)?,
                delay: unread.map(|unread| now.0.duration_since(unread.0)),
                unread: column::<i64>(row, 3)?.unsigned_abs(),
                now: now.0,
            };
        }
        Ok(lags)
    }
}

impl Recorded {
    /// Returns the consumer. `lag` is `None` if its category or position is unknown.
    pub(super) fn compared(self, lag: Option<Lag>) -> Consumer {
        let Self { name, category, convention, position, moved_at } = self;
        let (position, state) = match (position, &lag) {
            (Err(reason), _) => (None, ConsumerState::Unknown(reason)),
            (Ok(position), None) => (Some(position), ConsumerState::Unknown("its category is unknown".to_owned())),
            (Ok(position), Some(lag)) => (Some(position), lag.state(position, convention, moved_at)),
        };
        let most = COUNTED.unsigned_abs();
        Consumer {
            name,
            category,
            convention,
            position,
            head: lag.as_ref().and_then(|lag| lag.head),
            behind: lag.as_ref().map(|lag| lag.unread.min(most)),
            capped: lag.as_ref().is_some_and(|lag| lag.unread > most),
            delay: lag.as_ref().and_then(|lag| lag.delay),
            moved_at,
            seen_at: lag.map(|lag| lag.now),
            state,
            trend: None,
        }
    }
}

impl Lag {
    fn state(&self, position: GlobalPosition, convention: Convention, moved_at: Option<Timestamp>) -> ConsumerState {
        // A position below every message, such as -1 or 0, was never moved.
        if position > self.head.unwrap_or(0) {
            return ConsumerState::Ahead;
        }
        if self.unread == 0 {
            return ConsumerState::Current;
        }
        if self.unread < convention.interval() {
            return ConsumerState::WithinInterval;
        }
        let unread_since = self.delay.and_then(|delay| self.now.checked_sub(delay).ok());
        match moved_at.zip(unread_since).map(|(moved, unread)| moved.max(unread)) {
            Some(since) if self.now.duration_since(since) >= STUCK => ConsumerState::Stuck(since),
            _ => ConsumerState::Behind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_772_366_400, 0);

    fn state(position: i64, head: Option<i64>, unread: u64, moved: i64, delay: i64) -> ConsumerState {
        let delay = (unread > 0).then(|| SignedDuration::from_secs(delay));
        let lag = Lag { head, delay, unread, now: NOW };
        lag.state(position, Convention::Eventide, Some(NOW - SignedDuration::from_secs(moved)))
    }

    #[test]
    fn a_consumer_is_behind_only_if_messages_are_unread() {
        use ConsumerState::{Ahead, Behind, Current, Stuck, WithinInterval};
        let ago = |seconds| NOW - SignedDuration::from_secs(seconds);
        assert_eq!(state(500, Some(500), 0, 86_400, 0), Current, "nothing came for a day");
        assert_eq!(state(0, None, 0, 1, 0), Current, "an empty category");
        assert_eq!(state(400, Some(500), 99, 86_400, 86_400), WithinInterval);
        assert_eq!(state(400, Some(900), 100, 10, 86_400), Behind, "it moved 10 seconds ago");
        assert_eq!(state(400, Some(900), 100, 86_400, 10), Behind, "the first unread message is new");
        assert_eq!(state(400, Some(900), 100, 300, 300), Stuck(ago(300)));
        assert_eq!(state(400, Some(900), 100, 900, 400), Stuck(ago(400)), "it had nothing to do before");
        assert_eq!(state(501, Some(500), 0, 10, 0), Ahead);
        assert_eq!(state(1, None, 0, 10, 0), Ahead, "the category was emptied");
    }
}
