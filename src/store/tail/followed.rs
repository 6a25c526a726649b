//! What can be followed: whole messages, or heads.

use tokio_postgres::Row;

use super::super::Result;
use super::super::row::{self, HEAD_COLUMNS, MESSAGE_COLUMNS};
use crate::message::{GlobalPosition, Message, MessageHead};

/// A message, or as much of it as a list shows.
pub trait Followed: Sized + Send {
    /// The columns that it is read from.
    const COLUMNS: &'static str;
    /// From a row of these columns.
    ///
    /// # Errors
    /// A column is of another type.
    fn read(row: &Row) -> Result<Self>;
    /// Its global position.
    fn global_position(&self) -> GlobalPosition;
    /// Bytes of its bodies.
    fn bytes(&self) -> usize;
}

impl Followed for Message {
    const COLUMNS: &'static str = MESSAGE_COLUMNS;

    fn read(row: &Row) -> Result<Self> {
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
    const COLUMNS: &'static str = HEAD_COLUMNS;

    fn read(row: &Row) -> Result<Self> {
        row::head(row)
    }

    fn global_position(&self) -> GlobalPosition {
        self.global_position
    }

    fn bytes(&self) -> usize {
        0
    }
}
