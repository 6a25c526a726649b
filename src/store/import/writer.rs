//! Plans a batch and writes its new messages within a transaction that already holds the locks. Remembers what later batches need to
//! know. It never begins, commits or retries anything.

use super::appended;
use super::checked::Checked;
use super::copy;
use super::error::{AttemptError, ImportError, Problem, is_collision};
use super::kept;
use super::lookup;
use super::memory::{DryRunMemory, StreamVersions};
use super::message::{ImportOptions, ImportedMessage, Placement, are_kept};
use super::plan::{Context, Plan};
use super::sequence::SequenceAdvance;
use crate::store::session::{QueryError, Session, Transaction};
use crate::store::write::RUN_DEFERRED_TRIGGERS;
use crate::store::{Namespace, StoreError};

/// The unique indexes that refuse a message because another writer was faster.
const UNIQUE: [&str; 3] = ["messages_id", "messages_stream", "messages_pkey"];

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) namespace: Namespace,
    pub(super) options: ImportOptions,
    versions: StreamVersions,
    memory: DryRunMemory,
    /// Compare messages with the store before sending them. Set if some are likely to be stored already.
    pub(super) compare_first: bool,
}

impl Writer {
    pub(super) fn new(namespace: &Namespace, options: ImportOptions) -> Self {
        Self {
            namespace: namespace.clone(),
            options,
            versions: StreamVersions::default(),
            memory: DryRunMemory::new(options),
            compare_first: options.dry_run || !namespace.shape().positions_are_unique(),
        }
    }

    async fn plan(
        &self,
        transaction: &Transaction<'_>,
        messages: &[ImportedMessage],
        Checked { repeated, .. }: &Checked,
        again: bool,
    ) -> Result<Plan, AttemptError> {
        let context = Context {
            namespace: &self.namespace,
            transaction,
            options: self.options,
            versions: &self.versions,
            memory: &self.memory,
            compare_first: self.compare_first,
        };
        let mut plan = match messages.first().map(|message| message.placement) {
            None => Plan::default(),
            Some(Placement::Kept { .. }) => kept::plan(context, messages, repeated).await?,
            Some(Placement::Next { .. }) => appended::plan(context, messages, repeated, again).await?,
        };
        plan.present += repeated.iter().filter(|repeated| **repeated).count() as u64;
        Ok(plan)
    }

    /// Plans a batch for a dry run.
    pub(super) async fn rehearse(
        &mut self,
        session: &mut Session,
        messages: &[ImportedMessage],
        checked: &Checked,
        again: bool,
    ) -> Result<Plan, AttemptError> {
        let snapshot = session.begin_snapshot().await?;
        let plan = self.plan(&snapshot, messages, checked, again).await?;
        self.refuse_taken(&snapshot, messages, &plan).await?;
        if self.options.keep_global_positions {
            SequenceAdvance::needed(&self.namespace, &snapshot, messages, &plan.new).await?;
        }
        snapshot.rollback().await?;
        for new in &plan.new {
            let added = self.memory.add(&messages[new.index], new.position);
            added.map_err(|problem| ImportError::of(new.index, problem))?;
        }
        Ok(plan)
    }

    /// Sends the new messages of a batch. Returns how far the sequence must advance before the commit. Calls `meanwhile` while the
    /// server stores them, unless there are none or one of them is refused before.
    pub(super) async fn send(
        &mut self,
        transaction: &Transaction<'_>,
        messages: &[ImportedMessage],
        checked: &Checked,
        again: bool,
        meanwhile: impl FnOnce(),
    ) -> Result<(Plan, Option<SequenceAdvance>), AttemptError> {
        let namespace = self.namespace.clone();
        let mut plan = self.plan(transaction, messages, checked, again).await?;
        if plan.new.is_empty() {
            return Ok((plan, None));
        }
        if !namespace.shape().ids_are_unique() {
            self.refuse_taken(transaction, messages, &plan).await?;
        }
        let mut advance = None;
        if self.options.keep_global_positions {
            advance = SequenceAdvance::needed(&namespace, transaction, messages, &plan.new).await?;
        }
        if let Some(advance) = &advance {
            advance.lock(&namespace, transaction).await?;
        }
        let copied = async {
            let copy = copy::send(&namespace, transaction, messages, &plan.new, self.options).await?;
            if are_kept(messages) {
                // The server is still working. If the batch fails, it is sent again or the import ends, so this stays true.
                self.remember(messages, &plan);
            }
            meanwhile();
            copy.finish().await
        };
        let rows = match copied.await {
            Ok(rows) => rows,
            Err(error) => return Err(self.refused(transaction, &error, plan)),
        };
        if namespace.shape().runs_code_on_insert() {
            transaction.batch(RUN_DEFERRED_TRIGGERS).await?;
        }
        if namespace.shape().runs_code_on_insert() || rows != plan.new.len() as u64 {
            plan.verify(&namespace, transaction, messages, self.options).await?;
        }
        Ok((plan, advance))
    }

    /// Turns the error of a copy into that of the attempt.
    fn refused(&self, transaction: &Transaction<'_>, error: &QueryError, plan: Plan) -> AttemptError {
        let store_error = transaction.store_error(error);
        // Indexes of partitions have other names, so the first attempt treats every unique violation as a stored message.
        let is_duplicate = error.server().is_some_and(|answer| {
            answer.code().code() == "23505"
                && (!self.compare_first || answer.constraint().is_some_and(|name| UNIQUE.contains(&name)))
        });
        if is_duplicate {
            return AttemptError::Duplicate(store_error, plan.new);
        }
        let refused = copy::refused_row(error).and_then(|row| plan.new.get(row));
        match (refused, store_error) {
            (Some(new), error @ (StoreError::Raised { .. } | StoreError::Server { .. })) if !is_collision(&error) => {
                ImportError::Refused { index: new.index, error }.into()
            }
            (_, error) => error.into(),
        }
    }

    async fn refuse_taken(
        &self,
        transaction: &Transaction<'_>,
        messages: &[ImportedMessage],
        plan: &Plan,
    ) -> Result<(), AttemptError> {
        let taken = lookup::first_taken(&self.namespace, transaction, messages, &plan.new, self.options).await?;
        taken.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Remembers a batch that is committed, or one of a dry run. Messages with positions are remembered as soon as they are sent.
    /// Messages without positions need the versions of all their streams, because they continue at the version that this import left.
    pub(super) fn remember_committed(&mut self, messages: &[ImportedMessage], plan: &Plan) -> Result<(), ImportError> {
        if are_kept(messages) {
            if self.options.dry_run {
                self.remember(messages, plan);
            }
            return Ok(());
        }
        let forgotten = self.remember(messages, plan);
        forgotten.map_or(Ok(()), |index| Err(ImportError::of(index, Problem::TooManyStreams)))
    }

    /// Remembers the versions of streams after a batch. Returns the index of a message whose stream does not fit.
    fn remember(&mut self, messages: &[ImportedMessage], plan: &Plan) -> Option<usize> {
        let mut forgotten = None;
        for (index, version) in &plan.versions {
            if !self.versions.raise(messages[*index].stream.as_str(), *version) {
                forgotten.get_or_insert(*index);
            }
        }
        forgotten
    }
}
