//! Checks on the server: its version, its standbys and its replication slots.

use super::{Observation, Patient, listed};
use crate::numbers::grouped;

/// The oldest version that streamscope supports, and the first with jsonpath.
const OLDEST: u32 = 100_000;
const JSONPATH: u32 = 120_000;

/// How far a standby may be behind, in seconds.
const LAG: (f64, f64) = (10.0, 300.0);
/// How much WAL an unused slot may retain, in bytes.
const RETAINED: (i64, i64) = (1 << 30, 10 << 30);

pub(super) fn version(patient: &Patient<'_>) -> Observation {
    let server = patient.server;
    let seen = format!("PostgreSQL {}", server.version);
    if server.version_number < OLDEST {
        return Observation::fail(format!("{seen} is older than 10"), "Upgrade the server to a supported version");
    }
    if server.version_number < JSONPATH {
        return Observation::ok(format!("{seen}; filters by path need 12 or newer"));
    }
    Observation::ok(seen)
}

pub(super) fn replication(patient: &Patient<'_>) -> Observation {
    let server = patient.server;
    if server.standby {
        let Some(delay) = server.replay_delay else {
            return Observation::skipped("this standby has not replayed a transaction since it started");
        };
        let seen = format!("this standby is {} behind", seconds(delay));
        return Observation::by_limit(delay, LAG.0, LAG.1, seen, "Check the network, and long queries on the standby");
    }
    if server.replicas.is_empty() {
        return Observation::ok("no standby is connected");
    }
    if server.replicas.iter().any(|replica| replica.state.is_none()) {
        return Observation::skipped("this role may not see the state of the standbys; grant it pg_monitor");
    }
    let slowest =
        server.replicas.iter().max_by(|one, other| one.seconds.unwrap_or(0.0).total_cmp(&other.seconds.unwrap_or(0.0)));
    let (Some(slowest), connected) = (slowest, server.replicas.len()) else {
        return Observation::ok("no standby is connected");
    };
    let (delay, bytes) = (slowest.seconds.unwrap_or(0.0), slowest.bytes.unwrap_or(0));
    let name = slowest.name.as_deref().unwrap_or("standby");
    let seen = format!(
        "{connected} connected; {name} is {} and {} bytes behind",
        seconds(delay),
        grouped(bytes.max(0).unsigned_abs())
    );
    Observation::by_limit(delay, LAG.0, LAG.1, seen, format!("Check the network and the load of {name}"))
}

pub(super) fn slots(patient: &Patient<'_>) -> Observation {
    let slots = &patient.server.slots;
    let lost: Vec<&str> =
        slots.iter().filter(|slot| slot.status.as_deref() == Some("lost")).map(|slot| slot.name.as_str()).collect();
    if !lost.is_empty() {
        let drop: Vec<String> = lost.iter().map(|name| drop_slot(name)).collect();
        return Observation::fail(
            format!("the WAL of slot {} is gone, so its reader cannot continue", listed(&lost)),
            listed(&drop),
        );
    }
    let worst = slots.iter().filter(|slot| !slot.active).max_by_key(|slot| slot.bytes);
    let Some((worst, bytes)) = worst.and_then(|slot| Some((slot, slot.bytes?))) else {
        return Observation::ok(match slots.len() {
            0 => "no slots".to_owned(),
            1 => "1 slot, in use".to_owned(),
            more => format!("{more} slots, in use"),
        });
    };
    let seen =
        format!("slot {} is not in use and retains {} bytes of WAL", worst.name, grouped(bytes.max(0).unsigned_abs()));
    Observation::by_limit(
        bytes,
        RETAINED.0,
        RETAINED.1,
        seen,
        format!("Start its reader, or drop it: {}", drop_slot(&worst.name)),
    )
}

fn drop_slot(name: &str) -> String {
    // The server allows only lower-case letters, digits and underscores.
    format!("select pg_drop_replication_slot('{name}')")
}

/// Formats a duration for a sentence.
pub(super) fn seconds(seconds: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "far below the limit, and rounded on purpose")]
    let whole = seconds.max(0.0).round() as i64;
    match whole {
        0..120 => format!("{whole} s"),
        120..7_200 => format!("{} min", whole / 60),
        7_200..172_800 => format!("{} h", whole / 3_600),
        _ => format!("{} days", whole / 86_400),
    }
}
