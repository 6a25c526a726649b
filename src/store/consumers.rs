//! How far consumers have read, from the traces that they leave in the database. Each convention is in its own file. Nothing here
//! writes, and nothing is assumed about the language of a consumer.

mod activity;
mod streams;
mod tables;

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::types::Type;

use super::browse::{Direction, Scope};
use super::row::{ServerTime, column};
use super::{Namespace, Result};
use crate::message::{Category, GlobalPosition};

/// Unread messages are counted up to this many.
const COUNTED: i64 = 10_000;
/// A consumer that is behind and has not moved for this long is stuck. Consumers that record only every hundredth message need time.
const STUCK: SignedDuration = SignedDuration::from_mins(5);

/// Where a consumer keeps its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// Eventide: the stream `CATEGORY:position`, optionally with an ID.
    Eventide,
    /// Protean: the stream `position-SUBSCRIBER-CATEGORY`.
    Protean,
    /// Propulsion: the table `propulsion_checkpoint` in any schema.
    Propulsion,
    /// `EventodbKit`: the table `evento_consumer_positions` in any schema.
    EventodbKit,
}

impl Convention {
    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Eventide => "eventide",
            Self::Protean => "protean",
            Self::Propulsion => "propulsion",
            Self::EventodbKit => "eventodbkit",
        }
    }

    /// Returns how many messages a consumer handles by default before it records its position. It is normal to be behind by less.
    #[must_use]
    pub fn interval(self) -> u64 {
        match self {
            Self::Eventide => 100,
            Self::Protean => 10,
            Self::Propulsion | Self::EventodbKit => 1,
        }
    }
}

/// A consumer and how far it has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// The position stream (Eventide), the subscriber (Protean), the group (Propulsion) or the ID (`EventodbKit`).
    pub name: String,
    /// The category that it reads. `None` if it is unknown.
    pub category: Option<Category>,
    /// The convention by which it was found.
    pub convention: Convention,
    /// The global position of the last message that it recorded as handled.
    pub position: Option<GlobalPosition>,
    /// The global position of the newest message in its category. `None` if there are no messages.
    pub head: Option<GlobalPosition>,
    /// The number of unread messages, at most 10,000. `None` if it is unknown.
    pub behind: Option<u64>,
    /// Whether there are more unread messages than were counted.
    pub capped: bool,
    /// The age of the first unread message by the server's clock. `None` if there is none.
    pub delay: Option<SignedDuration>,
    /// When it last recorded a position, if the convention tells.
    pub moved_at: Option<Timestamp>,
    /// What this means.
    pub state: ConsumerState,
}

/// Whether a consumer keeps up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsumerState {
    /// It has read everything.
    Current,
    /// It is behind by less than its convention's interval, which is normal.
    WithinInterval,
    /// It is behind.
    Behind,
    /// It is behind and has not moved for five minutes.
    Stuck,
    /// Its position is above the newest message: the store was emptied or restored.
    Ahead,
    /// Its position could not be read, for this reason.
    Unknown(String),
}

impl ConsumerState {
    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::WithinInterval => "within interval",
            Self::Behind => "behind",
            Self::Stuck => "stuck",
            Self::Ahead => "ahead",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// A recorded position, before it is compared with the category.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Recorded {
    name: String,
    category: Option<Category>,
    convention: Convention,
    /// The position, or why it could not be read.
    position: Result<GlobalPosition, String>,
    moved_at: Option<Timestamp>,
}

impl Namespace {
    /// Returns every consumer that leaves a trace in the database, by category and name. `category` limits the list to one category,
    /// and to consumers whose category is unknown.
    ///
    /// Each consumer costs two index probes and one count of at most 10,000 index entries. Finding them costs a look at the categories,
    /// at the position streams, and at the catalog.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error. A position that cannot be read is not an error, but
    /// [`ConsumerState::Unknown`].
    pub async fn consumers(&self, category: Option<&Category>) -> Result<Vec<Consumer>> {
        let mut recorded = self.recorded_in_streams().await?;
        recorded.extend(self.recorded_in_tables().await?);
        recorded.retain(|one| category.is_none() || one.category.is_none() || one.category.as_ref() == category);
        recorded.sort_by(|a, b| (&a.category, &a.name).cmp(&(&b.category, &b.name)));
        let known: Vec<(&Category, GlobalPosition)> =
            recorded.iter().filter_map(|one| Some((one.category.as_ref()?, *one.position.as_ref().ok()?))).collect();
        let mut lags = self.lags(&known).await?.into_iter();
        Ok(recorded
            .into_iter()
            .map(|one| {
                let lag = if one.category.is_some() && one.position.is_ok() { lags.next() } else { None };
                one.compared(lag)
            })
            .collect())
    }

    async fn lags(&self, positions: &[(&Category, GlobalPosition)]) -> Result<Vec<Lag>> {
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        // The scope only tells which index to use; each row brings its own category.
        let any = Scope::Category(Category::stored(""));
        let newest = self.window(&any, Direction::Falling, "9223372036854775807", "lag.category");
        let unread = self.window(&any, Direction::Rising, "lag.unread", "lag.category");
        let sql =
            self.query(include_str!("../../sql/query/consumer_lag.sql"), &[("newest", &newest), ("unread", &unread)]);
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

/// What a category has beyond a position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Lag {
    head: Option<GlobalPosition>,
    delay: Option<SignedDuration>,
    unread: u64,
    now: Timestamp,
}

impl Recorded {
    fn compared(self, lag: Option<Lag>) -> Consumer {
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
            delay: lag.and_then(|lag| lag.delay),
            moved_at,
            state,
        }
    }
}

impl Lag {
    fn state(&self, position: GlobalPosition, convention: Convention, moved_at: Option<Timestamp>) -> ConsumerState {
        let since = |moved: Timestamp| self.now.duration_since(moved);
        // A position below every message, such as -1 or 0, was never moved.
        if position > self.head.unwrap_or(0) {
            ConsumerState::Ahead
        } else if self.unread == 0 {
            ConsumerState::Current
        } else if self.unread < convention.interval() {
            ConsumerState::WithinInterval
        } else if moved_at.is_some_and(|moved| since(moved) >= STUCK) && self.delay.is_some_and(|delay| delay >= STUCK)
        {
            ConsumerState::Stuck
        } else {
            ConsumerState::Behind
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(position: i64, head: Option<i64>, unread: u64, moved: i64, delay: i64) -> &'static str {
        let now = "2026-03-01T12:00:00Z".parse().expect("a time");
        let delay = (unread > 0).then(|| SignedDuration::from_secs(delay));
        let lag = Lag { head, delay, unread, now };
        lag.state(position, Convention::Eventide, Some(now - SignedDuration::from_secs(moved))).name()
    }

    #[test]
    fn a_consumer_is_behind_only_if_messages_are_unread() {
        assert_eq!(state(500, Some(500), 0, 86_400, 0), "current", "nothing came for a day");
        assert_eq!(state(0, None, 0, 1, 0), "current", "an empty category");
        assert_eq!(state(400, Some(500), 99, 86_400, 86_400), "within interval");
        assert_eq!(state(400, Some(900), 100, 10, 86_400), "behind", "it moved 10 seconds ago");
        assert_eq!(state(400, Some(900), 100, 86_400, 10), "behind", "the first unread message is new");
        assert_eq!(state(400, Some(900), 100, 300, 300), "stuck");
        assert_eq!(state(501, Some(500), 0, 10, 0), "ahead");
        assert_eq!(state(1, None, 0, 10, 0), "ahead", "the category was emptied");
    }
}
