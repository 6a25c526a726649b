//! How far consumers have read, according to the positions that they record in the database. Each convention is in its
//! own file. Nothing here writes, and nothing is assumed about the language of a consumer.

mod activity;
mod configured;
mod lag;
mod streams;
mod tables;
pub mod trend;

use futures_util::future::try_join;
use jiff::{SignedDuration, Timestamp};

pub use configured::ConsumerQuery;
pub use streams::is_position_stream;
use trend::Trend;

use super::{Namespace, Result};
use crate::message::{Category, GlobalPosition};

/// A consumer that is behind and has not moved for this long is stuck. Consumers that record only every hundredth
/// message need time.
const STUCK: SignedDuration = SignedDuration::from_mins(5);

/// Where a consumer keeps its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Convention {
    /// Eventide: the stream `CATEGORY:position`, optionally with an ID.
    Eventide,
    /// Protean: the stream `position-SUBSCRIBER-CATEGORY`.
    Protean,
    /// Propulsion: the table `propulsion_checkpoint` in any schema.
    Propulsion,
    /// `EventodbKit`: the table `evento_consumer_positions` in any schema.
    EventodbKit,
    /// A query from the configuration returns it.
    Configured,
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
            Self::Configured => "configured",
        }
    }

    /// Returns how many messages a consumer handles by default before it records its position. It is normal to be
    /// behind by less.
    #[must_use]
    pub fn interval(self) -> u64 {
        match self {
            Self::Eventide => 100,
            Self::Protean => 10,
            Self::Propulsion | Self::EventodbKit | Self::Configured => 1,
        }
    }
}

/// A consumer and how far it has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// The position stream (Eventide), the subscriber (Protean), the group (Propulsion), the ID (`EventodbKit`) or the
    /// column `consumer` of the query.
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
    /// The time of this reading, by the server's clock. `None` if the position could not be compared with its category.
    pub seen_at: Option<Timestamp>,
    /// What this means.
    pub state: ConsumerState,
    /// How the number of unread messages changes. `None` until [`trend::Readings`] has seen the consumer twice.
    pub trend: Option<Trend>,
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
    /// It is behind and has not moved for five minutes: since this time, by the server's clock.
    Stuck(Timestamp),
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
            Self::Stuck(_) => "stuck",
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
    /// Returns every consumer that records its position in the database, by category and name. `category` limits the
    /// list to one category, and to consumers whose category is unknown. `queries` find the consumers that follow none
    /// of the conventions.
    ///
    /// Each consumer costs one index probe, and each of their categories another one and at most 10,001 index entries.
    /// Finding them reads the categories, the position streams and the catalog.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error. A position that cannot be read is not an error, but
    /// [`ConsumerState::Unknown`].
    pub async fn consumers(&self, category: Option<&Category>, queries: &[ConsumerQuery]) -> Result<Vec<Consumer>> {
        let session = self.session().await?;
        let (categories, mut recorded) =
            try_join(self.category_names_on(&session), self.recorded_in_tables(&session)).await?;
        drop(session);
        recorded.extend(self.recorded_in_streams(categories).await?);
        for query in queries {
            recorded.extend(self.recorded_by_query(query).await?);
        }
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
}

impl Recorded {
    /// Returns a position that could not be read, with the reason.
    fn unreadable(name: &str, convention: Convention, reason: impl Into<String>) -> Self {
        Self { name: name.to_owned(), category: None, convention, position: Err(reason.into()), moved_at: None }
    }
}
