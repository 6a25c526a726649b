//! What can be followed: whole messages, or heads.

use tokio_postgres::Row;
use uuid::Uuid;

use super::super::row;
use super::super::{Namespace, Result};
use crate::message::{GlobalPosition, Message, MessageHead};

/// A message, or as much of it as a list shows.
pub trait Followed: Sized + Send {
    /// The columns that it is read from, as a select list.
    fn columns(namespace: &Namespace) -> String;
    /// From a row of these columns.
    ///
    /// # Errors
    /// A column is of another type.
    fn read(row: &Row) -> Result<Self>;
    /// Its id.
    fn id(&self) -> Uuid;
    /// Its global position.
    fn global_position(&self) -> GlobalPosition;
    /// Bytes of its bodies.
    fn bytes(&self) -> usize;
}

impl Followed for Message {
    fn columns(namespace: &Namespace) -> String {
        namespace.message_columns()
    }

    fn read(row: &Row) -> Result<Self> {
        row::message(row)
    }

    fn id(&self) -> Uuid {
        self.id
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

    fn read(row: &Row) -> Result<Self> {
        row::head(row)
    }

    fn id(&self) -> Uuid {
        self.id
    }

    fn global_position(&self) -> GlobalPosition {
        self.global_position
    }

    fn bytes(&self) -> usize {
        0
    }
}
