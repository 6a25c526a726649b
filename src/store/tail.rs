//! Following a scope: every message once, as it is committed, in the order of global positions, with what is known of how far
//! that order is final.
//!
//! A lower global position can be committed after a higher one. Who could still do that holds a lock that everybody can see; when
//! all who held it at the sight of a newest message have ended, nothing at or below that message can come any more: the *horizon*
//! is there. Headless followers are given messages up to the horizon only; a screen gets them at once, and those that come in
//! below are marked late. Nothing is kept on the server between polls, so a pooler, or a single connection, is enough.
//!
//! Each poll is one statement, whose snapshot is older than its look at the locks. So the horizon that a poll draws judges what
//! the next poll reads, if that reaches the same server in the same life. Which messages were seen is remembered: a store that
//! was emptied, restored or failed over gives numbers again, and following goes on where its history parts from the one before.

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

/// Global positions that one poll goes over at most where messages are left out: a query must end in time.
const SPAN: i64 = 100_000;
/// From one poll to the next while something comes in or is awaited.
const BUSY: Duration = Duration::from_millis(10);
/// The same for a screen, a little more than from one frame to the next: each poll brings a frame that need not wait for its turn.
const BUSY_SCREEN: Duration = Duration::from_micros(17_500);
/// Text of bodies after which a batch ends: what is read at once stays bounded whatever a message's size is.
const BATCH_BYTES: usize = 8 << 20;
/// Messages shown above the horizon at most; with more, only what fills in below is read until the horizon moves.
const UNSETTLED: usize = 20_000;
/// Messages before the beginning among which late ones are looked for.
const BEFORE: i64 = 1_000;
/// On a standby, which shows none of the primary's locks: how long a gap is waited for.
const STANDBY_WAIT: SignedDuration = SignedDuration::from_secs(2);
/// Messages above the horizon are read again at least this often.
const LOOK_BACK: Duration = Duration::from_millis(250);
/// The catalog is asked again after this long whether the locks still tell what is to come.
const CATALOG: Duration = Duration::from_mins(1);
/// A transaction is reported as holding things back after this long.
const REPORTED: SignedDuration = SignedDuration::from_millis(500);

/// Where following begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailFrom {
    /// Behind the newest message that is visible at the first poll.
    Now,
    /// At the first message.
    Start,
    /// Behind this global position.
    After(GlobalPosition),
}

/// What happens to messages above the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// They are given at once; what comes in below them later is marked.
    ShowAtOnce,
    /// They are held back until nothing can come below them: strictly rising order.
    HoldBack,
}

/// What to follow, and how.
#[derive(Debug, Clone)]
pub struct TailOptions {
    /// Whose messages.
    pub scope: Scope,
    /// From where.
    pub from: TailFrom,
    /// What happens to messages above the horizon.
    pub settling: Settling,
    /// Messages of a batch at most.
    pub batch: usize,
    /// Which of them.
    pub filter: Filter,
}

/// A message that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tailed<M> {
    /// The message.
    pub message: M,
    /// Its global position is below one that was given already.
    pub late: bool,
}

/// What came in, and how far the order is final.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is told by itself")]
pub struct TailBatch<M> {
    /// Messages by rising global position.
    pub messages: Vec<Tailed<M>>,
    /// Nothing at or below this global position can appear any more.
    pub complete_to: GlobalPosition,
    /// The newest global position that was visible in the namespace.
    pub last_value: GlobalPosition,
    /// Transactions that have kept the horizon back for a while, the longest first.
    pub waiting_for: Vec<Holder>,
    /// Since when they keep something back, by the server's clock: the oldest of it was there then.
    pub held_since: Option<Timestamp>,
    /// The server's clock at the poll.
    pub server_time: Timestamp,
    /// The server is a standby: a gap is waited for two seconds instead of for locks.
    pub standby: bool,
    /// Numbers are not drawn in order here: see [`Doubt::Unordered`].
    pub unordered: bool,
    /// Everything because of which a message can come in below what was called complete.
    pub doubts: Vec<Doubt>,
    /// More can be given at once: following is still on its way to the newest message.
    pub behind: bool,
    /// The newest message was at this global position, and is not there any more: messages were removed, or the server lost them,
    /// and the numbers after `last_value` may be given again.
    pub went_back_from: Option<GlobalPosition>,
    /// The store was emptied and filled again, restored, or failed over: above this global position it holds other messages than
    /// before (all of them are others where it is below every message). They are given, each once.
    pub parts_above: Option<GlobalPosition>,
    /// Following was to begin above every message there is: those that it was to go on from are not there.
    pub begins_above: bool,
}

/// A newest message, and who could still commit below it.
#[derive(Debug, Clone)]
struct Checkpoint {
    newest: GlobalPosition,
    holders: HashSet<String>,
    since: Timestamp,
    /// When the server that showed it was started.
    started: Timestamp,
}

