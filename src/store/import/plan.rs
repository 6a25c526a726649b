//! The plan for a batch: the messages to write, and what is known about the others. `kept.rs` and `appended.rs` make
//! plans; nothing here writes a message.

use super::error::{AttemptError, ImportError, Problem};
use super::lookup::{self, LookupKey};
use super::memory::{DryRunMemory, ImportedVersions};
use super::message::{ImportCounts, ImportOptions, Messages, PlannedMessage};
use crate::message::{Difference, Position, StreamName};
use crate::store::Namespace;
use crate::store::session::Transaction;

/// Everything that a plan depends on, besides the batch.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) options: ImportOptions,
    pub(super) versions: &'a ImportedVersions,
    /// Empty except in a dry run.
    pub(super) memory: &'a DryRunMemory,
    /// Look up the version of every stream, even if it is remembered.
    pub(super) compare_first: bool,
}

#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Messages to write, in order.
    pub(super) new: Vec<PlannedMessage>,
    /// The index of a message of each stream, and the version of the stream after the batch.
    pub(super) versions: Vec<(usize, Position)>,
    pub(super) present: u64,
    pub(super) unchecked: u64,
    differing: u64,
    /// The first stored message that differs from the one sent.
    pub(super) difference: Option<(usize, Difference)>,
}

impl Plan {
    pub(super) fn counts(&self) -> ImportCounts {
        ImportCounts {
            imported: self.new.len() as u64,
            present: self.present,
            differing: self.differing,
            unchecked: self.unchecked,
        }
    }

    pub(super) fn differs(&mut self, index: usize, difference: Option<Difference>) {
        let Some(difference) = difference else { return };
        self.differing += 1;
        self.difference.get_or_insert((index, difference));
    }

    /// Checks that the messages are stored as they were sent, because triggers and policies can drop or change them.
    pub(super) async fn verify(
        &mut self,
        namespace: &Namespace,
        transaction: &Transaction<'_>,
        messages: &dyn Messages,
        options: ImportOptions,
    ) -> Result<(), AttemptError> {
        let stored = lookup::stored(namespace, transaction, messages, &self.new, LookupKey::Position).await?;
        for (at, stored) in stored.into_iter().enumerate() {
            let PlannedMessage { index, position } = self.new[at];
            let message = messages.get(index);
            let Some(stored) = stored else {
                let problem = Problem::NotStored { stream: StreamName::stored(message.stream), position };
                return Err(ImportError::of(index, problem).into());
            };
            self.differs(index, stored.difference(message, options).map(Difference::Value).or(stored.spelling));
        }
        Ok(())
    }
}
