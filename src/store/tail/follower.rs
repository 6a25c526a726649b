//! The state of a follower, and the horizon: how far messages are final. Nothing here sends a query.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::super::Namespace;
use super::super::blocking::BlockingTransaction;
use super::doubts::Doubt;
use super::followed::Followed;
use super::horizon::Horizon;
use super::memory::Memory;
use super::options::{Delivery, TailFrom, TailOptions};
use super::rhythm::{PollInProgress, PollTrigger, Rhythm};
use super::statements::Statements;
use crate::message::{BodyPath, GlobalPosition};

/// The pause between polls while messages arrive or are awaited.
pub(super) const BUSY: Duration = Duration::from_millis(10);
/// The same for the screen. It is longer than a frame, so each poll can be drawn without waiting for the next frame.
/// Half of the CPU time of following is drawing, so this pause decides how much that is.
const BUSY_SCREEN: Duration = Duration::from_millis(17);
/// How long to wait for a gap to fill on a standby, which does not show the primary's locks.
const STANDBY_WAIT: SignedDuration = SignedDuration::from_secs(2);
/// How long a transaction must block following before it is reported.
const REPORTED: SignedDuration = SignedDuration::from_millis(500);
/// How long a transaction must block following before its details are read: a little shorter than [`REPORTED`], so that
/// they are known by then.
const DETAILED: Duration = Duration::from_millis(400);

/// A newest message, with the transactions that could still commit below it.
#[derive(Debug, Clone)]
pub(super) struct Checkpoint {
    pub(super) newest: GlobalPosition,
    pub(super) holders: HashSet<String>,
    /// When it was taken, by the server's clock.
    pub(super) since: Timestamp,
    /// The same by the local clock.
    pub(super) taken: Instant,
    /// When the server was started.
    pub(super) started: Timestamp,
}

impl Checkpoint {
    pub(super) fn of(seen: &Horizon) -> Self {
        let holders = seen.blocking.iter().map(|holder| holder.transaction.clone()).collect();
        Self { newest: seen.newest, holders, since: seen.server_time, taken: Instant::now(), started: seen.started }
    }

    /// Whether the checkpoint still applies to what is visible now. A standby can show less than before after a crash
    /// or a promotion. Neither ended transactions nor elapsed time then say anything about messages that it does not
    /// show yet.
    pub(super) fn holds(&self, seen: &Horizon) -> bool {
        self.started == seen.started && self.newest <= seen.newest
    }
}

/// Identifies one run of a server and one file of the table. Observations from different lives cannot be combined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Incarnation {
    pub(super) started: Timestamp,
    pub(super) standby: bool,
    pub(super) storage: Option<String>,
}

impl Incarnation {
    pub(super) fn of(seen: &Horizon) -> Self {
        Self { started: seen.started, standby: seen.standby, storage: seen.storage.clone() }
    }
}

/// Events to report in the next batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct News {
    /// See [`TailBatch::receded_from`].
    pub(super) receded_from: Option<GlobalPosition>,
    /// See [`TailBatch::diverges_above`].
    pub(super) diverges_above: Option<GlobalPosition>,
    /// The lowest global position above which messages disappeared or changed.
    pub(super) parts_above: Option<GlobalPosition>,
    /// See [`TailBatch::continues_after`].
    pub(super) continues_after: Option<GlobalPosition>,
    /// See [`TailBatch::begins_above`].
    pub(super) begins_above: bool,
}

impl News {
    /// Returns what to report if `newest` is the newest global position now. A server that lost messages can have been
    /// written to again before the next poll. Its newest position is then no lower than before, and the messages above
    /// the point of divergence have changed.
    pub(super) fn at(self, newest: GlobalPosition) -> Self {
        if self.receded_from.is_none_or(|before| before > newest) {
            return self;
        }
        Self { receded_from: None, diverges_above: self.diverges_above.or(self.parts_above), ..self }
    }
}

/// A follower of one scope. It advances only when it returns a batch, so after an error or a dropped future the next
/// call to [`Tail::next`] continues exactly where the last batch ended.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "the flags change independently")]
pub struct Tail<M> {
    pub(super) namespace: Namespace,
    pub(super) options: TailOptions,
    pub(super) begun: bool,
    /// Whether a batch was returned since the beginning or the last error.
    pub(super) has_reported: bool,
    /// Messages up to here are final, and all of them were returned.
    pub(super) delivered_to: GlobalPosition,
    /// Messages up to here are final, but not all of them were returned yet.
    pub(super) horizon: GlobalPosition,
    /// The server that showed the horizon.
    pub(super) incarnation: Option<Incarnation>,
    /// Global positions above `delivered_to` that were returned.
    pub(super) delivered: BTreeSet<GlobalPosition>,
    /// The highest global position that was returned.
    pub(super) highest: GlobalPosition,
    pub(super) memory: Memory,
    pub(super) checkpoint: Option<Checkpoint>,
    /// Transactions that held a lock at the last poll.
    pub(super) holders: HashSet<String>,
    /// Whether a transaction has ended since everything above `delivered_to` was read.
    pub(super) some_ended: bool,
    /// Whether a standby showed no gap at the last poll.
    pub(super) gapless: bool,
    pub(super) news: News,
    /// When the catalog was last checked.
    pub(super) catalog: Option<Instant>,
    /// The table that the catalog described, and its file.
    pub(super) described: Option<String>,
    /// The servers and files that were seen.
    pub(super) known: VecDeque<Incarnation>,
    /// Whether messages may have been replaced without a trace in the newest one.
    pub(super) suspect: bool,
    pub(super) doubts: Vec<Doubt>,
    /// The OID of the sequence of global positions.
    pub(super) sequence: Option<u32>,
    /// When everything above `delivered_to` was last read.
    pub(super) looked_back: Instant,
    /// The blocking transactions of the last report, with their states and queries.
    pub(super) reported: Vec<(String, Option<String>, Option<String>)>,
    pub(super) rhythm: Rhythm,
    pub(super) statements: Statements,
    /// The number of messages to request, chosen by the size of recent ones.
    pub(super) limit: usize,
    pub(super) kind: std::marker::PhantomData<fn() -> M>,
}

