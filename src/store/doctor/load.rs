//! Checks on resources that run out: dead rows, transaction IDs and connections.

use super::{Limit, Observation, Patient};
use crate::numbers::grouped;

/// Dead rows below this number never matter.
const DEAD: i64 = 50_000;

pub(super) fn vacuum(patient: &Patient<'_>) -> Observation {
    let (table, server) = (patient.table, patient.server);
    if server.standby {
        return Observation::skipped("a standby does not vacuum; examine the primary");
    }
    let name = patient.table_name();
    if server.autovacuum == "off" {
        return Observation::warn("autovacuum is off", "alter system set autovacuum = on; select pg_reload_conf()");
    }
    if table.autovacuum_off {
        return Observation::warn(
            "autovacuum is off for this table",
            format!("alter table {name} reset (autovacuum_enabled)"),
        );
    }
    let (Some(dead), Some(live)) = (table.dead_rows, table.live_rows) else {
        return Observation::skipped("the server has no statistics of this table");
    };
    let seen = format!("{} dead rows", grouped(dead.max(0).unsigned_abs()));
    if dead >= DEAD && dead > live / 3 {
        return Observation::warn(seen, format!("vacuum (analyze) {name}"));
    }
    Observation::ok(seen)
}

pub(super) fn wraparound(patient: &Patient<'_>) -> Observation {
    // A partitioned table has no age of its own.
    let age = patient.server.database_age.max(if patient.shape.is_partitioned() { 0 } else { patient.table.age });
    aged(age, patient.limits.wraparound, &patient.table_name())
}

/// Judges the age of the oldest row, in transactions.
fn aged(age: i64, limit: Limit<i64>, table: &str) -> Observation {
    let seen = format!(
        "the oldest row is {} transactions old; the server stops at 2 billion",
        grouped(age.max(0).unsigned_abs())
    );
    Observation::by_limit(age, limit, seen, format!("vacuum (freeze) {table}"))
}

pub(super) fn connections(patient: &Patient<'_>) -> Observation {
    used(patient.server.connections, patient.server.max_connections, patient.limits.connections)
}

/// Judges the connections in use by their share of all.
fn used(used: u32, most: u32, limit: Limit<u32>) -> Observation {
    let share = used.saturating_mul(100) / most.max(1);
    let seen = format!("{used} of {most} in use");
    // The embedded store counts differently.
    if most < 10 {
        return Observation::ok(seen);
    }
    Observation::by_limit(share, limit, seen, "Close connections, use a pooler, or raise max_connections")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::doctor::{CheckStatus, DoctorLimits};

    #[test]
    fn old_rows_are_judged_by_their_age_in_transactions() {
        let limit = DoctorLimits::default().wraparound;
        let status = |age| aged(age, limit, "shop.messages").status;
        assert_eq!((status(-1), status(999_999_999)), (CheckStatus::Ok, CheckStatus::Ok));
        assert_eq!((status(1_000_000_000), status(1_599_999_999)), (CheckStatus::Warn, CheckStatus::Warn));
        let old = aged(1_600_000_000, limit, "shop.messages");
        assert_eq!((old.status, old.remedy.as_deref()), (CheckStatus::Fail, Some("vacuum (freeze) shop.messages")));
        assert!(old.seen.contains("1,600,000,000 transactions old"), "{}", old.seen);
        assert_eq!(aged(200, (100, 300), "t").status, CheckStatus::Warn, "the limit is lower");
    }

    #[test]
    fn connections_are_judged_by_their_share() {
        let limit = DoctorLimits::default().connections;
        let status = |now, most| used(now, most, limit).status;
        assert_eq!((status(79, 100), status(80, 100)), (CheckStatus::Ok, CheckStatus::Warn));
        assert_eq!((status(94, 100), status(95, 100)), (CheckStatus::Warn, CheckStatus::Fail));
        assert_eq!(status(1, 1), CheckStatus::Ok, "the embedded store has one");
        assert_eq!(status(1, 0), CheckStatus::Ok);
        assert_eq!(used(5, 100, (5, 10)).status, CheckStatus::Warn, "the limit is lower");
    }
}
