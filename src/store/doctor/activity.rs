//! Checks on what other sessions do at this moment: open transactions and waiting writers.

use super::server::seconds;
use super::{CheckStatus, Observation, Patient, listed};
use crate::numbers::count;
use crate::pasteable::sql_string;

/// How long a transaction that has written to the table may stay open, in seconds.
const WRITER: (f64, f64) = (10.0, 300.0);
/// How long any other transaction may stay open: as long as a backup takes.
const OTHER: (f64, f64) = (3_600.0, 86_400.0);
/// How long a prepared transaction may stay open.
const PREPARED: (f64, f64) = (60.0, 3_600.0);
/// How long a writer may wait for the lock of its category.
const WAIT: (f64, f64) = (5.0, 60.0);

pub(super) fn transactions(patient: &Patient<'_>) -> Observation {
    let server = patient.server;
    let open = server.transactions.iter().map(|transaction| {
        let limits = if transaction.writes { WRITER } else { OTHER };
        let mut seen = format!("PID {}", transaction.pid);
        for (what, value) in [("of", &transaction.application), ("as", &transaction.role)] {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                seen = format!("{seen} {what} {value}");
            }
        }
        let state = transaction.state.as_deref().unwrap_or("in a transaction");
        let writes = if transaction.writes { ", with an uncommitted message" } else { "" };
        let seen = format!("{seen} has been {state} for {}{writes}", seconds(transaction.seconds));
        let remedy = format!("Commit or roll back, or end it: select pg_terminate_backend({})", transaction.pid);
        Observation::by_limit(transaction.seconds, limits, seen, remedy)
    });
    let prepared = server.prepared.iter().map(|prepared| {
        let role = prepared.role.as_deref().unwrap_or("another role");
        let seen =
            format!("prepared transaction {} of {role} has been open for {}", prepared.gid, seconds(prepared.seconds));
        let remedy = format!("rollback prepared {}, or commit prepared", sql_string(&prepared.gid));
        Observation::by_limit(prepared.seconds, PREPARED, seen, remedy)
    });
    let worst = open.chain(prepared).reduce(|worst, next| if next.status > worst.status { next } else { worst });
    match worst {
        Some(worst) if worst.status != CheckStatus::Ok => worst,
        Some(oldest) => Observation::ok(format!("oldest: {}", oldest.seen)),
        None => Observation::ok("no other session has an open transaction"),
    }
}

pub(super) fn waiting(patient: &Patient<'_>) -> Observation {
    let waiting = &patient.server.waiting;
    let longest =
        waiting.iter().max_by(|one, other| one.seconds.unwrap_or(0.0).total_cmp(&other.seconds.unwrap_or(0.0)));
    let Some(longest) = longest else { return Observation::ok("no session is waiting") };
    let blockers: Vec<String> = longest.blocked_by.iter().map(|pid| format!("PID {pid}")).collect();
    let lock = if longest.category { "the lock of a category" } else { "a lock on the table" };
    let who = longest.pid.map_or_else(|| "a prepared transaction".to_owned(), |pid| format!("PID {pid}"));
    let of = longest.application.as_deref().filter(|name| !name.is_empty()).map(|name| format!(" of {name}"));
    let waited = longest.seconds.unwrap_or(0.0);
    let seen = format!(
        "{who}{} has waited {} for {lock}, blocked by {}; {} waiting",
        of.unwrap_or_default(),
        seconds(waited),
        listed(&blockers),
        count(waiting.len() as u64, "session")
    );
    let remedy = match longest.blocked_by.first() {
        Some(pid) => {
            format!("End the blocking session if it does not end on its own: select pg_terminate_backend({pid})")
        }
        None => "Wait for the blocking session".to_owned(),
    };
    Observation::by_limit(waited, WAIT, seen, remedy)
}
