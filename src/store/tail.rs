//! Follows a scope: returns every message exactly once, in the order of global positions, and reports how far that order is final.
//! Never writes, and keeps nothing on the server between polls, so a pooler or a single connection is enough.
//!
//! A lower global position can be committed after a higher one. A transaction that may still do so holds a lock that every session
//! can see. Once all transactions that held such a lock when a newest message was seen have ended, messages up to that one are
//! final: that is the *horizon*. [`Settling::HoldBack`] returns messages only up to the horizon. [`Settling::ShowAtOnce`] returns
//! them at once, and marks messages that appear below others later as late.
//!
//! Each poll is one statement. Its snapshot is older than its view of the locks, so the horizon of one poll applies to the
//! messages of the next, provided that both polls reach the same server without a restart in between. Following remembers
//! messages that it has seen, because a store that was emptied, restored or failed over reuses global positions. It then continues
//! where the new history diverges from the old one.

mod begin;
mod doubts;
mod end;
mod followed;
mod holders;
mod memory;
mod poll;
mod rhythm;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

pub use doubts::Doubt;
pub use followed::Followed;
pub use holders::Holder;
use holders::Horizon;
use memory::Memory;
use poll::Poll;
pub use rhythm::Hurry;
use rhythm::{Found, Rhythm};

use super::browse::Scope;
use super::{Filter, Namespace, Result};
use crate::message::{GlobalPosition, Message, MessageHead};

/// The maximum range of global positions in one poll if a filter or a consumer group skips messages, so that the query ends in time.
const SPAN: i64 = 100_000;
/// The pause between polls while messages arrive or are awaited.
const BUSY: Duration = Duration::from_millis(10);
/// The same for the screen. It is slightly longer than a frame, so each poll can be drawn without waiting for the next frame.
const BUSY_SCREEN: Duration = Duration::from_micros(17_500);
/// The size of bodies at which a batch ends, so that memory stays bounded however large the messages are.
const BATCH_BYTES: usize = 8 << 20;
/// The maximum number of messages returned above the horizon. Beyond it, only late messages are read until the horizon moves.
const UNSETTLED: usize = 20_000;
/// How far below the beginning late messages are detected, in global positions.
const BEFORE: i64 = 1_000;
/// How long to wait for a gap to fill on a standby, which does not show the primary's locks.
const STANDBY_WAIT: SignedDuration = SignedDuration::from_secs(2);
/// How often messages above the horizon are read again at least.
const LOOK_BACK: Duration = Duration::from_millis(250);
/// How often the catalog is checked for changes that would make the locks unreliable.
const CATALOG: Duration = Duration::from_mins(1);
/// How long a transaction must block following before it is reported.
const REPORTED: SignedDuration = SignedDuration::from_millis(500);

/// Where following begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailFrom {
    /// After the newest message that is visible at the first poll.
    Now,
    /// At the first message.
    Start,
    /// After this global position.
    After(GlobalPosition),
}

/// How to treat messages above the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// Return them at once, and mark messages that appear below them later as late.
    ShowAtOnce,
    /// Return messages only once they are final, in strictly ascending order.
    HoldBack,
}

/// Options of [`Namespace::tail`] and [`Namespace::tail_heads`].
#[derive(Debug, Clone)]
pub struct TailOptions {
    /// The messages to follow.
    pub scope: Scope,
    /// Where to begin.
    pub from: TailFrom,
    /// How to treat messages above the horizon.
    pub settling: Settling,
    /// The maximum number of messages in a batch.
    pub batch: usize,
    /// Return only messages that match this filter.
    pub filter: Filter,
}

/// A followed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tailed<M> {
    /// The message.
    pub message: M,
    /// Whether a message with a higher global position was returned before.
    pub late: bool,
}

