//! Namespaces: found, made, migrated, deleted.

use std::sync::Arc;

use jiff::Timestamp;

use super::session::Sessions;
use super::{Flavour, Result, Store};

/// A message store of a database, as the registry and the catalog describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceInfo {
    /// The registry's id; the schema's name where it is in no registry.
    pub id: String,
    /// The schema that holds it, resolved through `pg_namespace`.
    pub schema: String,
    /// Who made it.
    pub flavour: Flavour,
    /// From the registry.
    pub description: Option<String>,
    /// From the registry (seconds).
    pub created_at: Option<Timestamp>,
    /// Version of the store's SQL: ours (`1`, `2`, …), Message DB's (`1.3.0`), EventoDB's; none where it says none.
    pub version: Option<String>,
    /// Of our own making and older than this program's SQL: `ns migrate` upgrades it.
    pub outdated: bool,
}

/// What [`Store::create_namespace`] made.
#[derive(Debug, Clone)]
pub struct CreatedNamespace {
    /// As it is now listed.
    pub info: NamespaceInfo,
    /// The token (EventoDB's form). Only its hash is kept: this is the one time it can be shown.
    pub token: String,
}

/// One message store. Operations are in `read.rs`, `write.rs`, `browse.rs`.
#[derive(Debug, Clone)]
pub struct Namespace {
    pub(super) sessions: Arc<Sessions>,
    pub(super) info: Arc<NamespaceInfo>,
}

impl Namespace {
    /// What it is.
    #[must_use]
    pub fn info(&self) -> &NamespaceInfo {
        &self.info
    }
}

impl Store {
    /// All namespaces: the registry's, and every other schema that holds a message store; by id.
    ///
    /// # Errors
    /// From connecting, or the server's.
    pub async fn namespaces(&self) -> Result<Vec<NamespaceInfo>> {
        todo!()
    }

    /// One namespace by its id (or by its schema's name where no id matches).
    ///
    /// # Errors
    /// [`super::StoreError::NamespaceNotFound`].
    pub async fn namespace(&self, id: &str) -> Result<Namespace> {
        todo!()
    }

    /// A new namespace: schema, table, functions, registry row, in one transaction.
    ///
    /// # Errors
    /// [`super::StoreError::Invalid`] for an id that is not 1 to 54 bytes, [`super::StoreError::NamespaceExists`].
    pub async fn create_namespace(&self, id: &str, description: Option<&str>) -> Result<CreatedNamespace> {
        todo!()
    }

    /// Drops a namespace's schema and registry row in one transaction; gives the number of messages that went.
    ///
    /// # Errors
    /// [`super::StoreError::NamespaceNotFound`]; [`super::StoreError::Invalid`] for a Message DB schema.
    pub async fn delete_namespace(&self, id: &str) -> Result<u64> {
        todo!()
    }

    /// Brings a namespace of our making to this program's version; gives the version before and after.
    ///
    /// # Errors
    /// [`super::StoreError::NamespaceNotFound`]; [`super::StoreError::Invalid`] for a foreign one.
    pub async fn migrate_namespace(&self, id: &str) -> Result<(String, String)> {
        todo!()
    }
}
