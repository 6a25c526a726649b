//! Lets several batches share a transaction, because the server waits for its disk at every commit, and a copy, because
//! each costs the server some milliseconds. Batches are kept until the commit is answered, in case they must be sent
//! again. A batch joins only if it is ready and needs no further lock, and not for long while another session waits for
//! the transaction.

use std::collections::BTreeSet;
use std::future::{Ready, ready};
use std::time::Duration;

use futures_util::future::{Either, join, poll_immediate};
use tokio::time::Instant;

use super::checked::Checked;
use super::copy::OpenCopy;
use super::error::{AttemptError, ImportError};
use super::message::{ImportCounts, Messages};
use super::plan::Plan;
use super::sequence::SequenceAdvance;
use super::writer::{Prepared, Writer};
use crate::message::Difference;
use crate::store::Result as StoreResult;
use crate::store::row::column;
use crate::store::session::{CopyStatement, Transaction};

/// The largest size of all followers in a transaction.
const MOST: usize = 6 << 20;
/// How long further batches join a copy. Meanwhile nothing shows whether other sessions wait.
const COPY_LIMIT: Duration = Duration::from_millis(500);

/// A batch that can join the transaction of another one.
pub(crate) trait FollowingBatch {
    fn messages(&self) -> &dyn Messages;

    fn checked(&self) -> &Checked;

    /// Bytes of memory, about.
    fn size(&self) -> usize;
}

/// The followers of a batch that has none.
pub(super) type NoFollowers = Followers<Never, fn() -> Ready<Option<Never>>>;

/// A batch type without values.
pub(crate) enum Never {}

impl FollowingBatch for Never {
    fn messages(&self) -> &dyn Messages {
        match *self {}
    }

    fn checked(&self) -> &Checked {
        match *self {}
    }

    fn size(&self) -> usize {
        match *self {}
    }
}

/// A batch that was sent in the transaction of another one.
#[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command reports on followers"))]
pub(crate) struct Follower<B> {
    pub(crate) batch: B,
    pub(crate) counts: ImportCounts,
    pub(crate) difference: Option<(usize, Difference)>,
}

impl<B> Follower<B> {
    fn new(batch: B, plan: Plan) -> Self {
        Self { batch, counts: plan.counts(), difference: plan.difference }
    }
}

/// What became of a copy.
struct Copied<B> {
    /// The plan of its first batch, if the server has stored all of them.
    stored: Result<Plan, AttemptError>,
    /// The batches after the first.
    joined: Vec<Follower<B>>,
    /// The batch for the next copy.
    next: Result<Option<(B, Prepared)>, AttemptError>,
}

/// The source of further batches for a transaction, and their results.
pub(crate) struct Followers<B: FollowingBatch, F> {
    /// Most messages in the transaction.
    most: usize,
    /// Returns the next batch if it is ready.
    next: F,
    messages: usize,
    size: usize,
    /// The batches that were sent, in order. If one failed, it is the last.
    pub(crate) sent: Vec<Follower<B>>,
    /// A batch that was taken from the source and was not sent.
    pub(crate) left: Option<B>,
    pub(crate) commit: Commit,
}

/// The commit of a transaction with followers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commit {
    /// Not sent, or refused: the followers are not stored.
    Open,
    /// Sent, and not answered: the followers may be stored.
    Unanswered,
    Stored,
}

impl NoFollowers {
    pub(super) fn none() -> Self {
        Self::new(0, || ready(None))
    }
}

impl<B: FollowingBatch, F: AsyncFnMut() -> Option<B>> Followers<B, F> {
    pub(crate) fn new(most: usize, next: F) -> Self {
        Self { most, next, messages: 0, size: 0, sent: Vec::new(), left: None, commit: Commit::Open }
    }

    /// Sends the first batch and those that can follow it. Returns the plan of the first batch, and how far the
    /// sequence must advance for all of them.
    pub(super) async fn send(
        &mut self,
        writer: &mut Writer,
        statement: &CopyStatement<'_>,
        (messages, checked): (&dyn Messages, &Checked),
        Prepared { plan, mut advance }: Prepared,
    ) -> Result<(Plan, Option<SequenceAdvance>), AttemptError> {
        self.messages = messages.count();
        let Copied { stored, joined, mut next } =
            self.copy(writer, statement, (messages, plan), &checked.categories, &mut advance).await;
        let is_alone = joined.is_empty();
        self.sent = joined;
        let plan = match stored {
            Ok(plan) => plan,
            Err(error) => {
                self.leave(next);
                return Err(if is_alone { error } else { shared(error) });
            }
        };
        while let Some((batch, prepared)) = next.map_err(shared)? {
            advance = SequenceAdvance::furthest(advance, prepared.advance);
            let head = (batch.messages(), prepared.plan);
            let copied = self.copy(writer, statement, head, &checked.categories, &mut advance).await;
            next = copied.next;
            let (follower, failed) = match copied.stored {
                Ok(plan) => (Follower::new(batch, plan), None),
                Err(error) => (Follower::new(batch, Plan::default()), Some(error)),
            };
            self.sent.push(follower);
            self.sent.extend(copied.joined);
            if let Some(error) = failed {
                self.leave(next);
                return Err(shared(error));
            }
        }
        Ok((plan, advance))
    }

