//! A bounded pool of connections for the operations of a store. Connections are opened on demand and reused while they are intact.
//!
//! Dropping a session in the middle of a query cancels the query on the server and closes the connection. Statements are unnamed
//! (parse, bind and execute together), so that a pooler in transaction mode can run each one on a different server connection.
//! Results must have built-in types (text, numbers, uuid, jsonb, …), because tokio-postgres looks up other types with named
//! statements in the middle of the answer.

mod planning;
mod rows;
mod transaction;
mod trial;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::BoxStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::error::DbError;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use planning::Planning;
pub use rows::Rows;
use rows::{InFlight, OwnedRows, RowsInner};
pub(in crate::store) use transaction::CopyIn;
pub use transaction::{CopyOut, Transaction};
use trial::Trial;

use super::connect::{Canceller, Connected, failure};
use super::{Options, Result, Settings, StoreError};
use crate::clock;

/// A parameter of a statement, with the type to send it as.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Default timeout of a statement. For streamed rows it applies to each wait for more rows.
pub(super) const TIME_LIMIT: Duration = Duration::from_mins(1);

/// With this path statements find only the server's own functions and operators.
const OWN_PATH: &str = "set local search_path = pg_catalog, pg_temp";

/// A connection that was idle for longer than this is checked before it is used.
const REST: Duration = Duration::from_secs(1);
/// Timeout of that check.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// How long a cancelled connection may take to end before it is closed by force.
const CANCEL_LIMIT: Duration = Duration::from_secs(5);
/// A cancel request that overtakes its query has no effect, so it is repeated at this interval until the connection has ended.
const CANCEL_AGAIN: Duration = Duration::from_millis(250);

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

/// The connections of one store.
#[derive(Debug)]
pub struct Sessions {
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    settings: Settings,
    read_only: bool,
    size: usize,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Connected, Instant)>>,
    trial: Trial,
    /// Major version of the server at the latest connection, or 0 before the first.
    version: AtomicU32,
}

impl Pool {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connected, Instant)>> {
        // A panic cannot leave the list in an inconsistent state.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// Creates a pool without opening a connection.
    #[must_use]
    pub fn new(settings: Settings, options: Options) -> Self {
        let size = if settings.is_single_connection() { 1 } else { options.connections.clamp(1, 1_000) };
        let pool = Pool {
            settings,
            read_only: options.read_only,
            size,
            permits: Arc::new(Semaphore::new(size)),
            idle: Mutex::default(),
            trial: Trial::default(),
            version: AtomicU32::new(0),
        };
        Self { pool: Arc::new(pool) }
    }

    /// The settings for new connections.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.pool.settings
    }

    /// Whether the store was opened read-only. The server can refuse writes too; see [`ServerInfo::read_only`].
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.pool.read_only
    }

    /// The server's major version, or 0 before the first connection.
    pub(super) fn server_version(&self) -> u32 {
        self.pool.version.load(Ordering::Relaxed)
    }

    /// The maximum number of connections at a time.
    #[must_use]
    pub fn size(&self) -> usize {
        self.pool.size
    }

    /// Returns an idle connection that is intact, or opens one. Waits while all are in use, so a task that holds a session must
    /// not acquire a second one (the embedded store has only one).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::NoPermission`] or [`StoreError::Server`] if connecting fails.
    ///
    /// # Panics
    /// Never, because the semaphore is never closed.
    pub async fn acquire(&self) -> Result<Session> {
        let pool = &self.pool;
        let permit = Arc::clone(&pool.permits).acquire_owned().await.expect("the semaphore is never closed");
        loop {
            let rested = pool.idle().pop();
            let Some((connection, since)) = rested else { break };
            if is_whole(&connection, since, pool.settings.is_single_connection()).await {
                return Ok(Session::new(connection, permit, Arc::clone(pool)));
            }
        }
        let connection = pool.trial.connect(&pool.settings, pool.read_only).await?;
        pool.version.store(connection.version, Ordering::Relaxed);
        Ok(Session::new(connection, permit, Arc::clone(pool)))
    }

    /// Opens connections in advance, so that the first queries, which come together, need not wait for them. Failures are ignored
    /// here and reported by [`Sessions::acquire`].
    pub fn open_ahead(self: &Arc<Self>, count: usize) {
        for _ in 0..count.min(self.pool.size.saturating_sub(1)) {
            let sessions = Arc::clone(self);
            tokio::spawn(async move { sessions.acquire().await.is_ok() });
        }
    }

    /// Waits, at most `limit`, until every session is returned and every cancel request is answered, then closes the connections.
    /// Call it at the end of a program, so that no abandoned query continues to run on the server.
    pub async fn close(&self, limit: Duration) {
        let mut all = Vec::with_capacity(self.pool.size);
        let _ = tokio::time::timeout(limit, async {
            while all.len() < self.pool.size {
                all.push(self.pool.permits.acquire().await);
            }
        })
        .await;
        self.pool.idle().clear();
    }
}

