//! The sessions of a store: hands out connections, at most a fixed number at a time. Knows nothing about statements.

use std::sync::Arc;
use std::time::Duration;

use super::active::Session;
use super::options::Options;
use super::pool::Pool;
use crate::store::connect::Settings;
use crate::store::error::{Result, StoreError};

/// The reason why a store refuses to write whatever the server allows.
pub(super) const OPENED_READ_ONLY: &str = "the store was opened read-only";

/// The connections of one store.
#[derive(Debug)]
pub struct Sessions {
    pool: Arc<Pool>,
}

impl Sessions {
    /// Creates a pool without opening a connection.
    #[must_use]
    pub fn new(settings: Settings, options: Options) -> Self {
        Self { pool: Arc::new(Pool::new(settings, options)) }
    }

    /// The settings for new connections.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.pool.settings
    }

    /// Whether the store was opened read-only. The server can refuse writes too; see `ServerInfo::read_only`.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.pool.read_only
    }

    /// Refuses to write to a store that was opened read-only.
    pub(in crate::store) fn refuse_if_read_only(&self) -> Result<()> {
        if self.is_read_only() { Err(StoreError::ReadOnly(OPENED_READ_ONLY.to_owned())) } else { Ok(()) }
    }

    /// The server's major version, or 0 before the first connection.
    pub(in crate::store) fn server_version(&self) -> u32 {
        self.pool.server_version()
    }

    /// The maximum number of connections at a time.
    #[must_use]
    pub fn size(&self) -> usize {
        self.pool.size
    }

    /// Returns an idle connection that is intact, or opens one. Waits while all are in use, so a task that holds a
    /// session must not acquire a second one (the embedded store has only one).
    ///
    /// # Errors
    /// [`crate::store::StoreError::Unavailable`], [`crate::store::StoreError::NoPermission`] or
    /// [`crate::store::StoreError::Server`] if connecting fails.
    ///
    /// # Panics
    /// Never, because the semaphore is never closed.
    pub async fn acquire(&self) -> Result<Session> {
        let permit = Arc::clone(&self.pool.permits).acquire_owned().await.expect("the semaphore is never closed");
        let connection = self.pool.take().await?;
        Ok(Session::new(connection, permit, Arc::clone(&self.pool)))
    }

    /// Returns how long the oldest statement has waited for the beginning of its answer. `None` if none is waiting.
    pub(in crate::store) fn unanswered_for(&self) -> Option<Duration> {
        self.pool.unanswered.longest()
    }

    /// Starts opening connections for the first queries, which use them even if they come earlier. Their errors are
    /// reported by [`Sessions::acquire`].
    pub fn open_ahead(&self, count: usize) {
        self.pool.open_ahead(count);
    }

    /// Waits, at most `limit`, until every session is returned and every cancel request is answered, then closes the
    /// connections. Call it at the end of a program, so that no abandoned query continues to run on the server.
    pub async fn close(&self, limit: Duration) {
        let mut all = Vec::with_capacity(self.pool.size);
        let _ = tokio::time::timeout(limit, async {
            while all.len() < self.pool.size {
                all.push(self.pool.permits.acquire().await);
            }
        })
        .await;
        self.pool.close_idle();
    }
}
