//! Questions to the store and their answers as data. Nothing in here talks to the store: the runtime does.
//!
//! Every kind of question has a slot. A new question in a slot replaces the one before it: the generation of the slot
//! increases, and an answer of an older generation is dropped.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::pulse_view::Pulse;
use super::state_view::StateView;
use super::trace_view::TraceView;
use crate::message::{
    BodyPath, Category, GlobalPosition, Message, MessageHead, NewMessage, Position, StreamName, Written,
};
use crate::store::browse::{
    CategoryRow, Count, CountStep, NamePart, Page, PageFrom, Scope, SearchRange, SearchStep, StreamMatches, StreamRow,
    StreamsFrom, StreamsOf, Timeline,
};
use crate::store::session::ServerInfo;
use crate::store::trace::{Relations, Workflow};
use crate::store::{CreatedNamespace, Filter, NamespaceInfo, StoreError};

/// A part of the screen that waits for answers. Each has at most one question at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(crate) enum Slot {
    /// The check that the server answers.
    Server,
    Namespaces,
    Categories,
    Streams,
    /// Looks at the categories and streams that are listed already.
    FreshCategories,
    FreshStreams,
    Messages,
    Message,
    /// The number of messages in the scope on screen.
    Count,
    /// The timeline of the list on screen.
    Timeline,
    GoTo,
    /// Completion in the compose dialog.
    Complete,
    /// A write, and after a conflict the messages written since.
    Write,
    /// Creating and deleting namespaces.
    Admin,
    /// The expected version of a draft.
    Version,
    /// Streams in the omnibox that begin with the text.
    Suggest,
    /// Streams in the omnibox that contain the text.
    StreamSearch,
    /// The marked messages.
    Marked,
    /// The messages around the message on screen.
    Relations,
    /// The trace of a message, step by step.
    Trace,
    /// The state of a stream at a message.
    State,
    /// The parts of the pulse.
    PulseRates,
    PulseConsumers,
    PulseHoldups,
    PulseFindings,
}

impl Slot {
    pub(crate) const ALL: [Self; 25] = [
        Self::Server,
        Self::Namespaces,
        Self::Categories,
        Self::Streams,
        Self::FreshCategories,
        Self::FreshStreams,
        Self::Messages,
        Self::Message,
        Self::Count,
        Self::Timeline,
        Self::GoTo,
        Self::Complete,
        Self::Write,
        Self::Admin,
        Self::Version,
        Self::Suggest,
        Self::StreamSearch,
        Self::Marked,
        Self::Relations,
        Self::Trace,
        Self::State,
        Self::PulseRates,
        Self::PulseConsumers,
        Self::PulseHoldups,
        Self::PulseFindings,
    ];
}

