//! A namespace and its description. Reading and writing messages is in `read.rs`, `write.rs`, `browse.rs` and
//! `tail.rs`; nothing here sends a query.

use std::sync::Arc;

use jiff::Timestamp;

#[cfg(feature = "cli")]
use super::StoreError;
use super::fingerprints::is_known_writer;
use super::session::{Session, Sessions};
use super::shape::Shape;
use super::{Flavour, Result};
use crate::message::BodyPath;

/// Describes a message store in a database, according to the registry and the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceInfo {
    /// The ID in the registry, or the schema's name if the namespace is not registered.
    pub id: String,
    /// The name of its schema, as in `pg_namespace`.
    pub schema: String,
    /// The program that created it.
    pub flavour: Flavour,
    /// Whether the registry lists it.
    pub registered: bool,
    /// The description in the registry.
    pub description: Option<String>,
    /// The time of creation in the registry, in whole seconds.
    pub created_at: Option<Timestamp>,
    /// The version of its SQL: streamscope's (`1`, `2`, …), Message DB's (`1.3.0`) or EventoDB's. `None` if it has no
    /// version.
    pub version: Option<String>,
    /// Whether `ns migrate` would upgrade it: streamscope created it, with older SQL or before its schema was renamed.
    pub outdated: bool,
    /// Whether row security policies may hide messages from this role.
    pub hides_rows: bool,
    /// Why it cannot be opened. `None` if it can.
    pub closed: Option<String>,
    /// A warning: what could not be read and why, or why the namespace is opened only if the user names it.
    pub caution: Option<String>,
}

/// One message store, open for reading, writing and following. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Namespace {
    pub(super) sessions: Arc<Sessions>,
    pub(super) info: Arc<NamespaceInfo>,
    shape: Arc<Shape>,
    /// Whether `write_message` and the table store a message as it is sent and number it from the sequence.
    pub(super) is_faithful: bool,
    /// The paths whose values come with message heads.
    pub(super) paths: Arc<[BodyPath]>,
}

impl Namespace {
    pub(super) fn new(sessions: &Arc<Sessions>, info: NamespaceInfo, shape: Shape) -> Self {
        let sessions = Arc::clone(sessions);
        let is_faithful = is_faithful(&info, &shape);
        Self { sessions, info: Arc::new(info), shape: Arc::new(shape), is_faithful, paths: Arc::default() }
    }

    /// Describes its table as it is now.
    pub(super) fn with_shape(self, shape: Shape) -> Self {
        Self { is_faithful: is_faithful(&self.info, &shape), shape: Arc::new(shape), ..self }
    }

    /// Reads the values of these paths with every message head: in pages, searches and followers. Bodies of more than 8
    /// KiB are not read for it.
    #[must_use]
    pub fn with_paths(self, paths: Arc<[BodyPath]>) -> Self {
        Self { paths, ..self }
    }

    /// Returns the description of the namespace from when it was opened.
    #[must_use]
    pub fn info(&self) -> &NamespaceInfo {
        &self.info
    }

    /// Returns `user@host/database` of its database, without the password.
    #[must_use]
    pub fn target(&self) -> String {
        self.sessions.settings().target()
    }

    /// Returns the maximum number of connections for its operations. It is 1 for an embedded store.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.sessions.size()
    }

    /// Acquires a connection for reading. Its search path finds only built-in functions, so nothing can shadow them,
    /// not even inside Message DB's functions, which look up their helpers on the search path.
    pub(super) async fn session(&self) -> Result<Session> {
        Ok(self.sessions.acquire().await?.with_system_path())
    }

    /// Returns the shape of its table from when it was opened.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Fails if nothing can be written because the store was opened read-only, or because the server is a standby or
    /// read-only.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`], or any error from the server.
    #[cfg(feature = "cli")]
    pub(crate) async fn refuse_if_read_only(&self) -> Result<()> {
        let reason = self.session().await?.server_info().await?.read_only;
        reason.map_or(Ok(()), |reason| Err(StoreError::ReadOnly(reason)))
    }

    /// Returns true if stream names sort bytewise, which makes the streams of a category adjacent.
    #[must_use]
    pub fn bytewise(&self) -> bool {
        self.shape.bytewise
    }
}

/// A function that was changed may return without writing, or number messages in another way.
fn is_faithful(info: &NamespaceInfo, shape: &Shape) -> bool {
    let is_known = |body: &String| is_known_writer(body, info.flavour, &info.schema);
    shape.stores_messages_faithfully() && shape.write_body.as_ref().is_some_and(is_known)
}
