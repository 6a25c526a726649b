//! Reads every message of a namespace, in bounded steps, and looks for faults that the catalog cannot show. A step
//! takes one statement and a few index probes for each message. A scan can stop after any step and continue later.

use tokio_postgres::types::Type;

use super::super::row::{Lossy, column};
use super::super::{Namespace, Result};
use super::{CheckStatus, Finding};
use crate::message::GlobalPosition;
use crate::numbers::grouped;

/// The number of messages in a step.
const WINDOW: i64 = 10_000;
/// The seconds by which a time may be earlier than the one before. Writers of different categories commit out of order.
const BACKWARDS: f64 = 60.0;

/// A fault that a scan counts: the ID of its check, its name in a sentence, the status, why it matters, and what to do.
struct Fault {
    check: &'static str,
    name: &'static str,
    status: CheckStatus,
    why: &'static str,
    remedy: &'static str,
}

/// The faults in the order of the columns of `scan.sql`.
const FAULTS: [Fault; 7] = [
    Fault {
        check: "stream-gaps",
        name: "after a gap in the stream or below position 0",
        status: CheckStatus::Fail,
        why: "Readers of a stream rely on positions without gaps, and so do expected versions.",
        remedy: "Find out what deleted the messages, and restore them from a backup",
    },
    Fault {
        check: "duplicate-positions",
        name: "at a position that another message of the stream has",
        status: CheckStatus::Fail,
        why: "Two writers both found the position free, so one of them decided on an outdated state.",
        remedy: "Decide which one is valid, then create the unique index on (stream_name, position)",
    },
    Fault {
        check: "duplicate-ids",
        name: "stored with an ID that another message has",
        status: CheckStatus::Fail,
        why: "A repeated write is recognised by its ID, and links by ID lead to the wrong message.",
        remedy: "Decide which one is valid, then create the unique index on (id)",
    },
    Fault {
        check: "times",
        name: "more than a minute older than the message before",
        status: CheckStatus::Warn,
        why: "Filters by time, and going to a time, assume that times rise with global positions.",
        remedy: "Check the clock of the server, and imports that kept the original times",
    },
    Fault {
        check: "causes",
        name: "linked to a cause that does not exist",
        status: CheckStatus::Warn,
        why: "A trace of the workflow ends there.",
        remedy: "Check whether the cause was deleted, or is in another namespace",
    },
    Fault {
        check: "bodies",
        name: "stored with data or metadata that is not a JSON object",
        status: CheckStatus::Warn,
        why: "Clients expect objects and fail on other values.",
        remedy: "Find the writer by the type of the message",
    },
    Fault {
        check: "stream-names",
        name: "in a stream without an ID",
        status: CheckStatus::Warn,
        why: "No member of a consumer group ever receives them.",
        remedy: "Write to streams with names such as account-1",
    },
];

/// The IDs of the checks of a scan.
pub(super) const IDS: [&str; 7] = {
    let mut ids = [""; 7];
    let mut index = 0;
    while index < FAULTS.len() {
        ids[index] = FAULTS[index].check;
        index += 1;
    }
    ids
};

/// How often a fault was seen, and where first.
#[derive(Debug, Clone, Default)]
struct Sighting {
    messages: u64,
    first: Option<String>,
}

/// The state of a scan. See [`Namespace::scan_step`].
#[derive(Debug, Clone)]
pub struct Scan {
    after: GlobalPosition,
    from: GlobalPosition,
    examined: u64,
    sightings: [Sighting; 7],
}

/// What one step of a scan did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanStep {
    /// Everything up to this global position was examined.
    pub through: GlobalPosition,
    /// The number of messages examined so far.
    pub examined: u64,
    /// Whether the end was reached.
    pub complete: bool,
}

impl Scan {
    /// Creates a scan that begins at a global position; at 0 or below, with the first message.
    #[must_use]
    pub fn from(position: GlobalPosition) -> Self {
        Self { after: position.saturating_sub(1), from: position, examined: 0, sightings: Default::default() }
    }

    /// Returns the findings so far, one for each of [`super::DEEP_CHECKS`].
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let part = if self.from > 0 { format!(" from global position {} on", self.from) } else { String::new() };
        let examined = format!("{} messages examined{part}", grouped(self.examined));
        let finding = |(fault, sighting): (&Fault, &Sighting)| match &sighting.first {
            Some(first) if sighting.messages > 0 => Finding {
                check: fault.check,
                status: fault.status,
                seen: format!(
                    "{} of {examined} {} {}; the first is {first}",
                    grouped(sighting.messages),
                    if sighting.messages == 1 { "is" } else { "are" },
                    fault.name
                ),
                why: fault.why,
                remedy: Some(fault.remedy.to_owned()),
            },
            _ => Finding {
                check: fault.check,
                status: CheckStatus::Ok,
                seen: examined.clone(),
                why: fault.why,
                remedy: None,
            },
        };
        FAULTS.iter().zip(&self.sightings).map(finding).collect()
    }
}

impl Namespace {
    /// Examines the next messages, at most 10,000, and adds what it sees to the scan.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error. The scan is unchanged, and the step can be repeated.
    pub async fn scan_step(&self, scan: &mut Scan) -> Result<ScanStep> {
        let sql = self.query(include_str!("../../../sql/doctor/scan.sql"), &[]);
        let session = self.session().await?;
        let parameters = [(&scan.after as _, Type::INT8), (&WINDOW as _, Type::INT8), (&BACKWARDS as _, Type::FLOAT8)];
        let row = session.query_one(&sql, &parameters).await?;
        let examined: i64 = column(&row, 0)?;
        let last: Option<GlobalPosition> = column(&row, 1)?;
        let mut seen: [Sighting; 7] = Default::default();
        for (index, sighting) in seen.iter_mut().enumerate() {
            sighting.messages = u64::try_from(column::<i64>(&row, 2 + 2 * index)?).unwrap_or(0);
            sighting.first = column::<Option<Lossy>>(&row, 3 + 2 * index)?.map(|first| first.text);
        }
        for (total, step) in scan.sightings.iter_mut().zip(seen) {
            total.messages += step.messages;
            total.first = total.first.take().or(step.first);
        }
        scan.examined += examined.unsigned_abs();
        scan.after = last.unwrap_or(scan.after);
        Ok(ScanStep { through: scan.after, examined: scan.examined, complete: examined < WINDOW })
    }
}