/// A question to the store. `namespace` is always the ID in the registry, and `limit` is the most rows that are
/// returned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Question {
    /// Answered by [`Answer::Server`].
    Server,
    /// Answered by [`Answer::Namespaces`].
    Namespaces,
    /// Answered by [`Answer::CategoryNames`], sooner than [`Question::Categories`].
    CategoryNames { namespace: String },
    /// Answered by [`Answer::Categories`].
    Categories { namespace: String },
    /// A page of streams by name; answered by [`Answer::Streams`].
    Streams { namespace: String, of: StreamsOf, from: StreamsFrom, limit: usize },
    /// Streams by recent activity, in bounded windows until `limit` are found; answered by [`Answer::RecentStreams`].
    RecentStreams {
        namespace: String,
        category: Category,
        /// The exclusive position from which to continue downwards.
        before: Option<GlobalPosition>,
        limit: usize,
    },
    /// A page of messages; answered by [`Answer::Page`].
    Page {
        namespace: String,
        scope: Scope,
        from: PageFrom,
        limit: usize,
        /// The paths whose values are read as well.
        paths: Arc<[BodyPath]>,
    },
    /// One step of a filtered search; answered by [`Answer::Search`].
    Search {
        namespace: String,
        scope: Scope,
        filter: Filter,
        /// The range of numbers that the times of the filter allow; none until it is known.
        range: Option<SearchRange>,
        from: PageFrom,
        /// The most messages to examine.
        window: u32,
        /// The paths whose values are read as well.
        paths: Arc<[BodyPath]>,
    },
    /// One step of a count of all matches; answered by [`Answer::CountStep`].
    CountMatches {
        namespace: String,
        scope: Scope,
        filter: Filter,
        /// The range of numbers that the times of the filter allow; none until it is known.
        range: Option<SearchRange>,
        /// The lowest number to examine; none for the first.
        from: Option<i64>,
        /// The most messages to examine.
        window: u32,
    },
    /// A whole message; answered by [`Answer::Message`].
    Message { namespace: String, global_position: GlobalPosition },
    /// Whole messages, given by namespace and global position; answered by [`Answer::Marked`].
    Marked { of: Vec<(String, GlobalPosition)> },
    /// An estimate from statistics; answered by [`Answer::Count`].
    Estimate { namespace: String, scope: Scope },
    /// The messages per bucket of time; answered by [`Answer::Timeline`].
    Timeline {
        namespace: String,
        scope: Scope,
        /// None for all times.
        range: Option<Range<Timestamp>>,
        /// The most buckets.
        buckets: usize,
    },
    /// An exact count; answered by [`Answer::Count`].
    Count { namespace: String, scope: Scope },
    /// A lookup; answered by [`Answer::Found`].
    Find { namespace: String, what: Lookup },
    /// Streams or types that begin with a prefix; answered by [`Answer::Completions`].
    Complete { namespace: String, prefix: String, what: Completing },
    /// The version of a stream; answered by [`Answer::Version`].
    Version { namespace: String, stream: StreamName },
    /// Streams that begin with one of several texts, and whether a location exists; answered by [`Answer::Suggested`].
    Suggest {
        namespace: String,
        prefixes: Vec<String>,
        check: Option<Lookup>,
        /// Whether to list the categories too.
        categories: bool,
    },
    /// One step of a search for streams whose name contains a text; answered by [`Answer::FoundStreams`].
    SearchStreams {
        namespace: String,
        /// The namespace, or a category that is searched first.
        of: StreamsOf,
        part: NamePart,
        /// The stream after which the step begins; none for the first.
        after: Option<StreamName>,
        /// The most names to examine.
        names: u32,
        limit: usize,
        /// Whether to estimate the number of all streams too.
        estimate: bool,
    },
    /// One step of a search for streams of a part of the namespace whose name contains a text; answered by
    /// [`Answer::StreamsContaining`].
    StreamsContaining {
        namespace: String,
        of: StreamsOf,
        part: NamePart,
        /// The stream after which the step begins; none for the first.
        after: Option<StreamName>,
        /// The most names to examine.
        names: u32,
        limit: usize,
    },
    /// The cause, the effects and the workflow of a message, as far as one bounded search finds them; answered by
    /// [`Answer::Relations`].
    Relations { namespace: String, global_position: GlobalPosition },
    /// A step of a trace, or of the search for a workflow, up to this many global positions; answered by
    /// [`Answer::Trace`].
    Trace { namespace: String, global_position: GlobalPosition, of: Traces, extent: i64, step: TraceStep },
    /// The state of a stream at a position, or at its end; answered by [`Answer::State`].
    State {
        namespace: String,
        stream: StreamName,
        position: Position,
        /// The position at which to begin; none for the start of the stream, or later if it is too long.
        from: Option<Position>,
        /// Compute all messages again.
        first: bool,
    },
    /// The messages of each category in periods of a time range; answered by [`Answer::Pulse`], as are the next three.
    CategoryRates { namespace: String, range: Range<Timestamp>, periods: usize },
    /// The consumers that record their positions.
    Consumers { namespace: String },
    /// What blocks readers and writers.
    Holdups { namespace: String },
    /// What the doctor's instant checks find.
    Findings { namespace: String },
    /// Answered by [`Answer::Written`].
    Write { namespace: String, message: NewMessage },
    /// The messages of a stream after a version; answered by [`Answer::Since`].
    Since {
        namespace: String,
        stream: StreamName,
        /// None for all messages.
        version: Option<Position>,
    },
    /// Answered by [`Answer::Created`].
    CreateNamespace { id: String, description: Option<String> },
    /// Answered by [`Answer::Deleted`].
    DeleteNamespace { id: String },
}

