//! Following a scope: every message once, as it is committed, in the order of global positions, with what is known of how far
//! that order is final.
//!
//! A lower global position can be committed after a higher one. Who could still do that holds a lock on the table that everybody
//! can see; when all who held it at the sight of a newest message have ended, nothing at or below that message can come any more:
//! the *horizon* is there. Headless followers are given messages up to the horizon only; a screen gets them at once, and those that
//! come in below are marked late. Nothing is kept on the server between polls, so a pooler, or a single connection, is enough.

mod end;
mod followed;
mod holders;

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::types::Type;

pub use followed::Followed;
pub use holders::Holder;
use holders::Horizon;

use super::browse::Scope;
use super::query::member_condition;
use super::row;
use super::session::{Parameter, Session};
use super::{Filter, Namespace, Result};
use crate::message::{ConsumerGroup, GlobalPosition, Message, MessageHead};

/// Global positions that one poll goes over at most where messages are left out: a query must end in time.
const SPAN: i64 = 100_000;
/// Pauses between polls: while something comes in or is awaited, and when nothing does.
const BUSY: Duration = Duration::from_millis(10);
const IDLE: Duration = Duration::from_millis(100);
/// Text of bodies after which a batch ends: what is read at once stays bounded whatever a message's size is.
const BATCH_BYTES: usize = 8 << 20;
/// Messages shown above the horizon at most; with more, only what fills in below is read until the horizon moves.
const UNSETTLED: usize = 20_000;
/// Messages before the beginning among which late ones are looked for.
const BEFORE: i64 = 1_000;
/// On a standby, which shows none of the primary's locks: how long a gap is waited for.
const STANDBY_WAIT: SignedDuration = SignedDuration::from_secs(2);
/// Messages above the horizon are read again at least this often.
const LOOK_BACK: SignedDuration = SignedDuration::from_millis(250);
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
pub struct TailBatch<M> {
    /// Messages by rising global position.
    pub messages: Vec<Tailed<M>>,
    /// Nothing at or below this global position can appear any more.
    pub complete_to: GlobalPosition,
    /// The newest global position that was visible in the namespace.
    pub last_value: GlobalPosition,
    /// Transactions that have kept the horizon back for a while, the longest first.
    pub waiting_for: Vec<Holder>,
    /// The server's clock at the poll.
    pub server_time: Timestamp,
    /// The server is a standby: a gap is waited for two seconds instead of for locks.
    pub standby: bool,
    /// Numbers are not drawn in order here (the sequence has a cache above 1, cycles or counts down): a session can use one that it
    /// drew long ago, and its message comes in below what was called complete.
    pub unordered: bool,
    /// More can be given at once: following is still on its way to the newest message.
    pub behind: bool,
    /// The newest message was at this global position, and is not there any more: messages were removed, or the server lost them,
    /// and the numbers after `last_value` may be given again. Following goes on behind `last_value`.
    pub went_back_from: Option<GlobalPosition>,
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

/// Following in progress. It advances only when a batch is handed out, so that after an error, or a dropped future, the next call
/// carries on exactly there.
#[derive(Debug)]
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
    /// Given, above `settled`.
    given: BTreeSet<GlobalPosition>,
    /// The highest that was given.
    highest: GlobalPosition,
    checkpoint: Option<Checkpoint>,
    /// Who held the lock at the last poll.
    holders: HashSet<String>,
    /// The newest message at the last poll.
    newest: Option<GlobalPosition>,
    /// See [`TailBatch::went_back_from`]; not told yet.
    went_back_from: Option<GlobalPosition>,
    /// See [`TailBatch::unordered`].
    unordered: bool,
    /// When everything above `settled` was last read, by the server's clock.
    looked_back: Timestamp,
    reported: Vec<String>,
    pause: Duration,
    /// Messages asked for at once: as many as will fit, by the size of the last ones.
    limit: usize,
    kind: std::marker::PhantomData<fn() -> M>,
}

