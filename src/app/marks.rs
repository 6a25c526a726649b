//! The messages that the user has marked, in the order of marking. They stay marked while the user goes elsewhere. Only
//! what identifies a message is kept, never its body.

use uuid::Uuid;

use crate::message::{GlobalPosition, MessageHead, Position, StreamName};

/// The most messages that can be marked.
pub(crate) const MOST: usize = 1_000;

/// A marked message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The ID of the namespace.
    pub namespace: String,
    pub global_position: GlobalPosition,
    pub id: Uuid,
    pub stream: StreamName,
    pub position: Position,
}

impl Mark {
    /// Identifies a message of a namespace.
    #[must_use]
    pub(crate) fn of(namespace: &str, head: &MessageHead) -> Self {
        Self {
            namespace: namespace.to_owned(),
            global_position: head.global_position,
            id: head.id,
            stream: head.stream.clone(),
            position: head.position,
        }
    }

    fn is(&self, namespace: &str, head: &MessageHead) -> bool {
        self.global_position == head.global_position && self.id == head.id && self.namespace == namespace
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.stream, self.position)
    }
}

/// The marked messages.
#[derive(Debug, Default)]
pub(crate) struct Marks(Vec<Mark>);

impl Marks {
    #[must_use]
    pub(crate) fn all(&self) -> &[Mark] {
        &self.0
    }

    #[must_use]
    pub(crate) fn contains(&self, namespace: &str, head: &MessageHead) -> bool {
        self.0.iter().any(|mark| mark.is(namespace, head))
    }

    /// Marks a message, or removes its mark. Returns false if too many are marked.
    pub(crate) fn toggle(&mut self, namespace: &str, head: &MessageHead) -> bool {
        let before = self.0.len();
        self.0.retain(|mark| !mark.is(namespace, head));
        if self.0.len() == before && before < MOST {
            self.0.push(Mark::of(namespace, head));
        }
        self.0.len() != before
    }

    /// Removes all marks and returns how many there were.
    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.0).len()
    }

    /// Returns the marked messages of a namespace, in order of global position.
    #[must_use]
    pub(crate) fn in_namespace(&self, namespace: &str) -> Vec<Mark> {
        let mut marks: Vec<Mark> = self.0.iter().filter(|mark| mark.namespace == namespace).cloned().collect();
        marks.sort_by_key(|mark| mark.global_position);
        marks
    }
}
