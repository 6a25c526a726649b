//! Connections shared by the operations of a store: a bounded number, opened when needed, put back when whole.
//!
//! A session that is dropped in the middle of a query cancels it on the server and is not used again. Statements
//! are unnamed (parse, bind and execute together), so that a pooler in transaction mode can serve each one elsewhere.
//! Results must be of types that every server has (text, numbers, uuid, jsonb, …): an unknown type would be looked up by
//! named statements in the middle of the answer.

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

/// A parameter and the type that it is sent as.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// How long an answer may take where nothing else is said (of rows: each wait for them): nobody waits for it longer.
pub(super) const TIME_LIMIT: Duration = Duration::from_mins(1);

/// Nothing comes before the server's own functions and operators, and nothing after them.
const OWN_PATH: &str = "set local search_path = pg_catalog, pg_temp";

/// A connection that rested longer than this is asked for a sign of life before it is used.
const REST: Duration = Duration::from_secs(1);
/// How long that sign of life may take.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// How long a cancelled connection may take to end before it is cut.
const CANCEL_LIMIT: Duration = Duration::from_secs(5);
/// A cancel request that overtook its query does nothing, so it is repeated this often until the connection ended.
const CANCEL_AGAIN: Duration = Duration::from_millis(250);

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
    /// Major version of the server that was connected to last; 0 before that.
    version: AtomicU32,
}

impl Pool {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connected, Instant)>> {
        // A list of connections is whole at every step, whoever panicked.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// None is opened yet.
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

    /// Where they lead.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.pool.settings
    }

    /// Whether the program itself refuses writes.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.pool.read_only
    }

    /// The server's major version, once there was a connection to it.
    pub(super) fn server_version(&self) -> u32 {
        self.pool.version.load(Ordering::Relaxed)
    }

    /// How many there are at most at a time.
    #[must_use]
    pub fn size(&self) -> usize {
        self.pool.size
    }

    /// A connection for one operation: an idle one that is whole, or a new one; waits where all are in use, so a task that
    /// holds a session must not ask for a second one (the embedded store has only one).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::NoPermission`], [`StoreError::Server`] from connecting.
    ///
    /// # Panics
    /// Never: the semaphore is not closed by anyone.
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

    /// Opens connections before they are asked for, so that the first questions, which come together, need not wait for one
    /// each. What goes wrong is told to whoever asks.
    pub fn open_ahead(self: &Arc<Self>, count: usize) {
        for _ in 0..count.min(self.pool.size.saturating_sub(1)) {
            let sessions = Arc::clone(self);
            tokio::spawn(async move { sessions.acquire().await.is_ok() });
        }
    }

    /// Waits until every session is back and every cancel request has been answered, at most `limit`, and closes the
    /// connections: for the end of a program, so that nothing it gave up goes on running on the server.
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

/// Whether a rested connection can be used. The embedded store is in this process and is not asked: it may still be
/// skipping the rows of an abandoned query, and a second connection would hang.
async fn is_whole(connection: &Connected, since: Instant, single: bool) -> bool {
    if connection.client.is_closed() {
        return false;
    }
    if single || since.elapsed() < REST {
        return true;
    }
    matches!(tokio::time::timeout(SIGN_OF_LIFE, connection.client.check_connection()).await, Ok(Ok(())))
}

/// A failure with the server's own answer still in it, for callers that decide by SQLSTATE and structure.
#[derive(Debug)]
pub(super) enum QueryError {
    /// What tokio-postgres gave.
    Postgres(tokio_postgres::Error),
    /// No answer within the session's limit; the query was cancelled.
    TimedOut(Duration),
}

impl QueryError {
    /// The server's error, where the server gave one.
    pub(super) fn server(&self) -> Option<&DbError> {
        match self {
            Self::Postgres(error) => error.as_db_error(),
            Self::TimedOut(_) => None,
        }
    }

    /// Whether the statement may have been carried out all the same: no answer came, or one that ends the connection.
    pub(super) fn leaves_doubt(&self) -> bool {
        self.server().is_none_or(|error| failure::ends_connection(error.code()))
    }
}

impl From<tokio_postgres::Error> for QueryError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

/// What a session shares with the rows that it gave out.
#[derive(Debug)]
struct State {
    /// `None` where the server knows no cancel requests.
    canceller: Option<Canceller>,
    /// A query was dropped before its end.
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

/// A connection in use by one operation.
#[derive(Debug)]
pub struct Session {
    /// Always there until the session is dropped.
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
        // The embedded store neither compiles nor has workers, and each further statement costs it more than it costs a server.
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

    /// From here on every statement that reads finds the server's own functions and operators and no others, whatever the search path
    /// of the role or the database is. The embedded store has no other users.
    #[must_use]
    pub(super) fn on_own_path(mut self) -> Self {
        self.own_path = !self.pool.settings.is_single_connection();
        self
    }

    /// How the transaction begins that a statement needs around it; none where it needs none.
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

    /// What a transaction that reads needs whatever it reads.
    fn settings_for_reading(&self) -> &'static str {
        match (self.own_path, self.connection().any_bytes) {
            (false, _) => "",
            (true, false) => OWN_PATH,
            // The server would refuse to send what is not UTF-8.
            (true, true) => "set local search_path = pg_catalog, pg_temp; set local client_encoding = 'SQL_ASCII'",
        }
    }