impl<M: Followed> Tail<M> {
    pub(super) fn new(namespace: Namespace, options: TailOptions) -> Self {
        let delivered_to = match options.from {
            TailFrom::After(position) => position,
            TailFrom::Now | TailFrom::Start => i64::MIN,
        };
        let limit = options.batch.max(1);
        let now = Instant::now();
        let (doubts, sequence) = (namespace.shape().doubts(), namespace.shape().numbering.sequence);
        let busy = if options.delivery == Delivery::AtOnce { BUSY_SCREEN } else { BUSY };
        Self {
            namespace,
            options,
            begun: false,
            has_reported: false,
            delivered_to,
            horizon: delivered_to,
            incarnation: None,
            delivered: BTreeSet::new(),
            highest: delivered_to,
            memory: Memory::default(),
            checkpoint: None,
            holders: HashSet::new(),
            some_ended: false,
            gapless: true,
            news: News::default(),
            catalog: None,
            described: None,
            known: VecDeque::new(),
            suspect: false,
            doubts,
            sequence,
            looked_back: now,
            reported: Vec::new(),
            rhythm: Rhythm::new(busy, now),
            statements: Statements::default(),
            limit,
            kind: std::marker::PhantomData,
        }
    }

    /// Reads the values of these paths with message heads from the next poll on. See [`Namespace::with_paths`].
    pub fn set_paths(&mut self, paths: Arc<[BodyPath]>) {
        if self.namespace.paths != paths {
            self.namespace.paths = paths;
            self.statements = Statements::default();
        }
    }

    /// Returns the global position at which a new follower of the same scope can resume with [`TailFrom::After`]
    /// without missing or repeating messages. With [`Delivery::AtOnce`], messages above the horizon would be repeated.
    #[must_use]
    pub fn resume_position(&self) -> GlobalPosition {
        self.delivered_to
    }

    /// Returns whether the beginning is fixed, because the first poll succeeded.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Returns a handle that ends a long pause of this follower. It can be used from any task.
    #[must_use]
    pub fn poll_trigger(&self) -> PollTrigger {
        self.rhythm.trigger()
    }

    /// Returns a view of the poll in progress. It can be used from any task.
    #[must_use]
    pub fn poll_in_progress(&self) -> PollInProgress {
        self.rhythm.in_progress()
    }

    /// Returns how far messages are final, according to the latest poll.
    pub(super) fn horizon(&self, seen: &Horizon) -> GlobalPosition {
        let checkpoint = self.checkpoint.as_ref().filter(|checkpoint| checkpoint.holds(seen));
        if seen.standby {
            let waited = checkpoint.filter(|c| seen.server_time.duration_since(c.since) >= STANDBY_WAIT);
            let reached = if seen.gapless { Some(seen.newest) } else { waited.map(|checkpoint| checkpoint.newest) };
            return reached.unwrap_or(self.horizon).max(self.horizon);
        }
        if seen.blocking.is_empty() {
            return seen.newest.max(self.horizon);
        }
        // A prepared transaction can get a new virtual ID when the server restarts, so there must be none.
        let ended = |c: &&Checkpoint| {
            !seen.blocking.iter().any(|holder| holder.pid.is_none() || c.holders.contains(&holder.transaction))
        };
        checkpoint.filter(ended).map_or(self.horizon, |c| c.newest.max(self.horizon))
    }

    /// Returns whether a transaction has blocked long enough for the next poll to read its application and state.
    pub(super) fn needs_details(&self) -> bool {
        self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.taken.elapsed() >= DETAILED)
    }

    /// Returns the transactions of the checkpoint that still block, once they have done so long enough to be reported.
    pub(super) fn blocked_by(&self, seen: &Horizon) -> Vec<BlockingTransaction> {
        let Some(checkpoint) = &self.checkpoint else { return Vec::new() };
        if !seen.detailed || seen.server_time.duration_since(checkpoint.since) < REPORTED {
            return Vec::new();
        }
        let mut waiting: Vec<BlockingTransaction> =
            seen.blocking.iter().filter(|holder| checkpoint.holders.contains(&holder.transaction)).cloned().collect();
        waiting.sort_by_key(|holder| holder.since);
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_grew_again_after_losing_messages_has_different_ones() {
        let lost = News { receded_from: Some(20), parts_above: Some(10), ..News::default() };
        assert_eq!(lost.at(10), lost);
        assert_eq!(lost.at(19), lost);
        let replaced = News { receded_from: None, diverges_above: Some(10), ..lost };
        assert_eq!(lost.at(20), replaced);
        assert_eq!(lost.at(25), replaced);
    }
}
