//! What a screen asks for: categories, streams, pages of message heads, estimates, counts, the position at a time.
//! Everything is read by index and by key: no `OFFSET`, no `count(*)` unless asked for. Here are the words for it; the operations are
//! in the files beneath, one a question.

mod categories;
mod counts;
mod page;
mod scope;
mod search;
mod streams;
mod times;

use jiff::Timestamp;

use crate::message::{Category, ConsumerGroup, GlobalPosition, MessageHead, Position, StreamName};

/// A category and roughly how many messages it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRow {
    /// Its name.
    pub category: Category,
    /// From the planner's statistics; none where the table was never analysed.
    pub estimate: Option<u64>,
}

/// A stream with its version and last activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRow {
    /// Its name.
    pub stream: StreamName,
    /// Position of its last message.
    pub version: Position,
    /// Global position of its last message.
    pub last_global_position: GlobalPosition,
    /// Time of its last message.
    pub last_time: Timestamp,
}

/// Which streams to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamsOf {
    /// All of the namespace.
    Namespace,
    /// Of one category.
    Category(Category),
    /// Whose name begins with this text (bytewise).
    Prefix(String),
}

/// Where a page of streams begins, in the order of the names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamsFrom {
    /// The first stream on.
    Start,
    /// The last stream back.
    End,
    /// This name (inclusive) on, whether there is such a stream or not.
    At(StreamName),
    /// What follows this name (exclusive).
    After(StreamName),
    /// What precedes this name (exclusive).
    Before(StreamName),
}

impl StreamsFrom {
    /// Whether the page is the one that ends there.
    #[must_use]
    pub fn is_backward(&self) -> bool {
        matches!(self, Self::End | Self::Before(_))
    }

    /// Behind a stream; from the start where there is none.
    #[must_use]
    pub fn after(stream: Option<StreamName>) -> Self {
        stream.map_or(Self::Start, Self::After)
    }
}

/// A page of [`Namespace::recent_streams`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentStreams {
    /// Found in the window, most recent first.
    pub streams: Vec<StreamRow>,
    /// Where to go on (exclusive, downwards); none at the beginning of the namespace.
    pub next: Option<GlobalPosition>,
}

/// How many messages a scope has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many; where `through` is none, roughly.
    pub messages: u64,
    /// The highest number (position for a stream, global position for every other scope) among those counted, -1 where there are
    /// none: what lies above is not in the count. None for an estimate.
    pub through: Option<i64>,
}

impl Count {
    /// Nothing, for certain.
    const NONE: Self = Self { messages: 0, through: Some(-1) };
}

/// Whose messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All of the namespace, by global position.
    Namespace,
    /// One category, by global position.
    Category(Category),
    /// A consumer group member's part of a category, by global position.
    Member(Category, ConsumerGroup),
    /// One stream, by position.
    Stream(StreamName),
}

/// Where a page begins. The number is a position for a stream, a global position for every other scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageFrom {
    /// The first message on.
    Start,
    /// The last message back.
    End,
    /// This number (inclusive) and what follows, rising.
    At(i64),
    /// What follows this number (exclusive), rising.
    After(i64),
    /// What precedes this number (exclusive), falling.
    Before(i64),
    /// What lies on both sides of this number (inclusive).
    Around(i64),
}

/// A page of message heads, always in rising order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The messages, lowest number first.
    pub heads: Vec<MessageHead>,
    /// Nothing precedes the page (known only when the page was read falling, from the start or around a number).
    pub at_start: bool,
    /// Nothing followed the page when it was read.
    pub at_end: bool,
}

/// Which numbers a filter's times leave (positions for a stream, global positions for every other scope), and where they are near.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchRange {
    /// Nothing below this number can match.
    pub lowest: i64,
    /// Nothing above this number can match.
    pub highest: i64,
    /// Where a search from the start begins: about the first message of the times. What lies between it and the lowest number is late,
    /// if it matches at all. None for the lowest.
    pub start: Option<i64>,
    /// Where a search from the end begins: about the last message of the times. None for the highest.
    pub end: Option<i64>,
}

impl SearchRange {
    /// All numbers.
    pub const EVERYTHING: Self = Self { lowest: i64::MIN, highest: i64::MAX, start: None, end: None };

    /// Where a search from the start begins.
    #[must_use]
    pub fn first(&self) -> i64 {
        self.start.unwrap_or(i64::MIN).max(self.lowest)
    }

    /// Where a search from the end begins.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.end.unwrap_or(i64::MAX).min(self.highest)
    }
}

/// One bounded step of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountStep {
    /// How many messages match.
    pub matches: u64,
    /// How many messages this step looked at.
    pub searched: u64,
    /// The highest number among them; none if there was nothing to look at.
    pub through: Option<i64>,
    /// The lowest number that the next step looks at; none if nothing is left.
    pub next: Option<i64>,
}

/// One bounded step of a filtered search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchStep {
    /// Hits of this step, in rising order.
    pub heads: Vec<MessageHead>,
    /// How many messages this step looked at.
    pub searched: u64,
    /// The lowest and the highest number among them; none where there was nothing to look at.
    pub between: Option<(i64, i64)>,
    /// Where the next step begins; none when the scope is exhausted in that direction.
    pub next: Option<PageFrom>,
}
