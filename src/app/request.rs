//! What the screen asks of the store and what it gets back, as data; and which answers are still wanted.
//!
//! Every kind of question has a slot. A new question in a slot makes the one before it out of date: the slot's generation
//! rises, and an answer of an older generation is dropped. The runtime carries questions out; nothing here waits.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::message::{Category, GlobalPosition, Message, MessageHead, NewMessage, Position, StreamName, Written};
use crate::store::browse::{
    CategoryRow, Count, CountStep, Page, PageFrom, Scope, SearchRange, SearchStep, StreamRow, StreamsFrom, StreamsOf,
};
use crate::store::namespace::CreatedNamespace;
use crate::store::session::ServerInfo;
use crate::store::{Filter, NamespaceInfo, StoreError};

/// Who waits for an answer. One question at a time each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Slot {
    /// Is the server there.
    Server,
    /// The namespaces pane.
    Namespaces,
    /// The categories pane.
    Categories,
    /// The streams pane.
    Streams,
    /// The messages pane.
    Messages,
    /// The message pane.
    Message,
    /// How many messages the scope on screen has.
    Count,
    /// The go-to box.
    GoTo,
    /// Completion in the compose dialog.
    Complete,
    /// A write, and what was written since a conflict.
    Write,
    /// Creating and deleting namespaces.
    Admin,
    /// The expected version of a draft.
    Version,
}

impl Slot {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Server,
        Self::Namespaces,
        Self::Categories,
        Self::Streams,
        Self::Messages,
        Self::Message,
        Self::Count,
        Self::GoTo,
        Self::Complete,
        Self::Write,
        Self::Admin,
        Self::Version,
    ];
}

/// A question to the store. `namespace` is always the registry's id.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Answered by [`Answer::Server`].
    Server,
    /// Answered by [`Answer::Namespaces`].
    Namespaces,
    /// Answered by [`Answer::Categories`].
    Categories {
        /// The namespace's id.
        namespace: String,
    },
    /// A page of streams by name; answered by [`Answer::Streams`].
    Streams {
        /// The namespace's id.
        namespace: String,
        /// Which streams.
        of: StreamsOf,
        /// Where the page begins.
        from: StreamsFrom,
        /// Rows at most.
        limit: usize,
    },
    /// Streams by recent activity, in bounded windows until `limit` are found; answered by [`Answer::RecentStreams`].
    RecentStreams {
        /// The namespace's id.
        namespace: String,
        /// The category.
        category: Category,
        /// Where to go on, downwards (exclusive).
        before: Option<GlobalPosition>,
        /// Rows at most.
        limit: usize,
    },
    /// A page of heads; answered by [`Answer::Page`].
    Page {
        /// The namespace's id.
        namespace: String,
        /// Whose messages.
        scope: Scope,
        /// Where to begin.
        from: PageFrom,
        /// Rows at most.
        limit: usize,
    },
    /// One step of a filtered search; answered by [`Answer::Search`].
    Search {
        /// The namespace's id.
        namespace: String,
        /// Whose messages.
        scope: Scope,
        /// What they must match.
        filter: Filter,
        /// Where its times can be; none where that is not known yet.
        range: Option<SearchRange>,
        /// Where to begin.
        from: PageFrom,
        /// Messages looked at, at most.
        window: u32,
    },
    /// One step of a count of what matches; answered by [`Answer::CountStep`].
    CountMatches {
        /// The namespace's id.
        namespace: String,
        /// Whose messages.
        scope: Scope,
        /// What they must match.
        filter: Filter,
        /// Where its times can be; none where that is not known yet.
        range: Option<SearchRange>,
        /// The lowest number to look at; none for the first.
        from: Option<i64>,
        /// Messages looked at, at most.
        window: u32,
    },
    /// A whole message; answered by [`Answer::Message`].
    Message {
        /// The namespace's id.
        namespace: String,
        /// Its global position.
        global_position: GlobalPosition,
    },
    /// From statistics; answered by [`Answer::Count`].
    Estimate {
        /// The namespace's id.
        namespace: String,
        /// Whose messages.
        scope: Scope,
    },
    /// Counted; answered by [`Answer::Count`].
    Count {
        /// The namespace's id.
        namespace: String,
        /// Whose messages.
        scope: Scope,
    },
    /// Where something is; answered by [`Answer::Found`].
    Find {
        /// The namespace's id.
        namespace: String,
        /// What it is.
        what: Lookup,
    },
    /// Streams and types that begin like this; answered by [`Answer::Completions`].
    Complete {
        /// The namespace's id.
        namespace: String,
        /// What is typed so far.
        prefix: String,
        /// What it is.
        what: Completing,
    },
    /// The version of a stream; answered by [`Answer::Version`].
    Version {
        /// The namespace's id.
        namespace: String,
        /// The stream.
        stream: StreamName,
    },
    /// Answered by [`Answer::Written`].
    Write {
        /// The namespace's id.
        namespace: String,
        /// The message.
        message: NewMessage,
    },
    /// What a stream got after a version; answered by [`Answer::Since`].
    Since {
        /// The namespace's id.
        namespace: String,
        /// The stream.
        stream: StreamName,
        /// The stream's version; none where there is no stream.
        version: Option<Position>,
    },
    /// Answered by [`Answer::Created`].
    CreateNamespace {
        /// The namespace's id.
        id: String,
        /// What it is for.
        description: Option<String>,
    },
    /// Answered by [`Answer::Deleted`].
    DeleteNamespace {
        /// The namespace's id.
        id: String,
    },
}

