//! What an import remembers of the batches before: where it left streams and, of a dry run, what it would have written. Bounded:
//! hashes, and only as many as fit; what does not fit is not remembered.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use super::{ImportOptions, ImportedMessage, Place, Problem};
use crate::message::Position;

/// Streams whose end is remembered, 9 MB, and messages of a dry run, 14 MB.
pub(super) const REMEMBERED: usize = 400_000;

/// The ends of streams as this import knows them: in the store or, of a dry run, what it would make of them.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    hasher: RandomState,
    ends: HashMap<u64, Position>,
}

impl Ends {
    pub(crate) fn get(&self, stream: &str) -> Option<Position> {
        self.ends.get(&self.hasher.hash_one(stream)).copied()
    }

    /// Whether it could be kept.
    pub(crate) fn set(&mut self, stream: &str, end: Position) -> bool {
        let key = self.hasher.hash_one(stream);
        if self.ends.len() >= REMEMBERED && !self.ends.contains_key(&key) {
            return false;
        }
        self.ends.insert(key, end);
        true
    }

    pub(crate) fn is_full(&self) -> bool {
        self.ends.len() >= REMEMBERED
    }
}

/// What a dry run knows of a message's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// The same message would be there, at this position.
    Same(Position),
    /// Another message would have it.
    Other,
    /// No message before it had the id.
    New,
    /// More came before than is remembered.
    Forgotten,
}

/// Messages that a dry run would have written.
#[derive(Debug)]
pub(super) struct Seen {
    keep_global_positions: bool,
    hasher: RandomState,
    /// By id: everything of the message, and where it would stand.
    messages: HashMap<u64, (u64, Position)>,
    global_positions: HashSet<u64>,
}

impl Seen {
    pub(super) fn new(options: ImportOptions) -> Self {
        Self {
            keep_global_positions: options.keep_global_positions,
            hasher: RandomState::default(),
            messages: HashMap::new(),
            global_positions: HashSet::new(),
        }
    }

    /// Whether a line is there again.
    pub(super) fn known(&self, message: &ImportedMessage) -> Known {
        match self.messages.get(&self.hasher.hash_one(message.id)) {
            Some((content, position)) if *content == self.content(message) => Known::Same(*position),
            Some(_) => Known::Other,
            None if self.messages.len() >= REMEMBERED => Known::Forgotten,
            None => Known::New,
        }
    }

    /// Takes in a message that would be written.
    ///
    /// # Errors
    /// It repeats the id or the global position of one of an earlier batch.
    pub(super) fn add(&mut self, message: &ImportedMessage, position: Position) -> Result<(), Problem> {
        if self.messages.len() >= REMEMBERED {
            return Ok(());
        }
        let entry = (self.content(message), position);
        if self.messages.insert(self.hasher.hash_one(message.id), entry).is_some() {
            return Err(Problem::IdTwice(message.id));
        }
        if let (true, Place::Kept { global_position: Some(number), .. }) = (self.keep_global_positions, message.place)
            && !self.global_positions.insert(self.hasher.hash_one(number))
        {
            return Err(Problem::GlobalPositionTwice(number));
        }
        Ok(())
    }

    /// What must be the same for it to be there already.
    fn content(&self, message: &ImportedMessage) -> u64 {
        let ImportedMessage { id, stream, message_type, data, metadata, place } = message;
        let place = match place {
            Place::Kept { position, global_position, time } => {
                Some((position, global_position.filter(|_| self.keep_global_positions), time))
            }
            Place::Next { .. } => None,
        };
        self.hasher.hash_one((id, stream.as_str(), message_type, data, metadata, place))
    }
}
