//! Checks on the server: its version, its standbys and its replication slots.

use super::facts::Slot;
use super::{Limit, Observation, Patient, listed};
use crate::numbers::grouped;

/// The oldest version that streamscope supports, and the first with jsonpath.
const OLDEST: u32 = 100_000;
const JSONPATH: u32 = 120_000;

/// How far a standby may be behind, in seconds.
const LAG: (f64, f64) = (10.0, 300.0);

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
        return Observation::by_limit(delay, LAG, seen, "Check the network, and long queries on the standby");
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
    Observation::by_limit(delay, LAG, seen, format!("Check the network and the load of {name}"))
}

pub(super) fn slots(patient: &Patient<'_>) -> Observation {
    judged(&patient.server.slots, patient.limits.slot_bytes)
}

/// Judges replication slots by the WAL that they retain.
fn judged(slots: &[Slot], limit: Limit<i64>) -> Observation {
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
    Observation::by_limit(bytes, limit, seen, format!("Start its reader, or drop it: {}", drop_slot(&worst.name)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::doctor::{CheckStatus, DoctorLimits};

    fn slot(name: &str, active: bool, bytes: Option<i64>, status: Option<&str>) -> Slot {
        Slot { name: name.to_owned(), active, bytes, status: status.map(str::to_owned) }
    }

    #[test]
    fn a_slot_without_a_reader_is_judged_by_the_wal_that_it_retains() {
        let limit = DoctorLimits::default().slot_bytes;
        let status = |slots: &[Slot]| judged(slots, limit).status;
        let idle = |bytes| slot("idle", false, Some(bytes), Some("extended"));
        assert_eq!(status(&[]), CheckStatus::Ok);
        assert_eq!(status(&[idle((1 << 30) - 1)]), CheckStatus::Ok);
        assert_eq!(status(&[idle(1 << 30)]), CheckStatus::Warn);
        assert_eq!(status(&[slot("used", true, Some(20 << 30), Some("extended")), idle(1)]), CheckStatus::Ok);
        let worst = judged(&[idle(1), slot("worst", false, Some(10 << 30), None)], limit);
        assert_eq!(worst.status, CheckStatus::Fail);
        assert!(worst.seen.contains("slot worst is not in use and retains 10,737,418,240 bytes"), "{}", worst.seen);
        assert!(worst.remedy.expect("a remedy").ends_with("select pg_drop_replication_slot('worst')"));
        assert_eq!(judged(&[idle(100)], (50, 200)).status, CheckStatus::Warn, "the limit is lower");
    }

    #[test]
    fn a_slot_whose_wal_is_gone_is_a_failure() {
        let lost = judged(&[slot("a", true, Some(1), None), slot("b", false, None, Some("lost"))], (1, 2));
        assert_eq!(lost.status, CheckStatus::Fail);
        assert!(lost.seen.contains("the WAL of slot b is gone"), "{}", lost.seen);
        // Before PostgreSQL 13, the server does not tell, and this role may not see how much a slot retains.
        assert_eq!(judged(&[slot("c", false, None, None)], (1, 2)).status, CheckStatus::Ok);
    }
}
