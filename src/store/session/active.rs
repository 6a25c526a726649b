//! A session: one operation's use of a connection. Runs its statements, cancels them when they are dropped, and returns
//! the connection to the pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::BoxStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::{Client, Row};

use super::error::QueryError;
use super::in_flight::{InFlight, SessionState};
use super::planning::Planning;
use super::pool::{Pool, discard};
use super::rows::{OwnedRows, Parameter, Rows, RowsInner};
use crate::store::connect::Connected;
use crate::store::error::{Result, StoreError};

/// Default timeout of a statement. For streamed rows it applies to each wait for more rows.
pub(in crate::store) const STATEMENT_TIMEOUT: Duration = Duration::from_mins(1);

/// With these settings statements find only the server's own functions and operators, and the catalog's texts, which
/// are compared with what they should be, have the usual form.
const SYSTEM_PATH: &str = "set local search_path = pg_catalog, pg_temp; set local quote_all_identifiers = off";
/// Without this setting the server refuses to send bytes that are not UTF-8.
const ANY_BYTES: &str = "set local client_encoding = 'SQL_ASCII'";

/// A connection that one operation uses. Dropping it returns the connection to the pool.
#[derive(Debug)]
pub struct Session {
    /// `Some` until the session is dropped.
    connection: Option<Connected>,
    permit: Option<OwnedSemaphorePermit>,
    pool: Arc<Pool>,
    pub(super) state: Arc<SessionState>,
    timeout: Option<Duration>,
    pub(super) planning: Planning,
    /// See [`Session::with_system_path`].
    system_path: bool,
}

impl Session {
    pub(super) fn new(connection: Connected, permit: OwnedSemaphorePermit, pool: Arc<Pool>) -> Self {
        let state = SessionState {
            canceller: (!pool.settings.is_single_connection()).then(|| connection.canceller.clone()),
            abandoned: AtomicBool::new(false),
            in_transaction: AtomicBool::new(false),
            end: Arc::clone(&connection.end),
            target: pool.settings.target(),
            unanswered: Arc::clone(&pool.unanswered),
        };
        // The embedded store has neither JIT nor workers, and each further statement costs it more than it costs a
        // server.
        let planning =
            if pool.settings.is_single_connection() { Planning::Unrestricted } else { Planning::FollowIndex };
        Self {
            connection: Some(connection),
            permit: Some(permit),
            pool,
            state: Arc::new(state),
            timeout: Some(STATEMENT_TIMEOUT),
            planning,
            system_path: false,
        }
    }

    pub(super) fn connection(&self) -> &Connected {
        self.connection.as_ref().expect("only dropping takes it")
    }

    pub(super) fn client(&self) -> &Arc<Client> {
        &self.connection().client
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.pool.read_only
    }

    /// Makes every statement that reads find only the server's own functions and operators, whatever the search path of
    /// the role or the database is. The embedded store does not need this because it has no other users.
    #[must_use]
    pub(in crate::store) fn with_system_path(mut self) -> Self {
        self.system_path = !self.pool.settings.is_single_connection();
        self
    }

    /// Returns the statements that begin the transaction around a statement, or `None` if it needs no transaction of
    /// its own.
    fn opening(&self, planning: Planning) -> Option<String> {
        let connection = self.connection();
        if self.state.in_transaction.load(Ordering::Relaxed) {
            return None;
        }
        let opening = planning.opening(connection.wrap_read_only, connection.version);
        let settings = self.settings_for_reading();
        if settings.is_empty() {
            opening
        } else {
            Some(format!("{}; {settings}", opening.as_deref().unwrap_or("begin")))
        }
    }

    /// Settings that every reading transaction needs.
    pub(super) fn settings_for_reading(&self) -> String {
        match (self.system_path, self.connection().any_bytes) {
            (false, _) => String::new(),
            (true, false) => SYSTEM_PATH.to_owned(),
            (true, true) => format!("{SYSTEM_PATH}; {ANY_BYTES}"),
        }
    }

