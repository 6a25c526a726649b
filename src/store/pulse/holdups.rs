//! Transactions that block readers and writers: how far messages are final, the blocking transactions, and the sessions
//! that wait. A standby does not show the primary's locks, so there the lag of the standby is returned instead.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio_postgres::types::Type;

use super::super::blocking::BlockingTransaction;
use super::super::browse::Scope;
use super::super::row::{Lossy, ServerTime, column, document};
use super::super::session::Parameter;
use super::super::template::fill;
use super::super::{Namespace, Result};
use crate::message::GlobalPosition;

/// What blocks the readers and writers of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdups {
    /// The time of this reading, by the server's clock.
    pub server_time: Timestamp,
    /// The newest visible global position, or 0 if there are no messages.
    pub newest: GlobalPosition,
    /// No message can appear at or below this position. It is an estimate while a writer is open: its beginning is
    /// known, but not the position that it has drawn. `None` on a standby.
    pub final_to: Option<GlobalPosition>,
    /// Whether the server is a standby.
    pub standby: bool,
    /// How far the standby is behind. `None` elsewhere, and if it has replayed nothing since it started.
    pub replay_delay: Option<SignedDuration>,
    /// The open writers and the holders of locks that others wait for, the oldest first.
    pub blockers: Vec<Blocker>,
}

/// A transaction that blocks others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// The transaction.
    pub transaction: BlockingTransaction,
    /// Whether it holds a writer's lock on the table, so that messages above its beginning are not final.
    pub writes: bool,
    /// The sessions that wait for it.
    pub waiting: Vec<WaitingSession>,
}

/// A session that waits for a lock of a category or of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingSession {
    /// The PID of its server process. `None` for a prepared transaction.
    pub pid: Option<i32>,
    /// Its `application_name`, if this role may see it.
    pub application: Option<String>,
    /// The least time that it has waited: the time since its statement began.
    pub waited: SignedDuration,
}

/// An entry in the result of `waiting_sessions.sql`.
#[derive(Deserialize)]
struct Waiting {
    pid: Option<i32>,
    application: Option<String>,
    seconds: Option<f64>,
    blocked_by: Vec<i32>,
}

impl Namespace {
    /// Returns what blocks readers and writers. Takes one statement on the catalog, and a bisection of global positions
    /// while a writer is open.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn holdups(&self) -> Result<Holdups> {
        let (writers, holders) = (
            include_str!("../../../sql/query/writer_locks.sql"),
            include_str!("../../../sql/query/contended_locks.sql"),
        );
        let [writers, holders] = [writers, holders].map(|locks| BlockingTransaction::query(&fill(locks, &[])));
        let sql = self.query(
            include_str!("../../../sql/query/holdups.sql"),
            &[
                ("replay_delay", &fill(include_str!("../../../sql/query/replay_delay.sql"), &[])),
                ("writers", &writers),
                ("holders", &holders),
                ("waiting", &fill(include_str!("../../../sql/query/waiting_sessions.sql"), &[])),
            ],
        );
        let shape = self.shape();
        let tables: Vec<i64> = shape.parts.iter().map(|part| part.oid).chain([shape.table]).map(i64::from).collect();
        let sequence = shape.numbering.sequence.map(i64::from);
        let parameters: [Parameter<'_>; 2] = [(&tables, Type::INT8_ARRAY), (&sequence, Type::INT8)];
        let row = self.session().await?.query_one(&sql, &parameters).await?;
        let json = |index| column::<Option<Lossy>>(&row, index);
        let blocking = |json: Option<Lossy>| BlockingTransaction::all(json.as_ref().map(|json| json.text.as_str()));
        let (newest, standby): (GlobalPosition, bool) = (column(&row, 0)?, column(&row, 2)?);
        let waiting = json(6)?.map_or(Ok(Vec::new()), |json| document(&json.text, "the list of waiting sessions"))?;
        let blockers = blockers(blocking(json(4)?)?, blocking(json(5)?)?, &waiting);
        let mut final_to = (!standby).then_some(newest);
        if let Some(writer) = blockers.iter().find(|blocker| blocker.writes).filter(|_| !standby) {
            let first = self.first_at(&Scope::Namespace, writer.transaction.since).await?;
            final_to = Some(first.map_or(newest, |first| newest.min(first.global_position.saturating_sub(1))));
        }
        Ok(Holdups {
            server_time: column::<ServerTime>(&row, 1)?.0,
            newest,
            final_to,
            standby,
            replay_delay: column::<Option<f64>>(&row, 3)?.and_then(duration),
            blockers,
        })
    }
}

fn duration(seconds: f64) -> Option<SignedDuration> {
    SignedDuration::try_from_secs_f64(seconds.max(0.0)).ok()
}

/// Joins the two lists, the oldest transaction first, each with the sessions that wait for it.
fn blockers(writers: Vec<BlockingTransaction>, holders: Vec<BlockingTransaction>, waiting: &[Waiting]) -> Vec<Blocker> {
    let mut all: Vec<Blocker> = Vec::new();
    let writers = writers.into_iter().map(|transaction| (transaction, true));
    for (transaction, writes) in writers.chain(holders.into_iter().map(|transaction| (transaction, false))) {
        if all.iter().any(|known| known.transaction.transaction == transaction.transaction) {
            continue;
        }
        // A prepared transaction is listed as the process 0 among those that block.
        let pid = transaction.pid.unwrap_or(0);
        let waiting = waiting.iter().filter(|session| session.blocked_by.contains(&pid));
        let waiting = waiting.map(|session| WaitingSession {
            pid: session.pid,
            application: session.application.clone().filter(|name| !name.is_empty()),
            waited: session.seconds.and_then(duration).unwrap_or_default(),
        });
        all.push(Blocker { waiting: waiting.collect(), transaction, writes });
    }
    all.sort_by_key(|blocker| blocker.transaction.since);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(number: u8, pid: Option<i32>, since: &str) -> BlockingTransaction {
        BlockingTransaction {
            transaction: format!("3/{number}"),
            pid,
            since: since.parse().expect("a time"),
            user: None,
            application: None,
            state: None,
            query: None,
        }
    }

    #[test]
    fn a_transaction_in_both_lists_is_listed_once_with_the_sessions_that_wait_for_it() {
        let (old, new) =
            (transaction(1, Some(7), "2026-03-01T12:00:00Z"), transaction(2, None, "2026-03-01T12:00:09Z"));
        let session = |pid, blocked_by| Waiting { pid: Some(pid), application: None, seconds: Some(1.5), blocked_by };
        let waiting = [session(8, vec![7]), session(9, vec![0, 7])];
        let found = blockers(vec![new.clone(), old.clone()], vec![old], &waiting);
        let seen: Vec<_> = found
            .iter()
            .map(|one| (one.transaction.pid, one.writes, one.waiting.iter().map(|session| session.pid).collect()))
            .collect();
        assert_eq!(seen, [(Some(7), true, vec![Some(8), Some(9)]), (None, true, vec![Some(9)])]);
        assert_eq!(found[0].waiting[0].waited, SignedDuration::from_millis(1_500));
    }
}
