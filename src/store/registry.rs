//! Finds namespaces: schemas that contain a message store, together with the registry and the version tables. One round
//! trip reads one namespace or all of them. The user has not chosen a namespace yet, so code that belongs to other
//! roles is never called: tables are checked in the catalog before they are read, and the reason is reported if the
//! check fails.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde::Deserialize;

use super::flavour::Flavour;
use super::namespace::NamespaceInfo;
use super::row::{Lossy, column, document};
use super::session::Session;
use super::shape::{self, Shape};
use super::template::{fill, hex};
use super::{Result, StoreError, schema, untrusted};

/// The number of attempts if a namespace is deleted during the query.
const ATTEMPTS: usize = 4;
/// A namespace with the shape of its table, if that was read.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) info: NamespaceInfo,
    pub(super) shape: Option<Shape>,
}

/// The document of `find.sql`.
#[derive(Deserialize)]
struct Listing {
    problem: Option<String>,
    registered: Vec<Registered>,
    lost: Vec<LostNamespace>,
    namespaces: Vec<FoundSchema>,
}

/// A registry entry whose schema no longer exists.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LostNamespace {
    /// The ID of the namespace.
    pub id: String,
    /// The name of the missing schema.
    pub schema: String,
}

#[derive(Deserialize)]
struct Registered {
    id: Option<String>,
    schema: Option<String>,
    description: Option<String>,
    created: Option<String>,
}

#[derive(Deserialize)]
struct FoundSchema {
    schema: String,
    kind: char,
    /// The columns of a message that the relation has.
    present: Vec<String>,
    hides_rows: bool,
    has_our_version: bool,
    /// The contents of the version table, or why it was not read.
    version: Option<String>,
    version_problem: Option<String>,
    /// The schema name in the body of `write_message`, still escaped.
    named: Option<String>,
    message_db: Option<MessageDb>,
    /// Whether another session holds a lock on the table, so that its shape could not be read.
    is_locked: bool,
    shape: Option<Shape>,
}

impl FoundSchema {
    /// Returns the former name of the schema, which the functions of our own namespaces contain, if the schema was
    /// renamed.
    fn old_name(&self) -> Option<String> {
        let named = self.named.as_ref()?.replace("\"\"", "\"");
        (self.has_our_version && named != self.schema).then_some(named)
    }
}

#[derive(Deserialize)]
struct MessageDb {
    version: Option<String>,
}

pub(super) struct Survey {
    pub(super) candidates: Vec<Candidate>,
    /// Entries whose schema is gone. A renamed schema is not gone.
    pub(super) lost: Vec<LostNamespace>,
    /// Why the registry was not read, if it exists.
    pub(super) unread: Option<String>,
}

/// Finds the namespace with an ID or schema name, or all of them in ID order.
pub(super) async fn find(session: &Session, wanted: Option<&str>) -> Result<Vec<Candidate>> {
    Ok(survey(session, wanted).await?.candidates)
}

/// As [`find`], with the registry's lost entries.
pub(super) async fn survey(session: &Session, wanted: Option<&str>) -> Result<Survey> {
    for _ in 1..ATTEMPTS {
        match survey_once(session, wanted).await {
            Err(error) if meets_a_deletion(&error) => {}
            found => return found.map_err(explain_lock),
        }
    }
    survey_once(session, wanted).await.map_err(explain_lock)
}

/// Whether a query failed because a namespace was deleted meanwhile. The deletion can also cause a deadlock. The block
/// in `find.sql` is the only function that the query calls.
fn meets_a_deletion(error: &StoreError) -> bool {
    let code = match error {
        StoreError::Server { code, .. } | StoreError::Raised { code, .. } => code.as_str(),
        _ => return false,
    };
    ["42P01", "3F000", "40P01"].contains(&code)
}

fn explain_lock(error: StoreError) -> StoreError {
    match error {
        StoreError::Server { code, .. } if error.is_lock_timeout() => {
            StoreError::Server { code, message: "another session has locked the messages of a namespace".to_owned() }
        }
        error => error,
    }
}

async fn survey_once(session: &Session, wanted: Option<&str>) -> Result<Survey> {
    let find = fill(
        include_str!("../../sql/registry/find.sql"),
        &[
            ("guards", untrusted::GUARDS),
            ("check", untrusted::CHECK),
            ("shape", &shape::description()),
            ("columns", &shape::columns()),
            ("written", &schema::written_schema("_function.prosrc")),
            ("wanted", &hex(wanted.unwrap_or_default().as_bytes())),
        ],
    );
    let rows = session.query_after(&find, "select current_setting('streamscope.found')").await?;
    let Some(row) = rows.first() else {
        return Ok(Survey { candidates: Vec::new(), lost: Vec::new(), unread: None });
    };
    let Lossy { text, .. } = column(row, 0)?;
    let listing: Listing = document(&text, "the list of namespaces")?;
    match (wanted, listing.namespaces.as_slice()) {
        (Some(wanted), [first, second]) => Err(ambiguous(wanted, first, second)),
        _ => Ok(sorted(listing)),
    }
}

