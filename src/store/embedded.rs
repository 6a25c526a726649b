//! The embedded default: PostgreSQL 17 in WebAssembly inside this process (crate `pglite-oxide`), over a private socket.
//!
//! Between the client and that server stands a relay of ours, because the server ends for good when a client goes away in
//! the middle of an answer. The relay reads such an answer to its end, and starts the server anew where it did end.
//! It serves one connection at a time; a second one waits for the first to end. There is no cancel and no `statement_timeout`:
//! a query that nobody waits for any more still runs to its end. Nothing in here knows what a message store is.

mod assets;
mod cache;
mod cluster;
mod disk;
mod full_disk;
mod lock;
mod relay;
mod socket;
mod steps;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use self::disk::Disk;
use self::lock::DirectoryLock;
use self::relay::{Backend, Relay};
use self::socket::Address;
use super::{Result, Settings, StoreError};
use crate::own_files;
use crate::temporary::TemporaryDirectory;

/// How long dropping an [`Embedded`] waits for the server to stop. A query that runs longer is left to the end of the process;
/// what was acknowledged is in the write-ahead log by then.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// A running embedded server. It stops when dropped.
#[derive(Debug)]
pub struct Embedded {
    address: Address,
    relay: Arc<Relay>,
    stopped: Receiver<()>,
    // Dropped after the server has stopped, in this order.
    _temporary: Option<TemporaryDirectory>,
    _sockets: TemporaryDirectory,
    _lock: Option<DirectoryLock>,
}

impl Embedded {
    /// A persistent database in `dir`, which is made where it is missing; other users cannot look into it. The first connection takes about a second.
    ///
    /// What was acknowledged is on the disk, and there after the process ends, by `kill -9` too.
    ///
    /// # Errors
    /// [`StoreError::Embedded`] where another program has it open, or it cannot be made or read.
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

    /// A database that goes away when this is dropped.
    ///
    /// # Errors
    /// [`StoreError::Embedded`].
    pub async fn temporary() -> Result<Self> {
        blocking(|| {
            let dir = private_dir()?;
            let root = cluster::prepare_temporary(dir.path())?;
            Self::start(root, None, Some(dir))
        })
        .await
    }

    /// Where the persistent database of this user is: `streamscope` in the user's data directory.
    ///
    /// # Errors
    /// [`StoreError::Embedded`] where the user has no home directory.
    pub fn default_dir() -> Result<PathBuf> {
        directories::BaseDirs::new().map(|dirs| dirs.data_dir().join("streamscope")).ok_or_else(|| {
            StoreError::Embedded("there is no home directory to keep it in; name one with --embedded DIR".to_owned())
        })
    }

    /// How to connect: one connection at a time, as the superuser `postgres`.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let (host, port) = self.address();
        Settings::embedded(&host, port, "postgres", "postgres")
    }

    /// Directory of the socket (or host) and port, for clients that are not ours.
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
        let (started_sender, started) = sync_channel(1);
        let (stopped_sender, stopped) = sync_channel(1);
        let of_thread = Arc::clone(&relay);
        thread::Builder::new()
            .name("embedded-relay".to_owned())
            .spawn(move || of_thread.serve(&listener, backend, &started_sender, &stopped_sender))
            .map_err(|error| StoreError::Embedded(format!("cannot start a thread: {error}")))?;
        match started.recv() {
            Ok(Ok(())) => Ok(Self { address, relay, stopped, _temporary: temporary, _sockets: sockets, _lock: lock }),
            Ok(Err(reason)) => Err(StoreError::Embedded(reason)),
            Err(_) => Err(StoreError::Embedded("the server ended while it started (see the log file)".to_owned())),
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.relay.stop(&self.address);
        if self.stopped.recv_timeout(STOP_LIMIT).is_err() {
            tracing::warn!("the embedded server is still busy and was left behind");
        }
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> StoreError {
    let full = if is_disk_full(error) { "the disk is full: " } else { "" };
    StoreError::Embedded(format!("{full}cannot {what} {}: {error}", path.display()))
}

fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A temporary directory that only this user can look into.
fn private_dir() -> Result<TemporaryDirectory> {
    TemporaryDirectory::new().map_err(|error| cannot("make a directory in", &std::env::temp_dir(), &error))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::Embedded(format!("the server could not be started: {error}"))))
}
