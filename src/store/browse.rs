//! Types for browsing: categories, streams, pages of message heads, estimates, counts and searches. The queries are in
//! the submodules, one file for each kind. All of them read by index and by key, never with `OFFSET`, and never with
//! `count(*)` unless the caller asks for an exact count.

mod categories;
mod counts;
mod find_streams;
mod name_part;
mod page;
mod scope;
mod search;
mod streams;
mod timeline;
mod times;
mod window;

use jiff::Timestamp;

pub use name_part::NamePart;
pub(super) use scope::Direction;
pub use timeline::{Timeline, TimelineBucket};

use crate::message::{Category, ConsumerGroup, GlobalPosition, MessageHead, Position, StreamName};

/// A category with an estimate of its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRow {
    /// The name.
    pub category: Category,
    /// The number of messages according to the planner's statistics. `None` if the table was never analysed.
    pub estimate: Option<u64>,
}

/// A stream with its version and last activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRow {
    /// The name.
    pub stream: StreamName,
    /// The position of its last message.
    pub version: Position,
    /// The global position of its last message.
    pub last_global_position: GlobalPosition,
    /// The time of its last message.
    pub last_time: Timestamp,
}

/// Which streams to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamsOf {
    /// All streams of the namespace.
    Namespace,
    /// The streams of one category.
    Category(Category),
    /// Streams whose name begins with this text, compared bytewise.
    Prefix(String),
}

/// Where a page of streams begins, in name order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamsFrom {
    /// At the first stream, going forward.
    Start,
    /// At the last stream, going backward.
    End,
    /// At this name (inclusive), going forward. The stream need not exist.
    At(StreamName),
    /// After this name (exclusive), going forward.
    After(StreamName),
    /// Before this name (exclusive), going backward.
    Before(StreamName),
}

impl StreamsFrom {
    /// Whether the page ends there instead of beginning there.
    #[must_use]
    pub fn is_backward(&self) -> bool {
        matches!(self, Self::End | Self::Before(_))
    }

    /// Returns the page after a stream, or the first page if there is no stream.
    #[must_use]
    pub fn after(stream: Option<StreamName>) -> Self {
        stream.map_or(Self::Start, Self::After)
    }
}

/// The result of [`Namespace::recent_streams`](super::Namespace::recent_streams).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentStreams {
    /// The streams found in the window, most recent first.
    pub streams: Vec<StreamRow>,
    /// Where the next window ends (exclusive). `None` once the beginning of the category is reached.
    pub next: Option<GlobalPosition>,
}

/// The result of [`Namespace::streams_containing`](super::Namespace::streams_containing).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamMatches {
    /// The matches of this step.
    pub streams: Vec<StreamRow>,
    /// The number of names that this step examined.
    pub searched: u64,
    /// The stream after which the next step begins. `None` once all names were examined.
    pub next: Option<StreamName>,
}

/// The number of messages in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The number of messages. It is an estimate if `through` is `None`.
    pub messages: u64,
    /// The highest position (for a stream) or global position (for other scopes) that was counted, or -1 if there are
    /// no messages. Messages above it are not in the count. `None` for an estimate.
    pub through: Option<i64>,
}

impl Count {
    const NONE: Self = Self { messages: 0, through: Some(-1) };
}

/// A set of messages to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole namespace, by global position.
    Namespace,
    /// One category, by global position.
    Category(Category),
    /// The part of a category that belongs to one member of a consumer group, by global position.
    Member(Category, ConsumerGroup),
    /// One stream, by position.
    Stream(StreamName),
}

/// Where a page begins. Numbers are positions for a stream and global positions for every other scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageFrom {
    /// At the first message, going forward.
    Start,
    /// At the last message, going backward.
    End,
    /// At this number (inclusive), going forward.
    At(i64),
    /// After this number (exclusive), going forward.
    After(i64),
    /// Before this number (exclusive), going backward.
    Before(i64),
    /// Around this number (inclusive), in both directions.
    Around(i64),
}

/// A page of message heads, always in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The messages, lowest number first.
    pub heads: Vec<MessageHead>,
    /// No message precedes the page. Only known if the page was read backward, from the start or around a number.
    pub at_start: bool,
    /// No message followed the page when it was read.
    pub at_end: bool,
}

/// The numbers to which a filter's times narrow a search: positions for a stream, global positions for every other
/// scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchRange {
    /// No message below this number can match.
    pub lowest: i64,
    /// No message above this number can match.
    pub highest: i64,
    /// Where a search from the start begins, near the first message in the time range. A match between `lowest` and
    /// this number is a late message. `None` means `lowest`.
    pub start: Option<i64>,
    /// Where a search from the end begins, near the last message in the time range. `None` means `highest`.
    pub end: Option<i64>,
}

impl SearchRange {
    /// The range without limits.
    pub const EVERYTHING: Self = Self { lowest: i64::MIN, highest: i64::MAX, start: None, end: None };

    /// Returns the number at which a search from the start begins.
    #[must_use]
    pub fn first(&self) -> i64 {
        self.start.unwrap_or(i64::MIN).max(self.lowest)
    }

    /// Returns the number at which a search from the end begins.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.end.unwrap_or(i64::MAX).min(self.highest)
    }
}

/// The result of [`Namespace::count_step`](super::Namespace::count_step).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountStep {
    /// The number of matches.
    pub matches: u64,
    /// The number of messages that this step examined.
    pub searched: u64,
    /// The highest number among them. `None` if there were no messages.
    pub through: Option<i64>,
    /// The number at which the next step begins. `None` if the count is complete.
    pub next: Option<i64>,
}

/// The result of [`Namespace::search`](super::Namespace::search).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchStep {
    /// The matches of this step, in ascending order.
    pub heads: Vec<MessageHead>,
    /// The number of messages that this step examined.
    pub searched: u64,
    /// The lowest and the highest number among them. `None` if there were no messages.
    pub between: Option<(i64, i64)>,
    /// Where the next step begins. `None` once the scope is exhausted in this direction.
    pub next: Option<PageFrom>,
}
