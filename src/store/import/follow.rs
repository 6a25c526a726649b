//! Batches that follow another one in its transaction, so that they share a commit, for which the server waits for its disk. Until it
//! is answered they are kept, packed, to be sent again. A batch follows only if it is ready at once and needs no further lock, and
//! only while nobody waits for what the transaction holds.

use std::collections::BTreeSet;
use std::future::Ready;

use futures_util::future::join;

use super::super::row::column;
use super::super::session::Transaction;
use super::look::{self, Move};
use super::{Checked, Difference, Failure, Import, Imported, ImportedMessage, Place, StoreError};

/// Bytes of lines that share a commit, besides those of the first batch.
const MOST: usize = 14 << 20;

/// A batch that can follow another one.
pub(crate) trait Batch {
    /// What it is kept as.
    type Packed;

    fn messages(&self) -> &[ImportedMessage];

    fn checked(&self) -> &Checked;

    /// Bytes of its lines.
    fn size(&self) -> usize;

    /// What takes less room, to be kept.
    fn pack(self) -> Self::Packed;
}

/// The followers of a batch that is alone.
pub(super) type Nobody = Followers<Alone, fn() -> Ready<Option<Alone>>>;

/// No batch.
pub(crate) enum Alone {}

impl Batch for Alone {
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

/// A batch that was sent with another one's transaction.
pub(crate) struct Follower<P> {
    pub(crate) batch: P,
    pub(crate) counts: Imported,
    pub(crate) difference: Option<(usize, Difference)>,
}

/// The batches that follow one.
pub(crate) struct Followers<B: Batch, F> {
    /// Messages of the transaction, at most.
    most: usize,
    /// Gives the next batch, if it is ready at once.
    next: F,
    size: usize,
    /// Those that were sent, in their order.
    pub(crate) sent: Vec<Follower<B::Packed>>,
    /// One that was taken from the source and cannot follow.
    pub(crate) left: Option<B>,
    /// The commit was sent.
    pub(crate) in_doubt: bool,
    /// The commit was answered: they are stored.
    pub(crate) stored: bool,
}

impl<B: Batch, F: AsyncFnMut() -> Option<B>> Followers<B, F> {
    pub(crate) fn new(most: usize, next: F) -> Self {
        Self { most, next, size: 0, sent: Vec::new(), left: None, in_doubt: false, stored: false }
    }

    /// Sends those that can follow the messages that were sent; gives where the sequence is to be moved then.
    pub(super) async fn send(
        &mut self,
        import: &mut Import,
        transaction: &Transaction<'_>,
        first: &[ImportedMessage],
        mut moved: Option<Move>,
    ) -> Result<Option<Move>, Failure> {
        // What the import remembers of other messages is true only once they are committed.
        if !first.first().is_some_and(|message| matches!(message.place, Place::Kept { .. })) {
            return Ok(moved);
        }
        let locked: BTreeSet<&str> = look::categories(first).into_iter().collect();
        let mut messages = first.len();
        while self.size < MOST
            && messages < self.most
            && let Some(batch) = (self.next)().await
        {
            self.size += batch.size();
            messages += batch.messages().len();
            let is_locked = |name: &&str| locked.contains(name);
            let fits =
                self.size <= MOST && messages <= self.most && look::categories(batch.messages()).iter().all(is_locked);
            let waits = if fits { others_wait(transaction, self.sent.is_empty()).await } else { Ok(true) };
            if !matches!(waits, Ok(false)) {
                self.left = Some(batch);
                waits?;
                break;
            }
            match import.send(transaction, batch.messages(), batch.checked(), false).await {
                Ok((plan, further)) => {
                    moved = Move::further(moved, further);
                    import.remember(batch.messages(), &plan)?;
                    let counts = plan.counts();
                    self.sent.push(Follower { batch: batch.pack(), counts, difference: plan.difference });
                }
                Err(failure) => {
                    // Whatever it is, it comes again when the batch is sent by itself.
                    self.left = Some(batch);
                    if let Failure::Unanswered(_) = failure {
                        return Err(failure);
                    }
                    transaction.batch("rollback to savepoint batch").await?;
                    break;
                }
            }
        }
        Ok(moved)
    }
}

/// Whether somebody waits for what the transaction holds; marks where it is to be gone back to.
async fn others_wait(transaction: &Transaction<'_>, first: bool) -> Result<bool, StoreError> {
    let waits = "select exists(select from pg_catalog.pg_locks w where not w.granted \
                 and pg_catalog.pg_backend_pid() = any (pg_catalog.pg_blocking_pids(w.pid)))";
    let mark = if first { "savepoint batch" } else { "release savepoint batch; savepoint batch" };
    // Polled in this order, so sent in this order and without waiting for one another.
    let (rows, marked) = join(transaction.query(waits, &[]), transaction.batch(mark)).await;
    marked?;
    rows?.first().map_or(Ok(false), |row| column(row, 0))
}
