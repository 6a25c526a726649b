//! The vocabulary of message stores as types: messages, the names of streams and categories, positions and expected
//! versions. This module does no I/O.

mod consumer_group;
mod difference;
mod expected_version;
mod name;
pub(crate) mod size;

use jiff::Timestamp;
use uuid::Uuid;

pub use self::consumer_group::ConsumerGroup;
pub use self::difference::Difference;
pub use self::expected_version::ExpectedVersion;
pub use self::name::{Category, Name, NameError, StreamName, cardinal_id, category, hash_64, id, is_category};
pub use self::size::Size;
pub use crate::json::path::{BodyPath, PathValue, PathValues};

/// The number of a message in its stream: 0, 1, 2, … without gaps.
pub type Position = i64;
/// The number of a message in its namespace, drawn from a sequence. Numbers ascend and can have gaps.
pub type GlobalPosition = i64;

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The ID, unique in its namespace.
    pub id: Uuid,
    /// The stream that contains it.
    pub stream: StreamName,
    /// The type, such as `Deposited`.
    pub message_type: String,
    /// The position in its stream.
    pub position: Position,
    /// The position in its namespace.
    pub global_position: GlobalPosition,
    /// The server's `data::text`, byte for byte. `None` if the column is NULL.
    pub data: Option<String>,
    /// The server's `metadata::text`, byte for byte. `None` if the column is NULL.
    pub metadata: Option<String>,
    /// When it was written: UTC with microseconds, by the server's clock.
    pub time: Timestamp,
    /// The first stored value that could not be read and was replaced. `None` if everything was read.
    pub flaw: Option<String>,
}

/// A stored message without its bodies, as a row in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageHead {
    /// The ID, unique in its namespace.
    pub id: Uuid,
    /// The stream that contains it.
    pub stream: StreamName,
    /// The type, such as `Deposited`.
    pub message_type: String,
    /// The position in its stream.
    pub position: Position,
    /// The position in its namespace.
    pub global_position: GlobalPosition,
    /// When it was written: UTC with microseconds, by the server's clock.
    pub time: Timestamp,
    /// The size of its data.
    pub size: Size,
    /// The first characters of `data::text`. Empty if the column is NULL.
    pub preview: String,
    /// The values of the paths that the namespace was asked for. See [`crate::store::Namespace::with_paths`].
    pub values: PathValues,
    /// The first stored value that could not be read and was replaced. `None` if everything was read.
    pub flaw: Option<String>,
}

/// The flaw of a message without a time.
pub(crate) const NO_TIME: &str = "its time is NULL";

/// Returns what is stored in place of a point in time, if it is none: an infinity or NULL, which is read as the
/// earliest time.
#[cfg(feature = "cli")]
pub(crate) fn stored_instead(time: Timestamp, flaw: Option<&str>) -> Option<&'static str> {
    if time == Timestamp::MIN {
        Some(if flaw == Some(NO_TIME) { "NULL" } else { "-infinity" })
    } else {
        (time == Timestamp::MAX).then_some("infinity")
    }
}

#[cfg(feature = "cli")]
impl MessageHead {
    /// Returns what is stored in place of a point in time, if it is none.
    pub(crate) fn stored_instead_of_time(&self) -> Option<&'static str> {
        stored_instead(self.time, self.flaw.as_deref())
    }
}

/// A message to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The ID. Retry a write with the same ID, and the message is written once.
    pub id: Uuid,
    /// The stream to write to.
    pub stream: StreamName,
    /// The type, such as `Deposited`.
    pub message_type: String,
    /// The data as JSON text.
    pub data: String,
    /// The metadata as JSON text. `None` for NULL.
    pub metadata: Option<String>,
    /// The expected version of the stream, which the server checks under the category lock.
    pub expected_version: ExpectedVersion,
}

/// The result of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The ID of the message.
    pub id: Uuid,
    /// Its position in the stream.
    pub position: Position,
    /// Its position in the namespace.
    pub global_position: GlobalPosition,
    /// Whether an earlier write with this ID had already stored the same message.
    pub was_stored: bool,
    /// How the stored message differs from the one that was sent. `None` if it does not.
    pub differs: Option<Difference>,
}
