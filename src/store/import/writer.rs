//! Plans a batch and writes its new messages within a transaction that already holds the locks. Remembers what later batches need to
//! know. It never begins, commits or retries anything.

use futures_util::future::join;

use super::appended;
use super::checked::Checked;
use super::copy;
use super::error::{AttemptError, ImportError, is_collision};
use super::kept;
use super::lookup;
use super::memory::{DryRunMemory, ImportedVersions};
use super::message::{ImportOptions, Messages, are_kept};
use super::plan::{Context, Plan};
use super::sequence::SequenceAdvance;
use crate::store::session::{CopyIn, CopyStatement, QueryError, Session, Transaction};
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

/// A planned batch that is not sent yet.
pub(super) struct Opened<'a> {
    pub(super) plan: Plan,
    /// How far the sequence must advance before the commit.
    pub(super) advance: Option<SequenceAdvance>,
    /// Takes the new messages; `None` if there are none.
    copy: Option<CopyIn<'a>>,
}

impl Writer {
    pub(super) fn new(namespace: &Namespace, options: ImportOptions) -> Self {
        Self {
            namespace: namespace.clone(),
            options,
            versions: ImportedVersions::default(),
            memory: DryRunMemory::new(options),
            compare_first: options.dry_run || !namespace.shape().positions_are_unique(),
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

    /// Opens the copy that takes the new messages of a batch.
    pub(super) async fn open<'a>(
        &self,
        statement: &CopyStatement<'a>,
        messages: &dyn Messages,
        plan: Plan,
    ) -> Result<Opened<'a>, AttemptError> {
        let (namespace, transaction) = (&self.namespace, statement.transaction);
        if plan.new.is_empty() {
            return Ok(Opened { plan, advance: None, copy: None });
        }
        if !namespace.shape().ids_are_unique() {
            self.refuse_taken(transaction, messages, &plan).await?;
        }
        let mut advance = None;
        if self.options.keep_global_positions {
            advance = SequenceAdvance::needed(namespace, transaction, messages, &plan.new).await?;
        }
        if let Some(advance) = &advance {
            advance.lock(namespace, transaction).await?;
        }
        let copy = statement.start().await.map_err(|error| transaction.store_error(&error))?;
        Ok(Opened { plan, advance, copy: Some(copy) })
    }

    /// Sends the new messages of a batch and remembers them. Runs `next` while the server stores them, if nothing must be verified
    /// before. Returns what came of both.
    pub(super) async fn store<N>(
        &mut self,
        transaction: &Transaction<'_>,
        messages: &dyn Messages,
        Opened { plan, copy, .. }: Opened<'_>,
        next: impl AsyncFnOnce(&Self) -> N,
    ) -> (Result<Plan, AttemptError>, N) {
        let Some(mut copy) = copy else {
            self.remember(messages, &plan);
            return (Ok(plan), next(self).await);
        };
        let sent = copy::send(&self.namespace, &mut copy, messages, &plan.new, self.options).await;
        // The server is still busy.
        self.remember(messages, &plan);
        let stored = async {
            let copied = async {
                sent?;
                copy.finish().await
            };
            match copied.await {
                Ok(rows) => self.stored(transaction, messages, plan, rows).await,
                Err(error) => Err(self.refused(transaction, &error, plan)),
            }
        };
        if self.verifies {
            let stored = stored.await;
            (stored, next(self).await)
        } else {
            join(stored, next(self)).await
        }
    }

    /// Checks that the server stored all messages of a plan.
    async fn stored(
        &self,
        transaction: &Transaction<'_>,
        messages: &dyn Messages,
        mut plan: Plan,
        rows: u64,
    ) -> Result<Plan, AttemptError> {
        if self.verifies {
            transaction.batch(RUN_DEFERRED_TRIGGERS).await?;
            plan.verify(&self.namespace, transaction, messages, self.options).await?;
        } else if rows != plan.new.len() as u64 {
            return Err(AttemptError::Unverified);
        }
        Ok(plan)
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
        messages: &dyn Messages,
        plan: &Plan,
    ) -> Result<(), AttemptError> {
        let taken = lookup::first_taken(&self.namespace, transaction, messages, &plan.new, self.options).await?;
        taken.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Remembers the versions of streams after a batch, until the transaction is rolled back. Versions for which there is no room are
    /// looked up again.
    pub(super) fn remember(&mut self, messages: &dyn Messages, plan: &Plan) {
        for (index, version) in &plan.versions {
            self.versions.raise(messages.get(*index).stream, *version);
        }
    }
}