    /// Copies a batch and those that can be sent without an answer of the server. Then prepares the next batch, whose
    /// queries are sent while the server still stores the others.
    async fn copy(
        &mut self,
        writer: &mut Writer,
        statement: &CopyStatement<'_>,
        (messages, plan): (&dyn Messages, Plan),
        locked: &BTreeSet<String>,
        advance: &mut Option<SequenceAdvance>,
    ) -> Copied<B> {
        let transaction = statement.transaction;
        let began = Instant::now();
        let mut copy = OpenCopy::new(statement);
        writer.add(&mut copy, messages, &plan).await;
        let mut joined = Vec::new();
        if writer.verifies {
            let stored = writer.finish(transaction, copy, messages, plan).await;
            let mut next = Ok(None);
            if stored.is_ok()
                && let Some(batch) = self.next(locked).await
            {
                let held = advance.as_ref();
                let prepare = writer.prepare(transaction, batch.messages(), batch.checked(), false, held);
                let prepared = unless_others_wait(transaction, prepare).await;
                next = self.accept(batch, prepared);
            }
            return Copied { stored, joined, next };
        }
        loop {
            let Some(batch) = self.next(locked).await else {
                let stored = writer.finish(transaction, copy, messages, plan).await;
                return Copied { stored, joined, next: Ok(None) };
            };
            let held = advance.as_ref();
            let prepare = writer.prepare(transaction, batch.messages(), batch.checked(), false, held);
            let mut prepare = Box::pin(prepare);
            let prepare = match poll_immediate(&mut prepare).await {
                Some(Ok(Prepared { plan, advance: further })) if began.elapsed() < COPY_LIMIT => {
                    drop(prepare);
                    *advance = SequenceAdvance::furthest(advance.take(), further);
                    writer.add(&mut copy, batch.messages(), &plan).await;
                    joined.push(Follower::new(batch, plan));
                    continue;
                }
                Some(prepared) => {
                    drop(prepare);
                    Either::Left(ready(prepared))
                }
                None => Either::Right(prepare),
            };
            let finish = writer.finish(transaction, copy, messages, plan);
            let (stored, prepared) = join(finish, unless_others_wait(transaction, prepare)).await;
            return Copied { stored, joined, next: self.accept(batch, prepared) };
        }
    }

    /// Returns the next batch if it is ready and can join the transaction.
    async fn next(&mut self, locked: &BTreeSet<String>) -> Option<B> {
        if self.size >= MOST || self.messages >= self.most {
            return None;
        }
        let batch = (self.next)().await?;
        self.size += batch.size();
        self.messages += batch.messages().count();
        let joins = self.size <= MOST && self.messages <= self.most && batch.checked().categories.is_subset(locked);
        if joins {
            return Some(batch);
        }
        self.left = Some(batch);
        None
    }

    /// Keeps a batch that was not prepared, or that cannot be imported: its error recurs when it is sent by itself.
    fn accept(
        &mut self,
        batch: B,
        prepared: Result<Option<Prepared>, AttemptError>,
    ) -> Result<Option<(B, Prepared)>, AttemptError> {
        let error = match prepared {
            Ok(Some(prepared)) => return Ok(Some((batch, prepared))),
            Ok(None) | Err(AttemptError::Final(ImportError::Message { .. } | ImportError::Refused { .. })) => None,
            Err(error) => Some(error),
        };
        self.left = Some(batch);
        error.map_or(Ok(None), Err)
    }

    /// Keeps a batch that was prepared and cannot be sent.
    fn leave(&mut self, next: Result<Option<(B, Prepared)>, AttemptError>) {
        if let Ok(Some((batch, _))) = next {
            self.left = Some(batch);
        }
    }
}

/// Returns the error of the whole transaction after that of a follower.
fn shared(error: AttemptError) -> AttemptError {
    match error {
        lost @ AttemptError::ConnectionLost(_) => lost,
        _ => AttemptError::Shared,
    }
}

/// Prepares a batch, unless another session waits for the transaction.
async fn unless_others_wait(
    transaction: &Transaction<'_>,
    prepare: impl Future<Output = Result<Prepared, AttemptError>>,
) -> Result<Option<Prepared>, AttemptError> {
    // Polled in this order, so the queries for the batch are sent first if there are any.
    let (prepared, others_wait) = join(prepare, others_wait(transaction)).await;
    if others_wait? {
        return Ok(None);
    }
    prepared.map(Some)
}

/// Returns true if another session waits for this transaction.
async fn others_wait(transaction: &Transaction<'_>) -> StoreResult<bool> {
    let waits = "select exists(select from pg_catalog.pg_locks w where not w.granted \
                 and pg_catalog.pg_backend_pid() = any (pg_catalog.pg_blocking_pids(w.pid)))";
    column(&transaction.query_one(waits, &[]).await?, 0)
}
