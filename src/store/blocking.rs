//! Transactions that others wait for, because they hold the lock of a category or a writer's lock on the table of
//! messages. Only reports them; never waits for them or ends them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use tokio_postgres::types::Type;

use super::row::{Lossy, column, document};
use super::session::{Options, Sessions};
use super::template::fill;
use super::{Result, Store};

/// A transaction that holds a lock that others wait for: a writer's lock on the table, or the lock of a category.
///
/// Its debug output omits the query, which can contain data.
#[derive(Clone, PartialEq, Eq)]
pub struct BlockingTransaction {
    /// The virtual transaction ID. Prepared transactions have one too.
    pub transaction: String,
    /// The PID of its server process. `None` for a prepared transaction.
    pub pid: Option<i32>,
    /// When it began, by the server's clock, or when it was seen if this role may not see that.
    pub since: Timestamp,
    /// The role of its session, or the owner of a prepared transaction.
    pub user: Option<String>,
    /// Its `application_name` if this role may see it, or the GID of a prepared transaction.
    pub application: Option<String>,
    /// Its state, such as `idle in transaction`, if this role may see it.
    pub state: Option<String>,
    /// The first line of its query, or of its last one, if this role may see it. At most 500 characters.
    pub query: Option<String>,
}

impl fmt::Debug for BlockingTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingTransaction")
            .field("transaction", &self.transaction)
            .field("pid", &self.pid)
            .field("since", &self.since)
            .field("user", &self.user)
            .field("application", &self.application)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl BlockingTransaction {
    /// Returns what a report about the transaction depends on: the transaction, its state and its query.
    pub(super) fn news(&self) -> (String, Option<String>, Option<String>) {
        (self.transaction.clone(), self.state.clone(), self.query.clone())
    }

    /// Returns a query for the transactions that hold some locks, as one JSON text for [`BlockingTransaction::all`].
    /// `locks` is a condition on `pg_locks l`.
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
        let listed: Vec<Listed> = document(json, "the list of transactions that hold locks")?;
        let mut all = BTreeMap::new();
        for Listed { transaction, pid, since, user, application, state, query } in listed {
            let since = Timestamp::from_microsecond(since).unwrap_or(Timestamp::UNIX_EPOCH);
            let query = query.as_deref().and_then(first_line);
            all.entry(transaction.clone()).or_insert(Self { transaction, pid, since, user, application, state, query });
        }
        Ok(all.into_values().collect())
    }
}

impl Store {
    /// Returns how long the oldest statement of this store has waited for the beginning of its answer. `None` if none
    /// is waiting, or if the store has a single connection, over which nobody could ask why.
    #[must_use]
    pub fn unanswered_for(&self) -> Option<Duration> {
        self.sessions.unanswered_for().filter(|_| !self.sessions.settings().is_single_connection())
    }

    /// Returns the transactions for whose locks the oldest unanswered statement waits. Uses a connection of its own,
    /// because those of the store can all be waiting.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn blocked_by(&self) -> Result<Vec<BlockingTransaction>> {
        let options = Options { read_only: true, connections: 1 };
        let sessions = Sessions::new(self.sessions.settings().clone(), options);
        let sql = BlockingTransaction::query(include_str!("../../sql/query/awaited_locks.sql"));
        let session = sessions.acquire().await?.with_system_path();
        let Some(waited) = self.unanswered_for() else { return Ok(Vec::new()) };
        let row = session.query_one(&sql, &[(&waited.as_secs_f64(), Type::FLOAT8)]).await?;
        let listed: Option<Lossy> = column(&row, 0)?;
        BlockingTransaction::all(listed.as_ref().map(|listed| listed.text.as_str()))
    }
}

/// An entry in the result of `blocking_transactions.sql` or `blocking_transaction_ids.sql`. `since` is in microseconds.
#[derive(Deserialize)]
struct Listed {
    transaction: String,
    pid: Option<i32>,
    #[serde(default)]
    since: i64,
    user: Option<String>,
    application: Option<String>,
    state: Option<String>,
    query: Option<String>,
}

/// Returns the first line of a query that is not empty.
fn first_line(query: &str) -> Option<String> {
    query.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_first_line_of_a_query_and_never_prints_it() {
        let json = r#"[
            {"transaction": "3/14", "pid": 7, "since": 0, "application": null, "state": "active", "query": "\n  insert into\n t"},
            {"transaction": "3/15", "pid": 8, "since": 0, "application": null, "state": null, "query": null}
        ]"#;
        let listed = BlockingTransaction::all(Some(json)).expect("a list");
        let queries: Vec<_> = listed.iter().map(|one| one.query.as_deref()).collect();
        assert_eq!(queries, [Some("insert into"), None]);
        assert!(!format!("{listed:?}").contains("insert"));
    }
}
