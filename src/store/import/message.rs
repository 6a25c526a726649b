//! The messages of an import, its options and the counts of its result. Nothing here talks to a server.

use jiff::Timestamp;
use uuid::Uuid;

#[cfg(doc)]
use super::FIRST_TIME;
use crate::message::{ExpectedVersion, GlobalPosition, Position, StreamName};

/// How much an import remembers: the versions of this many streams (9 MB), and this many messages of a dry run (14 MB).
pub(super) const REMEMBERED: usize = 400_000;

/// A message to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedMessage {
    /// Unique in its namespace.
    pub id: Uuid,
    /// The stream that it goes to.
    pub stream: StreamName,
    /// The type, such as `Deposited`.
    pub message_type: String,
    /// JSON text; `None` for NULL.
    pub data: Option<String>,
    /// JSON text; `None` for NULL.
    pub metadata: Option<String>,
    /// The position of the message.
    pub placement: Placement,
}

/// A message to import, whose texts belong to something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageRef<'a> {
    pub(crate) id: Uuid,
    pub(crate) stream: &'a str,
    pub(crate) message_type: &'a str,
    pub(crate) data: Option<&'a str>,
    pub(crate) metadata: Option<&'a str>,
    pub(crate) placement: Placement,
}

/// The position at which a message is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// The position that it has in another store.
    Kept {
        /// Position in the stream.
        position: Position,
        /// Position in the namespace; used only with [`ImportOptions::keep_global_positions`].
        global_position: Option<GlobalPosition>,
        /// The time of writing, not before [`FIRST_TIME`]. [`Timestamp::MIN`] and [`Timestamp::MAX`] stand for the
        /// infinities.
        time: Timestamp,
    },
    /// The next position of the stream, with the time of the import, as `write_message` does.
    Next {
        /// The version that the stream must have. If `None`, the version that this import left, or any version if this
        /// is the first message of the stream.
        expected: Option<ExpectedVersion>,
        /// The ID was generated for this import, so it cannot be stored yet.
        generated: bool,
    },
}

/// Options of an import.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// Keeps the global positions of the messages, and advances the sequence past the highest.
    pub keep_global_positions: bool,
    /// Compares the messages with the store, but writes and locks nothing.
    pub dry_run: bool,
    /// Accepts gaps in streams. An export has them if it was filtered or messages were deleted.
    pub allow_gaps: bool,
}

/// The result of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Messages written; in a dry run, messages that would be written.
    pub imported: u64,
    /// Messages that were already stored and identical.
    pub present: u64,
    /// Stored messages that differ from the ones sent: data or metadata are the same JSON in another spelling, or a
    /// trigger changed the message.
    pub differing: u64,
    /// Messages of a dry run that were not checked for gaps and duplicates, because the input has more streams or
    /// messages than the import remembers.
    pub unchecked: u64,
}

impl ImportCounts {
    /// Corrects the counts of a batch that was sent again: messages that appeared since the lost commit was planned
    /// were written by it.
    pub(super) fn with_lost_commit(mut self, lost: Self) -> Self {
        let written = self.present.saturating_sub(lost.present);
        self.imported += written;
        self.present -= written;
        self
    }
}

/// A new message of a batch and its position in the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlannedMessage {
    /// Index in the batch.
    pub(super) index: usize,
    pub(super) position: Position,
}

/// The messages of a batch. Their texts are far from each other in memory, so they are looked at only where they are
/// needed.
pub(crate) trait Messages: Sync {
    fn count(&self) -> usize;

    fn get(&self, index: usize) -> MessageRef<'_>;

    fn placement(&self, index: usize) -> Placement;
}

impl Messages for &[ImportedMessage] {
    fn count(&self) -> usize {
        self.len()
    }

    fn get(&self, index: usize) -> MessageRef<'_> {
        let ImportedMessage { id, stream, message_type, data, metadata, placement } = &self[index];
        MessageRef {
            id: *id,
            stream: stream.as_str(),
            message_type,
            data: data.as_deref(),
            metadata: metadata.as_deref(),
            placement: *placement,
        }
    }

    fn placement(&self, index: usize) -> Placement {
        self[index].placement
    }
}

/// Whether the messages of a batch have positions.
pub(super) fn are_kept(messages: &dyn Messages) -> bool {
    messages.count() > 0 && matches!(messages.placement(0), Placement::Kept { .. })
}
