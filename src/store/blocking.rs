//! Transactions that others wait for, because they hold the lock of a category or a writer's lock on the table of messages. Only reports
//! them; never waits for them or ends them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::query::fill;
use super::{Result, StoreError};

/// A transaction that holds a lock that others wait for: a writer's lock on the table, or the lock of a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockingTransaction {
    /// The virtual transaction ID. Prepared transactions have one too.
    pub transaction: String,
    /// The PID of its server process. `None` for a prepared transaction.
    pub pid: Option<i32>,
    /// When it began, by the server's clock, or when it was seen if this role may not see that.
    pub since: Timestamp,
    /// Its `application_name` if this role may see it, or the GID of a prepared transaction.
    pub application: Option<String>,
    /// Its state, such as `idle in transaction`, if this role may see it.
    pub state: Option<String>,
}

impl BlockingTransaction {
    /// Returns a query for the transactions that hold some locks, as one JSON text for [`BlockingTransaction::all`]. `locks` is a
    /// condition on `pg_locks l`.
    pub(super) fn query(locks: &str) -> String {
        fill(include_str!("../../sql/query/blocking_transactions.sql"), &[("locks", locks)])
    }

    /// Returns the same query without application, state and beginning. The server plans it in half the time.
    pub(super) fn short_query(locks: &str) -> String {
        fill(include_str!("../../sql/query/blocking_transaction_ids.sql"), &[("locks", locks)])
    }

    /// Decodes the result of the query. A transaction with several locks is listed once.
    pub(super) fn all(json: Option<&str>) -> Result<Vec<Self>> {
        let Some(json) = json else { return Ok(Vec::new()) };
        let listed: Vec<Listed> = serde_json::from_str(json).map_err(|error| StoreError::Server {
            code: "XX000".to_owned(),
            message: format!("cannot read the list of transactions that hold locks: {error}"),
        })?;
        let mut all = BTreeMap::new();
        for Listed { transaction, pid, since, application, state } in listed {
            let since = Timestamp::from_microsecond(since).unwrap_or(Timestamp::UNIX_EPOCH);
            all.entry(transaction.clone()).or_insert(Self { transaction, pid, since, application, state });
        }
        Ok(all.into_values().collect())
    }
}

/// An entry in the result of `blocking_transactions.sql` or `blocking_transaction_ids.sql`. `since` is in microseconds.
#[derive(Deserialize)]
struct Listed {
    transaction: String,
    pid: Option<i32>,
    #[serde(default)]
    since: i64,
    application: Option<String>,
    state: Option<String>,
}
