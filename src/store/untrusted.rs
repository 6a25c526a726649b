//! SQL for tables that anyone may have created: reads and writes them only if that runs none of their owner's code.

use tokio_postgres::types::Type;

use super::Result;
use super::session::Transaction;
use super::template::fill;

/// Settings of a transaction that reads tables which anyone may have created.
pub(super) const GUARDS: &str = include_str!("../../sql/registry/guards.sql");
/// The check of such a table, in the loop of a block that reads it.
pub(super) const CHECK: &str = include_str!("../../sql/registry/check.sql");

/// Returns a condition that an expression of the catalog can run code through a built-in function.
pub(super) fn indirect(expression: &str) -> String {
    fill(include_str!("../../sql/registry/indirect.sql"), &[("expression", expression)])
}

/// Returns whether writing to a table would run code of its owner. If this role may lock the table, it then stays as it
/// is until the transaction ends. `table` is quoted.
pub(super) async fn runs_code_if_written(transaction: &Transaction<'_>, table: &str) -> Result<bool> {
    let may_lock = "select from pg_class c where c.oid = to_regclass($1) and c.relkind in ('r', 'p')
        and has_table_privilege(c.oid, 'update, delete')";
    if transaction.query_opt(may_lock, &[(&table, Type::TEXT)]).await?.is_some() {
        // The mode of a write. Triggers, rules and other changes need a lock that conflicts with it.
        transaction.batch(&format!("lock table {table} in row exclusive mode")).await?;
    }
    let plain = fill(include_str!("../../sql/registry/plain.sql"), &[("indirect", &indirect("o.expression"))]);
    Ok(transaction.query_opt(&plain, &[(&table, Type::TEXT)]).await?.is_some())
}
