//! Imports many messages with `COPY`, with the positions and times of another store or at the end of their streams. A batch runs
//! in one transaction under the locks of its categories, so other writers wait for it as they wait for each other. An import skips
//! messages that are already stored; it never changes or moves a stored message.

mod copy;
mod follow;
mod look;
mod memory;
mod plan;

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use follow::Nobody;
pub(crate) use follow::{Batch, Follower, Followers};
use look::Move;
pub(crate) use memory::Ends;
use memory::{REMEMBERED, Seen};
pub use plan::Checked;
use plan::Plan;

use super::blocking::BlockingTransaction;
pub use super::row::FIRST as FIRST_TIME;
use super::session::{QueryError, Session, Transaction};
use super::{Namespace, Result, StoreError};
use crate::message::{Difference, ExpectedVersion, GlobalPosition, Position, StreamName};

/// How long to retry after the connection is lost.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// Delay between two attempts to reconnect.
const PAUSE: Duration = Duration::from_millis(200);
/// How often a batch is sent again after a collision with another writer: a deadlock, or a writer that takes no category lock.
const COLLISIONS: u32 = 5;
/// The unique indexes that refuse a message because another writer was faster.
const UNIQUE: [&str; 3] = ["messages_id", "messages_stream", "messages_pkey"];

/// A message to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedMessage {
    /// Unique in its namespace.
    pub id: Uuid,
    /// The stream that it goes to.
    pub stream: StreamName,
    /// The type, such as `Deposited`.
    pub message_type: String,
    /// JSON text; `None` for NULL.
    pub data: Option<String>,
    /// JSON text; `None` for NULL.
    pub metadata: Option<String>,
    /// The position of the message.
    pub place: Place,
}

impl ImportedMessage {
    /// Returns the bytes of all texts.
    pub(crate) fn length(&self) -> usize {
        let body = |body: &Option<String>| body.as_ref().map_or(0, String::len);
        self.stream.as_str().len() + self.message_type.len() + body(&self.data) + body(&self.metadata)
    }
}

/// The position at which a message is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The position that it has in another store.
    Kept {
        /// Position in the stream.
        position: Position,
        /// Position in the namespace; used only with [`ImportOptions::keep_global_positions`].
        global_position: Option<GlobalPosition>,
        /// The time of writing, not before [`FIRST_TIME`]. [`Timestamp::MIN`] and [`Timestamp::MAX`] stand for the infinities.
        time: Timestamp,
    },
    /// The next position of the stream, with the time of the import, as `write_message` does.
    Next {
        /// The version that the stream must have. If `None`, the version that this import left, or any version if this is the first
        /// message of the stream.
        expected: Option<ExpectedVersion>,
        /// The ID was generated for this import, so it cannot be stored yet.
        minted: bool,
    },
}

/// Options of an import.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// Keeps the global positions of the messages, and advances the sequence past the highest.
    pub keep_global_positions: bool,
    /// Compares the messages with the store, but writes and locks nothing.
    pub dry_run: bool,
    /// Accepts gaps in streams. An export has them if it was filtered or messages were deleted.
    pub allow_gaps: bool,
}

/// The result of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Messages written; in a dry run, messages that would be written.
    pub imported: u64,
    /// Messages that were already stored and identical.
    pub present: u64,
    /// Stored messages that differ from the ones sent: data or metadata are the same JSON in another spelling, or a trigger changed
    /// the message.
    pub differing: u64,
    /// Messages of a dry run that were not checked for gaps and duplicates, because the input has more streams or messages than the
    /// import remembers.
    pub unchecked: u64,
}

