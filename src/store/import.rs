//! Imports many messages with `COPY`, with the positions and times of another store or at the end of their streams. A
//! batch runs in one transaction under the locks of its categories, so other writers wait for it as they wait for each
//! other. An import skips messages that are already stored; it never changes or moves a stored message.

mod appended;
mod checked;
mod copy;
mod error;
mod followers;
mod kept;
mod lookup;
mod memory;
mod message;
mod plan;
mod sequence;
mod writer;

use std::time::Duration;

use futures_util::future::join3;
use tokio::time::{Instant, sleep};

pub(crate) use checked::Checked;
use error::AttemptError;
pub use error::{ImportError, Problem};
#[cfg(feature = "cli")]
pub(crate) use followers::Follower;
use followers::NoFollowers;
pub(crate) use followers::{Commit, Followers, FollowingBatch};
#[cfg(feature = "cli")]
pub(crate) use memory::StreamVersions;
#[cfg(feature = "cli")]
pub(crate) use message::MessageRef;
pub(crate) use message::Messages;
pub use message::{ImportCounts, ImportOptions, ImportedMessage, Placement};
use message::{PlannedMessage, are_kept};
use plan::Plan;
use writer::Writer;

pub use super::row::FIRST as FIRST_TIME;
use super::session::{Session, Transaction};
use super::{Namespace, Result, StoreError};
use crate::message::Difference;

/// How long to retry after the connection is lost.
const RECONNECT_LIMIT: Duration = Duration::from_secs(30);
/// Delay between two attempts to reconnect.
const PAUSE: Duration = Duration::from_millis(200);
/// How many times a batch is sent again after a collision with another writer: a deadlock, or a writer that takes no
/// category lock.
const COLLISIONS: u32 = 5;

/// An import into one namespace, batch by batch.
#[derive(Debug)]
pub struct Import {
    writer: Writer,
    /// The server has answered once. From then on, a lost connection is retried.
    connected: bool,
    /// The counts of a commit that was sent and is not answered yet.
    in_doubt: Option<ImportCounts>,
    /// The first message of the last batch that differs from the stored one.
    difference: Option<(usize, Difference)>,
}

impl Import {
    /// Creates an import. Nothing is sent to the server yet.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] if the store is opened read-only, except for a dry run. [`StoreError::NoPermission`] if
    /// row security policies apply to the role.
    pub fn new(namespace: &Namespace, options: ImportOptions) -> Result<Self> {
        if !options.dry_run {
            namespace.sessions.refuse_if_read_only()?;
        }
        if namespace.shape().row_security {
            let what = "row security policies of the table apply to this role, and PostgreSQL refuses COPY, which imports use, \
                        unless the role has bypassrls";
            return Err(StoreError::NoPermission(what.to_owned()));
        }
        let writer = Writer::new(namespace, options);
        Ok(Self { writer, connected: false, in_doubt: None, difference: None })
    }

    /// Returns the index and the difference of the first of the [`ImportCounts::differing`] messages of the last batch.
    #[must_use]
    pub fn difference(&self) -> Option<(usize, &Difference)> {
        self.difference.as_ref().map(|(index, difference)| (*index, difference))
    }