    /// Runs a query and collects its rows, in one round trip.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        let rows = self.within(async { self.start(sql, parameters, self.planning).await?.collect().await });
        rows.await.map_err(|error| self.store_error(&error))
    }

    /// Like [`Session::query`], but returns the server's original error and can write. Unless the store is read-only,
    /// the statement is its own transaction, so a successful answer means that it is committed.
    pub(in crate::store) async fn query_raw(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, QueryError> {
        self.within(async { self.start(sql, parameters, Planning::Unrestricted).await?.collect().await }).await
    }

    /// Runs the statements in `before` and then a query without parameters, all in one read-only transaction with the
    /// search path of [`Session::with_system_path`]. Takes one round trip.
    pub(in crate::store) async fn query_after(&self, before: &str, sql: &str) -> Result<Vec<Row>> {
        let settings = self.planning.any_index().settings(self.connection().version);
        let reading = if self.connection().any_bytes { ANY_BYTES } else { "" };
        let opening = format!("begin read only; {SYSTEM_PATH}; {reading}; {settings}; {before}");
        let rows = self.within(async {
            RowsInner::start(&self.state, self.client(), Some(&opening), self.timeout, sql, &[]).await?.collect().await
        });
        rows.await.map_err(|error| self.store_error(&error))
    }

    pub(in crate::store) fn store_error(&self, error: &QueryError) -> StoreError {
        self.state.store_error(error)
    }

    /// Runs a query and returns its first row, if any.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn query_opt(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Option<Row>> {
        Ok(self.query(sql, parameters).await?.into_iter().next())
    }

    /// Runs a query that always has a row, and returns it.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE, or one that says that there was no row.
    pub async fn query_one(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Row> {
        self.query_opt(sql, parameters).await?.ok_or_else(|| StoreError::Server {
            code: "XX000".to_owned(),
            message: "the server returned no row for a query that always has one".to_owned(),
        })
    }

    /// Streams the rows of a query in bounded memory. Dropping the stream before its end cancels the query on the
    /// server, and the connection is not reused.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn stream(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Rows<'_>> {
        self.rows(sql, parameters, self.planning).await
    }

    /// Like [`Session::stream`], for a query without an index that is always best.
    pub(in crate::store) async fn stream_any_index(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Rows<'_>> {
        self.rows(sql, parameters, self.planning.any_index()).await
    }

    async fn rows(&self, sql: &str, parameters: &[Parameter<'_>], planning: Planning) -> Result<Rows<'_>> {
        let rows = self.within(self.start(sql, parameters, planning));
        Ok(Rows::new(rows.await.map_err(|error| self.store_error(&error))?))
    }

    /// Like [`Session::stream`], but the stream owns the session and returns it to the pool after the last row.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn into_stream(self, sql: &str, parameters: &[Parameter<'_>]) -> Result<BoxStream<'static, Result<Row>>> {
        let rows = self.within(self.start(sql, parameters, self.planning));
        let rows = rows.await.map_err(|error| self.store_error(&error))?;
        Ok(Box::pin(OwnedRows::new(rows, self)))
    }

    /// Like [`Session::into_stream`], but runs another query before it, in the same round trip, and returns its rows
    /// too.
    pub(in crate::store) async fn into_stream_after(
        self,
        (before, its_parameters): (&str, &[Parameter<'_>]),
        (sql, parameters): (&str, &[Parameter<'_>]),
    ) -> Result<(Vec<Row>, BoxStream<'static, Result<Row>>)> {
        let rows = self.within(self.start(sql, parameters, self.planning));
        let (before, rows) = futures_util::future::join(self.query(before, its_parameters), rows).await;
        let rows = rows.map_err(|error| self.store_error(&error))?;
        Ok((before?, Box::pin(OwnedRows::new(rows, self))))
    }

    /// Runs statements without parameters in one implicit transaction.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn batch(&self, sql: &str) -> Result<()> {
        self.batch_raw(sql).await.map_err(|error| self.store_error(&error))
    }

    async fn batch_raw(&self, sql: &str) -> Result<(), QueryError> {
        self.within(async {
            let in_flight = InFlight::new(&self.state);
            let done = if let Some(opening) = self.opening(Planning::Unrestricted) {
                // The futures are polled, and so sent, in this order, without waiting for each other's answers.
                let client = self.client();
                let parts = futures_util::future::join3(
                    client.batch_execute(&opening),
                    client.batch_execute(sql),
                    client.batch_execute("commit"),
                );
                let (begun, done, ended) = parts.await;
                begun.and(done).and(ended)
            } else {
                self.client().batch_execute(sql).await
            };
            match &done {
                Ok(()) => in_flight.finish(),
                Err(error) => in_flight.settle(error),
            }
            Ok(done?)
        })
        .await
    }

    /// Sets the timeout of later statements on this session, one minute by default. For streamed rows it applies to
    /// each wait. After the timeout the query is cancelled on the server.
    ///
    /// Use `None` for statements that read a lot or wait for locks. The caller must then be able to drop the future to
    /// stop them.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    /// Lets the server choose the index of later queries on this session, for queries without an index that is always
    /// best.
    pub(in crate::store) fn allow_any_index(&mut self) {
        self.planning = self.planning.any_index();
    }

    /// Lets the server plan later statements on this session freely, with parallel workers and sequential scans.
    /// Reports need this because they read everything.
    pub(in crate::store) fn allow_any_plan(&mut self) {
        self.planning = Planning::Unrestricted;
    }

    pub(super) async fn within<T>(&self, work: impl Future<Output = Result<T, QueryError>>) -> Result<T, QueryError> {
        match self.timeout {
            Some(timeout) => tokio::time::timeout(timeout, work).await.unwrap_or(Err(QueryError::TimedOut(timeout))),
            None => work.await,
        }
    }

    async fn start(
        &self,
        sql: &str,
        parameters: &[Parameter<'_>],
        planning: Planning,
    ) -> Result<RowsInner, QueryError> {
        let opening = self.opening(planning);
        RowsInner::start(&self.state, self.client(), opening.as_deref(), self.timeout, sql, parameters).await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if connection.client.is_closed() {
            return;
        }
        let broken = self.state.abandoned.load(Ordering::Relaxed) || self.state.in_transaction.load(Ordering::Relaxed);
        // The embedded store's only connection is always kept: tokio-postgres skips abandoned rows.
        if !broken || self.state.canceller.is_none() {
            self.pool.put_back(connection);
            return;
        }
        // The permit is held until the end, so that the server never has more connections than allowed.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(discard(connection, self.permit.take()));
        }
    }
}
