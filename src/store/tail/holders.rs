//! The look at the namespace that the horizon is drawn from: its newest message, and who can still commit below it.

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::super::row::{ServerTime, column};
use super::super::session::Session;
use super::super::{Namespace, Result};
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
}

/// What one look shows.
#[derive(Debug, Clone)]
pub(super) struct Horizon {
    /// The newest visible global position; 0 in an empty namespace.
    pub newest: GlobalPosition,
    /// Who can still commit below it.
    pub holders: Vec<Holder>,
    /// The server's clock.
    pub server_time: Timestamp,
    /// None of the primary's locks are shown.
    pub standby: bool,
    /// When the server was started: another time is another server, or the same one after a crash.
    pub started: Timestamp,
}

impl Horizon {
    /// Looks.
    pub(super) async fn look(namespace: &Namespace, session: &Session) -> Result<Self> {
        let table = namespace.table();
        let sql = namespace.query(include_str!("../../../sql/query/tail_horizon.sql"), &[]);
        let rows = session.query(&sql, &[(&table, Type::TEXT)]).await?;
        let epoch = Timestamp::UNIX_EPOCH;
        let mut horizon = Self { newest: 0, holders: Vec::new(), server_time: epoch, standby: false, started: epoch };
        for row in &rows {
            horizon.newest = column(row, 0)?;
            horizon.server_time = column::<ServerTime>(row, 1)?.0;
            horizon.standby = column(row, 2)?;
            horizon.started = column::<ServerTime>(row, 3)?.0;
            horizon.holders.extend(Holder::read(row, 4)?);
        }
        Ok(horizon)
    }
}
