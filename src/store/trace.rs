//! Finds what caused a message, what it caused, and which messages belong to its workflow.
//!
//! Message stores have no column for causes: links are in the metadata of each message, in several conventions
//! ([`Links`]). Upward, each link is one probe of an index. Downward, no index leads to the effects, so a [`Trace`]
//! reads the messages after the cause in windows of global positions, within an [`Extent`]. Unless nothing follows the
//! message, it never claims that there are no effects, only that there are none in the range that [`Trace::searched`]
//! returns.
//!
//! ```no_run
//! # async fn example(namespace: streamscope::store::Namespace) -> streamscope::store::Result<()> {
//! use streamscope::store::trace::{Reference, TraceOptions};
//!
//! if let Some(start) = namespace.traced(&Reference::GlobalPosition(4711)).await? {
//!     let mut trace = namespace.trace(start, TraceOptions::default());
//!     while trace.step().await? {}
//!     for branch in trace.tree() {
//!         println!("{:1$}{2}", "", branch.depth, branch.message.head.message_type);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod correlation;
mod downward;
mod indexes;
mod keys;
mod links;
mod path;
mod probe;
mod relations;
mod tree;
mod upward;

use std::collections::HashMap;

use jiff::SignedDuration;

use super::{Namespace, Result};
use crate::message::{GlobalPosition, MessageHead};
pub use correlation::Correlated;
use downward::Downward;
use indexes::LinkIndex;
pub use links::{Cause, LinkRule, LinkTarget, Links, Named, Reference, Workflow};
pub use path::Path;
pub use relations::{NearCause, Relations, Tally};
pub use tree::Branch;
#[cfg(feature = "cli")]
pub(crate) use tree::causes;
use upward::{Hop, Upward};

/// The most causes that a trace follows upward.
pub const MAX_HOPS: usize = 1_000;
/// How many global positions after a message a trace searches by default.
pub const DEFAULT_EXTENT: i64 = 100_000;
/// How many messages a trace collects by default.
pub const DEFAULT_MESSAGES: usize = 1_000;

/// A message of a trace: its head and its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// The message without its bodies.
    pub head: MessageHead,
    /// The server's `metadata::text`. `None` if the column is NULL.
    pub metadata: Option<String>,
}

/// How far to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// This many global positions.
    Positions(i64),
    /// The global positions of about this much time. A message can be late by the duration of its transaction.
    Time(SignedDuration),
}

/// What to search for, and how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceOptions {
    /// The conventions to recognise.
    pub links: Links,
    /// Follow the causes. With `down`, the effects of the root cause are searched too.
    pub up: bool,
    /// Search for effects.
    pub down: bool,
    /// The most causes to follow, up to [`MAX_HOPS`].
    pub hops: usize,
    /// The most messages to collect.
    pub messages: usize,
    /// How far after the root cause, and after the given message, to search for effects. Also how far to search
    /// backward for a cause that no index finds.
    pub extent: Extent,
}

impl Default for TraceOptions {
    fn default() -> Self {
        Self {
            links: Links::default(),
            up: true,
            down: true,
            hops: MAX_HOPS,
            messages: DEFAULT_MESSAGES,
            extent: Extent::Positions(DEFAULT_EXTENT),
        }
    }
}

/// Why the root of a trace has no cause above it although its metadata may name one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Top {
    /// The root names no cause.
    Root,
    /// The root names a cause that is absent.
    Missing {
        /// The cause that it names.
        cause: Cause,
        /// The range of global positions that was searched, above the first and up to the second. `None` if an index
        /// answered for the whole namespace.
        searched: Option<(GlobalPosition, GlobalPosition)>,
    },
    /// The root names a message as its cause that follows from it.
    Cycle(Cause),
    /// [`TraceOptions::hops`] or [`TraceOptions::messages`] is reached, so the cause of the root is unknown.
    Limit(Cause),
    /// The causes are not searched, or not yet.
    Unknown,
}

/// A node of the trace and the node that caused it.
#[derive(Debug)]
struct Node {
    traced: Traced,
    /// The index of its cause and the convention of the link.
    cause: Option<(usize, String)>,
}

#[derive(Debug)]
enum Phase {
    Up(Upward),
    Down(Box<Downward>),
    Done,
}

/// A trace in progress. Each [`Trace::step`] sends a bounded query; dropping its future cancels the query and keeps the
/// trace where it was. Memory grows with the number of messages found, up to [`TraceOptions::messages`].
#[derive(Debug)]
pub struct Trace {
    namespace: Namespace,
    options: TraceOptions,
    /// In the order of discovery; the first is the given message.
    nodes: Vec<Node>,
    by_key: HashMap<String, usize>,
    by_number: HashMap<GlobalPosition, usize>,
    /// The index of the highest cause so far.
    root: usize,
    top: Top,
    phase: Phase,
    /// The ranges searched for effects, in order and merged: above the first and up to the second.
    searched: Vec<(GlobalPosition, GlobalPosition)>,
    /// Whether the search reached the newest message.
    reached_end: bool,
    /// How many messages were found before the trace was extended. `None` if it was not.
    unextended: Option<usize>,
    /// The store's own indexes on links, once they are looked up.
    indexes: Option<Vec<LinkIndex>>,
    /// Whether effects beyond [`TraceOptions::messages`] were found.
    truncated: bool,
}

