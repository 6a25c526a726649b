//! Lets several batches share one transaction, because the server waits for its disk at every commit. Batches are kept until the
//! commit is answered, in case they must be sent again. A batch joins only if it is ready and needs no further lock, and never while
//! another session waits for the transaction.

use std::collections::BTreeSet;
use std::future::{Ready, ready};

use futures_util::future::join;

use super::checked::Checked;
use super::error::{AttemptError, ImportError};
use super::message::{ImportCounts, Messages};
use super::plan::Plan;
use super::sequence::SequenceAdvance;
use super::writer::{Opened, Writer};
use crate::message::Difference;
use crate::store::Result as StoreResult;
use crate::store::row::column;
use crate::store::session::{CopyStatement, Transaction};

/// The largest size of all followers in a transaction.
const MOST: usize = 6 << 20;

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

    /// Sends the first batch and those that can follow it. While the server stores one, the next is planned and its queries are sent.
    /// Returns the plan of the first batch, and how far the sequence must advance for all of them.
    pub(super) async fn send<'a>(
        &mut self,
        writer: &mut Writer,
        statement: &CopyStatement<'a>,
        (messages, checked): (&dyn Messages, &Checked),
        mut first: Opened<'a>,
    ) -> Result<(Plan, Option<SequenceAdvance>), AttemptError> {
        let transaction = statement.transaction;
        let locked = &checked.categories;
        let mut advance = first.advance.take();
        self.messages = messages.count();
        let open_next = async |writer: &Writer| self.open_next(writer, statement, locked).await;
        let (plan, mut next) = writer.store(transaction, messages, first, open_next).await;
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                self.leave(next);
                return Err(error);
            }
        };
        while let Some((batch, mut opened)) = next.map_err(shared)? {
            advance = SequenceAdvance::furthest(advance, opened.advance.take());
            let open_next = async |writer: &Writer| self.open_next(writer, statement, locked).await;
            let stored;
            (stored, next) = writer.store(transaction, batch.messages(), opened, open_next).await;
            let (counts, difference, failed) = match stored {
                Ok(plan) => (plan.counts(), plan.difference, None),
                Err(error) => (ImportCounts::default(), None, Some(error)),
            };
            self.sent.push(Follower { batch, counts, difference });
            if let Some(error) = failed {
                self.leave(next);
                return Err(shared(error));
            }
        }
        Ok((plan, advance))
    }

    /// Opens the next batch if one is ready and can join.
    async fn open_next<'a>(
        &mut self,
        writer: &Writer,
        statement: &CopyStatement<'a>,
        locked: &BTreeSet<String>,
    ) -> Result<Option<(B, Opened<'a>)>, AttemptError> {
        if self.size >= MOST || self.messages >= self.most {
            return Ok(None);
        }
        let Some(batch) = (self.next)().await else { return Ok(None) };
        self.size += batch.size();
        self.messages += batch.messages().count();
        let joins = self.size <= MOST && self.messages <= self.most && batch.checked().categories.is_subset(locked);
        if !joins {
            self.left = Some(batch);
            return Ok(None);
        }
        let (transaction, messages) = (statement.transaction, batch.messages());
        let open = async {
            // The server is still busy, so the batch is planned before the answer arrives.
            let plan = writer.plan(transaction, messages, batch.checked(), false);
            let (others_wait, plan) = join(others_wait(transaction), plan).await;
            if others_wait? {
                return Ok(None);
            }
            writer.open(statement, messages, plan?).await.map(Some)
        };
        match open.await {
            Ok(Some(opened)) => Ok(Some((batch, opened))),
            // The error recurs when the batch is sent by itself.
            Ok(None) | Err(AttemptError::Final(ImportError::Message { .. } | ImportError::Refused { .. })) => {
                self.left = Some(batch);
                Ok(None)
            }
            Err(error) => {
                self.left = Some(batch);
                Err(error)
            }
        }
    }

    /// Keeps a batch that was opened and cannot be sent.
    fn leave(&mut self, next: Result<Option<(B, Opened<'_>)>, AttemptError>) {
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

/// Returns true if another session waits for this transaction.
async fn others_wait(transaction: &Transaction<'_>) -> StoreResult<bool> {
    let waits = "select exists(select from pg_catalog.pg_locks w where not w.granted \
                 and pg_catalog.pg_backend_pid() = any (pg_catalog.pg_blocking_pids(w.pid)))";
    column(&transaction.query_one(waits, &[]).await?, 0)
}