impl Checkpoint {
    fn of(seen: &Horizon) -> Self {
        let holders = seen.holders.iter().map(|holder| holder.transaction.clone()).collect();
        Self { newest: seen.newest, holders, since: seen.server_time, started: seen.started }
    }

    /// Whether what is seen now continues what was seen then. A standby that was crashed, or that took over, can show less than
    /// was seen before: who ended, and how long it was, says nothing about what it does not show yet.
    fn holds(&self, seen: &Horizon) -> bool {
        self.started == seen.started && self.newest <= seen.newest
    }
}

/// The server, in one life, and the table, in one of its: what is seen of another one continues nothing.
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

/// What is to be told in the next batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Told {
    /// See [`TailBatch::went_back_from`].
    went_back_from: Option<GlobalPosition>,
    /// See [`TailBatch::parts_above`].
    parts_above: Option<GlobalPosition>,
    /// See [`TailBatch::begins_above`].
    begins_above: bool,
}

/// Following in progress. It advances only when a batch is handed out, so that after an error, or a dropped future, the next call
/// carries on exactly there.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "what is known changes one by one")]
pub struct Tail<M> {
    namespace: Namespace,
    options: TailOptions,
    begun: bool,
    /// A batch was given: where it begins is known.
    told: bool,
    /// Everything at or below was given, and nothing more can come there.
    settled: GlobalPosition,
    /// Nothing more can come at or below; not all of it was given yet.
    horizon: GlobalPosition,
    /// Where the horizon was seen.
    life: Option<Life>,
    /// Given, above `settled`.
    given: BTreeSet<GlobalPosition>,
    /// The highest that was given.
    highest: GlobalPosition,
    /// Which messages were seen.
    memory: Memory,
    checkpoint: Option<Checkpoint>,
    /// Who held the lock at the last poll.
    holders: HashSet<String>,
    /// Somebody has ended since everything above `settled` was read.
    ended: bool,
    /// On a standby: no number was missing at the last poll.
    gapless: bool,
    /// The newest message at the last poll.
    newest: Option<GlobalPosition>,
    /// Not told yet.
    news: Told,
    /// What the catalog says, and when it said so.
    catalog: Option<Instant>,
    doubts: Vec<Doubt>,
    /// The sequence that numbers are drawn from.
    sequence: Option<u32>,
    /// When everything above `settled` was last read.
    looked_back: Instant,
    reported: Vec<String>,
    rhythm: Rhythm,
    /// Messages asked for at once: as many as will fit, by the size of the last ones.
    limit: usize,
    kind: std::marker::PhantomData<fn() -> M>,
}

impl Namespace {
    /// Follows a scope with heads, for a screen.
    #[must_use]
    pub fn tail_heads(&self, options: TailOptions) -> Tail<MessageHead> {
        Tail::new(self.clone(), options)
    }

    /// Follows a scope with whole messages.
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

    /// A global position behind which another follower of the same scope would begin to be given exactly what this one was not.
    /// (In [`Settling::ShowAtOnce`] it would be given again what lies above the horizon.)
    #[must_use]
    pub fn resume_position(&self) -> GlobalPosition {
        self.settled
    }

    /// Whether it is known where it begins: a first batch was given.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Ends a long pause of this follower, from anywhere.
    #[must_use]
    pub fn hurry(&self) -> Hurry {
        self.rhythm.hurry()
    }

    /// Waits until there is something to say: that it has begun or goes on after an error (once), messages, a horizon that moved, a
    /// transaction that holds it back.
    /// Polls every 10 ms while there is (17.5 ms for a screen), and less and less often when there is not: down to every 100 ms, and
    /// after half a minute of silence step by step down to once a second.
    ///
    /// # Errors
    /// The server's; a later call carries on.
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

    /// How far nothing more can come, by what is seen now.
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
        // A prepared transaction can have another virtual id after a restart of the server, so none may be there.
        let ended = |c: &&Checkpoint| {
            !seen.holders.iter().any(|holder| holder.pid.is_none() || c.holders.contains(&holder.transaction))
        };
        checkpoint.filter(ended).map_or(self.horizon, |c| c.newest.max(self.horizon))
    }

    /// Half of what a batch may hold is asked for, so that one of them is seldom given up in the middle, which costs a connection.
    fn fitting(&self, messages: &[M]) -> usize {
        let bytes: usize = messages.iter().map(Followed::bytes).sum();
        let fitting = (BATCH_BYTES / 2).saturating_mul(messages.len()).checked_div(bytes);
        fitting.unwrap_or(usize::MAX).clamp(1, self.options.batch.max(1))
    }

    /// Takes a poll in; gives the batch where there is something to say.
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
        // What it begins with is said together with the first messages.
        let first = !(self.told || behind && messages.is_empty());
        self.told |= first;
        let moved = self.settled != before;
        let news = first || !messages.is_empty() || moved || names != self.reported || self.news != Told::default();
        self.reported = names;
        // Who hangs is not waited for in a hurry.
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

    /// Those of the checkpoint who still hold it back, after a while.
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
