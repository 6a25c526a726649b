//! Attempts to connect to another database, one at a time, in the background. The current one is used until the new one
//! has answered. It does not know how a connection is set up: the program does.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::RwLock;
use tokio::task::JoinHandle;

use super::questions::Opening;
use crate::app::ScreenSettings;
use crate::app::connections::ConnectTo;

/// Closes a store that was opened: on request, or else in the background when this is dropped.
pub(crate) struct Closing(Option<BoxFuture<'static, ()>>);

impl Closing {
    #[must_use]
    pub(crate) fn new(close: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(close)))
    }

    async fn close(mut self) {
        if let Some(close) = self.0.take() {
            close.await;
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let (Some(close), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(close);
        }
    }
}

/// A database and everything that the screen needs for it. Its store is not open yet.
pub(crate) struct Prepared {
    pub opening: Opening,
    pub settings: ScreenSettings,
    /// What may be wrong with the settings of the connection, for the user.
    pub warnings: Vec<String>,
    pub closing: Closing,
    /// The name under which its session is saved.
    pub session: String,
}

/// Sets up connections.
pub(crate) trait Connector: Send + Sync {
    /// Prepares a connection from the configuration and the environment.
    ///
    /// # Errors
    /// The reason, for the user.
    fn prepare(&self, to: &ConnectTo) -> Result<Prepared, String>;
}

/// The attempt under way, if there is one, and the stores that were left.
pub(super) struct Connecting {
    connector: Arc<dyn Connector>,
    attempt: Option<JoinHandle<Result<Box<Prepared>, String>>>,
    /// Locked for reading while a store that was left is closing.
    left: Arc<RwLock<()>>,
}

impl Connecting {
    pub(super) fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector, attempt: None, left: Arc::default() }
    }

    /// Starts an attempt in place of the one under way.
    pub(super) fn start(&mut self, to: ConnectTo) {
        self.stop();
        let (connector, left) = (Arc::clone(&self.connector), Arc::clone(&self.left));
        self.attempt = Some(tokio::spawn(async move {
            let prepared = tokio::task::spawn_blocking(move || connector.prepare(&to)).await;
            let prepared = prepared.map_err(|error| error.to_string()).flatten()?;
            // Only one screen at a time can use an embedded store, even if it is the same program.
            drop(left.write().await);
            // If this fails or is stopped, dropping it closes the store.
            prepared.opening.check().await?;
            Ok(Box::new(prepared))
        }));
    }

    /// Ends the attempt.
    pub(super) fn stop(&mut self) {
        if let Some(attempt) = self.attempt.take() {
            attempt.abort();
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.attempt.is_some()
    }

    /// Waits for the result of the attempt. It can be called again if the future was dropped.
    pub(super) async fn result(&mut self) -> Result<Box<Prepared>, String> {
        let Some(attempt) = &mut self.attempt else { return std::future::pending().await };
        let result = attempt.await;
        self.attempt = None;
        result.map_err(|error| error.to_string()).flatten()
    }

    /// Closes a store in the background.
    pub(super) fn leave(&self, closing: Closing) {
        // This fails only while an attempt begins, which then does not wait for this store.
        let busy = Arc::clone(&self.left).try_read_owned();
        tokio::spawn(async move {
            closing.close().await;
            drop(busy);
        });
    }

    /// Waits until all stores are closed.
    pub(super) async fn end(mut self, closing: Closing) {
        self.stop();
        closing.close().await;
        drop(self.left.write().await);
    }
}
