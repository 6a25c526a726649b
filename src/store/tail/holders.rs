//! Transactions that others wait for, and what one look at a namespace shows of them and of its newest message.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use tokio_postgres::Row;
use uuid::Uuid;

use super::super::row::{ServerTime, column};
use super::super::{Result, StoreError};
use crate::message::GlobalPosition;

/// A transaction that others wait for: it holds a lock of writers on the table, or of a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its virtual transaction id; a prepared transaction has one too.
    pub transaction: String,
    /// Its process on the server; none for a prepared transaction.
    pub pid: Option<i32>,
    /// When it began, by the server's clock; when it was seen, where the role may not know.
    pub since: Timestamp,
    /// What its client calls itself, as far as the role may know; the gid of a prepared transaction.
    pub application: Option<String>,
    /// What it does (`idle in transaction`), as far as the role may know.
    pub state: Option<String>,
}

impl Holder {
    /// From five columns; none where they are null.
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

    /// From JSON; a transaction that holds several locks is there once.
    fn all(json: &str) -> Result<Vec<Self>> {
        let listed: Vec<Listed> = serde_json::from_str(json).map_err(|error| StoreError::Server {
            code: "XX000".to_owned(),
            message: format!("the transactions that hold locks: {error}"),
        })?;
        let mut holders = BTreeMap::new();
        for Listed { transaction, pid, since, application, state } in listed {
            let since = Timestamp::from_microsecond(since).unwrap_or(Timestamp::UNIX_EPOCH);
            holders.entry(transaction.clone()).or_insert(Self { transaction, pid, since, application, state });
        }
        Ok(holders.into_values().collect())
    }
}

/// As the query lists it; `since` in microseconds.
#[derive(Deserialize)]
struct Listed {
    transaction: String,
    pid: Option<i32>,
    since: i64,
    application: Option<String>,
    state: Option<String>,
}

/// What one look shows.
#[derive(Debug, Clone)]
pub(super) struct Horizon {
    /// The newest visible global position; 0 in an empty namespace.
    pub newest: GlobalPosition,
    /// Its message's id.
    pub newest_id: Option<Uuid>,
    /// The id of the message at the position that was asked for.
    pub remembered: Option<Uuid>,
    /// Who can still commit below it.
    pub holders: Vec<Holder>,
    /// The server's clock.
    pub server_time: Timestamp,
    /// None of the primary's locks are shown.
    pub standby: bool,
    /// On a standby: no number is missing up to the newest.
    pub gapless: bool,
    /// When the server was started: another time is another server, or the same one after a crash.
    pub started: Timestamp,
    /// Which table it is, and which file that is in: another one was made anew, emptied, or rewritten.
    pub storage: Option<String>,
}

impl Horizon {
    /// Columns of a look.
    pub(super) const COLUMNS: usize = 9;

    /// From the last columns of a row.
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
