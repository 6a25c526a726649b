//! What one poll sees besides messages: the newest message, and the transactions that may still commit below it.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::super::Result;
use super::super::blocking::BlockingTransaction;
use super::super::row::{ServerTime, StoredId, column};
use crate::message::GlobalPosition;

/// What one poll sees besides messages.
#[derive(Debug, Clone)]
pub(super) struct Horizon {
    /// The newest visible global position; 0 in an empty namespace.
    pub newest: GlobalPosition,
    /// The ID of the newest message.
    pub newest_id: Option<Uuid>,
    /// The IDs of the messages at the newest remembered global position. Without a unique index there can be several.
    pub remembered: Vec<Uuid>,
    /// Transactions that may still commit below the newest message.
    pub blocking: Vec<BlockingTransaction>,
    /// Whether application, state and beginning of the transactions are known.
    pub detailed: bool,
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
    pub(super) fn read(row: &Row, detailed: bool) -> Result<Self> {
        let first = row.len().saturating_sub(Self::COLUMNS);
        let newest_id: Option<StoredId> = column(row, first + 1)?;
        let remembered: Option<Vec<Option<StoredId>>> = column(row, first + 2)?;
        let blocking: Option<String> = column(row, first + 8)?;
        Ok(Self {
            newest: column(row, first)?,
            newest_id: newest_id.map(StoredId::digest),
            remembered: remembered.into_iter().flatten().flatten().map(StoredId::digest).collect(),
            server_time: column::<ServerTime>(row, first + 3)?.0,
            standby: column(row, first + 4)?,
            started: column::<ServerTime>(row, first + 5)?.0,
            storage: column(row, first + 6)?,
            gapless: column(row, first + 7)?,
            blocking: BlockingTransaction::all(blocking.as_deref())?,
            detailed,
        })
    }
}
