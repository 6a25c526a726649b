//! Advances the sequence of global positions past those that an import keeps, so that no later message gets one of
//! them. It never moves the sequence back.

use tokio_postgres::types::Type;

use super::error::{ImportError, NONE_LEFT, Problem};
use super::message::{Messages, Placement, PlannedMessage};
use crate::message::GlobalPosition;
use crate::store::row::column;
use crate::store::session::Transaction;
use crate::store::{Namespace, Result, StoreError};

/// A pending advance of the sequence of global positions past the highest of a batch.
#[derive(Debug)]
pub(super) struct SequenceAdvance {
    sequence: String,
    /// The last number of the sequence.
    last: GlobalPosition,
    highest: GlobalPosition,
}

/// The condition that the sequence would return `$1` or less. After a restart, its next value is its last value.
const IS_LOW: &str = "case when is_called then last_value < $1 else last_value <= $1 end";

impl SequenceAdvance {
    /// Returns the advance that goes further.
    pub(super) fn furthest(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        [one, other].into_iter().flatten().max_by_key(|advance| advance.highest)
    }

    /// Returns the advance that a plan needs. Refuses a position that would leave none for the next message.
    pub(super) async fn needed(
        namespace: &Namespace,
        transaction: &Transaction<'_>,
        messages: &dyn Messages,
        new: &[PlannedMessage],
    ) -> Result<Option<Self>, ImportError> {
        let Some(highest) = highest(messages, new) else { return Ok(None) };
        let numbering = &namespace.shape().numbering;
        let Some(sequence) = numbering.sequence_name.clone().filter(|_| numbering.owned) else {
            let table = namespace.table();
            let reason =
                format!("global_position of {table} has no sequence of its own, so global positions cannot be kept");
            return Err(StoreError::Invalid { field: "table", reason }.into());
        };
        let state = "select q.seqmax from pg_catalog.pg_sequence q where q.seqrelid = $1::text::regclass::oid";
        let row = transaction.query_one(state, &[(&sequence, Type::TEXT)]).await?;
        let found = Self { sequence, last: column(&row, 0)?, highest };
        found.refuse_last(messages, new)?;
        let is_low = format!("select from {} where {IS_LOW}", found.sequence);
        let is_low = transaction.query_opt(&is_low, &[(&highest, Type::INT8)]).await;
        Ok(is_low.map_err(|error| found.denied(error))?.map(|_| found))
    }

    /// Returns the advance for a later batch of the transaction. The table is locked, so the server need not be asked
    /// again.
    pub(super) fn of_later(
        &self,
        messages: &dyn Messages,
        new: &[PlannedMessage],
    ) -> Result<Option<Self>, ImportError> {
        self.refuse_last(messages, new)?;
        let later = |highest| Self { sequence: self.sequence.clone(), last: self.last, highest };
        Ok(highest(messages, new).map(later))
    }

    /// Refuses a position at the end of the sequence.
    fn refuse_last(&self, messages: &dyn Messages, new: &[PlannedMessage]) -> Result<(), ImportError> {
        match new.iter().find(|new| global_position(messages, new) >= Some(self.last)) {
            Some(new) => Err(ImportError::of(new.index, Problem::NoGlobalPosition(NONE_LEFT))),
            None => Ok(()),
        }
    }

    /// Keeps other writers from drawing numbers until the transaction ends. A writer locks the table before it draws a
    /// number, and this lock waits for all of them. The category locks are taken first, as a writer does.
    pub(super) async fn lock(&self, namespace: &Namespace, transaction: &Transaction<'_>) -> Result<()> {
        let lock = format!("lock table {} in share row exclusive mode", namespace.table());
        transaction.batch(&lock).await.map_err(|error| self.denied(error))
    }

    /// Advances the sequence, and never moves it back. A rollback does not undo this, so it is the last step before the
    /// commit.
    pub(super) async fn apply(&self, transaction: &Transaction<'_>) -> Result<()> {
        let Self { sequence, highest, .. } = self;
        let set = format!("select pg_catalog.setval($2::text::regclass, $1) from {sequence} where {IS_LOW}");
        let set = transaction.query(&set, &[(highest, Type::INT8), (sequence, Type::TEXT)]).await;
        set.map_err(|error| self.denied(error)).map(drop)
    }

    fn denied(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::NoPermission(words) => StoreError::NoPermission(format!(
                "to keep global positions, the sequence must advance to {}: {words}",
                self.highest
            )),
            other => other,
        }
    }
}

fn global_position(messages: &dyn Messages, new: &PlannedMessage) -> Option<GlobalPosition> {
    match messages.placement(new.index) {
        Placement::Kept { global_position, .. } => global_position,
        Placement::Next { .. } => None,
    }
}

fn highest(messages: &dyn Messages, new: &[PlannedMessage]) -> Option<GlobalPosition> {
    new.iter().filter_map(|new| global_position(messages, new)).max()
}
