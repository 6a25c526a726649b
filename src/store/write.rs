//! Writing a message through the namespace's own `write_message`, so that the category lock holds.

use super::{Namespace, Result};
use crate::message::{NewMessage, Written};

impl Namespace {
    /// Writes one message; its position and global position come back in the same round trip.
    ///
    /// Where the connection ends before the answer, the identical write is sent again (it queues behind the orphan), and a
    /// conflict or a duplicate id is then settled by a look at the message with this id.
    ///
    /// # Errors
    /// [`super::StoreError::Conflict`], [`super::StoreError::DuplicateId`], [`super::StoreError::ReadOnly`],
    /// [`super::StoreError::Invalid`] (JSON with its line and column), [`super::StoreError::OutcomeUnknown`].
    pub async fn write(&self, message: &NewMessage) -> Result<Written> {
        todo!()
    }
}