/// New messages, and how far their order is final.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "the flags are independent")]
pub struct TailBatch<M> {
    /// Messages by ascending global position.
    pub messages: Vec<Tailed<M>>,
    /// Messages up to this global position are final: none can appear at or below it.
    pub complete_to: GlobalPosition,
    /// The newest visible global position in the namespace.
    pub last_value: GlobalPosition,
    /// Transactions that have been blocking for half a second or longer, the oldest first.
    pub waiting_for: Vec<Holder>,
    /// When the oldest blocked message was seen, by the server's clock. `None` if no transaction is reported.
    pub held_since: Option<Timestamp>,
    /// The server's clock at the poll.
    pub server_time: Timestamp,
    /// Whether the server is a standby. Following then waits two seconds for gaps to fill, because it cannot see the primary's locks.
    pub standby: bool,
    /// Whether the sequence hands out numbers out of order: see [`Doubt::Unordered`].
    pub unordered: bool,
    /// Reasons why a message can still appear at or below `complete_to`.
    pub doubts: Vec<Doubt>,
    /// Whether more messages can be read at once, because following has not caught up with the newest message.
    pub behind: bool,
    /// The former newest global position, if that message has disappeared. Messages were deleted or the server lost them, and global
    /// positions after `last_value` may be reused.
    pub went_back_from: Option<GlobalPosition>,
    /// The global position above which the store contains different messages than before, because it was refilled, restored or
    /// failed over. It is below every message if all of them are different. The new messages are returned once each.
    pub parts_above: Option<GlobalPosition>,
    /// Whether following was to begin above the newest message, so the messages it was to continue from are missing.
    pub begins_above: bool,
}

/// A newest message, with the transactions that could still commit below it.
#[derive(Debug, Clone)]
struct Checkpoint {
    newest: GlobalPosition,
    holders: HashSet<String>,
    since: Timestamp,
    /// When the server was started.
    started: Timestamp,
}

impl Checkpoint {
    fn of(seen: &Horizon) -> Self {
        let holders = seen.holders.iter().map(|holder| holder.transaction.clone()).collect();
        Self { newest: seen.newest, holders, since: seen.server_time, started: seen.started }
    }

    /// Whether the checkpoint still applies to what is visible now. A standby can show less than before after a crash or a promotion.
    /// Neither ended transactions nor elapsed time then say anything about messages that it does not show yet.
    fn holds(&self, seen: &Horizon) -> bool {
        self.started == seen.started && self.newest <= seen.newest
    }
}

/// Identifies one run of a server and one file of the table. Observations from different lives cannot be combined.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Life {
    started: Timestamp,
    standby: bool,
    storage: Option<String>,
}

impl Life {
    fn of(seen: &Horizon) -> Self {
        Self { started: seen.started, standby: seen.standby, storage: seen.storage.clone() }
    }
}

/// Events to report in the next batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Told {
    /// See [`TailBatch::went_back_from`].
    went_back_from: Option<GlobalPosition>,
    /// See [`TailBatch::parts_above`].
    parts_above: Option<GlobalPosition>,
    /// See [`TailBatch::begins_above`].
    begins_above: bool,
}

/// A follower of one scope. It advances only when it returns a batch, so after an error or a dropped future the next call to
/// [`Tail::next`] continues exactly where the last batch ended.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "the flags change independently")]
pub struct Tail<M> {
    namespace: Namespace,
    options: TailOptions,
    begun: bool,
    /// Whether a batch was returned since the beginning or the last error.
    told: bool,
    /// Messages up to here are final, and all of them were returned.
    settled: GlobalPosition,
    /// Messages up to here are final, but not all of them were returned yet.
    horizon: GlobalPosition,
    /// The server that showed the horizon.
    life: Option<Life>,
    /// Global positions above `settled` that were returned.
    given: BTreeSet<GlobalPosition>,
    /// The highest global position that was returned.
    highest: GlobalPosition,
    memory: Memory,
    checkpoint: Option<Checkpoint>,
    /// Transactions that held a lock at the last poll.
    holders: HashSet<String>,
    /// Whether a transaction has ended since everything above `settled` was read.
    ended: bool,
    /// Whether a standby showed no gap at the last poll.
    gapless: bool,
    /// The newest global position at the last poll.
    newest: Option<GlobalPosition>,
    news: Told,
    /// When the catalog was last checked.
    catalog: Option<Instant>,
    doubts: Vec<Doubt>,
    /// The OID of the sequence of global positions.
    sequence: Option<u32>,
    /// When everything above `settled` was last read.
    looked_back: Instant,
    reported: Vec<String>,
    rhythm: Rhythm,
    /// The number of messages to request, chosen by the size of recent ones.
    limit: usize,
    kind: std::marker::PhantomData<fn() -> M>,
}