/// Why a message cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// Two different messages of the input have the same ID.
    #[error("an earlier, different message of the input has ID {0}")]
    IdTwice(Uuid),
    /// Two different messages of the input have the same global position.
    #[error("an earlier, different message of the input has global position {0}")]
    GlobalPositionTwice(GlobalPosition),
    /// The stream ends too far below the position of the message.
    #[error("position {position} would leave a gap in {stream}, which {}", end(*.version))]
    Gap {
        /// The stream.
        stream: StreamName,
        /// The position of the message.
        position: Position,
        /// The version of the stream, earlier messages of the input included; `None` if it does not exist.
        version: Option<Position>,
    },
    /// A different message has this position.
    #[error("position {position} of {stream} is taken by a message whose {different} differs")]
    PositionTaken {
        /// The stream.
        stream: StreamName,
        /// The position of both messages.
        position: Position,
        /// The first difference: `id`, `type`, `data`, `metadata`, `time` or `global position`.
        different: &'static str,
    },
    /// A different message has this ID.
    #[error("ID {id} is taken by a different message at position {position} of {stream}")]
    IdTaken {
        /// The ID of both messages.
        id: Uuid,
        /// The stream of the stored message.
        stream: StreamName,
        /// The position of the stored message.
        position: Position,
    },
    /// Another message has this global position.
    #[error("global position {global_position} is taken by position {position} of {stream}")]
    GlobalPositionTaken {
        /// The global position of both messages.
        global_position: GlobalPosition,
        /// The stream of the stored message.
        stream: StreamName,
        /// The position of the stored message.
        position: Position,
    },
    /// The server accepted the message, but it is not in the table.
    #[error(
        "the message was not stored at position {position} of {stream}: a trigger or policy of the table dropped, moved or hid it"
    )]
    NotStored {
        /// The stream.
        stream: StreamName,
        /// The position of the message.
        position: Position,
    },
    /// The message cannot keep its global position, for this reason.
    #[error("cannot keep the global position: {0}")]
    NoGlobalPosition(&'static str),
    /// A batch has both kinds of [`Place`].
    #[error("messages with and without positions cannot be imported together")]
    Mixed,
    /// Messages without positions go to more streams than the import remembers.
    #[error("more than {REMEMBERED} streams of messages without positions; split the input")]
    TooManyStreams,
}

fn end(version: Option<Position>) -> String {
    version.map_or_else(|| "does not exist yet".to_owned(), |version| format!("ends at position {version}"))
}

/// Why a batch was not imported. None of its messages is stored, except perhaps after [`ImportError::OutcomeUnknown`].
#[derive(Debug, Error)]
pub enum ImportError {
    /// A message cannot be imported.
    #[error("{problem}")]
    Message {
        /// Index of the message in the batch.
        index: usize,
        /// The reason.
        problem: Problem,
    },
    /// The server refused a message, or its expected version was wrong.
    #[error("{error}")]
    Refused {
        /// Index of the message in the batch.
        index: usize,
        /// The error of the server, or [`StoreError::Conflict`].
        error: StoreError,
    },
    /// The connection ended during the commit, and the outcome could not be checked on a new one.
    #[error("it is not known whether the last messages were written: {0}")]
    OutcomeUnknown(String),
    /// Every other error.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    fn of(index: usize, problem: Problem) -> Self {
        Self::Message { index, problem }
    }
}

/// Why one attempt to send a batch failed.
enum Failure {
    /// Another attempt would fail in the same way.
    Final(ImportError),
    /// Another writer was in the way: a deadlock, or an ID or position taken since the batch was planned.
    Collision(StoreError),
    /// A unique index refused a message of the plan, which may be stored already.
    Taken(StoreError, Box<Plan>),
    /// Another transaction has held the lock of a category for a while.
    Waiting,
    /// The connection was lost.
    Unanswered(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::Unanswered(error),
            // Serialization failure and deadlock.
            StoreError::Server { ref code, .. } if code == "40001" || code == "40P01" => Self::Collision(error),
            other => Self::Final(other.into()),
        }
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        Self::Final(error)
    }
}

