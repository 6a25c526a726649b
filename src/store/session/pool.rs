//! The connections behind the sessions of a store: opens them on demand, checks idle ones before reuse, and discards
//! broken ones. Runs no statements of its own except that check.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::in_flight::CANCEL_TIMEOUT;
use super::options::Options;
use super::password_gate::PasswordGate;
use super::unanswered::Unanswered;
use crate::store::connect::{Connected, Settings};
use crate::store::error::{Obstacle, Result, StoreError};

/// A connection that was idle for longer than this is checked before it is used.
const CHECK_AFTER: Duration = Duration::from_secs(1);
/// Timeout of that check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// A cancel request that overtakes its query has no effect, so it is repeated at this interval until the connection has
/// ended.
const CANCEL_AGAIN: Duration = Duration::from_millis(250);

/// An attempt to connect, in a task that ends with it. Its result includes the time, because nobody may be waiting when
/// it ends.
#[derive(Debug)]
struct Attempt(JoinHandle<(Result<Connected>, Instant)>);

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Debug)]
pub(super) struct Pool {
    pub(super) settings: Settings,
    pub(super) read_only: bool,
    pub(super) size: usize,
    pub(super) permits: Arc<Semaphore>,
    pub(super) unanswered: Arc<Unanswered>,
    idle: Mutex<Vec<(Connected, Instant)>>,
    /// Signals that a connection was put back.
    returned: Notify,
    /// Attempts that nobody waits for.
    ahead: Mutex<Vec<Attempt>>,
    gate: PasswordGate,
    /// Major version of the server at the latest connection, or 0 before the first.
    version: AtomicU32,
}

impl Pool {
    /// Creates a pool without opening a connection.
    pub(super) fn new(settings: Settings, options: Options) -> Self {
        let size = if settings.is_single_connection() { 1 } else { options.connections.clamp(1, 1_000) };
        Self {
            settings,
            read_only: options.read_only,
            size,
            permits: Arc::new(Semaphore::new(size)),
            unanswered: Arc::default(),
            idle: Mutex::default(),
            returned: Notify::new(),
            ahead: Mutex::default(),
            gate: PasswordGate::default(),
            version: AtomicU32::new(0),
        }
    }

    pub(super) fn server_version(&self) -> u32 {
        self.version.load(Ordering::Relaxed)
    }

    /// Starts opening connections, as many as the pool has room for.
    pub(super) fn open_ahead(self: &Arc<Self>, count: usize) {
        let mut ahead = self.ahead();
        let room = self.permits.available_permits().saturating_sub(self.idle().len() + ahead.len());
        ahead.extend((0..count.min(room)).map(|_| self.attempt()));
    }

    /// Returns a connection that is idle and intact, or opens one. If another is put back while the new one is being
    /// opened, returns that, and the new one is for the next caller. The caller holds a permit.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Connected> {
        loop {
            let idle = self.idle().pop();
            if let Some((connection, since)) = idle {
                if self.is_usable(&connection, since).await {
                    return Ok(connection);
                }
                continue;
            }
            let ahead = self.ahead().pop();
            let mut attempt = ahead.unwrap_or_else(|| self.attempt());
            let ended = tokio::select! {
                ended = &mut attempt.0 => ended,
                () = self.returned.notified() => {
                    self.ahead().push(attempt);
                    continue;
                }
            };
            match ended {
                Ok((Ok(connection), since)) if self.is_usable(&connection, since).await => return Ok(connection),
                // Another attempt would send a rejected password again.
                Ok((Err(error), since)) if since.elapsed() < CHECK_AFTER => return Err(error),
                // The server closes what it has just accepted, and would close the next connection too.
                Ok((Ok(connection), since)) if since.elapsed() < CHECK_AFTER => {
                    let reason = connection.end.get().cloned();
                    return Err(StoreError::Unavailable {
                        target: self.settings.target(),
                        reason: reason.unwrap_or_else(|| "the server closed the new connection".to_owned()),
                        obstacle: Obstacle::Closed,
                    });
                }
                Ok(_) => {}
                Err(ended) => std::panic::resume_unwind(ended.into_panic()),
            }
        }
    }

    fn attempt(self: &Arc<Self>) -> Attempt {
        let pool = Arc::clone(self);
        Attempt(tokio::spawn(async move { (pool.open().await, Instant::now()) }))
    }

    async fn open(&self) -> Result<Connected> {
        let connection = self.gate.connect(&self.settings, self.read_only).await?;
        self.version.store(connection.version, Ordering::Relaxed);
        Ok(connection)
    }

    /// Whether a connection that nobody used since then can be used. The embedded store's only connection is not
    /// checked: it may still be skipping the rows of an abandoned query, and a replacement would wait for it forever.
    async fn is_usable(&self, connection: &Connected, since: Instant) -> bool {
        if connection.client.is_closed() {
            return false;
        }
        if self.settings.is_single_connection() || since.elapsed() < CHECK_AFTER {
            return true;
        }
        matches!(tokio::time::timeout(CHECK_TIMEOUT, connection.client.check_connection()).await, Ok(Ok(())))
    }

    pub(super) fn put_back(&self, connection: Connected) {
        self.idle().push((connection, Instant::now()));
        self.returned.notify_one();
    }

    pub(super) fn close_idle(&self) {
        self.idle().clear();
        self.ahead().clear();
    }

    // A panic cannot leave one of these lists in an inconsistent state.

    fn idle(&self) -> MutexGuard<'_, Vec<(Connected, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ahead(&self) -> MutexGuard<'_, Vec<Attempt>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cancels the running statement until the connection has ended, and closes it by force if that takes too long.
pub(super) async fn discard(connection: Connected, permit: Option<OwnedSemaphorePermit>) {
    let Connected { client, canceller, mut driver, .. } = connection;
    drop(client);
    let ended = tokio::time::timeout(CANCEL_TIMEOUT, async {
        loop {
            canceller.cancel(CANCEL_TIMEOUT).await;
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
