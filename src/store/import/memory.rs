//! What an import remembers about earlier batches: the versions of streams and, in a dry run, the messages that it
//! would have written. It stores hashes in bounded memory, and forgets what does not fit.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use super::error::Problem;
use super::message::{ImportOptions, MessageRef, Placement, REMEMBERED};
use crate::message::Position;

/// Versions of streams, by hash of the name.
#[derive(Debug, Default)]
pub(crate) struct StreamVersions {
    hasher: RandomState,
    versions: HashMap<u64, Position>,
}

impl StreamVersions {
    pub(crate) fn get(&self, stream: &str) -> Option<Position> {
        self.versions.get(&self.hasher.hash_one(stream)).copied()
    }

    /// Raises the version of a stream. Returns false if there is no room.
    #[cfg(feature = "cli")]
    pub(crate) fn raise(&mut self, stream: &str, version: Position) -> bool {
        self.replace(stream, version).is_some()
    }

    /// Raises the version of a stream. Returns its key and the version before, or `None` if there is no room.
    fn replace(&mut self, stream: &str, version: Position) -> Option<(u64, Option<Position>)> {
        let key = self.hasher.hash_one(stream);
        let is_full = self.is_full();
        match self.versions.entry(key) {
            Entry::Occupied(mut known) => {
                let before = *known.get();
                known.insert(version.max(before));
                Some((key, Some(before)))
            }
            Entry::Vacant(_) if is_full => None,
            Entry::Vacant(unknown) => {
                unknown.insert(version);
                Some((key, None))
            }
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.versions.len() >= REMEMBERED
    }
}

/// The versions of streams as this import left them, or would leave them in a dry run. Those that a transaction leaves
/// count for its later batches, and for later transactions if it commits.
#[derive(Debug, Default)]
pub(super) struct ImportedVersions {
    known: StreamVersions,
    /// What the open transaction replaced, in order: the key of a stream, and its version before.
    replaced: Vec<(u64, Option<Position>)>,
}

impl ImportedVersions {
    pub(super) fn get(&self, stream: &str) -> Option<Position> {
        self.known.get(stream)
    }

    /// Raises the version of a stream, if there is room.
    pub(super) fn raise(&mut self, stream: &str, version: Position) {
        self.replaced.extend(self.known.replace(stream, version));
    }

    pub(super) fn commit(&mut self) {
        self.replaced.clear();
    }

    pub(super) fn roll_back(&mut self) {
        for (key, version) in self.replaced.drain(..).rev() {
            match version {
                Some(version) => self.known.versions.insert(key, version),
                None => self.known.versions.remove(&key),
            };
        }
    }

    /// Returns for how many more streams there is room.
    pub(super) fn room(&self) -> usize {
        REMEMBERED.saturating_sub(self.known.versions.len())
    }
}

/// What a dry run knows about the ID of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// The same message would be stored at this position.
    Identical(Position),
    /// A different message would have this ID.
    Different,
    /// No earlier message had this ID.
    New,
    /// The memory is full, so an earlier message could have this ID.
    Unknown,
}

/// Messages that a dry run would have written.
#[derive(Debug)]
pub(super) struct DryRunMemory {
    keep_global_positions: bool,
    hasher: RandomState,
    /// By hash of the ID: the hash of the whole message, and its position.
    messages: HashMap<u64, (u64, Position)>,
    global_positions: HashSet<u64>,
}

impl DryRunMemory {
    pub(super) fn new(options: ImportOptions) -> Self {
        Self {
            keep_global_positions: options.keep_global_positions,
            hasher: RandomState::default(),
            messages: HashMap::new(),
            global_positions: HashSet::new(),
        }
    }

    pub(super) fn repeat(&self, message: MessageRef<'_>) -> Repeat {
        match self.messages.get(&self.hasher.hash_one(message.id)) {
            Some((content, position)) if *content == self.content(message) => Repeat::Identical(*position),
            Some(_) => Repeat::Different,
            None if self.messages.len() >= REMEMBERED => Repeat::Unknown,
            None => Repeat::New,
        }
    }

    /// Adds a message that would be written.
    ///
    /// # Errors
    /// An earlier message has the same ID or global position.
    pub(super) fn add(&mut self, message: MessageRef<'_>, position: Position) -> Result<(), Problem> {
        if self.messages.len() >= REMEMBERED {
            return Ok(());
        }
        let entry = (self.content(message), position);
        if self.messages.insert(self.hasher.hash_one(message.id), entry).is_some() {
            return Err(Problem::IdTwice(message.id));
        }
        if let (true, Placement::Kept { global_position: Some(number), .. }) =
            (self.keep_global_positions, message.placement)
            && !self.global_positions.insert(self.hasher.hash_one(number))
        {
            return Err(Problem::GlobalPositionTwice(number));
        }
        Ok(())
    }

    /// Returns the hash of everything that makes two messages the same.
    fn content(&self, message: MessageRef<'_>) -> u64 {
        let MessageRef { id, stream, message_type, data, metadata, placement } = message;
        let placement = match placement {
            Placement::Kept { position, global_position, time } => {
                Some((position, global_position.filter(|_| self.keep_global_positions), time))
            }
            Placement::Next { .. } => None,
        };
        self.hasher.hash_one((id, stream, message_type, data, metadata, placement))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_counts_after_a_rollback_only_if_it_was_committed_and_never_falls() {
        let mut versions = ImportedVersions::default();
        versions.raise("account-1", 4);
        versions.commit();
        versions.raise("account-1", 9);
        versions.raise("account-2", 0);
        assert_eq!((versions.get("account-1"), versions.get("account-2")), (Some(9), Some(0)));
        versions.roll_back();
        assert_eq!((versions.get("account-1"), versions.get("account-2")), (Some(4), None));
        versions.raise("account-1", 3);
        assert_eq!(versions.get("account-1"), Some(4));
        versions.commit();
        assert_eq!(versions.get("account-1"), Some(4));
    }
}