impl Namespace {
    /// Follows a scope and returns message heads.
    #[must_use]
    pub fn tail_heads(&self, options: TailOptions) -> Tail<MessageHead> {
        Tail::new(self.clone(), options)
    }

    /// Follows a scope and returns whole messages.
    #[must_use]
    pub fn tail(&self, options: TailOptions) -> Tail<Message> {
        Tail::new(self.clone(), options)
    }
}

impl<M: Followed> Tail<M> {
    fn new(namespace: Namespace, options: TailOptions) -> Self {
        let settled = match options.from {
            TailFrom::After(position) => position,
            TailFrom::Now | TailFrom::Start => i64::MIN,
        };
        let limit = options.batch.max(1);
        let now = Instant::now();
        let busy = if options.settling == Settling::ShowAtOnce { BUSY_SCREEN } else { BUSY };
        Self {
            namespace,
            options,
            begun: false,
            told: false,
            settled,
            horizon: settled,
            life: None,
            given: BTreeSet::new(),
            highest: settled,
            memory: Memory::default(),
            checkpoint: None,
            holders: HashSet::new(),
            ended: false,
            gapless: true,
            newest: None,
            news: Told::default(),
            catalog: None,
            doubts: Vec::new(),
            sequence: None,
            looked_back: now,
            reported: Vec::new(),
            rhythm: Rhythm::new(busy, now),
            limit,
            kind: std::marker::PhantomData,
        }
    }

    /// Returns the global position at which a new follower of the same scope can resume with [`TailFrom::After`] without missing
    /// or repeating messages. With [`Settling::ShowAtOnce`], messages above the horizon would be repeated.
    #[must_use]
    pub fn resume_position(&self) -> GlobalPosition {
        self.settled
    }

    /// Returns whether the beginning is fixed, because the first poll succeeded.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Returns a handle that ends a long pause of this follower. It can be used from any task.
    #[must_use]
    pub fn hurry(&self) -> Hurry {
        self.rhythm.hurry()
    }

    /// Waits for news: messages, a horizon that moved, or a change in the blocking transactions. The first call, and the first one
    /// after an error, also returns once following works.
    ///
    /// Polls every 10 ms (17.5 ms with [`Settling::ShowAtOnce`]) while messages arrive, and every 100 ms while none do. After 30
    /// seconds without messages the interval grows step by step to one second.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error. The next call continues where the last batch ended.
    pub async fn next(&mut self) -> Result<TailBatch<M>> {
        let batch = self.find().await;
        self.told &= batch.is_ok();
        batch
    }

    async fn find(&mut self) -> Result<TailBatch<M>> {
        loop {
            self.rhythm.wait().await;
            self.rhythm.polls(Instant::now());
            let session = self.namespace.session().await?;
            if self.catalog.is_none_or(|asked| asked.elapsed() >= CATALOG) {
                self.ask_catalog(&session).await?;
            }
            if !self.begun {
                self.begin(&session).await?;
            }
            let poll = self.poll(&session).await?;
            if self.parts(&session, &poll.seen).await? {
                continue;
            }
            drop(session);
            if let Some(batch) = self.advance(poll) {
                return Ok(batch);
            }
        }
    }

    /// Returns how far messages are final, according to the latest poll.
    fn horizon(&self, seen: &Horizon) -> GlobalPosition {
        let checkpoint = self.checkpoint.as_ref().filter(|checkpoint| checkpoint.holds(seen));
        if seen.standby {
            let waited = checkpoint.filter(|c| seen.server_time.duration_since(c.since) >= STANDBY_WAIT);
            let reached = if seen.gapless { Some(seen.newest) } else { waited.map(|checkpoint| checkpoint.newest) };
            return reached.unwrap_or(self.horizon).max(self.horizon);
        }
        if seen.holders.is_empty() {
            return seen.newest.max(self.horizon);
        }
        // A prepared transaction can get a new virtual ID when the server restarts, so there must be none.
        let ended = |c: &&Checkpoint| {
            !seen.holders.iter().any(|holder| holder.pid.is_none() || c.holders.contains(&holder.transaction))
        };
        checkpoint.filter(ended).map_or(self.horizon, |c| c.newest.max(self.horizon))
    }