/// An import into one namespace, batch by batch.
#[derive(Debug)]
pub struct Import {
    namespace: Namespace,
    options: ImportOptions,
    ends: Ends,
    /// Messages that a dry run would have written.
    seen: Seen,
    /// Compare messages with the store before sending them. Set if some are likely to be stored already.
    thorough: bool,
    /// The server has answered once. From then on, a lost connection is retried.
    reached: bool,
    /// The counts of a commit that was sent and is not answered yet.
    in_doubt: Option<Imported>,
    /// Called with the transactions that block a batch.
    waiting: fn(&[BlockingTransaction]),
    /// The first message of the last batch that differs from the stored one.
    difference: Option<(usize, Difference)>,
}

impl Import {
    /// Creates an import. Nothing is sent to the server yet.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] if the store is opened read-only, except for a dry run.
    pub fn new(namespace: &Namespace, options: ImportOptions) -> Result<Self> {
        if namespace.sessions.is_read_only() && !options.dry_run {
            return Err(StoreError::ReadOnly("this program was told to write nothing (--read-only)".to_owned()));
        }
        Ok(Self {
            namespace: namespace.clone(),
            options,
            ends: Ends::default(),
            seen: Seen::new(options),
            thorough: options.dry_run || !namespace.shape().positions_are_unique(),
            reached: false,
            in_doubt: None,
            waiting: |_| {},
            difference: None,
        })
    }

    /// Sets a function that is called with the blocking transactions if a batch waits for a lock for half a second.
    #[must_use]
    pub fn on_waiting(self, waiting: fn(&[BlockingTransaction])) -> Self {
        Self { waiting, ..self }
    }

    /// Returns the index and the difference of the first of the [`Imported::differing`] messages of the last batch.
    #[must_use]
    pub fn difference(&self) -> Option<(usize, &Difference)> {
        self.difference.as_ref().map(|(index, difference)| (*index, difference))
    }

