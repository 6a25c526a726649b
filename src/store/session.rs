//! Connections shared by the operations of a store: a bounded number, opened when needed, put back when whole.
//!
//! A session that is dropped in the middle of a query cancels it on the server and is not used again. Statements
//! are unnamed (parse, bind and execute together), so that a pooler in transaction mode can serve each one elsewhere.

use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, RowStream};

use super::{Options, Result, Settings};

/// A parameter and the type that it is sent as.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// What is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// `server_version`, as the server says it.
    pub version: String,
    /// The database's name.
    pub database: String,
    /// The role that the session has.
    pub user: String,
    /// A hot standby: it shows none of the primary's locks.
    pub standby: bool,
    /// Why nothing can be written: `--read-only`, a standby, `default_transaction_read_only`.
    pub read_only: Option<String>,
    /// The server's clock ahead of ours, microseconds (measured at half the round trip).
    pub clock_ahead_us: i64,
}

/// The connections of one store.
#[derive(Debug)]
pub struct Sessions {
    settings: Settings,
    options: Options,
}

impl Sessions {
    /// None is opened yet.
    #[must_use]
    pub fn new(settings: Settings, options: Options) -> Self {
        Self { settings, options }
    }

    /// Where they lead.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the program itself refuses writes.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.options.read_only
    }

    /// A connection for one operation: an idle one that is whole, or a new one; waits where all are in use.
    ///
    /// # Errors
    /// As [`Settings::connect`].
    pub async fn acquire(&self) -> Result<Session> {
        todo!()
    }
}

/// A connection in use by one operation.
#[derive(Debug)]
pub struct Session {}

impl Session {
    /// Rows of a query, collected. One round trip.
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        todo!()
    }

    /// The one row of a query, or none.
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn query_opt(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Option<Row>> {
        todo!()
    }

    /// Rows as they arrive; memory stays bounded however many there are. The session must outlive the rows.
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn stream(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<RowStream> {
        todo!()
    }

    /// Statements without parameters, in one implicit transaction.
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn batch(&self, sql: &str) -> Result<()> {
        todo!()
    }

    /// See [`ServerInfo`].
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn server_info(&self) -> Result<ServerInfo> {
        todo!()
    }

    /// A time limit for what follows on this session; none by default. Past it the query is cancelled on the server.
    pub fn set_limit(&mut self, limit: Option<Duration>) {
        todo!()
    }
}
