//! What one poll sees besides messages: the newest message, and the transactions that may still commit below it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use tokio_postgres::Row;
use uuid::Uuid;

use super::super::row::{ServerTime, column};
use super::super::{Result, StoreError};
use crate::message::GlobalPosition;

/// A transaction that holds a lock that others wait for: a writer's lock on the table, or the lock of a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
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

impl Holder {
    /// Decodes five columns. Returns `None` if they are NULL.
    pub(in crate::store) fn read(row: &Row, first: usize) -> Result<Option<Self>> {
        let Some(transaction) = column::<Option<String>>(row, first)? else { return Ok(None) };
        Ok(Some(Self {
            transaction,
            pid: column(row, first + 1)?,
            since: column::<ServerTime>(row, first + 2)?.0,
            application: column(row, first + 3)?,
            state: column(row, first + 4)?,
        }))
    }

    /// Decodes a JSON list. A transaction with several locks is listed once.
    fn all(json: &str) -> Result<Vec<Self>> {
        let listed: Vec<Listed> = serde_json::from_str(json).map_err(|error| StoreError::Server {
            code: "XX000".to_owned(),
            message: format!("cannot read the list of transactions that hold locks: {error}"),
        })?;
        let mut holders = BTreeMap::new();
        for Listed { transaction, pid, since, application, state } in listed {
            let since = Timestamp::from_microsecond(since).unwrap_or(Timestamp::UNIX_EPOCH);
            holders.entry(transaction.clone()).or_insert(Self { transaction, pid, since, application, state });
        }
        Ok(holders.into_values().collect())
    }
}

/// An entry in the result of `tail_poll.sql`. `since` is in microseconds.
#[derive(Deserialize)]
struct Listed {
    transaction: String,
    pid: Option<i32>,
    since: i64,
    application: Option<String>,
    state: Option<String>,
}

/// What one poll sees besides messages.
#[derive(Debug, Clone)]
pub(super) struct Horizon {
    /// The newest visible global position; 0 in an empty namespace.
    pub newest: GlobalPosition,
    /// The ID of the newest message.
    pub newest_id: Option<Uuid>,
    /// The ID of the message at the newest remembered global position.
    pub remembered: Option<Uuid>,
    /// Transactions that may still commit below the newest message.
    pub holders: Vec<Holder>,
    /// The server's clock.
    pub server_time: Timestamp,
    /// Whether the server is a standby, which does not show the primary's locks.
    pub standby: bool,
    /// On a standby, whether no global position up to the newest is missing.
    pub gapless: bool,
    /// When the server was started. It differs on another server and after a restart.
    pub started: Timestamp,
    /// The table and the file that it is stored in. They change if the table is recreated, truncated or rewritten.
    pub storage: Option<String>,
}

impl Horizon {
    pub(super) const COLUMNS: usize = 9;

    /// Decodes the last columns of a row.
    pub(super) fn read(row: &Row) -> Result<Self> {
        let first = row.len().saturating_sub(Self::COLUMNS);
        let id = |index| -> Result<Option<Uuid>> {
            let id: Option<String> = column(row, first + index)?;
            Ok(id.and_then(|id| Uuid::try_parse(&id).ok()))
        };
        let holders: Option<String> = column(row, first + 8)?;
        Ok(Self {
            newest: column(row, first)?,
            newest_id: id(1)?,
            remembered: id(2)?,
            server_time: column::<ServerTime>(row, first + 3)?.0,
            standby: column(row, first + 4)?,
            started: column::<ServerTime>(row, first + 5)?.0,
            storage: column(row, first + 6)?,
            gapless: column(row, first + 7)?,
            holders: holders.as_deref().map_or_else(|| Ok(Vec::new()), Holder::all)?,
        })
    }
}
