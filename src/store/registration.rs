//! Writes the registry `eventodb_store.namespaces`, within the caller's transaction. Never writes to a registry if that
//! would run its owner's code.

use tokio_postgres::types::Type;

use super::row::column;
use super::session::Transaction;
use super::{Result, StoreError, untrusted};

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

/// Creates the registry if it does not exist.
pub(super) async fn create(transaction: &Transaction<'_>) -> Result<()> {
    if !exists(transaction).await? {
        transaction.batch(REGISTRY).await?;
    }
    require_plain(transaction).await
}

/// Returns the ID of a namespace with this ID or schema.
pub(super) async fn owner(transaction: &Transaction<'_>, id: &str, schema: &str) -> Result<Option<String>> {
    let owner = "select id from eventodb_store.namespaces where id = $1 or schema_name = $2";
    let row = transaction.query_opt(owner, &[(&id, Type::TEXT), (&schema, Type::TEXT)]).await?;
    row.map(|row| column(&row, 0)).transpose()
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
    let delete = "delete from eventodb_store.namespaces where schema_name = $1";
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
