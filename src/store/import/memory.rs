//! What an import remembers about earlier batches: the versions of streams and, in a dry run, the messages that it would have
//! written. It stores hashes in bounded memory, and forgets what does not fit.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use super::{ImportOptions, ImportedMessage, Place, Problem};
use crate::message::Position;

/// Most streams to remember (9 MB), and most messages of a dry run (14 MB).
pub(super) const REMEMBERED: usize = 400_000;

/// The versions of streams as this import left them, or would leave them in a dry run.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    hasher: RandomState,
    ends: HashMap<u64, Position>,
}

impl Ends {
    pub(crate) fn get(&self, stream: &str) -> Option<Position> {
        self.ends.get(&self.hasher.hash_one(stream)).copied()
    }

    /// Returns false if there is no room.
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

/// What a dry run knows about the ID of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// The same message would be stored at this position.
    Same(Position),
    /// A different message would have this ID.
    Other,
    /// No earlier message had this ID.
    New,
    /// The memory is full, so an earlier message could have this ID.
    Forgotten,
}

/// Messages that a dry run would have written.
#[derive(Debug)]
pub(super) struct Seen {
    keep_global_positions: bool,
    hasher: RandomState,
    /// By hash of the ID: the hash of the whole message, and its position.
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

    pub(super) fn known(&self, message: &ImportedMessage) -> Known {
        match self.messages.get(&self.hasher.hash_one(message.id)) {
            Some((content, position)) if *content == self.content(message) => Known::Same(*position),
            Some(_) => Known::Other,
            None if self.messages.len() >= REMEMBERED => Known::Forgotten,
            None => Known::New,
        }
    }

    /// Adds a message that would be written.
    ///
    /// # Errors
    /// An earlier message has the same ID or global position.
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

    /// Returns the hash of everything that makes two messages the same.
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
