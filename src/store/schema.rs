//! The SQL that makes the registry and a namespace: numbered templates over the schema's name, applied in order inside of the
//! caller's transaction.

use tokio_postgres::types::Type;

use super::flavour::quote_ident;
use super::query::fill;
use super::row::column;
use super::session::Transaction;
use super::{Result, StoreError};

/// The registry's SQL.
const REGISTRY: &str = include_str!("../../sql/registry/001_namespaces.sql");

/// The version that this program makes: one higher with each change to a namespace's SQL.
pub const LATEST: i32 = 6;

/// A namespace's SQL. The first is for one that is not there; the others can be run again, and bring an older one up to date.
const NAMESPACE: [&str; 6] = [
    include_str!("../../sql/namespace/001_messages.sql"),
    include_str!("../../sql/namespace/002_names.sql"),
    include_str!("../../sql/namespace/003_write.sql"),
    include_str!("../../sql/namespace/004_read.sql"),
    include_str!("../../sql/namespace/005_views.sql"),
    include_str!("../../sql/namespace/006_eventodb.sql"),
];

/// What a role gets that shall use a namespace.
const GRANT: &str = include_str!("../../sql/namespace/grant.sql");

/// Waits until no other program makes or changes namespaces in this database, until the transaction ends. The number is an
/// arbitrary one of ours.
pub(super) async fn lock(transaction: &Transaction<'_>) -> Result<()> {
    transaction.batch("select pg_catalog.pg_advisory_xact_lock(7310591482263451)").await
}

/// Refuses servers before PostgreSQL 14, which know no functions with a body in standard SQL.
pub(super) async fn require_version(transaction: &Transaction<'_>) -> Result<()> {
    let old = "select current_setting('server_version') where current_setting('server_version_num')::int < 140000";
    match transaction.query_opt(old, &[]).await? {
        Some(row) => {
            let version: String = column(&row, 0)?;
            let reason = format!("a new one needs PostgreSQL 14 or newer, and this server is {version}");
            Err(StoreError::Invalid { field: "namespace", reason })
        }
        None => Ok(()),
    }
}

/// Makes the registry where there is none.
pub(super) async fn make_registry(transaction: &Transaction<'_>) -> Result<()> {
    if has_registry(transaction).await? { Ok(()) } else { transaction.batch(REGISTRY).await }
}

/// Refuses to write to a registry that calls something of its owner's when it is written to.
pub(super) async fn require_plain_registry(transaction: &Transaction<'_>) -> Result<()> {
    match transaction.query_opt(include_str!("../../sql/registry/plain.sql"), &[]).await? {
        None => Ok(()),
        Some(_) => Err(StoreError::Invalid {
            field: "registry",
            reason: "writing to eventodb_store.namespaces would run rules, triggers or functions of its owner with your rights"
                .to_owned(),
        }),
    }
}

/// Whether there is a registry.
pub(super) async fn has_registry(transaction: &Transaction<'_>) -> Result<bool> {
    let there = "select where to_regclass('eventodb_store.namespaces') is not null";
    Ok(transaction.query_opt(there, &[]).await?.is_some())
}

/// Whether there is a schema of this name.
pub(super) async fn exists(transaction: &Transaction<'_>, schema: &str) -> Result<bool> {
    let there = "select from pg_namespace where nspname = $1";
    Ok(transaction.query_opt(there, &[(&schema, Type::TEXT)]).await?.is_some())
}

/// The name that a schema of ours had when its functions were made, which name it; none if it still has that name.
pub(super) async fn old_name(transaction: &Transaction<'_>, schema: &str) -> Result<Option<String>> {
    // As in list.sql.
    let named = "select replace(substring(p.prosrc from '\"(([^\"]|\"\")+)\"[.]acquire_lock[(]'), '\"\"', '\"') \
                 from pg_proc p join pg_namespace n on n.oid = p.pronamespace \
                 where n.nspname = $1 and p.proname = 'write_message' limit 1";
    let row = transaction.query_opt(named, &[(&schema, Type::TEXT)]).await?;
    let named: Option<String> = row.map_or(Ok(None), |row| column(&row, 0))?;
    Ok(named.filter(|named| named != schema))
}

/// Lets the registry name a schema as it is called now, if it names the one that is gone.
pub(super) async fn rename_in_registry(transaction: &Transaction<'_>, old: &str, new: &str) -> Result<()> {
    if !has_registry(transaction).await? {
        return Ok(());
    }
    let update = "update eventodb_store.namespaces set schema_name = $2 where schema_name = $1 \
                  and not exists (select from pg_namespace where nspname = $1) \
                  and not exists (select from eventodb_store.namespaces where schema_name = $2)";
    transaction.query(update, &[(&old, Type::TEXT), (&new, Type::TEXT)]).await.map(drop)
}

/// Brings a schema from a version, 0 for "not there", to this program's.
///
/// # Errors
/// The server's.
pub(super) async fn apply(transaction: &Transaction<'_>, schema: &str, from: i32) -> Result<()> {
    // What the templates name without a schema is meant to be Postgres' own, whatever the caller's path holds.
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

/// A template of a namespace's SQL for a schema, whose name may hold anything: quotes, backslashes, even what the bodies of
/// functions are quoted with.
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
/// [`StoreError::Invalid`] where there is no such role. It is looked up, since a name that Postgres cuts could mean another.
pub(super) async fn grant(transaction: &Transaction<'_>, schema: &str, role: &str) -> Result<()> {
    let there = "select from pg_catalog.pg_roles where rolname = $1";
    if transaction.query_opt(there, &[(&role, Type::TEXT)]).await?.is_none() {
        return Err(StoreError::Invalid { field: "role", reason: format!("there is no {role}") });
    }
    let (schema, role) = (quote_ident(schema), quote_ident(role));
    transaction.batch(&fill(GRANT, &[("schema", &schema), ("role", &role)])).await
}
