//! Writes the registry `eventodb_store.namespaces`, within the caller's transaction. Never writes to a registry if that
//! would run its owner's code.

use tokio_postgres::types::Type;

use super::row::column;
use super::session::Transaction;
use super::template::fill;
use super::{Result, StoreError, schema, untrusted};

const REGISTRY: &str = include_str!("../../sql/registry/namespaces.sql");

/// A new entry of the registry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) id: &'a str,
    /// The SHA-256 digest of the token, in hex.
    pub(super) token_hash: &'a str,
    pub(super) schema: &'a str,
    pub(super) description: &'a str,
    /// Unix seconds.
    pub(super) created_at: i64,
}

/// An existing entry of the registry.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) id: String,
    pub(super) schema: String,
    /// The name that the schema has now. `None` if the schema is gone.
    pub(super) present: Option<String>,
}

/// Creates the registry if it does not exist.
pub(super) async fn create(transaction: &Transaction<'_>) -> Result<()> {
    if !exists(transaction).await? {
        transaction.batch(REGISTRY).await?;
    }
    require_plain(transaction).await?;
    require_types(transaction).await
}

/// Returns the entries with this ID or schema. They can be two.
pub(super) async fn owners(transaction: &Transaction<'_>, id: &str, schema: &str) -> Result<Vec<Owner>> {
    let written = schema::written_schema("p.prosrc");
    let owners = fill(include_str!("../../sql/registry/owners.sql"), &[("written", &written)]);
    let rows = transaction.query(&owners, &[(&id, Type::TEXT), (&schema, Type::TEXT)]).await?;
    let owner = |row| Ok(Owner { id: column(row, 0)?, schema: column(row, 1)?, present: column(row, 2)? });
    rows.iter().map(owner).collect()
}

pub(super) async fn insert(transaction: &Transaction<'_>, entry: &Entry<'_>) -> Result<()> {
    let insert = include_str!("../../sql/registry/insert.sql");
    let Entry { id, token_hash, schema, description, created_at } = entry;
    transaction
        .query(
            insert,
            &[
                (id, Type::TEXT),
                (token_hash, Type::TEXT),
                (schema, Type::TEXT),
                (description, Type::TEXT),
                (created_at, Type::INT8),
            ],
        )
        .await
        .map(drop)
}

/// Removes the entry of a schema, if there is one.
pub(super) async fn remove(transaction: &Transaction<'_>, schema: &str) -> Result<()> {
    if !exists(transaction).await? {
        return Ok(());
    }
    require_plain(transaction).await?;
    // In the registry of another program the column can have any built-in type.
    let delete = "delete from eventodb_store.namespaces where schema_name::text = $1";
    transaction.query(delete, &[(&schema, Type::TEXT)]).await.map(drop)
}

/// Removes the entry of a namespace whose schema is gone. Returns whether there was one.
pub(super) async fn remove_lost(transaction: &Transaction<'_>, id: &str) -> Result<bool> {
    if !exists(transaction).await? {
        return Ok(false);
    }
    require_plain(transaction).await?;
    let delete = include_str!("../../sql/registry/remove_lost.sql");
    Ok(transaction.query_opt(delete, &[(&id, Type::TEXT)]).await?.is_some())
}

/// Updates the entry of a schema that was renamed.
pub(super) async fn rename(transaction: &Transaction<'_>, old: &str, new: &str) -> Result<()> {
    if !exists(transaction).await? {
        return Ok(());
    }
    require_plain(transaction).await?;
    let listed = "select from eventodb_store.namespaces where schema_name::text = $1";
    if transaction.query(listed, &[(&old, Type::TEXT)]).await?.is_empty() {
        return Ok(());
    }
    let update = include_str!("../../sql/registry/rename.sql");
    transaction.query(update, &[(&old, Type::TEXT), (&new, Type::TEXT)]).await.map(drop)
}

async fn exists(transaction: &Transaction<'_>) -> Result<bool> {
    let exists = "select where to_regclass('eventodb_store.namespaces') is not null";
    Ok(transaction.query_opt(exists, &[]).await?.is_some())
}

/// Rejects a registry if writing to it would call code that belongs to its owner.
async fn require_plain(transaction: &Transaction<'_>) -> Result<()> {
    if !untrusted::runs_code_if_written(transaction, "eventodb_store.namespaces").await? {
        return Ok(());
    }
    Err(StoreError::Invalid {
        field: "registry",
        reason: "writing to eventodb_store.namespaces would run its owner's rules, triggers or functions with your privileges"
            .to_owned(),
    })
}

/// Rejects a registry whose columns cannot hold an entry, as that of another program.
async fn require_types(transaction: &Transaction<'_>) -> Result<()> {
    let unfit = include_str!("../../sql/registry/unfit.sql");
    let Some(row) = transaction.query_opt(unfit, &[]).await? else { return Ok(()) };
    let (name, found, needed): (String, Option<String>, String) =
        (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
    let problem = match found {
        Some(found) => {
            format!("column {name} of eventodb_store.namespaces has type {found}, but must have type {needed}")
        }
        None => format!("eventodb_store.namespaces has no column {name}"),
    };
    Err(StoreError::Invalid {
        field: "registry",
        reason: format!("{problem}. Another program created this table; use another database"),
    })
}
