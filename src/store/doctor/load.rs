//! Checks on resources that run out: dead rows, transaction IDs and connections.

use super::{Observation, Patient};
use crate::numbers::grouped;

/// Dead rows below this number never matter.
const DEAD: i64 = 50_000;
/// The age of the oldest row, in transactions. Two billion is the end.
const AGE: (i64, i64) = (1_000_000_000, 1_600_000_000);
/// The share of connections in use, in percent.
const USED: (u32, u32) = (80, 95);

pub(super) fn vacuum(patient: &Patient<'_>) -> Observation {
    let (table, server) = (patient.table, patient.server);
    if server.standby {
        return Observation::skipped("a standby does not vacuum; ask the primary");
    }
    let name = patient.namespace.table();
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
    let seen = format!("the oldest row is {} transactions old, of 2 billion", grouped(age.max(0).unsigned_abs()));
    Observation::by_limit(age, AGE.0, AGE.1, seen, format!("vacuum (freeze) {}", patient.namespace.table()))
}

pub(super) fn connections(patient: &Patient<'_>) -> Observation {
    let (used, most) = (patient.server.connections, patient.server.max_connections);
    // The embedded store counts differently.
    let share = used.saturating_mul(100) / most.max(1);
    let seen = format!("{used} of {most} in use");
    if most < 10 {
        return Observation::ok(seen);
    }
    Observation::by_limit(share, USED.0, USED.1, seen, "Close connections, use a pooler, or raise max_connections")
}
