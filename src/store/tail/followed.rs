//! The types that can be followed: whole messages and message heads.

use tokio_postgres::Row;
use uuid::Uuid;

use super::super::row::{self, StoredId};
use super::super::{Namespace, Result};
use crate::message::{GlobalPosition, Message, MessageHead};

/// A message or message head that [`Tail`](super::Tail) can return. Not meant to be implemented outside this crate.
pub trait Followed: Sized + Send {
    /// Returns the select list that [`Followed::read`] decodes. It begins with the ID.
    fn columns(namespace: &Namespace) -> String;
    /// Decodes a row.
    ///
    /// # Errors
    /// Fails if a column has an unexpected type.
    fn read(row: &Row, namespace: &Namespace) -> Result<Self>;
    /// Returns the global position.
    fn global_position(&self) -> GlobalPosition;
    /// Returns the size of data and metadata in bytes, or 0 for a head.
    fn bytes(&self) -> usize;
}

/// A message that a poll has read.
pub(super) struct Received<M> {
    /// Its ID, or a digest of an ID that is not a UUID; nil for NULL.
    pub(super) id: Uuid,
    pub(super) message: M,
}

impl<M: Followed> Received<M> {
    pub(super) fn read(row: &Row, namespace: &Namespace) -> Result<Self> {
        let id: Option<StoredId> = row::column(row, 0)?;
        Ok(Self { id: id.map(StoredId::digest).unwrap_or_default(), message: M::read(row, namespace)? })
    }

    pub(super) fn global_position(&self) -> GlobalPosition {
        self.message.global_position()
    }
}

impl Followed for Message {
    fn columns(namespace: &Namespace) -> String {
        namespace.message_columns()
    }

    fn read(row: &Row, _: &Namespace) -> Result<Self> {
        row::message(row)
    }

    fn global_position(&self) -> GlobalPosition {
        self.global_position
    }

    fn bytes(&self) -> usize {
        self.data.as_ref().map_or(0, String::len) + self.metadata.as_ref().map_or(0, String::len)
    }
}

impl Followed for MessageHead {
    fn columns(namespace: &Namespace) -> String {
        namespace.head_columns()
    }

    fn read(row: &Row, namespace: &Namespace) -> Result<Self> {
        row::head(row, &namespace.paths)
    }

    fn global_position(&self) -> GlobalPosition {
        self.global_position
    }

    fn bytes(&self) -> usize {
        0
    }
}
