//! The state of a stream at a message, as the screen shows it: every value with the message that set it. Nothing here
//! asks the store.

use std::collections::BTreeMap;

use crate::fold::Merged;
use crate::fold::history::History;
use crate::message::{Position, StreamName};

/// The most messages that a state is computed from, unless the user begins earlier.
pub(crate) const MOST_FOLDED: i64 = 10_000;

/// A value of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateRow {
    pub path: String,
    pub value: String,
    /// The position and the type of the message that set it last.
    pub setter: Option<(Position, String)>,
    /// What the message at the position of the state did to it. None if it was the same before.
    pub change: Option<Change>,
}

/// What a message does to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    /// Its text is another, if only by the digits of a number.
    Changed,
}

/// The state of a stream at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateView {
    pub stream: StreamName,
    pub position: Position,
    /// The position at which the fold began, if that is not the start of the stream.
    pub from: Option<Position>,
    /// The file of the jq program that computed the state. None if the data was merged.
    pub program: Option<String>,
    pub rows: Vec<StateRow>,
    /// The paths that the message at that position removed.
    pub removed: Vec<String>,
    /// Why the state is incomplete, or ends before the wanted position.
    pub problem: Option<String>,
}

impl StateView {
    /// Returns the current state of a history. `wanted` is its position if it contains no message.
    #[must_use]
    pub(crate) fn of(
        history: &History,
        stream: StreamName,
        wanted: Position,
        program: Option<String>,
        problem: Option<String>,
    ) -> Self {
        let mut removed = history.before().map(values).unwrap_or_default();
        let mut rows = Vec::new();
        history.merged().each_leaf(|leaf| {
            let setter = leaf.setter.and_then(|setter| history.setter(setter)).cloned();
            let change = match removed.remove(&leaf.path) {
                None => Some(Change::Added),
                Some(before) => (before != leaf.value).then_some(Change::Changed),
            };
            rows.push(StateRow { path: leaf.path, value: leaf.value.to_owned(), setter, change });
        });
        removed.remove("$");
        let removed = removed.into_keys().collect();
        let position = history.last().map_or(wanted, |(position, _)| *position);
        let from = Some(history.from()).filter(|from| *from > 0);
        Self { stream, position, from, program, rows, removed, problem }
    }
}

fn values(state: &Merged) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    state.each_leaf(|leaf| {
        values.insert(leaf.path, leaf.value.to_owned());
    });
    values
}
