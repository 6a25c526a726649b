//! Many messages at once, by `COPY`: with the positions and times that they have elsewhere, or behind what their streams
//! hold. A batch is a transaction under the locks of its categories, so other writers wait for it as for one of their own;
//! what is there already is not written again. It never changes or moves a stored message, and never holds more than a batch.

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

pub use super::row::FIRST as FIRST_TIME;
use super::session::{QueryError, Session, Transaction};
use super::tail::Holder;
use super::{Namespace, Result, StoreError};
use crate::message::{Difference, ExpectedVersion, GlobalPosition, Position, StreamName};

/// How long a server that went away is tried again.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
/// Between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(200);
/// How often a batch is sent again because it met another writer (a deadlock, one who takes no lock).
const COLLISIONS: u32 = 5;
/// What refuses a message that stands where another one does, or has its id: somebody was faster.
const UNIQUE: [&str; 3] = ["messages_id", "messages_stream", "messages_pkey"];

/// A message to be brought in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedMessage {
    /// Unique in its namespace.
    pub id: Uuid,
    /// The stream that holds it.
    pub stream: StreamName,
    /// Its type.
    pub message_type: String,
    /// JSON text, or NULL.
    pub data: Option<String>,
    /// JSON text, or NULL.
    pub metadata: Option<String>,
    /// Where it goes.
    pub place: Place,
}

impl ImportedMessage {
    /// Bytes of its texts.
    pub(crate) fn length(&self) -> usize {
        let body = |body: &Option<String>| body.as_ref().map_or(0, String::len);
        self.stream.as_str().len() + self.message_type.len() + body(&self.data) + body(&self.metadata)
    }
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where another store had it.
    Kept {
        /// Number in its stream.
        position: Position,
        /// Number in its namespace; looked at only where [`ImportOptions::keep_global_positions`] is set.
        global_position: Option<GlobalPosition>,
        /// When it was written, not before [`FIRST_TIME`]. [`Timestamp::MIN`] and [`Timestamp::MAX`] stand for the infinities.
        time: Timestamp,
    },
    /// Behind the last message of its stream, as `write_message` places it, at the time of the import.
    Next {
        /// The version that the stream must have; none for the one that the import itself left it at, and any at its first
        /// message.
        expected: Option<ExpectedVersion>,
        /// The id was minted for this import, so nobody can have stored it before.
        minted: bool,
    },
}

/// How to import.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// Messages get the global positions that they have elsewhere, and the sequence is moved past the highest.
    pub keep_global_positions: bool,
    /// Nothing is written or locked; only looked at.
    pub dry_run: bool,
    /// Messages whose stream does not reach up to them keep their positions all the same: an export can have such streams, if it was
    /// filtered, or if messages were deleted.
    pub allow_gaps: bool,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Messages written; of a dry run, those that would be.
    pub imported: u64,
    /// Messages that were there already, the same in everything.
    pub present: u64,
    /// Of those that are there, the ones that differ from what was sent: data or metadata are the same JSON in another spelling, or a
    /// trigger changed the message as it was stored.
    pub differing: u64,
    /// Of a dry run: messages of which it is not known whether their stream would reach up to them, or would hold them already,
    /// because the file has more streams or messages than are remembered.
    pub unchecked: u64,
}

/// Why a message cannot be brought in. Indices are those of the batch.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// Two different messages have one id.
    #[error("the id {0} is that of another message before it")]
    IdTwice(Uuid),
    /// Two different messages have one global position.
    #[error("the global position {0} is that of another message before it")]
    GlobalPositionTwice(GlobalPosition),
    /// The stream does not reach up to it.
    #[error("{stream} ends at {}, so position {position} would leave a gap", end(*.version))]
    Gap {
        /// The stream.
        stream: StreamName,
        /// Where the message was to stand.
        position: Position,
        /// Where the stream ends, in the store and in what came before.
        version: Option<Position>,
    },
    /// Another message stands there.
    #[error("position {position} of {stream} is taken by a message with another {different}")]
    PositionTaken {
        /// The stream.
        stream: StreamName,
        /// Where both are to stand.
        position: Position,
        /// What differs: `id`, `type`, `data`, `metadata`, `time` or `global position`.
        different: &'static str,
    },
    /// Another message has the id.
    #[error("the id {id} is taken by a different message, at position {position} of {stream}")]
    IdTaken {
        /// The id of both.
        id: Uuid,
        /// The other one's stream.
        stream: StreamName,
        /// The other one's position.
        position: Position,
    },
    /// Another message has the global position.
    #[error("the global position {global_position} is taken by position {position} of {stream}")]
    GlobalPositionTaken {
        /// Of both.
        global_position: GlobalPosition,
        /// The other one's stream.
        stream: StreamName,
        /// The other one's position.
        position: Position,
    },
    /// It was sent, and is not there.
    #[error(
        "the message was not stored at position {position} of {stream}: a trigger or policy of the table dropped, moved or hid it"
    )]
    NotStored {
        /// The stream.
        stream: StreamName,
        /// Where the message was to stand.
        position: Position,
    },
    /// The global position is to be kept, and cannot be.
    #[error("the global position is to be kept, {0}")]
    NoGlobalPosition(&'static str),
    /// Messages with positions and messages without cannot be one batch.
    #[error("messages with positions and messages without cannot be imported together")]
    Mixed,
    /// More streams than can be remembered, for messages without positions.
    #[error("more than {REMEMBERED} streams of messages without positions: import them in parts")]
    TooManyStreams,
}

fn end(version: Option<Position>) -> String {
    version.map_or_else(|| "nothing (it does not exist)".to_owned(), |version| format!("position {version}"))
}

