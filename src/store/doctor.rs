//! Examines a namespace for faults that make a store lose, hide or delay messages: wrong functions, missing indexes,
//! sequences that fell behind, transactions that block everyone. It reads the catalog and never repairs anything; each
//! finding says what to do.

mod activity;
mod facts;
mod layout;
mod limits;
mod load;
mod scan;
mod server;

use facts::{ServerFacts, TableFacts};

use super::fingerprints::recognise;
use super::shape::Shape;
use super::{Flavour, Namespace, Result, StoreError, schema};
use crate::pasteable::sql_identifier;

pub use limits::{DoctorLimits, Limit};
pub use scan::{Scan, ScanStep};

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckStatus {
    /// Nothing is wrong.
    Ok,
    /// The check could not run. It says nothing about the store.
    Skipped,
    /// Something deserves attention.
    Warn,
    /// Something is broken, or about to be.
    Fail,
}

impl CheckStatus {
    /// Returns the name used in output and JSON: `ok`, `skipped`, `warn` or `fail`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The ID of the check, one of [`CHECKS`] or [`DEEP_CHECKS`].
    pub check: &'static str,
    /// The outcome.
    pub status: CheckStatus,
    /// What was seen, or why the check could not run.
    pub seen: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do, often as SQL. It is never run. None if there is nothing to do.
    pub remedy: Option<String>,
}

/// What one check saw.
struct Observation {
    status: CheckStatus,
    seen: String,
    remedy: Option<String>,
}

impl Observation {
    fn ok(seen: impl Into<String>) -> Self {
        Self { status: CheckStatus::Ok, seen: seen.into(), remedy: None }
    }

    fn skipped(reason: impl Into<String>) -> Self {
        Self { status: CheckStatus::Skipped, seen: reason.into(), remedy: None }
    }

    fn warn(seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: CheckStatus::Warn, seen: seen.into(), remedy: Some(remedy.into()) }
    }

    fn fail(seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { status: CheckStatus::Fail, seen: seen.into(), remedy: Some(remedy.into()) }
    }

    /// Returns a warning from the first limit on, and a failure from the second on.
    fn by_limit<T: PartialOrd + Copy>(
        value: T,
        (warn, fail): Limit<T>,
        seen: String,
        remedy: impl Into<String>,
    ) -> Self {
        if value >= fail {
            Self::fail(seen, remedy)
        } else if value >= warn {
            Self::warn(seen, remedy)
        } else {
            Self::ok(seen)
        }
    }
}

/// Everything that the checks look at.
struct Patient<'a> {
    namespace: &'a Namespace,
    shape: &'a Shape,
    table: &'a TableFacts,
    server: &'a ServerFacts,
    limits: &'a DoctorLimits,
    /// The name of the schema that our functions use, if it was renamed.
    former_name: Option<&'a str>,
}

impl Patient<'_> {
    fn flavour(&self) -> Flavour {
        self.namespace.info().flavour
    }

    /// Returns the name of the table for a statement to paste.
    fn table_name(&self) -> String {
        format!("{}.messages", sql_identifier(&self.namespace.info().schema))
    }
}