/// What one poll found.
struct Poll<M> {
    seen: Horizon,
    /// Where the horizon is now.
    horizon: GlobalPosition,
    messages: Vec<M>,
    /// There may be more.
    full: bool,
    /// Everything up to here was read.
    read_to: GlobalPosition,
    /// All that is above `settled` was looked at.
    looked_back: bool,
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
        let batch = options.batch.max(1);
        Self {
            namespace,
            options,
            begun: false,
            told: false,
            settled,
            horizon: settled,
            given: BTreeSet::new(),
            highest: settled,
            checkpoint: None,
            holders: HashSet::new(),
            newest: None,
            went_back_from: None,
            unordered: false,
            looked_back: Timestamp::UNIX_EPOCH,
            reported: Vec::new(),
            pause: Duration::ZERO,
            limit: batch,
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

    /// Waits until there is something to say: that it has begun or goes on after an error (once), messages, a horizon that moved, a
    /// transaction that holds it back.
    /// Polls every 10 ms while there is, and less and less often, down to every 100 ms, when there is not.
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
            tokio::time::sleep(self.pause).await;
            let session = self.namespace.session().await?;
            if !self.begun {
                self.begin(&session).await?;
            }
            let poll = self.poll(&session).await?;
            drop(session);
            if let Some(batch) = self.advance(poll) {
                return Ok(batch);
            }
        }
    }

    /// Finds where to begin. Behind what is there now, and for a screen, which shows a list that ends where it begins, late messages
    /// can come a little before it: what is visible there now counts as given.
    async fn begin(&mut self, session: &Session) -> Result<()> {
        self.unordered = self.namespace.draws_unordered(session).await?;
        let first = match self.options.from {
            TailFrom::Start => {
                self.begun = true;
                return Ok(());
            }
            TailFrom::After(position) => position,
            TailFrom::Now => self.look(session).await?.newest,
        };
        if self.options.from == TailFrom::Now || self.options.settling == Settling::ShowAtOnce {
            let from = first.saturating_sub(BEFORE);
            let sql = self.namespace.query(
                "select global_position::bigint as number from {table} where global_position > $1 and global_position <= $2 \
                 order by global_position",
                &[],
            );
            let rows = session.query(&sql, &[(&from, Type::INT8), (&first, Type::INT8)]).await?;
            self.given = rows.iter().map(|row| row::column(row, 0)).collect::<Result<_>>()?;
            self.settled = from;
        } else {
            self.settled = first;
        }
        self.horizon = self.settled;
        self.highest = first;
        self.begun = true;
        Ok(())
    }

    /// Where the newest message is not there any more, nothing that was settled above the one that is now is: its numbers can be
    /// given again. A standby shows less for a while after a crash, and the same messages again.
    fn go_back(&mut self, seen: &Horizon) {
        let before = self.newest.replace(seen.newest);
        let Some(before) = before.filter(|before| seen.newest < *before && !seen.standby) else { return };
        if self.settled <= before {
            self.settled = self.settled.min(seen.newest);
            self.horizon = self.settled;
            self.highest = self.highest.min(seen.newest);
            self.given.split_off(&seen.newest.saturating_add(1));
        }
        self.went_back_from = self.went_back_from.max(Some(before));
    }

    async fn look(&self, session: &Session) -> Result<Horizon> {
        Horizon::look(&self.namespace, session).await
    }

    /// How far nothing more can come, by what is seen now.
    fn horizon(&self, seen: &Horizon, gapless: bool) -> GlobalPosition {
        let checkpoint = self.checkpoint.as_ref().filter(|checkpoint| checkpoint.holds(seen));
        if seen.standby {
            let waited = checkpoint.filter(|c| seen.server_time.duration_since(c.since) >= STANDBY_WAIT);
            let reached = if gapless { Some(seen.newest) } else { waited.map(|checkpoint| checkpoint.newest) };
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

    async fn poll(&mut self, session: &Session) -> Result<Poll<M>> {
        let seen = self.look(session).await?;
        self.go_back(&seen);
        let gapless = seen.standby && self.is_gapless(session, seen.newest).await?;
        let horizon = self.horizon(&seen, gapless);
        let (above, up_to) = match self.options.settling {
            Settling::HoldBack => (self.settled, horizon.min(self.span_end())),
            // Who ended since the last poll may have filled a gap.
            Settling::ShowAtOnce => {
                let present: HashSet<&str> = seen.holders.iter().map(|holder| holder.transaction.as_str()).collect();
                let ended = self.holders.iter().any(|holder| !present.contains(holder.as_str()));
                // And who came and went between two looks, overtaken by a message that was given, is found by looking back.
                let due = seen.server_time.duration_since(self.looked_back) >= LOOK_BACK;
                let again = ended || seen.standby || horizon > self.settled || due;
                let room = self.given.len() < UNSETTLED;
                (if again { self.settled } else { self.highest }, if room { i64::MAX } else { self.highest })
            }
        };
        if up_to <= above {
            return Ok(Poll { seen, horizon, messages: Vec::new(), full: false, read_to: above, looked_back: false });
        }
        // Read after the look at the locks, in a newer snapshot: who was not seen there any more has committed or never will.
        let (messages, full) = self.read(session, above, up_to).await?;
        let last = messages.last().map_or(above, Followed::global_position);
        let read_to = match (full, above == self.settled) {
            (true, true) => last,
            // Numbers that nobody has need not be gone over.
            (false, true) if up_to < horizon => self.before_next(session, up_to).await?,
            (false, true) => up_to,
            (_, false) => self.settled,
        };
        Ok(Poll { seen, horizon, messages, full, read_to, looked_back: above == self.settled })
    }

    /// The position before the next message there is.
    async fn before_next(&self, session: &Session, position: GlobalPosition) -> Result<GlobalPosition> {
        let sql = self.namespace.query(
            "select global_position::bigint as number from {table} where global_position > $1 \
             order by global_position limit 1",
            &[],
        );
        let row = session.query_opt(&sql, &[(&position, Type::INT8)]).await?;
        let next: Option<GlobalPosition> = row.map(|row| row::column(&row, 0)).transpose()?;
        Ok(next.map_or(position, |next| next - 1))
    }

    /// How far one poll goes.
    fn span_end(&self) -> GlobalPosition {
        let leaves_out = self.options.filter != Filter::default() || matches!(self.options.scope, Scope::Member(..));
        if leaves_out { self.settled.max(-1).saturating_add(SPAN) } else { i64::MAX }
    }

    /// The next messages, and whether there may be more.
    async fn read(&self, session: &Session, above: i64, up_to: i64) -> Result<(Vec<M>, bool)> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let scope = &self.options.scope;
        let category = self.namespace.category_expression();
        let unused = "$6::bigint is null and $7::bigint is null";
        let of_category =
            format!("({category}, global_position) > ($5, $1) and ({category}, global_position) <= ($5, $2)");
        let by_position = "global_position > $1 and global_position <= $2";
        let (range, order) = match scope {
            Scope::Namespace => (format!("{by_position} and $5::text is null and {unused}"), String::new()),
            Scope::Stream(_) => (format!("stream_name::text = $5 and {by_position} and {unused}"), String::new()),
            Scope::Category(_) => (format!("{of_category} and {unused}"), format!("{category}, ")),
            Scope::Member(..) => {
                (format!("{of_category} and {}", member_condition("$6", "$7")), format!("{category}, "))
            }
        };
        let order = format!("{order}global_position");
        let sql = self.namespace.query(
            include_str!("../../sql/query/tail_rows.sql"),
            &[
                ("columns", &M::columns(&self.namespace)),
                ("range", &range),
                ("order", &order),
                ("matches", &self.options.filter.condition(8, &self.namespace)),
            ],
        );
        let given: Vec<i64> = self.given.range(above.saturating_add(1)..).copied().collect();
        let (member, size) = (scope.member().map(ConsumerGroup::member), scope.member().map(ConsumerGroup::size));
        let name = scope.name();
        let filter = self.options.filter.bound();
        let mut parameters: Vec<Parameter<'_>> = vec![
            (&above, Type::INT8),
            (&up_to, Type::INT8),
            (&limit, Type::INT8),
            (&given, Type::INT8_ARRAY),
            (&name, Type::TEXT),
            (&member, Type::INT8),
            (&size, Type::INT8),
        ];
        parameters.extend(filter.parameters());
        let mut rows = match scope {
            // The whole stream may be shorter than what all streams have above the number.
            Scope::Stream(_) => session.stream_by_choice(&sql, &parameters).await?,
            _ => session.stream(&sql, &parameters).await?,
        };
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await? {
            let message = M::read(&row)?;
            bytes += message.bytes();
            messages.push(message);
            // The last one is followed by the end of the answer, and the session can be used again.
            if bytes >= BATCH_BYTES && messages.len() < self.limit {
                return Ok((messages, true));
            }
        }
        let full = messages.len() >= self.limit;
        Ok((messages, full))
    }

    /// Half of what a batch may hold is asked for, so that one of them is seldom given up in the middle, which costs a connection.
    fn fitting(&self, messages: &[M]) -> usize {
        let bytes: usize = messages.iter().map(Followed::bytes).sum();
        let fitting = (BATCH_BYTES / 2).saturating_mul(messages.len()).checked_div(bytes);
        fitting.unwrap_or(usize::MAX).clamp(1, self.options.batch.max(1))
    }

    /// Whether every number above what is settled is visible up to the newest: then no wait is needed.
    async fn is_gapless(&self, session: &Session, newest: GlobalPosition) -> Result<bool> {
        let missing = newest.saturating_sub(self.settled);
        if !(0..=100_000).contains(&missing) {
            return Ok(false);
        }
        let sql = self
            .namespace
            .query("select count(*) from {table} where global_position > $1 and global_position <= $2", &[]);
        let row = session.query_opt(&sql, &[(&self.settled, Type::INT8), (&newest, Type::INT8)]).await?;
        let there: i64 = row.map_or(Ok(0), |row| row::column(&row, 0))?;
        Ok(there == missing)
    }

    /// Takes a poll in; gives the batch where there is something to say.
    fn advance(&mut self, poll: Poll<M>) -> Option<TailBatch<M>> {
        let Poll { seen, horizon, messages, full, read_to, looked_back } = poll;
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
                Tailed { message, late }
            })
            .collect();
        let before = self.settled;
        if looked_back {
            self.looked_back = seen.server_time;
        }
        self.horizon = horizon;
        self.settled = self.settled.max(read_to.min(horizon));
        self.given = self.given.split_off(&self.settled.saturating_add(1));
        let passed = self.checkpoint.as_ref().is_none_or(|c| c.newest <= horizon || !c.holds(&seen));
        if passed {
            let open = seen.newest > horizon;
            self.checkpoint = open.then(|| Checkpoint::of(&seen));
        }
        self.holders = seen.holders.iter().map(|holder| holder.transaction.clone()).collect();
        let waiting_for = self.waiting_for(&seen);
        let names: Vec<String> = waiting_for.iter().map(|holder| holder.transaction.clone()).collect();
        let first = !std::mem::replace(&mut self.told, true);
        let went_back_from = self.went_back_from.take();
        let news = first
            || !messages.is_empty()
            || self.settled != before
            || names != self.reported
            || went_back_from.is_some();
        self.reported = names;
        // Who hangs is not waited for in a hurry.
        let busy = !messages.is_empty() || (self.checkpoint.is_some() && self.reported.is_empty());
        let behind = full || (self.options.settling == Settling::HoldBack && self.settled < horizon);
        self.pause = if behind {
            Duration::ZERO
        } else if busy {
            BUSY
        } else {
            (self.pause.max(BUSY) * 3 / 2).min(IDLE)
        };
        news.then(|| TailBatch {
            messages,
            complete_to: self.settled.max(0),
            last_value: seen.newest,
            waiting_for,
            server_time: seen.server_time,
            standby: seen.standby,
            unordered: self.unordered,
            behind,
            went_back_from,
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