impl Question {
    /// Returns true if the question changes the store. It must not be dropped: only its answer tells whether it
    /// succeeded.
    #[must_use]
    pub(crate) fn writes(&self) -> bool {
        matches!(self, Self::Write { .. } | Self::CreateNamespace { .. } | Self::DeleteNamespace { .. })
    }
}

/// The messages that a trace collects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Traces {
    /// The causes and effects of the message.
    CausesAndEffects,
    /// The messages that share this value with the message.
    Workflow(Workflow),
}

/// A step of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TraceStep {
    First,
    Next,
    /// The first step of a finished trace that continues with new messages.
    Extend,
}

/// A lookup of a location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The message with this ID.
    Id(Uuid),
    /// The message at a position of a stream, or the last one of the stream.
    At(StreamName, Option<Position>),
    /// The first message at or after a global position.
    Global(Scope, GlobalPosition),
    /// The first message at or after a time.
    Time(Scope, Timestamp),
    /// The last message of a category.
    Category(Category),
}

/// The kind of name that is being completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Completing {
    Stream,
    /// Message types of a category.
    Type(Category),
}

/// An answer from the store.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Server(ServerInfo),
    Namespaces(Vec<NamespaceInfo>),
    CategoryNames(Vec<Category>),
    Categories(Vec<CategoryRow>),
    /// A page of streams by name, in ascending order.
    Streams {
        /// The start that the question named.
        from: StreamsFrom,
        rows: Vec<StreamRow>,
        /// No streams are left in this direction.
        end: bool,
    },
    /// The next streams by activity.
    RecentStreams {
        rows: Vec<StreamRow>,
        /// The position from which to continue; none at the end.
        next: Option<GlobalPosition>,
    },
    Page(Page),
    /// A step of a search, and the range of numbers that the times of the filter allow.
    Search(SearchStep, SearchRange),
    /// A step of a count, and the range of numbers that the times of the filter allow.
    CountStep(CountStep, SearchRange),
    /// None if the message no longer exists.
    Message(Option<Box<Message>>),
    /// The messages in the order of the question, none for one that no longer exists. The last ones are left out if all
    /// do not fit into memory.
    Marked(Vec<Option<Message>>),
    /// None if the number is unknown.
    Count(Option<Count>),
    /// None if there are no messages in the range.
    Timeline(Option<Timeline>),
    /// None if the lookup found nothing.
    Found(Option<Box<MessageHead>>),
    /// Best first.
    Completions(Vec<String>),
    /// None if the stream does not exist.
    Version(Option<Position>),
    /// The streams in the order of the texts, and whether the location exists; none if it was not asked.
    Suggested {
        rows: Vec<StreamRow>,
        exists: Option<bool>,
        /// None if they were not asked for.
        categories: Option<Vec<CategoryRow>>,
    },
    /// A step of a search for streams, and an estimate of the number of all streams.
    FoundStreams {
        found: StreamMatches,
        total: Option<u64>,
    },
    StreamsContaining(StreamMatches),
    /// None if the message no longer exists.
    Relations(Option<Box<Relations>>),
    /// All that the trace has found so far.
    Trace(Box<TraceView>),
    State(Box<StateView>),
    Pulse(Box<Pulse>),
    Written(Written),
    Since {
        /// In the order of their positions.
        messages: Vec<Message>,
        /// The current stream version; none if the stream does not exist.
        version: Option<Position>,
    },
    Created(Box<Created>),
    Deleted {
        /// The number of messages deleted with the namespace.
        messages: u64,
    },
}

/// A new namespace and its token. Debug output omits the token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Created {
    pub info: NamespaceInfo,
    /// Shown only once.
    pub token: String,
}

impl std::fmt::Debug for Created {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Created").field("info", &self.info).finish_non_exhaustive()
    }
}

impl From<CreatedNamespace> for Created {
    fn from(created: CreatedNamespace) -> Self {
        Self { info: created.info, token: created.token }
    }
}

/// An answer or an error. The error is shared, because a test may send the same event twice.
pub(crate) type Outcome = Result<Answer, Arc<StoreError>>;