/// Whether an idle connection can be used. The embedded store's only connection is not checked: it may still be skipping the rows
/// of an abandoned query, and a replacement would wait for it forever.
async fn is_whole(connection: &Connected, since: Instant, single: bool) -> bool {
    if connection.client.is_closed() {
        return false;
    }
    if single || since.elapsed() < REST {
        return true;
    }
    matches!(tokio::time::timeout(SIGN_OF_LIFE, connection.client.check_connection()).await, Ok(Ok(())))
}

/// An error with the server's original answer, for callers that decide by SQLSTATE and structure.
#[derive(Debug)]
pub(super) enum QueryError {
    Postgres(tokio_postgres::Error),
    /// There was no answer within the session's timeout, so the query was cancelled.
    TimedOut(Duration),
}

impl QueryError {
    /// Returns the server's error, if the server sent one.
    pub(super) fn server(&self) -> Option<&DbError> {
        match self {
            Self::Postgres(error) => error.as_db_error(),
            Self::TimedOut(_) => None,
        }
    }

    /// Whether the statement may have been executed nevertheless, because there was no answer or one that ends the connection.
    pub(super) fn leaves_doubt(&self) -> bool {
        self.server().is_none_or(|error| failure::ends_connection(error.code()))
    }
}

impl From<tokio_postgres::Error> for QueryError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

/// The state that a session shares with its streamed rows.
#[derive(Debug)]
struct State {
    /// `None` if the server does not support cancel requests.
    canceller: Option<Canceller>,
    /// A query was dropped before it ended.
    abandoned: AtomicBool,
    /// Inside an explicit transaction.
    in_transaction: AtomicBool,
    end: Arc<OnceLock<String>>,
    target: String,
}

impl State {
    fn store_error(&self, error: &QueryError) -> StoreError {
        match error {
            QueryError::Postgres(error) => failure::of_client(error, &self.target, self.end.get().map(String::as_str)),
            QueryError::TimedOut(limit) => StoreError::TimedOut { limit: *limit },
        }
    }
}

/// A connection that one operation uses. Dropping it returns the connection to the pool.
#[derive(Debug)]
pub struct Session {
    /// `Some` until the session is dropped.
    connection: Option<Connected>,
    permit: Option<OwnedSemaphorePermit>,
    pool: Arc<Pool>,
    state: Arc<State>,
    limit: Option<Duration>,
    planning: Planning,
    /// See [`Session::on_own_path`].
    own_path: bool,
}

impl Session {
    fn new(connection: Connected, permit: OwnedSemaphorePermit, pool: Arc<Pool>) -> Self {
        let state = State {
            canceller: (!pool.settings.is_single_connection()).then(|| connection.canceller.clone()),
            abandoned: AtomicBool::new(false),
            in_transaction: AtomicBool::new(false),
            end: Arc::clone(&connection.end),
            target: pool.settings.target(),
        };
        // The embedded store has neither JIT nor workers, and each further statement costs it more than it costs a server.
        let planning = if pool.settings.is_single_connection() { Planning::Freely } else { Planning::InOrder };
        Self {
            connection: Some(connection),
            permit: Some(permit),
            pool,
            state: Arc::new(state),
            limit: Some(TIME_LIMIT),
            planning,
            own_path: false,
        }
    }

    fn connection(&self) -> &Connected {
        self.connection.as_ref().expect("only dropping takes it")
    }

    fn client(&self) -> &Arc<Client> {
        &self.connection().client
    }

    /// Makes every statement that reads find only the server's own functions and operators, whatever the search path of the role or
    /// the database is. The embedded store does not need this because it has no other users.
    #[must_use]
    pub(super) fn on_own_path(mut self) -> Self {
        self.own_path = !self.pool.settings.is_single_connection();
        self
    }

