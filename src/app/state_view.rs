//! The state of a stream at a message, as the screen shows it: every value with the message that set it. Nothing here asks the
//! store.

use crate::fold::Merged;
use crate::message::{Message, Position, StreamName};

/// The most messages that a state is computed from. The state of a longer stream begins later.
pub(crate) const MOST_FOLDED: i64 = 10_000;

/// A value of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateRow {
    pub path: String,
    pub value: String,
    /// The position and the type of the message that set it last.
    pub setter: Option<(Position, String)>,
}

/// The state of a stream at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateView {
    pub stream: StreamName,
    pub position: Position,
    /// The type of the message at that position.
    pub message_type: String,
    /// The position at which the fold began, if that is not the start of the stream.
    pub from: Option<Position>,
    pub rows: Vec<StateRow>,
    /// The paths that the message at that position removed.
    pub removed: Vec<String>,
    /// Why later data is missing.
    pub problem: Option<String>,
}

/// A fold under way.
#[derive(Debug)]
pub(crate) struct StateFold {
    merged: Merged,
    setters: Vec<(Position, String)>,
    /// The paths before the last message.
    before: Vec<String>,
    problem: Option<String>,
    last: Option<Position>,
}

impl StateFold {
    /// Begins with no state. `last` is the position whose changes are wanted.
    #[must_use]
    pub(crate) fn new(last: Position) -> Self {
        Self { merged: Merged::new(), setters: Vec::new(), before: Vec::new(), problem: None, last: Some(last) }
    }

    /// Merges a message.
    pub(crate) fn add(&mut self, message: &Message) {
        if self.last == Some(message.position) {
            self.before = self.paths();
        }
        let setter = u32::try_from(self.setters.len()).unwrap_or(u32::MAX);
        if let Err(problem) = self.merged.merge(message.data.as_deref(), setter) {
            self.problem
                .get_or_insert_with(|| format!("the data at position {} is not JSON: {problem}", message.position));
        }
        self.setters.push((message.position, message.message_type.clone()));
    }

    fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.merged.each_leaf(|leaf| paths.push(leaf.path));
        paths
    }

    /// Returns the state.
    #[must_use]
    pub(crate) fn view(self, stream: StreamName) -> StateView {
        let mut rows = Vec::new();
        self.merged.each_leaf(|leaf| {
            let setter = leaf.setter.and_then(|setter| self.setters.get(setter as usize)).cloned();
            rows.push(StateRow { path: leaf.path, value: leaf.value.to_owned(), setter });
        });
        let kept = |path: &String| rows.iter().any(|row| row.path == *path);
        let removed = self.before.iter().filter(|path| !kept(path) && *path != "$").cloned().collect();
        let (position, message_type) = self.setters.last().cloned().unwrap_or_default();
        let from = self.setters.first().map(|(position, _)| *position).filter(|position| *position > 0);
        StateView { stream, position, message_type, from, rows, removed, problem: self.problem }
    }
}
