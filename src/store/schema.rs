//! Installs the SQL of the registry and of namespaces: templates with the schema's name, applied in order within the caller's
//! transaction. Never commits.

use tokio_postgres::types::Type;

use super::flavour::quote_ident;
use super::query::fill;
use super::row::column;
use super::session::Transaction;
use super::{Result, StoreError};

const REGISTRY: &str = include_str!("../../sql/registry/001_namespaces.sql");

/// The version of a namespace's SQL that this program installs. Every change to the SQL increases it by one.
pub const LATEST: i32 = 6;

/// A namespace's SQL. The first file creates a new namespace. The others can be run again and upgrade an older one.
const NAMESPACE: [&str; 6] = [
    include_str!("../../sql/namespace/001_messages.sql"),
    include_str!("../../sql/namespace/002_names.sql"),
    include_str!("../../sql/namespace/003_write.sql"),
    include_str!("../../sql/namespace/004_read.sql"),
    include_str!("../../sql/namespace/005_views.sql"),
    include_str!("../../sql/namespace/006_eventodb.sql"),
];

/// The privileges of a role that uses a namespace.
const GRANT: &str = include_str!("../../sql/namespace/grant.sql");

/// Waits until no other program creates or changes namespaces in this database, and keeps others out until the transaction ends.
/// The number of the lock is arbitrary.
pub(super) async fn lock(transaction: &Transaction<'_>) -> Result<()> {
    transaction.batch("select pg_catalog.pg_advisory_xact_lock(7310591482263451)").await
}

/// Rejects servers older than PostgreSQL 14, which do not support functions with a body in standard SQL.
pub(super) async fn require_version(transaction: &Transaction<'_>) -> Result<()> {
    let old = "select current_setting('server_version') where current_setting('server_version_num')::int < 140000";
    match transaction.query_opt(old, &[]).await? {
        Some(row) => {
            let version: String = column(&row, 0)?;
            let reason = format!("creating one needs PostgreSQL 14 or newer, but this server is {version}");
            Err(StoreError::Invalid { field: "namespace", reason })
        }
        None => Ok(()),
    }
}

/// Creates the registry if it does not exist.
pub(super) async fn make_registry(transaction: &Transaction<'_>) -> Result<()> {
    if has_registry(transaction).await? { Ok(()) } else { transaction.batch(REGISTRY).await }
}

/// Rejects a registry if writing to it would call code that belongs to its owner.
pub(super) async fn require_plain_registry(transaction: &Transaction<'_>) -> Result<()> {
    match transaction.query_opt(include_str!("../../sql/registry/plain.sql"), &[]).await? {
        None => Ok(()),
        Some(_) => Err(StoreError::Invalid {
            field: "registry",
            reason: "writing to eventodb_store.namespaces would run its owner's rules, triggers or functions with your privileges"
                .to_owned(),
        }),
    }
}

/// Returns whether the registry exists.
pub(super) async fn has_registry(transaction: &Transaction<'_>) -> Result<bool> {
    let there = "select where to_regclass('eventodb_store.namespaces') is not null";
    Ok(transaction.query_opt(there, &[]).await?.is_some())
}

/// Returns whether the schema exists.
pub(super) async fn exists(transaction: &Transaction<'_>, schema: &str) -> Result<bool> {
    let there = "select from pg_namespace where nspname = $1";
    Ok(transaction.query_opt(there, &[(&schema, Type::TEXT)]).await?.is_some())
}

/// Returns the name that the schema had when its functions were created, or `None` if it still has that name. The functions contain
/// the name.
pub(super) async fn old_name(transaction: &Transaction<'_>, schema: &str) -> Result<Option<String>> {
    // The same expression as in list.sql.
    let named = "select replace(substring(p.prosrc from '\"(([^\"]|\"\")+)\"[.]acquire_lock[(]'), '\"\"', '\"') \
                 from pg_proc p join pg_namespace n on n.oid = p.pronamespace \
                 where n.nspname = $1 and p.proname = 'write_message' limit 1";
    let row = transaction.query_opt(named, &[(&schema, Type::TEXT)]).await?;
    let named: Option<String> = row.map_or(Ok(None), |row| column(&row, 0))?;
    Ok(named.filter(|named| named != schema))
}

/// Updates the registry after a schema was renamed.
pub(super) async fn rename_in_registry(transaction: &Transaction<'_>, old: &str, new: &str) -> Result<()> {
    if !has_registry(transaction).await? {
        return Ok(());
    }
    let update = "update eventodb_store.namespaces set schema_name = $2 where schema_name = $1 \
                  and not exists (select from pg_namespace where nspname = $1) \
                  and not exists (select from eventodb_store.namespaces where schema_name = $2)";
    transaction.query(update, &[(&old, Type::TEXT), (&new, Type::TEXT)]).await.map(drop)
}

/// Upgrades a schema to this program's version. `from` is the current version, or 0 if the schema does not exist.
pub(super) async fn apply(transaction: &Transaction<'_>, schema: &str, from: i32) -> Result<()> {
    // Unqualified names in the templates must mean the built-in objects, whatever the caller's search path contains.
    transaction.batch("set local search_path = pg_catalog, pg_temp").await?;
    let quoted = quote_ident(schema);
    for template in NAMESPACE.iter().skip(usize::from(from > 0)) {
        transaction.batch(&named(template, schema)).await?;
    }
    let record = format!(
        "create table if not exists {quoted}._streamscope_version (
           version integer primary key,
           applied_at timestamptz not null default now()
         );
         insert into {quoted}._streamscope_version (version) values ({LATEST}) on conflict do nothing"
    );
    transaction.batch(&record).await
}

/// Fills in a template for a schema. The schema's name may contain anything: quotes, backslashes, even the dollar quotes around
/// function bodies.
fn named(template: &str, schema: &str) -> String {
    let identifier = quote_ident(schema);
    let literal = identifier.replace('\\', "\\\\").replace('\'', "''");
    let mut tag = "$body$".to_owned();
    while schema.contains(&tag) {
        tag.insert(1, '_');
    }
    fill(&template.replace("$$", &tag), &[("schema", &identifier), ("literal", &literal)])
}

/// Lets a role read and write in a schema.
///
/// # Errors
/// [`StoreError::Invalid`] if the role does not exist. It is looked up first, because Postgres truncates a long name, which could
/// then mean another role.
pub(super) async fn grant(transaction: &Transaction<'_>, schema: &str, role: &str) -> Result<()> {
    let there = "select from pg_catalog.pg_roles where rolname = $1";
    if transaction.query_opt(there, &[(&role, Type::TEXT)]).await?.is_none() {
        return Err(StoreError::Invalid { field: "role", reason: format!("no role named {role}") });
    }
    let (schema, role) = (quote_ident(schema), quote_ident(role));
    transaction.batch(&fill(GRANT, &[("schema", &schema), ("role", &role)])).await
}