/// Why a batch was not imported; nothing of it was, but for [`ImportError::OutcomeUnknown`].
#[derive(Debug, Error)]
pub enum ImportError {
    /// One of its messages cannot be.
    #[error("{problem}")]
    Message {
        /// Which one, in the batch.
        index: usize,
        /// Why.
        problem: Problem,
    },
    /// The server, or a version conflict, refused one of its messages.
    #[error("{error}")]
    Refused {
        /// Which one, in the batch.
        index: usize,
        /// Why.
        error: StoreError,
    },
    /// The connection ended while the batch was committed, and could not be had again to look.
    #[error("it is not known whether the last messages were written: {0}")]
    OutcomeUnknown(String),
    /// Whatever else.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    fn of(index: usize, problem: Problem) -> Self {
        Self::Message { index, problem }
    }
}

/// What became of one attempt to send a batch.
enum Failure {
    /// Nothing else would come of another one.
    Final(ImportError),
    /// It met somebody: an id or a position is there that was not expected, or a deadlock.
    Collision(StoreError),
    /// What is there already, or something else that must be unique, refused what was planned.
    Taken(StoreError, Box<Plan>),
    /// Somebody has had the lock of one of its categories for a while.
    Waiting,
    /// The connection ended.
    Unanswered(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::Unanswered(error),
            // Serialization failure, deadlock.
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
    /// Of a dry run: what would have been written.
    seen: Seen,
    /// Messages of the batches are there already, so it is asked before they are sent.
    thorough: bool,
    /// The server has answered once: from then on it is waited for.
    reached: bool,
    /// What a commit that was sent would do, until its answer is there.
    in_doubt: Option<Imported>,
    /// Is told who has the lock that a batch waits for.
    waiting: fn(&[Holder]),
    /// How the first message of the last batch that differs from what was sent does so.
    difference: Option<(usize, Difference)>,
}

impl Import {
    /// Begins; nothing is asked or locked yet.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`], except for a dry run.
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

    /// Tells who has the lock that a batch waits for, when that takes a while.
    #[must_use]
    pub fn on_waiting(self, waiting: fn(&[Holder])) -> Self {
        Self { waiting, ..self }
    }

    /// The first of [`Imported::differing`] of the last batch.
    #[must_use]
    pub fn difference(&self) -> Option<(usize, &Difference)> {
        self.difference.as_ref().map(|(index, difference)| (*index, difference))
    }

    /// Whether a batch may have been written or not: its commit was sent and is not answered.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt.is_some()
    }

    /// Brings in messages, in the order of their global positions to be, all of them or none: what is there already, the same
    /// in everything, is left alone. The locks of all their categories are held meanwhile, so they should be few.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn batch(&mut self, messages: &[ImportedMessage]) -> Result<Imported, ImportError> {
        let checked = Checked::new(messages, self.options);
        let checked = checked.map_err(|(index, problem)| ImportError::of(index, problem))?;
        self.checked(messages, &checked).await
    }

    /// The same of messages that were checked before, while the server had the batch in front.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn checked(&mut self, messages: &[ImportedMessage], checked: &Checked) -> Result<Imported, ImportError> {
        self.checked_after(messages, checked, None).await
    }

    /// The same of messages that an earlier commit, whose answer was `lost`, may have stored with these counts.
    pub(crate) async fn checked_after(
        &mut self,
        messages: &[ImportedMessage],
        checked: &Checked,
        lost: Option<Imported>,
    ) -> Result<Imported, ImportError> {
        self.checked_before(messages, checked, lost, None::<&mut Nobody>).await
    }

    /// The same with batches that can follow in the same transaction: what became of them, they say.
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
            // Only the first attempt has followers: another one does what it must.
            let followers = followers.take();
            // A large future, made once a batch: whoever imports need not hold it in theirs.
            match Box::pin(self.attempt(messages, checked, lost.is_some(), patient, followers)).await {
                Ok(mut done) => {
                    self.in_doubt = None;
                    if let Some(sent) = lost {
                        // What was not there before the lost commit and is there now was written by it.
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
            // Whatever kept it from asking again, it is not known what became of the commit.
            ImportError::Store(error) if self.is_in_doubt() => ImportError::OutcomeUnknown(error.to_string()),
            error => error,
        })
    }

    /// Sends the batch once. `again` where a commit's answer was lost, so that also minted ids can be there; `patient` where it
    /// was told who has the locks.
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
                (self.waiting)(&look::holders(&namespace, &session, messages).await?);
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
                // Refused, and no earlier one went through: nothing of it was there.
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
        // Where nothing was there already, the next batch is sent without a look at each of its messages.
        self.thorough = plan.counts().present > 0 || !namespace.shape().positions_are_unique();
        self.done(messages, plan)
    }

    /// What a batch would do.
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

    /// Sends what is new of a batch, under the locks that the transaction has; gives where the sequence is to be moved before the
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
            // Indexes of partitions have other names, so it is looked first whether it is that what is there already.
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

    /// A batch is done with.
    fn done(&mut self, messages: &[ImportedMessage], plan: Plan) -> Result<Imported, Failure> {
        self.remember(messages, &plan)?;
        let counts = plan.counts();
        self.difference = plan.difference;
        Ok(counts)
    }

    /// Remembers where streams end after a batch. What does not fit is asked of the store; only for messages without
    /// positions, which go on where the import left the stream, that is not enough.
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
    /// Stores messages in the order given, which is the order of their global positions. All of them or none.
    ///
    /// # Errors
    /// As [`Import::batch`].
    pub async fn import(&self, messages: &[ImportedMessage]) -> Result<Imported, ImportError> {
        Import::new(self, ImportOptions::default())?.batch(messages).await
    }
}
