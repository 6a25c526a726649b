//! Installs a namespace's SQL in a schema: templates with the schema's name, run in order within the caller's
//! transaction. Never commits, and knows nothing about the registry.

use tokio_postgres::types::Type;

use super::flavour::quote_ident;
use super::row::column;
use super::session::{Session, Transaction};
use super::template::fill;
use super::{Result, StoreError, untrusted};

/// The version of a namespace's SQL that this program installs. Every change to a file in `sql/namespace` increases it
/// by one.
pub const NAMESPACE_VERSION: i32 = 6;

macro_rules! sql {
    ($($object:literal),* $(,)?) => { [$(include_str!(concat!("../../sql/namespace/", $object, ".sql"))),*] };
}

/// The SQL that only a new namespace needs, in the order of installation.
const NEW: [&str; 3] = sql!["schema", "messages", "message"];

/// The SQL that every installation and upgrade runs, in order: functions before the objects that call them.
const CURRENT: [&str; 20] = sql![
    "category",
    "is_category",
    "id",
    "cardinal_id",
    "hash_64",
    "message_store_version",
    "acquire_lock",
    "stream_version",
    "write_message",
    "get_stream_messages",
    "get_category_messages",
    "get_last_stream_message",
    "category_type_summary",
    "stream_summary",
    "stream_type_summary",
    "type_category_summary",
    "type_stream_summary",
    "type_summary",
    "_schema_version",
    "_streamscope_version",
];

/// The privileges of a role that uses a namespace.
const GRANT: &str = include_str!("../../sql/namespace/grant.sql");

/// The character » in notices, built from its bytes because some database encodings do not have it.
const MARK: &str = "pg_catalog.convert_from(pg_catalog.decode('c2bb', 'hex'), 'UTF8')";

/// Waits until no other program creates or changes namespaces in this database, and keeps others out until the
/// transaction ends. The number of the lock is arbitrary.
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

/// Returns whether the schema exists.
pub(super) async fn exists(session: &Session, schema: &str) -> Result<bool> {
    let there = "select from pg_namespace where nspname = $1";
    Ok(session.query_opt(there, &[(&schema, Type::TEXT)]).await?.is_some())
}

/// Returns whether a schema has a relation `messages`.
pub(super) async fn has_messages(transaction: &Transaction<'_>, schema: &str) -> Result<bool> {
    let there = "select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'messages'";
    Ok(transaction.query_opt(there, &[(&schema, Type::TEXT)]).await?.is_some())
}

/// Returns an expression for the schema name that the functions of a namespace contain. `body` is SQL for the body of
/// `write_message`.
pub(super) fn written_schema(body: &str) -> String {
    fill(include_str!("../../sql/registry/written_schema.sql"), &[("body", body)])
}

/// Returns the name that the schema had when its functions were created, or `None` if it still has that name. The
/// functions contain the name.
pub(super) async fn old_name(session: &Session, schema: &str) -> Result<Option<String>> {
    let sql = fill(include_str!("../../sql/registry/former_name.sql"), &[("written", &written_schema("p.prosrc"))]);
    let row = session.query_opt(&sql, &[(&schema, Type::TEXT)]).await?;
    let written: Option<String> = row.map_or(Ok(None), |row| column(&row, 0))?;
    Ok(written.filter(|written| written != schema))
}

