//! Describes the server, database and role of a session. Changes nothing on the server.

use std::time::Instant;

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::active::Session;
use super::sessions::OPENED_READ_ONLY;
use crate::clock;
use crate::store::error::Result;

/// The server, database and role of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The setting `server_version`, such as `17.5`.
    pub version: String,
    /// The current database.
    pub database: String,
    /// The current role.
    pub user: String,
    /// Whether the server is a hot standby, which does not show the primary's locks.
    pub standby: bool,
    /// Why writes are refused, in words, or `None` if they are allowed.
    pub read_only: Option<String>,
    /// How far the server's clock is ahead of this machine's, in microseconds. Half the round trip is subtracted.
    pub clock_ahead_us: i64,
}

impl Session {
    /// Asks the server for its version, role, clock and whether it accepts writes, in one round trip.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn server_info(&self) -> Result<ServerInfo> {
        let sql = "select current_setting('server_version'), current_database()::text, current_user::text, \
                   pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', \
                   (extract(epoch from clock_timestamp()) * 1000000)::int8";
        let (clock, asked) = (clock::now(), Instant::now());
        let row = self.query_one(sql, &[]).await?;
        let half = asked.elapsed() / 2;
        let ours = clock.as_microsecond().saturating_add(i64::try_from(half.as_micros()).unwrap_or(i64::MAX));
        let standby: bool = self.value(&row, 3)?;
        let refused: bool = self.value(&row, 4)?;
        let read_only = if self.is_read_only() {
            Some(OPENED_READ_ONLY)
        } else if standby {
            Some("the server is a standby")
        } else {
            refused.then_some("default_transaction_read_only is on")
        };
        let clock_ahead_us = self.value::<i64>(&row, 5)?.saturating_sub(ours);
        Ok(ServerInfo {
            version: self.value(&row, 0)?,
            database: self.value(&row, 1)?,
            user: self.value(&row, 2)?,
            standby,
            read_only: read_only.map(str::to_owned),
            clock_ahead_us,
        })
    }

    fn value<'a, T: FromSql<'a>>(&self, row: &'a Row, column: usize) -> Result<T> {
        row.try_get(column).map_err(|error| self.store_error(&error.into()))
    }
}
