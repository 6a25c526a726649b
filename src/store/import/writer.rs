//! Plans a batch and writes its new messages within a transaction that already holds the locks. Remembers what later
//! batches need to know. It never begins, commits or retries anything.

use super::appended;
use super::checked::Checked;
use super::copy::{OpenCopy, refused_row};
use super::error::{AttemptError, ImportError, is_collision};
use super::kept;
use super::lookup;
use super::memory::{DryRunMemory, ImportedVersions};
use super::message::{ImportOptions, Messages, are_kept};
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
    pub(super) versions: ImportedVersions,
    memory: DryRunMemory,
    /// Compare messages with the store before sending them. Set if some are likely to be stored already.
    pub(super) compare_first: bool,
    /// Compare messages with the store after sending them. Set if a trigger or rule can drop or change them.
    pub(super) verifies: bool,
}

/// A batch that can be sent.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    /// How far the sequence must advance before the commit.
    pub(super) advance: Option<SequenceAdvance>,
}

impl Writer {
    pub(super) fn new(namespace: &Namespace, options: ImportOptions) -> Self {
        Self {
            namespace: namespace.clone(),
            options,
            versions: ImportedVersions::default(),
            memory: DryRunMemory::new(options),
            compare_first: options.dry_run || !namespace.shape().refuses_repetitions(),
            verifies: namespace.shape().runs_code_on_insert(),
        }
    }

    pub(super) async fn plan(
        &self,
        transaction: &Transaction<'_>,
        messages: &dyn Messages,
        checked: &Checked,
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
        let mut plan = if are_kept(messages) {
            kept::plan(context, messages, checked).await?
        } else {
            appended::plan(context, messages, checked, again).await?
        };
        plan.present += checked.repeated.iter().filter(|repeated| **repeated).count() as u64;
        Ok(plan)
    }

    /// Plans a batch for a dry run.
    pub(super) async fn rehearse(
        &mut self,
        session: &mut Session,
        messages: &dyn Messages,
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
            let added = self.memory.add(messages.get(new.index), new.position);
            added.map_err(|problem| ImportError::of(new.index, problem))?;
        }
        self.remember(messages, &plan);
        Ok(plan)
    }

    /// Plans a batch, and does what must be done before its new messages are sent. Asks the server only what it must.
    /// `held` is the advance for the earlier batches of the transaction.
    pub(super) async fn prepare(
        &self,
        transaction: &Transaction<'_>,
        messages: &dyn Messages,
        checked: &Checked,
        again: bool,
        held: Option<&SequenceAdvance>,
    ) -> Result<Prepared, AttemptError> {
        let plan = self.plan(transaction, messages, checked, again).await?;
        if !self.namespace.shape().ids_are_unique() {
            self.refuse_taken(transaction, messages, &plan).await?;
        }
        let advance = match held {
            _ if !self.options.keep_global_positions => None,
            Some(held) => held.of_later(messages, &plan.new)?,
            None => {
                let advance = SequenceAdvance::needed(&self.namespace, transaction, messages, &plan.new).await?;
                if let Some(advance) = &advance {
                    advance.lock(&self.namespace, transaction).await?;
                }
                advance
            }
        };
        Ok(Prepared { plan, advance })
    }

    /// Sends the new messages of a batch and remembers them.
    pub(super) async fn add(&mut self, copy: &mut OpenCopy<'_>, messages: &dyn Messages, plan: &Plan) {
        copy.add(&self.namespace, messages, &plan.new, self.options).await;
        self.remember(messages, plan);
    }

    /// Returns the plan of the first batch of a copy after the server has stored all of them.
    pub(super) async fn finish(
        &self,
        transaction: &Transaction<'_>,
        copy: OpenCopy<'_>,
        messages: &dyn Messages,
        mut plan: Plan,
    ) -> Result<Plan, AttemptError> {
        match copy.finish().await {
            Ok(_) if self.verifies && !plan.new.is_empty() => {
                transaction.batch(RUN_DEFERRED_TRIGGERS).await?;
                plan.verify(&self.namespace, transaction, messages, self.options).await?;
                Ok(plan)
            }
            Ok(true) => Ok(plan),
            Ok(false) => Err(AttemptError::Unverified),
            Err(error) => Err(self.refused(transaction, &error, plan)),
        }
    }

    /// Turns the error of a copy into that of the attempt.
    fn refused(&self, transaction: &Transaction<'_>, error: &QueryError, plan: Plan) -> AttemptError {
        let store_error = transaction.store_error(error);
        // Indexes of partitions have other names, so the first attempt treats every unique violation as a stored
        // message.
        let is_duplicate = error.server().is_some_and(|answer| {
            answer.code().code() == "23505"
                && (!self.compare_first || answer.constraint().is_some_and(|name| UNIQUE.contains(&name)))
        });
        if is_duplicate {
            return AttemptError::Duplicate(store_error, plan.new);
        }
        let refused = refused_row(error).and_then(|row| plan.new.get(row));
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
        messages: &dyn Messages,
        plan: &Plan,
    ) -> Result<(), AttemptError> {
        let taken = lookup::first_taken(&self.namespace, transaction, messages, &plan.new, self.options).await?;
        taken.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Remembers the versions of streams after a batch, until the transaction is rolled back. Versions for which there
    /// is no room are looked up again.
    pub(super) fn remember(&mut self, messages: &dyn Messages, plan: &Plan) {
        for (index, version) in &plan.versions {
            self.versions.raise(messages.get(*index).stream, *version);
        }
    }
}