    /// Returns the statements that begin the transaction around a statement, or `None` if it needs no transaction of its own.
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
    fn settings_for_reading(&self) -> &'static str {
        match (self.own_path, self.connection().any_bytes) {
            (false, _) => "",
            (true, false) => OWN_PATH,
            // Otherwise the server refuses to send bytes that are not UTF-8.
            (true, true) => "set local search_path = pg_catalog, pg_temp; set local client_encoding = 'SQL_ASCII'",
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

    /// Like [`Session::query`], but returns the server's original error and can write. Unless the store is read-only, the statement
    /// is its own transaction, so a successful answer means that it is committed.
    pub(super) async fn query_raw(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, QueryError> {
        self.within(async { self.start(sql, parameters, Planning::Freely).await?.collect().await }).await
    }

    /// Runs the statements in `before` and then a query without parameters, all in one read-only transaction with the search path of
    /// [`Session::on_own_path`]. Takes one round trip.
    pub(super) async fn query_behind(&self, before: &str, sql: &str) -> Result<Vec<Row>> {
        let settings = self.planning.by_choice().settings(self.connection().version);
        let reading = if self.connection().any_bytes { "set local client_encoding = 'SQL_ASCII'" } else { "" };
        let opening = format!("begin read only; {OWN_PATH}; {reading}; {settings}; {before}");
        let rows = self.within(async {
            RowsInner::start(&self.state, self.client(), Some(&opening), self.limit, sql, &[]).await?.collect().await
        });
        rows.await.map_err(|error| self.store_error(&error))
    }

    pub(super) fn store_error(&self, error: &QueryError) -> StoreError {
        self.state.store_error(error)
    }

    /// Runs a query and returns its first row, if any.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn query_opt(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Option<Row>> {
        Ok(self.query(sql, parameters).await?.into_iter().next())
    }

    /// Streams the rows of a query in bounded memory. Dropping the stream before its end cancels the query on the server, and the
    /// connection is not reused.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn stream(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Rows<'_>> {
        self.rows(sql, parameters, self.planning).await
    }

    /// Like [`Session::stream`], for a query without an index that is always best.
    pub(super) async fn stream_by_choice(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Rows<'_>> {
        self.rows(sql, parameters, self.planning.by_choice()).await
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
            let done = if let Some(opening) = self.opening(Planning::Freely) {
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

    /// Asks the server for its version, role, clock and whether it accepts writes, in one round trip.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn server_info(&self) -> Result<ServerInfo> {
        let sql = "select current_setting('server_version'), current_database()::text, current_user::text, \
                   pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', \
                   (extract(epoch from clock_timestamp()) * 1000000)::int8";
        let (clock, asked) = (clock::now(), Instant::now());
        let rows = self.query(sql, &[]).await?;
        let half = asked.elapsed() / 2;
        let row = rows.first().ok_or_else(|| StoreError::Server {
            code: "XX000".to_owned(),
            message: "the server returned no row for a query that always has one".to_owned(),
        })?;
        let ours = clock.as_microsecond().saturating_add(i64::try_from(half.as_micros()).unwrap_or(i64::MAX));
        let standby: bool = self.value(row, 3)?;
        let refused: bool = self.value(row, 4)?;
        let read_only = if self.pool.read_only {
            Some("the store was opened read-only")
        } else if standby {
            Some("the server is a standby")
        } else {
            refused.then_some("default_transaction_read_only is on")
        };
        let clock_ahead_us = self.value::<i64>(row, 5)?.saturating_sub(ours);
        Ok(ServerInfo {
            version: self.value(row, 0)?,
            database: self.value(row, 1)?,
            user: self.value(row, 2)?,
            standby,
            read_only: read_only.map(str::to_owned),
            clock_ahead_us,
        })
    }

    fn value<'a, T: tokio_postgres::types::FromSql<'a>>(&self, row: &'a Row, column: usize) -> Result<T> {
        row.try_get(column).map_err(|error| self.store_error(&error.into()))
    }

    /// Sets the timeout of later statements on this session, one minute by default. For streamed rows it applies to each wait.
    /// After the timeout the query is cancelled on the server.
    ///
    /// Use `None` for statements that read a lot or wait for locks. The caller must then be able to drop the future to stop them.
    pub fn set_limit(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }

    /// Lets the server choose the index of later queries on this session, for queries without an index that is always best.
    pub(super) fn choose_index(&mut self) {
        self.planning = self.planning.by_choice();
    }

    /// Lets the server plan later statements on this session freely, with parallel workers and sequential scans. Reports need this
    /// because they read everything.
    pub(super) fn plan_freely(&mut self) {
        self.planning = Planning::Freely;
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, QueryError>>) -> Result<T, QueryError> {
        match self.limit {
            Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or(Err(QueryError::TimedOut(limit))),
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
        RowsInner::start(&self.state, self.client(), opening.as_deref(), self.limit, sql, parameters).await
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
            self.pool.idle().push((connection, Instant::now()));
            return;
        }
        // The permit is held until the end, so that the server never has more connections than allowed.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(discard(connection, self.permit.take()));
        }
    }
}

/// Cancels the running statement until the connection has ended, and closes it by force if that takes too long.
async fn discard(connection: Connected, permit: Option<OwnedSemaphorePermit>) {
    let Connected { client, canceller, mut driver, .. } = connection;
    drop(client);
    let ended = tokio::time::timeout(CANCEL_LIMIT, async {
        loop {
            canceller.cancel(CANCEL_LIMIT).await;
            if tokio::time::timeout(CANCEL_AGAIN, &mut driver).await.is_ok() {
                return;
            }
        }
    });
    if ended.await.is_err() {
        driver.abort();
    }
    drop(permit);
}