impl Question {
    /// Whether it changes the store: what became of it only its answer knows.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self, Self::Write { .. } | Self::CreateNamespace { .. } | Self::DeleteNamespace { .. })
    }
}

/// What the go-to box looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The message with this id.
    Id(Uuid),
    /// The message at a position of a stream (or the last one before it).
    At(StreamName, Option<Position>),
    /// The first message at or after a global position.
    Global(Scope, GlobalPosition),
    /// The first message at or after a time.
    Time(Scope, Timestamp),
    /// Whether a category has messages.
    Category(Category),
}

/// What is being completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completing {
    /// Names of streams.
    Stream,
    /// Types of a category.
    Type(Category),
}

/// The store's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// What is at the other end.
    Server(ServerInfo),
    /// All namespaces.
    Namespaces(Vec<NamespaceInfo>),
    /// All categories of a namespace.
    Categories(Vec<CategoryRow>),
    /// A page of streams by name, in rising order.
    Streams {
        /// Where it was asked to begin.
        from: StreamsFrom,
        /// The rows.
        rows: Vec<StreamRow>,
        /// None are left that way.
        end: bool,
    },
    /// The next streams by activity; where to go on, none at the end.
    RecentStreams {
        /// The rows.
        rows: Vec<StreamRow>,
        /// Where to go on.
        next: Option<GlobalPosition>,
    },
    /// A page of heads.
    Page(Page),
    /// A step of a search, and where the filter's times can be.
    Search(SearchStep, SearchRange),
    /// A step of a count, and where the filter's times can be.
    CountStep(CountStep, SearchRange),
    /// The whole message; none where it is no longer there.
    Message(Option<Box<Message>>),
    /// How many; none where it is not known.
    Count(Option<Count>),
    /// Where it is; none where there is no such thing.
    Found(Option<Box<MessageHead>>),
    /// What begins like the text, best first.
    Completions(Vec<String>),
    /// The stream's version; none where there is no stream.
    Version(Option<Position>),
    /// The write is done.
    Written(Written),
    /// What was written since, in order, and the stream's version now.
    Since {
        /// What was written since, in order.
        messages: Vec<Message>,
        /// The stream's version; none where there is no stream.
        version: Option<Position>,
    },
    /// The namespace is there; its token is shown once.
    Created(Box<Created>),
    /// The namespace is gone, and so many messages with it.
    Deleted {
        /// How many went.
        messages: u64,
    },
}

/// A new namespace and its token. The token is left out of debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Created {
    /// As it is now listed.
    pub info: NamespaceInfo,
    /// Shown this one time.
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

/// The store's answer or its error. Shared, since a test may send the same event twice.
pub type Outcome = Result<Answer, Arc<StoreError>>;

/// Which answers are still wanted, by slot.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    generations: [u64; Slot::ALL.len()],
    waiting: [Option<Timestamp>; Slot::ALL.len()],
    failures: [Option<String>; Slot::ALL.len()],
}

impl Requests {
    /// A new question in a slot; gives its generation.
    pub fn ask(&mut self, slot: Slot, now: Timestamp) -> u64 {
        let index = slot as usize;
        self.generations[index] += 1;
        self.waiting[index] = Some(now);
        self.failures[index] = None;
        self.generations[index]
    }

    /// Whether an answer is the one that is waited for; if so it is waited for no longer.
    pub fn accept(&mut self, slot: Slot, generation: u64) -> bool {
        let index = slot as usize;
        let wanted = self.generations[index] == generation && self.waiting[index].is_some();
        if wanted {
            self.waiting[index] = None;
        }
        wanted
    }

    /// Nothing is waited for in the slot any more; true where something was.
    pub fn stop(&mut self, slot: Slot) -> bool {
        self.waiting[slot as usize].take().is_some()
    }

    /// The last question in the slot was answered with an error.
    pub fn fail(&mut self, slot: Slot, error: String) {
        self.failures[slot as usize] = Some(error);
    }

    /// The error that the last question in the slot was answered with.
    #[must_use]
    pub fn failure(&self, slot: Slot) -> Option<&str> {
        self.failures[slot as usize].as_deref()
    }

    /// Since when an answer is waited for.
    #[must_use]
    pub fn since(&self, slot: Slot) -> Option<Timestamp> {
        self.waiting[slot as usize]
    }

    /// Whether any answer is waited for.
    #[must_use]
    pub fn any(&self) -> bool {
        self.waiting.iter().any(Option::is_some)
    }
}