    /// Rows of a query, collected. One round trip.
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        let rows = self.within(async { self.start(sql, parameters, self.planning).await?.collect().await });
        rows.await.map_err(|error| self.store_error(&error))
    }

    /// As [`Session::query`], with the server's own error, and for writing: on a store that is not read-only the statement is a
    /// transaction by itself, so that its answer means that it was committed.
    pub(super) async fn query_raw(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, QueryError> {
        self.within(async { self.start(sql, parameters, Planning::Freely).await?.collect().await }).await
    }

    /// Rows of a query without parameters behind other statements, all of them as after [`Session::on_own_path`] and in one transaction
    /// that writes nothing. One round trip.
    pub(super) async fn query_behind(&self, before: &str, sql: &str) -> Result<Vec<Row>> {
        let settings = self.planning.by_choice().settings(self.connection().version);
        let reading = if self.connection().any_bytes { "set local client_encoding = 'SQL_ASCII'" } else { "" };
        let opening = format!("begin read only; {OWN_PATH}; {reading}; {settings}; {before}");
        let rows = self.within(async {
            RowsInner::start(&self.state, self.client(), Some(&opening), self.limit, sql, &[]).await?.collect().await
        });
        rows.await.map_err(|error| self.store_error(&error))
    }

    /// The error of [`Session::query_raw`] as the store's.
    pub(super) fn store_error(&self, error: &QueryError) -> StoreError {
        self.state.store_error(error)
    }

    /// The first row of a query, or none.
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn query_opt(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Option<Row>> {
        Ok(self.query(sql, parameters).await?.into_iter().next())
    }

    /// Rows as they arrive; memory stays bounded however many there are. Rows that are dropped before their end
    /// cancel the query on the server, and the session is not used again.
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn stream(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Rows<'_>> {
        self.rows(sql, parameters, self.planning).await
    }

    /// As [`Session::stream`], for a query that no single index always serves best.
    pub(super) async fn stream_by_choice(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Rows<'_>> {
        self.rows(sql, parameters, self.planning.by_choice()).await
    }

    async fn rows(&self, sql: &str, parameters: &[Parameter<'_>], planning: Planning) -> Result<Rows<'_>> {
        let rows = self.within(self.start(sql, parameters, planning));
        Ok(Rows::new(rows.await.map_err(|error| self.store_error(&error))?))
    }

    /// Rows as they arrive, with the session inside: it goes back at the last row, and a drop before it cancels the query.
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn into_stream(self, sql: &str, parameters: &[Parameter<'_>]) -> Result<BoxStream<'static, Result<Row>>> {
        let rows = self.within(self.start(sql, parameters, self.planning));
        let rows = rows.await.map_err(|error| self.store_error(&error))?;
        Ok(Box::pin(OwnedRows::new(rows, self)))
    }

    /// Statements without parameters, in one implicit transaction.
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn batch(&self, sql: &str) -> Result<()> {
        self.batch_raw(sql).await.map_err(|error| self.store_error(&error))
    }

    async fn batch_raw(&self, sql: &str) -> Result<(), QueryError> {
        self.within(async {
            let in_flight = InFlight::new(&self.state);
            let done = if let Some(opening) = self.opening(Planning::Freely) {
                // Polled in this order, so sent in this order and without waiting for one another.
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

    /// See [`ServerInfo`].
    ///
    /// # Errors
    /// The server's, mapped by SQLSTATE.
    pub async fn server_info(&self) -> Result<ServerInfo> {
        let sql = "select current_setting('server_version'), current_database()::text, current_user::text, \
                   pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', \
                   (extract(epoch from clock_timestamp()) * 1000000)::int8";
        let (clock, asked) = (clock::now(), Instant::now());
        let rows = self.query(sql, &[]).await?;
        let half = asked.elapsed() / 2;
        let row = rows.first().ok_or_else(|| StoreError::Server {
            code: "XX000".to_owned(),
            message: "no row from a query that always has one".to_owned(),
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

    /// Another time limit than a minute for each statement that follows on this session (for rows: for each wait). Past it the
    /// query is cancelled on the server. None is for what takes as long as there is much to read, or others have the locks;
    /// whoever asks for that must be able to stop it, by dropping the future.
    pub fn set_limit(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }

    /// Lets the server choose the index of the queries that follow on this session: for those that no single index always serves.
    pub(super) fn choose_index(&mut self) {
        self.planning = self.planning.by_choice();
    }

    /// Lets the server plan the statements and transactions that follow on this session as it likes, with parallel workers and
    /// by reading whole tables: for reports, which read everything.
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
        // The embedded store's only connection is kept whatever happened on it: tokio-postgres skips abandoned rows.
        if !broken || self.state.canceller.is_none() {
            self.pool.idle().push((connection, Instant::now()));
            return;
        }
        // The permit goes along, so that the server never sees more connections than were allowed.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(discard(connection, self.permit.take()));
        }
    }
}

/// Cancels what runs on a connection until it has ended, and cuts it where that takes too long.
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