    /// Returns true if a commit was sent and is not answered, so the batch may be written or not.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt.is_some()
    }

    /// Imports all messages or none, and assigns global positions in the given order. Messages that are already stored
    /// and identical are skipped. The locks of all their categories are held meanwhile, so there should be few
    /// categories.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn batch(&mut self, messages: &[ImportedMessage]) -> Result<ImportCounts, ImportError> {
        let checked = Checked::new(&messages, self.writer.options);
        let checked = checked.map_err(|(index, problem)| ImportError::of(index, problem))?;
        self.checked_after(&messages, &checked, None).await
    }

    /// Does the same for messages that were checked before, which lets a caller check one batch while the server stores
    /// another. An unanswered commit may have stored them; `lost` are its counts.
    pub(crate) async fn checked_after(
        &mut self,
        messages: &dyn Messages,
        checked: &Checked,
        lost: Option<ImportCounts>,
    ) -> Result<ImportCounts, ImportError> {
        self.checked_before(messages, checked, lost, None::<&mut NoFollowers>).await
    }

    /// Does the same together with batches that share the transaction. `followers` has their results.
    pub(crate) async fn checked_before<B: FollowingBatch, F: AsyncFnMut() -> Option<B>>(
        &mut self,
        messages: &dyn Messages,
        checked: &Checked,
        lost: Option<ImportCounts>,
        mut followers: Option<&mut Followers<B, F>>,
    ) -> Result<ImportCounts, ImportError> {
        let mut retries = Retries::default();
        self.in_doubt = lost;
        let error = loop {
            let lost = self.in_doubt;
            // Only the first attempt has followers. Boxed because the future is large; it is created once per batch.
            let attempt = self.attempt(messages, checked, lost.is_some(), followers.take());
            let error = match Box::pin(attempt).await {
                Ok(done) => {
                    self.in_doubt = None;
                    return Ok(lost.map_or(done, |lost| done.with_lost_commit(lost)));
                }
                Err(error) => error,
            };
            if let Err(error) = self.prepare_retry(&mut retries, error).await {
                break error;
            }
        };
        Err(match error {
            // The outcome of the commit is unknown, whatever the error is.
            ImportError::Store(error) if self.is_in_doubt() => ImportError::OutcomeUnknown(error.to_string()),
            error => error,
        })
    }

    /// Prepares for another attempt after an error, or returns the final error of the batch.
    async fn prepare_retry(&mut self, retries: &mut Retries, error: AttemptError) -> Result<(), ImportError> {
        match error {
            AttemptError::Final(ImportError::Store(error)) => Err(self.writer.namespace.explained(error).await.into()),
            AttemptError::Final(error) => Err(error),
            AttemptError::Collision(error) | AttemptError::Duplicate(error, _) => {
                retries.collisions += 1;
                if retries.collisions > COLLISIONS {
                    return Err(self.writer.namespace.explained(error).await.into());
                }
                self.writer.compare_first = true;
                Ok(())
            }
            AttemptError::Unverified => {
                self.writer.verifies = true;
                Ok(())
            }
            AttemptError::Shared => Ok(()),
            AttemptError::ConnectionLost(error) => {
                let lost_at = *retries.lost_at.get_or_insert_with(Instant::now);
                if !self.connected || lost_at.elapsed() > RECONNECT_LIMIT {
                    return Err(error.into());
                }
                sleep(PAUSE).await;
                Ok(())
            }
        }
    }

    /// Sends the batch once. After a lost commit (`again`), generated IDs can be stored too.
    async fn attempt<B: FollowingBatch, F: AsyncFnMut() -> Option<B>>(
        &mut self,
        messages: &dyn Messages,
        checked: &Checked,
        again: bool,
        mut followers: Option<&mut Followers<B, F>>,
    ) -> Result<ImportCounts, AttemptError> {
        self.writer.versions.roll_back();
        let namespace = self.writer.namespace.clone();
        namespace.refuse_if_renamed().await?;
        let mut session = namespace.sessions.acquire().await?;
        self.connected = true;
        if self.writer.options.dry_run {
            let plan = self.writer.rehearse(&mut session, messages, checked, again).await?;
            return Ok(self.record(plan));
        }
        let transaction = session.begin().await?;
        let sql = copy::statement(&namespace, are_kept(messages), self.writer.options);
        // Polled in this order, so sent in this order and without waiting for one another. The server answers the
        // plan's queries only after it has granted the locks.
        let (locked, statement, first) = join3(
            lookup::lock(&namespace, &transaction, &checked.categories),
            transaction.prepare_copy(&sql),
            self.writer.prepare(&transaction, messages, checked, again, None),
        )
        .await;
        locked?;
        let statement = statement.map_err(|error| transaction.store_error(&error))?;
        let first = first?;
        if first.plan.new.is_empty() {
            self.writer.remember(messages, &first.plan);
            return Ok(self.record(first.plan));
        }
        let sent = if let Some(followers) = &mut followers {
            Box::pin(followers.send(&mut self.writer, &statement, (messages, checked), first)).await
        } else {
            let mut none = NoFollowers::none();
            Box::pin(none.send(&mut self.writer, &statement, (messages, checked), first)).await
        };
        drop(statement);
        let (plan, advance) = match sent {
            Ok(sent) => sent,
            Err(AttemptError::Duplicate(error, new)) => {
                transaction.rollback().await?;
                return Err(self.explain_duplicate(&mut session, messages, &new, error).await);
            }
            Err(error) => return Err(error),
        };
        if let Some(advance) = &advance {
            advance.apply(&transaction).await?;
        }
        let mut unwatched = Commit::Open;
        let state = followers.map_or(&mut unwatched, |followers| &mut followers.commit);
        self.commit(transaction, plan.counts(), state).await?;
        // If no message was stored already, the next batch is sent without comparing each of its messages.
        self.writer.compare_first = plan.present > 0 || !namespace.shape().refuses_repetitions();
        Ok(self.record(plan))
    }

    /// Commits. The batch is in doubt until the server answers.
    async fn commit(
        &mut self,
        transaction: Transaction<'_>,
        counts: ImportCounts,
        state: &mut Commit,
    ) -> Result<(), AttemptError> {
        self.in_doubt.get_or_insert(counts);
        *state = Commit::Unanswered;
        match transaction.commit().await {
            Ok(()) => {
                *state = Commit::Stored;
                Ok(())
            }
            Err(error @ (StoreError::Unavailable { .. } | StoreError::TimedOut { .. })) => {
                Err(AttemptError::ConnectionLost(error))
            }
            Err(error) => {
                // The server refused this commit. An earlier, unanswered one was not stored either, since messages were
                // still new.
                self.in_doubt = None;
                *state = Commit::Open;
                Err(error.into())
            }
        }
    }

    /// Returns the error for a unique violation, which names the taken ID or position if it can be found.
    async fn explain_duplicate(
        &self,
        session: &mut Session,
        messages: &dyn Messages,
        new: &[PlannedMessage],
        error: StoreError,
    ) -> AttemptError {
        let Writer { namespace, options, compare_first, .. } = &self.writer;
        if !compare_first {
            return AttemptError::Collision(error);
        }
        let taken = async {
            let snapshot = session.begin_snapshot().await?;
            lookup::first_taken(namespace, &snapshot, messages, new, *options).await
        };
        match taken.await {
            Ok(Some(taken)) => taken.into(),
            Ok(None) => AttemptError::Collision(error),
            Err(error) => error.into(),
        }
    }

    /// Records the result of a batch.
    fn record(&mut self, plan: Plan) -> ImportCounts {
        self.writer.versions.commit();
        let counts = plan.counts();
        self.difference = plan.difference;
        counts
    }
}

/// What happened to earlier attempts to send a batch.
#[derive(Default)]
struct Retries {
    collisions: u32,
    lost_at: Option<Instant>,
}

impl Namespace {
    /// Imports all messages or none with the default options.
    ///
    /// # Errors
    /// See [`Import::batch`].
    pub async fn import(&self, messages: &[ImportedMessage]) -> Result<ImportCounts, ImportError> {
        Import::new(self, ImportOptions::default())?.batch(messages).await
    }
}
