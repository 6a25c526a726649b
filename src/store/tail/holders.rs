//! The look at the namespace that the horizon is drawn from: its newest message, and who can still commit below it.

use jiff::Timestamp;
use tokio_postgres::types::Type;

use super::super::row::{ServerTime, column};
use super::super::session::Session;
use super::super::{Namespace, Result};
use crate::message::GlobalPosition;

/// A transaction that holds a lock of writers on the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its virtual transaction id; a prepared transaction has one too.
    pub transaction: String,
    /// Its process on the server; none for a prepared transaction.
    pub pid: Option<i32>,
    /// When it began, by the server's clock; when it was seen, where the role may not know.
    pub since: Timestamp,
    /// What its client calls itself, as far as the role may know.
    pub application: Option<String>,
    /// What it does (`idle in transaction`), as far as the role may know.
    pub state: Option<String>,
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
            let Some(transaction) = column::<Option<String>>(row, 4)? else { continue };
            horizon.holders.push(Holder {
                transaction,
                pid: column(row, 5)?,
                since: column::<ServerTime>(row, 6)?.0,
                application: column(row, 7)?,
                state: column(row, 8)?,
            });
        }
        Ok(horizon)
    }
}