    /// Returns how many messages to request: about half of what fits in a batch. A batch that overflows is cut short, which costs
    /// a connection.
    fn fitting(&self, messages: &[M]) -> usize {
        let bytes: usize = messages.iter().map(Followed::bytes).sum();
        let fitting = (BATCH_BYTES / 2).saturating_mul(messages.len()).checked_div(bytes);
        fitting.unwrap_or(usize::MAX).clamp(1, self.options.batch.max(1))
    }

    /// Applies a poll, and returns a batch if there is news.
    fn advance(&mut self, poll: Poll<M>) -> Option<TailBatch<M>> {
        let Poll { seen, messages, full, read_to, looked_back, judged } = poll;
        let now = Instant::now();
        let horizon = self.horizon(&seen);
        if !messages.is_empty() {
            self.limit = self.fitting(&messages);
        }
        let messages: Vec<Tailed<M>> = messages
            .into_iter()
            .map(|message| {
                let position = message.global_position();
                let late = position < self.highest;
                self.highest = self.highest.max(position);
                self.given.insert(position);
                self.memory.remember(position, message.id());
                Tailed { message, late }
            })
            .collect();
        let before = self.settled;
        let present: HashSet<String> = seen.holders.iter().map(|holder| holder.transaction.clone()).collect();
        self.ended = self.holders.iter().any(|holder| !present.contains(holder)) || (self.ended && !looked_back);
        if looked_back {
            self.looked_back = now;
        }
        self.settled = self.settled.max(read_to.min(judged));
        self.horizon = horizon.max(self.settled);
        self.life = Some(Life::of(&seen));
        self.gapless = seen.gapless;
        self.newest = Some(seen.newest);
        if let Some(id) = seen.newest_id {
            self.memory.sight(seen.newest, id);
        }
        self.given = self.given.split_off(&self.settled.saturating_add(1));
        let passed = self.checkpoint.as_ref().is_none_or(|c| c.newest <= horizon || !c.holds(&seen));
        if passed {
            let open = seen.newest > horizon;
            self.checkpoint = open.then(|| Checkpoint::of(&seen));
        }
        self.holders = present;
        let waiting_for = self.waiting_for(&seen);
        let names: Vec<String> = waiting_for.iter().map(|holder| holder.transaction.clone()).collect();
        let behind = full || (self.options.settling == Settling::HoldBack && self.settled < self.horizon);
        // The first report waits for the first messages, if there are any.
        let first = !(self.told || behind && messages.is_empty());
        self.told |= first;
        let moved = self.settled != before;
        let news = first || !messages.is_empty() || moved || names != self.reported || self.news != Told::default();
        self.reported = names;
        // Once a blocking transaction has been reported, there is no need to poll often for its end.
        let awaited = self.checkpoint.is_some() && self.reported.is_empty();
        let found = match (behind || self.settled < self.horizon, !messages.is_empty() || awaited) {
            (true, _) if behind => Found::More,
            (true, _) | (_, true) => Found::Something,
            (false, false) => Found::Nothing,
        };
        self.rhythm.found(found, now);
        news.then(|| {
            let Told { went_back_from, parts_above, begins_above } = std::mem::take(&mut self.news);
            TailBatch {
                messages,
                complete_to: self.settled.max(0),
                last_value: seen.newest,
                held_since: self.checkpoint.as_ref().filter(|_| !waiting_for.is_empty()).map(|held| held.since),
                waiting_for,
                server_time: seen.server_time,
                standby: seen.standby,
                unordered: self.doubts.contains(&Doubt::Unordered),
                doubts: self.doubts.clone(),
                behind,
                went_back_from,
                parts_above,
                begins_above,
            }
        })
    }

    /// Returns the transactions of the checkpoint that still block, once they have done so long enough to be reported.
    fn waiting_for(&self, seen: &Horizon) -> Vec<Holder> {
        let Some(checkpoint) = &self.checkpoint else { return Vec::new() };
        if seen.server_time.duration_since(checkpoint.since) < REPORTED {
            return Vec::new();
        }
        let mut waiting: Vec<Holder> =
            seen.holders.iter().filter(|holder| checkpoint.holders.contains(&holder.transaction)).cloned().collect();
        waiting.sort_by_key(|holder| holder.since);
        waiting
    }
}