    /// Returns true if a commit was sent and is not answered, so the batch may be written or not.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt.is_some()
    }

    /// Imports all messages or none, and assigns global positions in the given order. Messages that are already stored and identical
    /// are skipped. The locks of all their categories are held meanwhile, so there should be few categories.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn batch(&mut self, messages: &[ImportedMessage]) -> Result<Imported, ImportError> {
        let checked = Checked::new(messages, self.options);
        let checked = checked.map_err(|(index, problem)| ImportError::of(index, problem))?;
        self.checked(messages, &checked).await
    }

    /// Imports messages that were checked before, as [`Import::batch`] does. This lets a caller check one batch while the server
    /// stores another.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn checked(&mut self, messages: &[ImportedMessage], checked: &Checked) -> Result<Imported, ImportError> {
        self.checked_after(messages, checked, None).await
    }

    /// Does the same for messages that an unanswered commit may have stored; `lost` are its counts.
    pub(crate) async fn checked_after(
        &mut self,
        messages: &[ImportedMessage],
        checked: &Checked,
        lost: Option<Imported>,
    ) -> Result<Imported, ImportError> {
        self.checked_before(messages, checked, lost, None::<&mut Nobody>).await
    }

    /// Does the same together with batches that share the transaction. `followers` has their results.
    pub(crate) async fn checked_before<B: Batch, F: AsyncFnMut() -> Option<B>>(
        &mut self,
        messages: &[ImportedMessage],
        checked: &Checked,
        lost: Option<Imported>,
        mut followers: Option<&mut Followers<B, F>>,
    ) -> Result<Imported, ImportError> {
        let mut collisions = 0;
        let mut patient = false;
        let mut since: Option<Instant> = None;
        self.in_doubt = lost;
        let error = loop {
            let lost = self.in_doubt;
            // Only the first attempt has followers.
            let followers = followers.take();
            // Boxed because this future is large; it is created once per batch.
            match Box::pin(self.attempt(messages, checked, lost.is_some(), patient, followers)).await {
                Ok(mut done) => {
                    self.in_doubt = None;
                    if let Some(sent) = lost {
                        // Messages that appeared since the lost commit was planned were written by it.
                        let written = done.present.saturating_sub(sent.present);
                        done.imported += written;
                        done.present -= written;
                    }
                    return Ok(done);
                }
                Err(Failure::Final(error)) => break error,
                Err(Failure::Collision(error) | Failure::Taken(error, _)) => {
                    collisions += 1;
                    if collisions > COLLISIONS {
                        break self.namespace.explained(error).await.into();
                    }
                    self.thorough = true;
                }
                Err(Failure::Waiting) => patient = true,
                Err(Failure::Unanswered(error)) => {
                    let since = *since.get_or_insert_with(Instant::now);
                    if !self.reached || since.elapsed() > SETTLE_LIMIT {
                        break error.into();
                    }
                    sleep(PAUSE).await;
                }
            }
        };
        Err(match error {
            // The outcome of the commit is unknown, whatever the error is.
            ImportError::Store(error) if self.is_in_doubt() => ImportError::OutcomeUnknown(error.to_string()),
            error => error,
        })
    }

    /// Sends the batch once. After a lost commit (`again`), generated IDs can be stored too. A `patient` attempt waits for the locks,
    /// because the blocking transactions are already reported.
    async fn attempt<B: Batch, F: AsyncFnMut() -> Option<B>>(
        &mut self,
        messages: &[ImportedMessage],
        checked: &Checked,
        again: bool,
        patient: bool,
        mut followers: Option<&mut Followers<B, F>>,
    ) -> Result<Imported, Failure> {
        let namespace = self.namespace.clone();
        let mut session = namespace.sessions.acquire().await?;
        self.reached = true;
        if self.options.dry_run {
            return self.rehearse(&mut session, messages, checked, again).await;
        }
        let transaction = session.begin().await?;
        match look::lock(&namespace, &transaction, messages, patient).await {
            // Lock not available.
            Err(StoreError::Server { code, .. }) if code == "55P03" && !patient => {
                transaction.rollback().await?;
                (self.waiting)(&look::blocking_transactions(&namespace, &session, messages).await?);
                return Err(Failure::Waiting);
            }
            locked => locked?,
        }
        let (plan, mut moved) = match self.send(&transaction, messages, checked, again).await {
            Ok(sent) => sent,
            Err(Failure::Taken(error, plan)) => {
                transaction.rollback().await?;
                if self.thorough {
                    let snapshot = session.begin_snapshot().await?;
                    if let Some(error) = look::first_taken(&namespace, &snapshot, messages, &plan, self.options).await?
                    {
                        return Err(error.into());
                    }
                }
                return Err(Failure::Collision(error));
            }
            Err(failure) => return Err(failure),
        };
        if plan.new.is_empty() {
            transaction.rollback().await?;
            return self.done(messages, plan);
        }
        if let Some(followers) = &mut followers {
            moved = followers.send(self, &transaction, messages, moved).await?;
        }
        if let Some(moved) = &moved {
            moved.carry_out(&transaction).await?;
        }
        self.in_doubt.get_or_insert(plan.counts());
        if let Some(followers) = &mut followers {
            followers.in_doubt = true;
        }
        match transaction.commit().await {
            Ok(()) => {}
            Err(error @ (StoreError::Unavailable { .. } | StoreError::TimedOut { .. })) => {
                return Err(Failure::Unanswered(error));
            }
            Err(error) => {
                // The server refused this commit. An earlier, unanswered one was not stored either, since messages were still new.
                self.in_doubt = None;
                if let Some(followers) = &mut followers {
                    followers.in_doubt = false;
                }
                return Err(error.into());
            }
        }
        if let Some(followers) = &mut followers {
            followers.stored = true;
        }
        // If no message was stored already, the next batch is sent without comparing each of its messages.
        self.thorough = plan.counts().present > 0 || !namespace.shape().positions_are_unique();
        self.done(messages, plan)
    }

    /// Plans a batch for a dry run.
    async fn rehearse(
        &mut self,
        session: &mut Session,
        messages: &[ImportedMessage],
        checked: &Checked,
        again: bool,
    ) -> Result<Imported, Failure> {
        let namespace = self.namespace.clone();
        let snapshot = session.begin_snapshot().await?;
        let plan = self.plan(&snapshot, messages, checked, again).await?;
        if let Some(error) = look::first_taken(&namespace, &snapshot, messages, &plan, self.options).await? {
            return Err(error.into());
        }
        if self.options.keep_global_positions {
            Move::needed(&namespace, &snapshot, messages, &plan).await?;
        }
        snapshot.rollback().await?;
        for new in &plan.new {
            let seen = self.seen.add(&messages[new.index], new.position);
            seen.map_err(|problem| ImportError::of(new.index, problem))?;
        }
        self.done(messages, plan)
    }

    /// Sends the new messages of a batch, under the locks of the transaction. Returns how far the sequence must advance before the
    /// commit.
    async fn send(
        &self,
        transaction: &Transaction<'_>,
        messages: &[ImportedMessage],
        checked: &Checked,
        again: bool,
    ) -> Result<(Plan, Option<Move>), Failure> {
        let namespace = &self.namespace;
        let mut plan = self.plan(transaction, messages, checked, again).await?;
        if plan.new.is_empty() {
            return Ok((plan, None));
        }
        if !namespace.shape().ids_are_unique()
            && let Some(error) = look::first_taken(namespace, transaction, messages, &plan, self.options).await?
        {
            return Err(error.into());
        }
        let moved = if self.options.keep_global_positions {
            Move::needed(namespace, transaction, messages, &plan).await?
        } else {
            None
        };
        if let Some(moved) = &moved {
            moved.lock(namespace, transaction).await?;
        }
        let copied = copy::copy(namespace, transaction, messages, &plan, self.options).await;
        if let Err(error) = &copied {
            let as_store_error = transaction.store_error(error);
            // Indexes of partitions have other names, so the first attempt treats every unique violation as a stored message.
            let taken = error.server().is_some_and(|answer| {
                answer.code().code() == "23505"
                    && (!self.thorough || answer.constraint().is_some_and(|name| UNIQUE.contains(&name)))
            });
            if taken {
                return Err(Failure::Taken(as_store_error, Box::new(plan)));
            }
            let refused = copy::refused_row(error).and_then(|row| plan.new.get(row));
            return Err(match (refused, as_store_error) {
                (Some(new), error @ StoreError::Server { .. }) if !is_collision(&error) => {
                    Failure::Final(ImportError::Refused { index: new.index, error })
                }
                (_, error) => error.into(),
            });
        }
        if namespace.shape().changes_rows() || copied.is_ok_and(|rows| rows != plan.new.len() as u64) {
            plan.verify(namespace, transaction, messages, self.options).await?;
        }
        Ok((plan, moved))
    }

    /// Records the result of a batch.
    fn done(&mut self, messages: &[ImportedMessage], plan: Plan) -> Result<Imported, Failure> {
        self.remember(messages, &plan)?;
        let counts = plan.counts();
        self.difference = plan.difference;
        Ok(counts)
    }

    /// Remembers the versions of streams after a batch. The store is asked for versions that do not fit; only messages without
    /// positions need them all, because they continue at the version that this import left.
    fn remember(&mut self, messages: &[ImportedMessage], plan: &Plan) -> Result<(), ImportError> {
        for (index, end) in &plan.ends {
            let message = &messages[*index];
            let kept = self.ends.set(message.stream.as_str(), *end);
            if !kept && matches!(message.place, Place::Next { .. }) {
                return Err(ImportError::of(*index, Problem::TooManyStreams));
            }
        }
        Ok(())
    }
}

fn is_collision(error: &StoreError) -> bool {
    matches!(error, StoreError::Server { code, .. } if code == "40001" || code == "40P01")
}

impl Namespace {
    /// Imports all messages or none with the default options.
    ///
    /// # Errors
    /// See [`Import::batch`].
    pub async fn import(&self, messages: &[ImportedMessage]) -> Result<Imported, ImportError> {
        Import::new(self, ImportOptions::default())?.batch(messages).await
    }
}