impl Namespace {
    /// Prepares a trace of a message. Sends nothing yet.
    #[must_use]
    pub fn trace(&self, start: Traced, options: TraceOptions) -> Trace {
        let phase = match (options.up, options.down) {
            (true, _) => Phase::Up(Upward::default()),
            (false, true) => Phase::Down(Box::default()),
            (false, false) => Phase::Done,
        };
        let mut trace = Trace {
            namespace: self.clone(),
            options,
            nodes: Vec::new(),
            by_key: HashMap::new(),
            by_number: HashMap::new(),
            root: 0,
            top: Top::Unknown,
            phase,
            searched: Vec::new(),
            reached_end: false,
            unextended: None,
            indexes: None,
            truncated: false,
        };
        trace.add(start, None);
        trace
    }
}

impl Trace {
    /// Searches one step further, in one to three round trips. Returns whether anything is left to do. An upward step
    /// follows one cause. A downward step reads one window, which grows while it takes less than half a second.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error. The trace can be continued afterwards.
    pub async fn step(&mut self) -> Result<bool> {
        match std::mem::replace(&mut self.phase, Phase::Done) {
            Phase::Up(upward) => {
                let (outcome, upward) = upward.step(self).await;
                self.phase = Phase::Up(upward);
                match outcome? {
                    Hop::Up => {}
                    Hop::Ended(top) => {
                        self.top = top;
                        self.phase = if self.options.down { Phase::Down(Box::default()) } else { Phase::Done };
                    }
                }
            }
            Phase::Down(mut downward) => {
                let more = downward.step(self).await;
                self.phase = Phase::Down(downward);
                if !more? {
                    self.phase = Phase::Done;
                }
            }
            Phase::Done => {}
        }
        Ok(!matches!(self.phase, Phase::Done))
    }

    /// Prepares a finished trace to continue: the next steps search the messages that are new since then, within the
    /// same extent. The last positions are read again, because a message can become visible after one with a higher
    /// position.
    pub fn extend(&mut self) {
        if matches!(self.phase, Phase::Done) && self.options.down && !self.truncated {
            self.phase = Phase::Down(Box::default());
            self.reached_end = false;
            self.unextended.get_or_insert(self.nodes.len());
        }
    }

    /// Returns how many global positions before an extension were searched for effects of the messages that it found.
    /// `None` if it found none, so that the whole range was searched for all messages.
    #[must_use]
    pub fn searched_again(&self) -> Option<u64> {
        self.unextended.filter(|messages| *messages < self.nodes.len()).map(|_| downward::AGAIN.unsigned_abs())
    }

    /// Returns how the trace ends at its root.
    #[must_use]
    pub fn top(&self) -> &Top {
        &self.top
    }

    /// Returns the ranges of global positions that were searched for effects: above the first number and up to the
    /// second.
    #[must_use]
    pub fn searched(&self) -> &[(GlobalPosition, GlobalPosition)] {
        &self.searched
    }

    /// Returns whether the search for effects reached the newest message of the namespace.
    #[must_use]
    pub fn reached_end(&self) -> bool {
        self.reached_end
    }

    /// Returns whether there are more effects than [`TraceOptions::messages`] allows.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Returns the number of messages found so far, with the given one.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.nodes.len()
    }

    /// Returns the names of the store's own indexes on links. Effects that name their cause by an indexed value are
    /// found in the whole namespace.
    #[must_use]
    pub fn indexes(&self) -> Vec<&str> {
        self.indexes
            .iter()
            .flatten()
            .filter(|index| index.finds_effects(&self.options.links))
            .map(|index| index.name.as_str())
            .collect()
    }

    /// Returns the global position above which a backward search for a cause has come, while one is under way.
    fn reached_back(&self) -> Option<GlobalPosition> {
        match &self.phase {
            Phase::Up(upward) => upward.reached(),
            Phase::Down(_) | Phase::Done => None,
        }
    }

    /// Looks up the store's own indexes, once.
    async fn link_indexes(&mut self) -> Result<Vec<LinkIndex>> {
        if self.indexes.is_none() {
            self.indexes = Some(self.namespace.link_indexes(&self.options.links).await?);
        }
        Ok(self.indexes.clone().unwrap_or_default())
    }

    fn cause_of(&self, node: usize) -> Option<Cause> {
        self.options.links.cause(self.nodes[node].traced.metadata.as_deref()?)
    }

    /// Adds a message. Returns its index.
    fn add(&mut self, traced: Traced, cause: Option<(usize, String)>) -> usize {
        let index = self.nodes.len();
        for key in self.options.links.names_of(&traced) {
            self.by_key.entry(key).or_insert(index);
        }
        self.by_number.insert(traced.head.global_position, index);
        self.nodes.push(Node { traced, cause });
        index
    }

    fn is_full(&self) -> bool {
        self.nodes.len() >= self.options.messages
    }
}
