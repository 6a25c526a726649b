//! Lets several batches share one transaction, because the server waits for its disk at every commit. Batches are kept in packed
//! form until the commit is answered, in case they must be sent again. A batch joins only if it is ready and needs no further lock,
//! and never while another session waits for the transaction.

use std::collections::BTreeSet;
use std::future::Ready;

use futures_util::future::join;

use super::checked::Checked;
use super::error::AttemptError;
use super::message::{ImportCounts, ImportedMessage, are_kept};
use super::sequence::SequenceAdvance;
use super::writer::Writer;
use crate::message::Difference;
use crate::store::row::column;
use crate::store::session::Transaction;
use crate::store::{Result as StoreResult, StoreError};

/// Most bytes of lines in a transaction, besides those of the first batch.
const MOST: usize = 8 << 20;

/// A batch that can join the transaction of another one.
pub(crate) trait FollowingBatch {
    /// The form in which it is kept until the commit is answered.
    type Packed;

    fn messages(&self) -> &[ImportedMessage];

    fn checked(&self) -> &Checked;

    /// Bytes of lines.
    fn size(&self) -> usize;

    fn pack(self) -> Self::Packed;
}

/// The followers of a batch that has none.
pub(super) type NoFollowers = Followers<Never, fn() -> Ready<Option<Never>>>;

/// A batch type without values.
pub(crate) enum Never {}

impl FollowingBatch for Never {
    type Packed = Self;

    fn messages(&self) -> &[ImportedMessage] {
        match *self {}
    }

    fn checked(&self) -> &Checked {
        match *self {}
    }

    fn size(&self) -> usize {
        match *self {}
    }

    fn pack(self) -> Self {
        self
    }
}

/// A batch that was sent in the transaction of another one.
pub(crate) struct Follower<P> {
    pub(crate) batch: P,
    pub(crate) counts: ImportCounts,
    pub(crate) difference: Option<(usize, Difference)>,
}

/// The source of further batches for a transaction, and their results.
pub(crate) struct Followers<B: FollowingBatch, F> {
    /// Most messages in the transaction.
    most: usize,
    /// Returns the next batch if it is ready.
    next: F,
    size: usize,
    /// The batches that were sent, in order.
    pub(crate) sent: Vec<Follower<B::Packed>>,
    /// The last of them, until it is packed.
    last: Option<Follower<B>>,
    /// A batch that was taken from the source and could not join.
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

impl<B: FollowingBatch, F: AsyncFnMut() -> Option<B>> Followers<B, F> {
    #[cfg(feature = "cli")]
    pub(crate) fn new(most: usize, next: F) -> Self {
        Self { most, next, size: 0, sent: Vec::new(), last: None, left: None, commit: Commit::Open }
    }

    /// Sends the batches that can follow the first one. Returns how far the sequence must advance for all of them.
    pub(super) async fn send(
        &mut self,
        writer: &mut Writer,
        transaction: &Transaction<'_>,
        first: (&[ImportedMessage], &Checked),
        advance: Option<SequenceAdvance>,
    ) -> Result<Option<SequenceAdvance>, AttemptError> {
        let outcome = self.send_unpacked(writer, transaction, first, advance).await;
        self.pack_last();
        outcome
    }

    /// Does the same, but may leave the last batch unpacked. A batch is packed while the server stores the next one, because it would
    /// keep the server waiting.
    async fn send_unpacked(
        &mut self,
        writer: &mut Writer,
        transaction: &Transaction<'_>,
        (first, checked): (&[ImportedMessage], &Checked),
        mut advance: Option<SequenceAdvance>,
    ) -> Result<Option<SequenceAdvance>, AttemptError> {
        // For messages without positions, the remembered versions are valid only after a commit.
        if !are_kept(first) {
            return Ok(advance);
        }
        let mut messages = first.len();
        while self.size < MOST
            && messages < self.most
            && let Some(batch) = (self.next)().await
        {
            self.size += batch.size();
            messages += batch.messages().len();
            let joins = if messages <= self.most {
                self.joins(&batch, transaction, &checked.categories).await
            } else {
                Ok(false)
            };
            if !matches!(joins, Ok(true)) {
                self.left = Some(batch);
                joins?;
                break;
            }
            let sent = writer.send(transaction, batch.messages(), batch.checked(), false, || self.pack_last()).await;
            self.pack_last();
            match sent {
                Ok((plan, further)) => {
                    advance = SequenceAdvance::furthest(advance, further);
                    self.last = Some(Follower { batch, counts: plan.counts(), difference: plan.difference });
                }
                Err(error) => {
                    // The error recurs when the batch is sent by itself.
                    self.left = Some(batch);
                    if let AttemptError::ConnectionLost(_) = error {
                        return Err(error);
                    }
                    transaction.batch("rollback to savepoint batch").await?;
                    break;
                }
            }
        }
        Ok(advance)
    }

    fn pack_last(&mut self) {
        if let Some(Follower { batch, counts, difference }) = self.last.take() {
            self.sent.push(Follower { batch: batch.pack(), counts, difference });
        }
    }

    /// Returns true if a batch fits into the transaction, needs no further lock, and no other session waits for the transaction.
    async fn joins(&self, batch: &B, transaction: &Transaction<'_>, locked: &BTreeSet<String>) -> StoreResult<bool> {
        if self.size > MOST || !batch.checked().categories.is_subset(locked) {
            return Ok(false);
        }
        Ok(!others_wait(transaction, self.sent.is_empty() && self.last.is_none()).await?)
    }
}

/// Returns true if another session waits for this transaction, and sets a savepoint for the next batch.
async fn others_wait(transaction: &Transaction<'_>, first: bool) -> Result<bool, StoreError> {
    let waits = "select exists(select from pg_catalog.pg_locks w where not w.granted \
                 and pg_catalog.pg_backend_pid() = any (pg_catalog.pg_blocking_pids(w.pid)))";
    let mark = if first { "savepoint batch" } else { "release savepoint batch; savepoint batch" };
    // Polling in this order pipelines the statements in this order.
    let (rows, marked) = join(transaction.query(waits, &[]), transaction.batch(mark)).await;
    marked?;
    rows?.first().map_or(Ok(false), |row| column(row, 0))
}
