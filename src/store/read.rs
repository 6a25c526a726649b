//! Reading messages whole: a stream, a category, the last one, the version. Message DB's `get_…` functions in meaning, as
//! direct queries over each flavour's own index.

use futures_util::stream::BoxStream;
use uuid::Uuid;

use super::{Namespace, Result};
use crate::message::{Category, ConsumerGroup, GlobalPosition, Message, Position, StreamName};

/// How many messages a read gives at most where nothing else is said (Message DB's default).
pub const DEFAULT_BATCH_SIZE: i64 = 1_000;

/// What [`Namespace::category_messages`] narrows by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategoryOptions {
    /// Only messages whose `correlationStreamName` is of this category.
    pub correlation: Option<Category>,
    /// Only the streams of this member.
    pub consumer_group: Option<ConsumerGroup>,
}

/// Messages as they arrive.
pub type Messages = BoxStream<'static, Result<Message>>;

impl Namespace {
    /// Messages of a stream from `position` on, in order (`get_stream_messages`). `batch_size` -1 gives all.
    ///
    /// # Errors
    /// [`super::StoreError::Invalid`] for a batch size under -1; the server's.
    pub async fn stream_messages(&self, stream: &StreamName, position: Position, batch_size: i64) -> Result<Messages> {
        todo!()
    }

    /// Messages of a category from `global_position` on, in order (`get_category_messages`). `batch_size` -1 gives all.
    ///
    /// # Errors
    /// [`super::StoreError::Invalid`] for a batch size under -1; the server's.
    pub async fn category_messages(
        &self,
        category: &Category,
        global_position: GlobalPosition,
        batch_size: i64,
        options: &CategoryOptions,
    ) -> Result<Messages> {
        todo!()
    }

    /// The last message of a stream, or its last of a type (`get_last_stream_message`).
    ///
    /// # Errors
    /// The server's.
    pub async fn last_stream_message(
        &self,
        stream: &StreamName,
        message_type: Option<&str>,
    ) -> Result<Option<Message>> {
        todo!()
    }

    /// Position of the stream's last message; none where there is no stream (`stream_version`).
    ///
    /// # Errors
    /// The server's.
    pub async fn stream_version(&self, stream: &StreamName) -> Result<Option<Position>> {
        todo!()
    }

    /// The message at a global position, whole.
    ///
    /// # Errors
    /// The server's.
    pub async fn message(&self, global_position: GlobalPosition) -> Result<Option<Message>> {
        todo!()
    }

    /// The message with an id, whole.
    ///
    /// # Errors
    /// The server's.
    pub async fn message_by_id(&self, id: Uuid) -> Result<Option<Message>> {
        todo!()
    }

    /// The message at a position of a stream, whole.
    ///
    /// # Errors
    /// The server's.
    pub async fn message_at(&self, stream: &StreamName, position: Position) -> Result<Option<Message>> {
        todo!()
    }
}