/// A check: its ID, why it matters, and the function that runs it.
type Check = (&'static str, &'static str, fn(&Patient<'_>) -> Observation);

/// The checks that read only the catalog, in the order of the report.
const ALL: &[Check] = &[
    ("server-version", "Some features need a newer PostgreSQL.", server::version),
    (
        "functions",
        "Clients write and read through these functions; a changed one can break their guarantees.",
        layout::functions,
    ),
    (
        "indexes",
        "Without its indexes, a store allows duplicates and reads the whole table for each request.",
        layout::indexes,
    ),
    (
        "columns",
        "Clients rely on the types of the columns, and an integer column runs out of numbers.",
        layout::columns,
    ),
    (
        "sequence",
        "Global positions must be unique and rise, or readers miss messages and writes fail.",
        layout::sequence,
    ),
    (
        "row-security",
        "Policies can hide messages from readers, who then skip them without an error.",
        layout::row_security,
    ),
    (
        "table-kind",
        "Messages of an unlogged, foreign, inherited or subscribed table can disappear or break the order.",
        layout::table_kind,
    ),
    ("triggers", "Triggers, rules and missing defaults can change, drop or refuse messages.", layout::triggers),
    ("grants", "A role that lacks one privilege fails only when it needs it.", layout::grants),
    ("collation", "An index that was sorted by another version of a collation can miss rows.", layout::collation),
    (
        "replication",
        "Readers of a lagging standby see old messages, and a failover loses the newest.",
        server::replication,
    ),
    (
        "replication-slots",
        "A slot without a reader retains all WAL since it was last read, and can fill the disk.",
        server::slots,
    ),
    (
        "transactions",
        "A transaction that stays open delays vacuum and every reader that waits for messages to be final.",
        activity::transactions,
    ),
    ("category-locks", "Writers of a category wait for the one that holds its lock.", activity::waiting),
    ("vacuum", "Without vacuum, the table grows, and estimates and plans become wrong.", load::vacuum),
    ("wraparound", "A database that runs out of transaction IDs stops accepting writes.", load::wraparound),
    ("connections", "When all connections are in use, clients cannot connect.", load::connections),
];

/// The IDs of the checks that [`Namespace::examine`] runs.
pub const CHECKS: [&str; 17] = {
    let mut ids = [""; 17];
    let mut index = 0;
    while index < ALL.len() {
        ids[index] = ALL[index].0;
        index += 1;
    }
    ids
};

/// The IDs of the checks that a [`Scan`] runs.
pub const DEEP_CHECKS: [&str; 7] = scan::IDS;

impl Namespace {
    /// Runs the checks that read only the catalog. `limits` judge resources, and `wanted` chooses checks by ID. Takes
    /// two statements, whatever the size of the store.
    ///
    /// # Errors
    /// Fails if the server cannot be reached. A check that the server refuses is [`CheckStatus::Skipped`].
    pub async fn examine(&self, limits: &DoctorLimits, wanted: impl Fn(&str) -> bool) -> Result<Vec<Finding>> {
        let session = self.session().await?;
        let shape = Shape::read(&session, &self.table()).await?;
        let shape = shape.ok_or_else(|| StoreError::NamespaceNotFound(self.info().id.clone()))?;
        let renamable = self.info().flavour == Flavour::Streamscope && self.info().outdated;
        let former_name = if renamable { schema::old_name(&session, &self.info().schema).await? } else { None };
        let facts = match TableFacts::read(self, &shape, &session).await {
            Ok(table) => ServerFacts::read(&shape, &session).await.map(|server| (table, server)),
            Err(error) => Err(error),
        };
        let facts = match facts {
            Err(
                StoreError::Server { message, .. }
                | StoreError::Raised { message, .. }
                | StoreError::NoPermission(message),
            ) => Err(message),
            other => Ok(other?),
        };
        let examined = |(check, why, run): &Check| {
            let Observation { status, seen, remedy } = match &facts {
                Ok((table, server)) => {
                    let former_name = former_name.as_deref();
                    run(&Patient { namespace: self, shape: &shape, table, server, limits, former_name })
                }
                Err(reason) => Observation::skipped(reason.clone()),
            };
            Finding { check, status, seen, why, remedy }
        };
        Ok(ALL.iter().filter(|(check, ..)| wanted(check)).map(examined).collect())
    }
}

/// Returns whether functions of a namespace that streamscope created are missing, or not as this program installs them.
pub(super) async fn has_other_functions(namespace: &Namespace) -> Result<bool> {
    let session = namespace.session().await?;
    let table = TableFacts::read(namespace, namespace.shape(), &session).await?;
    let found = recognise(&table.functions, Flavour::Streamscope, &namespace.info().schema);
    Ok(!found.missing.is_empty() || !found.changed.is_empty())
}

/// Joins names for a sentence.
fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    names.join(", ")
}