/// Explains that a name is the ID of a registered namespace and the schema of another one. Anyone who can create
/// schemas could have created one of them to receive the messages of the other, so neither is opened.
fn ambiguous(wanted: &str, first: &FoundSchema, second: &FoundSchema) -> StoreError {
    let registered = if first.schema == wanted { &second.schema } else { &first.schema };
    let reason = format!(
        "this is both the name of a schema with messages and, in eventodb_store.namespaces, the ID of the namespace in \
         schema {registered}. Use the name {registered} for that namespace, or remove its entry"
    );
    StoreError::NamespaceClosed { id: wanted.to_owned(), reason }
}

fn sorted(listing: Listing) -> Survey {
    let Listing { problem, registered, mut lost, namespaces } = listing;
    let old_names: Vec<String> = namespaces.iter().filter_map(FoundSchema::old_name).collect();
    lost.retain(|lost| !old_names.contains(&lost.schema));
    let unread = problem.map(|problem| format!("the registry eventodb_store.namespaces was not read: {problem}"));
    let mut registered: HashMap<String, Registered> =
        registered.into_iter().filter_map(|entry| Some((entry.schema.clone()?, entry))).collect();
    let mut all: Vec<Candidate> = namespaces
        .into_iter()
        .map(|found| {
            let entry = registered.remove(&found.schema);
            candidate(found, entry, unread.clone())
        })
        .collect();
    all.sort_by(|a, b| a.info.id.cmp(&b.info.id));
    Survey { candidates: all, lost, unread }
}

fn candidate(found: FoundSchema, entry: Option<Registered>, unread: Option<String>) -> Candidate {
    let (closed, old_name) = (closed(&found), found.old_name());
    let FoundSchema { schema, hides_rows, has_our_version, version, version_problem, message_db, shape, .. } = found;
    let flavour = Flavour::of(has_our_version, message_db.is_some());
    let version = version.or_else(|| message_db.and_then(|message_db| message_db.version));
    let older =
        version.as_deref().and_then(|version| version.parse().ok()).is_some_and(|v: i32| v < schema::NAMESPACE_VERSION);
    let outdated = flavour == Flavour::Streamscope && (older || old_name.is_some());
    let renamed = old_name.map(|old| {
        format!(
            "its schema was renamed from {old}, but its functions still use that name, so writes fail; ns migrate repairs it"
        )
    });
    let registered = entry.is_some();
    let (id, description, created) =
        entry.map_or((None, None, None), |entry| (entry.id, entry.description, entry.created));
    let calls = shape.as_ref().and_then(|shape| calls(&shape.calls));
    let cautions: Vec<String> = [calls, renamed, version_problem, unread].into_iter().flatten().collect();
    let info = NamespaceInfo {
        id: id.unwrap_or_else(|| schema.clone()),
        schema,
        flavour,
        registered,
        description: description.filter(|text| !text.is_empty()),
        created_at: created
            .and_then(|seconds| seconds.parse().ok())
            .and_then(|seconds| Timestamp::from_second(seconds).ok()),
        version,
        outdated,
        hides_rows,
        closed,
        caution: (!cautions.is_empty()).then(|| cautions.join("; ")),
    };
    Candidate { info, shape }
}

fn calls(calls: &BTreeSet<String>) -> Option<String> {
    let first = calls.first()?;
    Some(match calls.len() - 1 {
        0 => format!("reading it calls {first}, which is not built into the server"),
        more => format!("reading it calls {first} and {more} more, which are not built into the server"),
    })
}

/// Returns why a namespace cannot be opened.
fn closed(found: &FoundSchema) -> Option<String> {
    if found.schema.contains(char::REPLACEMENT_CHARACTER) {
        return Some("the name of its schema is not valid UTF-8".to_owned());
    }
    match found.kind {
        'v' => return Some("messages is a view, not a table".to_owned()),
        'm' => return Some("messages is a materialized view, not a table".to_owned()),
        'f' => return Some("messages is a foreign table".to_owned()),
        _ => {}
    }
    if found.is_locked {
        return Some("another session has locked its table messages".to_owned());
    }
    let is_missing = |name: &&str| !found.present.iter().any(|present| present == name);
    let missing: Vec<&str> = shape::COLUMNS.into_iter().filter(is_missing).collect();
    if !missing.is_empty() {
        let columns = if missing.len() == 1 { "column" } else { "columns" };
        return Some(format!("messages has no {columns} {}", missing.join(", ")));
    }
    let shape = found.shape.as_ref()?;
    if let Some(part) = shape.parts.iter().find(|part| part.is_foreign()) {
        return Some(format!("partition {} of messages is a foreign table", part.name));
    }
    shape.columns.unsupported()
}
