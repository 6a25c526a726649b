//! The embedded store: PostgreSQL 17, compiled to WebAssembly, inside this process (crate `pglite-oxide`), behind a
//! private socket. Nothing in this module knows what a message store is.
//!
//! Clients connect through a relay, because the server stops for good if a client disconnects in the middle of an
//! answer. The relay reads such an answer to its end, and restarts the server if it has stopped. It serves one
//! connection at a time; a second one waits until the first ends. The server supports neither cancel requests nor
//! `statement_timeout`, so an abandoned query runs to its end.

mod assets;
mod cache;
mod cluster;
mod disk;
mod error;
mod error_response;
mod full_disk;
mod lock;
mod relay;
mod socket;
mod steps;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use self::disk::Disk;
use self::error::cannot;
use self::lock::DirectoryLock;
use self::relay::{Backend, Relay};
use self::socket::Address;
use super::connect::Settings;
use super::error::{Result, StoreError};
use crate::own_files;
use crate::temporary::TemporaryDirectory;

/// How long dropping an [`Embedded`] waits for the server to stop. A query that takes longer continues until the
/// process ends. This is safe, because acknowledged writes are already in the write-ahead log.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// A running embedded server. Dropping it stops the server.
#[derive(Debug)]
pub struct Embedded {
    address: Address,
    relay: Arc<Relay>,
    stopped: Receiver<()>,
    /// Shared with the server's thread, which can outlive this value.
    lock: Option<Arc<DirectoryLock>>,
    _temporary: Option<TemporaryDirectory>,
}

impl Embedded {
    /// Opens the persistent database in `dir`, and creates the directory and the database if they are missing. Other
    /// users have no access to the directory. The first connection takes about a second. Waits up to 30 seconds for a
    /// program that is closing the database.
    ///
    /// Acknowledged writes are on the disk, and survive the end of the process, even by `kill -9`.
    ///
    /// # Errors
    /// [`StoreError::Embedded`] if another program has the database open, or if it cannot be created or read.
    pub async fn open(dir: &Path) -> Result<Self> {
        let dir = dir.to_owned();
        blocking(move || {
            own_files::make_directory(&dir).map_err(|error| cannot("use the directory", &dir, &error))?;
            let lock = DirectoryLock::take(&dir)?;
            let root = cluster::prepare(&dir)?;
            Self::start(root, Some(lock), None)
        })
        .await
    }

    /// Creates a database that is deleted when the returned value is dropped.
    ///
    /// # Errors
    /// [`StoreError::Embedded`] if the database cannot be created.
    pub async fn temporary() -> Result<Self> {
        blocking(|| {
            let dir = private_dir()?;
            let root = cluster::prepare_temporary(dir.path())?;
            Self::start(root, None, Some(dir))
        })
        .await
    }

    /// Returns the default directory of the persistent database: `streamscope` in the user's data directory.
    ///
    /// # Errors
    /// [`StoreError::Embedded`] if the user has no home directory.
    pub fn default_dir() -> Result<PathBuf> {
        directories::BaseDirs::new().map(|dirs| dirs.data_dir().join("streamscope")).ok_or_else(|| {
            StoreError::Embedded(
                "this account has no home directory; choose a directory with --embedded DIR".to_owned(),
            )
        })
    }

    /// Returns the settings to connect as the superuser `postgres`, one connection at a time.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let (host, port) = self.address();
        Settings::embedded(&host, port, "postgres", "postgres")
    }

    /// Returns the socket's directory (or the host) and the port, for other clients.
    #[must_use]
    pub fn address(&self) -> (String, u16) {
        self.address.host_and_port()
    }

    fn start(root: PathBuf, lock: Option<DirectoryLock>, temporary: Option<TemporaryDirectory>) -> Result<Self> {
        cache::verify()?;
        let sockets = private_dir()?;
        let disk = lock.is_some().then(|| Disk::new(&root));
        let backend = Backend { root, disk, address: Address::backend(sockets.path()), server: None };
        let (listener, address) =
            Address::listen(sockets.path()).map_err(|error| cannot("listen in", sockets.path(), &error))?;
        let relay = Arc::new(Relay::default());
        let lock = lock.map(Arc::new);
        let (started_sender, started) = sync_channel(1);
        let (stopped_sender, stopped) = sync_channel(1);
        let (relay_of_thread, lock_of_thread) = (Arc::clone(&relay), lock.clone());
        thread::Builder::new()
            .name("embedded-relay".to_owned())
            .spawn(move || {
                relay_of_thread.serve(&listener, backend, &started_sender);
                // The server stops only if its socket can be reached, and until then no other server may use its files.
                drop((lock_of_thread, sockets));
                // Sending fails if nobody is waiting any more, which does not matter.
                let _ = stopped_sender.send(());
            })
            .map_err(|error| StoreError::Embedded(format!("cannot start a thread: {error}")))?;
        match started.recv() {
            Ok(Ok(())) => Ok(Self { address, relay, stopped, lock, _temporary: temporary }),
            Ok(Err(reason)) => Err(StoreError::Embedded(reason)),
            Err(_) => Err(StoreError::Embedded("the server stopped during start-up; the log file says why".to_owned())),
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            lock.announce_stop();
        }
        self.relay.stop(&self.address);
        if self.stopped.recv_timeout(STOP_LIMIT).is_err() {
            tracing::warn!("the embedded server is still busy and keeps running until the process ends");
        }
    }
}

fn private_dir() -> Result<TemporaryDirectory> {
    TemporaryDirectory::new().map_err(|error| cannot("create a directory in", &std::env::temp_dir(), &error))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::Embedded(format!("the server could not be started: {error}"))))
}
