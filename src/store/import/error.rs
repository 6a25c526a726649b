//! The errors of an import: why a message cannot be imported, why a batch was not, and why one attempt to send it
//! failed.

use thiserror::Error;
use uuid::Uuid;

use super::message::{PlannedMessage, REMEMBERED};
use crate::message::{GlobalPosition, Position, StreamName};
use crate::store::StoreError;

/// The reason for refusing the last global position of the sequence.
pub(super) const NONE_LEFT: &str = "it leaves none for the next message";

/// Why a message cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Two different messages of the input have the same ID.
    #[error("an earlier, different message of the input has ID {0}")]
    IdTwice(Uuid),
    /// Two different messages of the input have the same global position.
    #[error("an earlier, different message of the input has global position {0}")]
    GlobalPositionTwice(GlobalPosition),
    /// The stream ends too far below the position of the message.
    #[error("position {position} would leave a gap in {stream}, which {}", end(*.version))]
    Gap {
        /// The stream.
        stream: StreamName,
        /// The position of the message.
        position: Position,
        /// The version of the stream, earlier messages of the input included; `None` if it does not exist.
        version: Option<Position>,
    },
    /// A different message has this position.
    #[error("position {position} of {stream} is taken by a message whose {different} differs")]
    PositionTaken {
        /// The stream.
        stream: StreamName,
        /// The position of both messages.
        position: Position,
        /// The first difference: `id`, `type`, `data`, `metadata`, `time` or `global position`.
        different: &'static str,
    },
    /// A different message has this ID.
    #[error("ID {id} is taken by a different message at position {position} of {stream}")]
    IdTaken {
        /// The ID of both messages.
        id: Uuid,
        /// The stream of the stored message.
        stream: StreamName,
        /// The position of the stored message.
        position: Position,
    },
    /// Another message has this global position.
    #[error("global position {global_position} is taken by position {position} of {stream}")]
    GlobalPositionTaken {
        /// The global position of both messages.
        global_position: GlobalPosition,
        /// The stream of the stored message.
        stream: StreamName,
        /// The position of the stored message.
        position: Position,
    },
    /// The server accepted the message, but it is not in the table.
    #[error(
        "the message was not stored at position {position} of {stream}: a trigger or policy of the table dropped, moved or hid it"
    )]
    NotStored {
        /// The stream.
        stream: StreamName,
        /// The position of the message.
        position: Position,
    },
    /// The stream ends at the largest possible position.
    #[error("{0} ends at position {max}, so nothing can follow", max = Position::MAX)]
    StreamFull(StreamName),
    /// The message cannot keep its global position, for this reason.
    #[error("cannot keep the global position: {0}")]
    NoGlobalPosition(&'static str),
    /// A batch has messages with and without positions.
    #[error("messages with and without positions cannot be imported together")]
    Mixed,
    /// Messages without positions go to more streams than the import remembers.
    #[error("more than {REMEMBERED} streams of messages without positions; split the input")]
    TooManyStreams,
}

fn end(version: Option<Position>) -> String {
    version.map_or_else(|| "does not exist yet".to_owned(), |version| format!("ends at position {version}"))
}

/// Why a batch was not imported. None of its messages is stored, except perhaps after [`ImportError::OutcomeUnknown`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A message cannot be imported.
    #[error("{problem}")]
    Message {
        /// Index of the message in the batch.
        index: usize,
        /// The reason.
        problem: Problem,
    },
    /// The server refused a message, or its expected version was wrong.
    #[error("{error}")]
    Refused {
        /// Index of the message in the batch.
        index: usize,
        /// The error of the server, or [`StoreError::Conflict`].
        error: StoreError,
    },
    /// The connection ended during the commit, and the outcome could not be checked on a new one.
    #[error("cannot tell whether the last messages were written: {0}")]
    OutcomeUnknown(String),
    /// Every other error.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    pub(super) fn of(index: usize, problem: Problem) -> Self {
        Self::Message { index, problem }
    }
}

/// Why one attempt to send a batch failed.
pub(super) enum AttemptError {
    /// Another attempt would fail in the same way.
    Final(ImportError),
    /// Another writer was in the way: a deadlock, or an ID or position taken since the batch was planned.
    Collision(StoreError),
    /// A unique index refused one of these messages, which may be stored already.
    Duplicate(StoreError, Vec<PlannedMessage>),
    /// The server did not store as many messages as were sent, so something changes or drops them.
    Unverified,
    /// A batch that shared the transaction failed. Each must be sent by itself.
    Shared,
    /// The connection was lost.
    ConnectionLost(StoreError),
}

impl From<StoreError> for AttemptError {
    fn from(error: StoreError) -> Self {
        match error {
            error @ StoreError::Unavailable { .. } => Self::ConnectionLost(error),
            error if is_collision(&error) => Self::Collision(error),
            other => Self::Final(other.into()),
        }
    }
}

impl From<ImportError> for AttemptError {
    fn from(error: ImportError) -> Self {
        Self::Final(error)
    }
}

/// Whether the error is a serialization failure or a deadlock.
pub(super) fn is_collision(error: &StoreError) -> bool {
    matches!(error, StoreError::Server { code, .. } if code == "40001" || code == "40P01")
}