/// Returns whether the tables that an upgrade writes to would run code of their owner.
pub(super) async fn runs_code_if_upgraded(transaction: &Transaction<'_>, schema: &str) -> Result<bool> {
    for table in ["_schema_version", "_streamscope_version"] {
        if untrusted::runs_code_if_written(transaction, &format!("{}.{table}", quote_ident(schema))).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Installs this program's version of a namespace. `from` is the current version, or 0 if the schema does not exist.
pub(super) async fn install(transaction: &Transaction<'_>, schema: &str, from: i32) -> Result<()> {
    // Unqualified names in the templates must mean the built-in objects, whatever the caller's search path contains.
    transaction.batch("set local search_path = pg_catalog, pg_temp").await?;
    transaction.batch(&installation(schema, from == 0)).await
}

/// Returns the SQL that installs or upgrades a namespace. The schema's name may contain anything: quotes, backslashes,
/// even the dollar quotes around function bodies.
fn installation(schema: &str, is_new: bool) -> String {
    let mut tag = "$body$".to_owned();
    while schema.contains(&tag) {
        tag.insert(1, '_');
    }
    let new = if is_new { NEW.as_slice() } else { &[] };
    new.iter().chain(&CURRENT).map(|template| filled(&template.replace("$$", &tag), schema)).collect()
}

/// Fills in a template for a schema.
fn filled(template: &str, schema: &str) -> String {
    let identifier = quote_ident(schema);
    let literal = identifier.replace('\\', "\\\\").replace('\'', "''");
    let (debug_write, debug_get) = (debug_condition("debug_write"), debug_condition("debug_get"));
    let version = NAMESPACE_VERSION.to_string();
    let values = [
        ("schema", identifier.as_str()),
        ("literal", &literal),
        ("version", &version),
        ("debug_write", &debug_write),
        ("debug_get", &debug_get),
        ("mark", MARK),
    ];
    fill(template, &values)
}

/// The body of a function: a text that the server stores as it is, or an expression that it prints in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Text(String),
    Expression(String),
}

/// Returns the names of the functions of a namespace.
pub(super) fn functions() -> impl Iterator<Item = &'static str> {
    CURRENT.iter().filter_map(|template| declaration(template)).map(|(name, _)| name)
}

/// Returns the body of a function of a namespace, as this program installs it.
pub(super) fn body(function: &str, schema: &str) -> Option<Body> {
    let mut declared = CURRENT.iter().filter_map(|template| declaration(template));
    let (_, declared) = declared.find(|(name, _)| *name == function)?;
    Some(match declared.split_once("$$") {
        Some((_, rest)) => Body::Text(filled(rest.rsplit_once("$$")?.0, schema)),
        None => Body::Expression(filled(standard_sql(declared)?.trim_end_matches([';', '\n']), schema)),
    })
}

/// Returns the name of the function that a template creates, and its declaration from the name on.
fn declaration(template: &'static str) -> Option<(&'static str, &'static str)> {
    let declared = template.split_once("function {schema}.")?.1;
    Some((declared.split('(').next()?, declared))
}

/// Returns the body of a function in standard SQL: one expression, or statements.
fn standard_sql(declared: &str) -> Option<&str> {
    let start = declared.find("\nbegin atomic").or_else(|| declared.find("\n  return "))?;
    Some(declared[start..].trim_start())
}

/// Returns the condition under which functions print notices: Message DB's setting for them, or its setting for all.
fn debug_condition(setting: &str) -> String {
    format!(
        "'on' operator(pg_catalog.=) any (array[
    pg_catalog.current_setting('message_store.{setting}', true), pg_catalog.current_setting('message_store.debug', true)
  ])"
    )
}

/// Lets a role read and write in a schema.
///
/// # Errors
/// [`StoreError::Invalid`] if the role does not exist. It is looked up first, because Postgres truncates a long name,
/// which could then mean another role.
pub(super) async fn grant(transaction: &Transaction<'_>, schema: &str, role: &str) -> Result<()> {
    let there = "select from pg_catalog.pg_roles where rolname = $1";
    if transaction.query_opt(there, &[(&role, Type::TEXT)]).await?.is_none() {
        return Err(StoreError::Invalid { field: "role", reason: format!("no role named {role}") });
    }
    let (schema, role) = (quote_ident(schema), quote_ident(role));
    transaction.batch(&fill(GRANT, &[("schema", &schema), ("role", &role)])).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_in_sql_namespace_is_installed() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/namespace");
        let files: BTreeSet<String> = std::fs::read_dir(directory)
            .expect("the directory of the SQL")
            .map(|entry| entry.expect("a directory entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
            .map(|path| std::fs::read_to_string(path).expect("a file with SQL"))
            .collect();
        let installed: BTreeSet<String> =
            NEW.iter().chain(&CURRENT).chain([&GRANT]).map(|&text| text.to_owned()).collect();
        assert_eq!(files, installed);
    }

    #[test]
    fn no_placeholder_is_left_in_the_installed_sql() {
        let sql = installation("{schema} $$ $body$", true);
        for name in ["literal", "version", "debug_write", "debug_get", "mark"] {
            assert!(!sql.contains(&format!("{{{name}}}")), "{name}");
        }
        assert!(sql.contains("as $_body$"), "the dollar quotes differ from the schema's name");
    }
}
