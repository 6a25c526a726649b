//! The embedded default: PostgreSQL 17 in WebAssembly inside this process (crate `pglite-oxide`), over a private socket.
//!
//! Between the client and that server stands a relay of ours, because the server ends for good when a client goes away in
//! the middle of an answer. The relay reads such an answer to its end, and starts the server anew where it did end.
//! It serves one connection at a time; a second one waits for the first to end. There is no cancel and no `statement_timeout`:
//! a query that nobody waits for any more still runs to its end. Nothing in here knows what a message store is.

mod disk;

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use pglite_oxide::PgliteServer;
use tempfile::TempDir;

use self::disk::Disk;
use self::socket::{Address, Listener, Stream};
use super::{Result, Settings, StoreError};

/// How long dropping an [`Embedded`] waits for the server to stop. A query that runs longer is left to the end of the process;
/// what was acknowledged is in the write-ahead log by then.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// The frontend message `Terminate` (PostgreSQL documentation, "Message Formats").
const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// A running embedded server. It stops when dropped.
#[derive(Debug)]
pub struct Embedded {
    address: Address,
    relay: Arc<Relay>,
    stopped: Receiver<()>,
    // Dropped after the server has stopped, in this order.
    _temporary: Option<TempDir>,
    _sockets: TempDir,
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
            let root = dir.join("postgres");
            keep_private(&root).map_err(|error| cannot("make the directory", &root, &error))?;
            let lock = DirectoryLock::take(&dir)?;
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
            Self::start(dir.path().join("postgres"), None, Some(dir))
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

    fn start(root: PathBuf, lock: Option<DirectoryLock>, temporary: Option<TempDir>) -> Result<Self> {
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

/// Passes one client after the other on to the backend.
#[derive(Debug, Default)]
struct Relay {
    stopping: AtomicBool,
    /// The client being served, to be cut off when the store is closed.
    client: Mutex<Option<Stream>>,
}

impl Relay {
    fn serve(
        &self,
        listener: &Listener,
        mut backend: Backend,
        started: &SyncSender<std::result::Result<(), String>>,
        stopped: &SyncSender<()>,
    ) {
        let ready = backend.start();
        let failed = ready.is_err();
        // Whoever waits for these can have gone; then there is nobody to tell.
        let _ = started.send(ready);
        if !failed {
            while !self.stopping.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((client, _)) => self.attend(&client, &mut backend),
                    Err(error) => {
                        tracing::error!("embedded server: cannot accept: {error}");
                        break;
                    }
                }
            }
        }
        backend.stop();
        let _ = stopped.send(());
    }

    fn attend(&self, client: &Stream, backend: &mut Backend) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client.try_clone().ok();
        if self.stopping.load(Ordering::SeqCst) {
            return;
        }
        match backend.connect() {
            Ok(server) => pass(client, &server, &mut backend.disk),
            Err(reason) => {
                tracing::error!("embedded server: {reason}");
                let _ = (&mut &*client).write_all(&fatal(&reason));
            }
        }
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let _ = client.shutdown(Shutdown::Both);
    }

    fn stop(&self, address: &Address) {
        self.stopping.store(true, Ordering::SeqCst);
        if let Some(client) = self.client.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = client.shutdown(Shutdown::Both);
        }
        // Wakes the relay where it waits for a client.
        let _ = address.connect();
    }
}

/// Passes bytes both ways until the server has answered everything and closed. An answer reaches the client when what it
/// acknowledges is on the disk.
fn pass(client: &Stream, server: &Stream, disk: &mut Option<Disk>) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = copy(client, server, || Ok(()));
            // The client is gone, politely or not. The server finishes what it has begun, rolls back and closes.
            let _ = (&mut &*server).write_all(&TERMINATE);
            let _ = server.shutdown(Shutdown::Write);
        });
        let passed = copy(server, client, || disk.as_mut().map_or(Ok(()), Disk::sync_log));
        let _ = client.shutdown(Shutdown::Both);
        if let Err(error) = passed {
            tracing::debug!("embedded server: an answer was not delivered: {error}");
            let _ = io::copy(&mut &*server, &mut io::sink());
        }
        if let Some(disk) = disk
            && let Err(error) = disk.sync_all()
        {
            tracing::error!("embedded server: cannot sync to the disk: {error}");
        }
    });
}

/// Copies what one end says to the other, as it comes, until it says no more; `first` comes before each piece.
fn copy(from: &Stream, to: &Stream, mut first: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = match (&mut &*from).read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        first()?;
        (&mut &*to).write_all(&buffer[..length])?;
    }
}

/// The backend message `ErrorResponse`: the server cannot be reached now.
fn fatal(reason: &str) -> Vec<u8> {
    let mut fields = Vec::new();
    for (field, value) in [(b'S', "FATAL"), (b'V', "FATAL"), (b'C', "57P03"), (b'M', reason)] {
        fields.push(field);
        fields.extend(value.bytes().filter(|byte| *byte != 0));
        fields.push(0);
    }
    fields.push(0);
    let length = u32::try_from(fields.len() + 4).unwrap_or(u32::MAX);
    let mut message = vec![b'E'];
    message.extend(length.to_be_bytes());
    message.extend(fields);
    message
}

/// The server itself.
#[derive(Debug)]
struct Backend {
    root: PathBuf,
    /// None where nothing need be kept.
    disk: Option<Disk>,
    address: Address,
    server: Option<PgliteServer>,
}

impl Backend {
    fn start(&mut self) -> std::result::Result<(), String> {
        self.stop();
        // It runs without fsync, and must; see `disk.rs`.
        let builder = PgliteServer::builder().path(&self.root);
        let server = self
            .address
            .serve(builder)
            .map_err(|error| format!("cannot start PostgreSQL in {}: {error:#}", self.root.display()))?;
        self.address.bound(&server);
        self.server = Some(server);
        Ok(())
    }

    /// A connection to the server, which is started anew where it has ended.
    fn connect(&mut self) -> std::result::Result<Stream, String> {
        if let Ok(stream) = self.address.connect() {
            return Ok(stream);
        }
        tracing::warn!("the embedded server has ended; starting it again");
        self.start()?;
        self.address.connect().map_err(|error| format!("cannot reach the embedded server: {error}"))
    }

    fn stop(&mut self) {
        if let Some(server) = self.server.take()
            && let Err(error) = server.shutdown()
        {
            tracing::warn!("embedded server: {error:#}");
        }
    }
}

/// Says that a program has the directory open. The operating system lets go of it however the program ends.
#[derive(Debug)]
struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| cannot("open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim().parse::<u32>() {
                    Ok(pid) => format!("another streamscope (process {pid})"),
                    Err(_) => "another program".to_owned(),
                };
                return Err(StoreError::Embedded(format!(
                    "{} is in use by {holder}; end it, or name another directory with --embedded DIR",
                    dir.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(cannot("lock", &path, &error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
        written.map_err(|error| cannot("write", &path, &error))?;
        Ok(Self { _file: file })
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> StoreError {
    StoreError::Embedded(format!("cannot {what} {}: {error}", path.display()))
}

/// Makes a directory, and those above it that are missing, so that only this user can look into it, whoever made it. The server's
/// files in it can be read by all.
fn keep_private(dir: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    #[cfg(unix)]
    std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// A temporary directory that only this user can look into.
fn private_dir() -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("streamscope-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().map_err(|error| cannot("make a directory in", &std::env::temp_dir(), &error))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::Embedded(format!("the server could not be started: {error}"))))
}

/// Unix sockets in a private directory.
#[cfg(unix)]
mod socket {
    use std::io;
    use std::path::{Path, PathBuf};

    use pglite_oxide::{PgliteServer, PgliteServerBuilder};

    pub type Listener = std::os::unix::net::UnixListener;
    pub type Stream = std::os::unix::net::UnixStream;

    #[derive(Debug)]
    pub struct Address {
        dir: PathBuf,
        port: u16,
    }

    impl Address {
        /// Where the server listens.
        pub fn backend(dir: &Path) -> Self {
            Self { dir: dir.to_owned(), port: 1 }
        }

        /// Where the relay listens.
        pub fn listen(dir: &Path) -> io::Result<(Listener, Self)> {
            let address = Self { dir: dir.to_owned(), port: 5432 };
            Ok((Listener::bind(address.path())?, address))
        }

        fn path(&self) -> PathBuf {
            self.dir.join(format!(".s.PGSQL.{}", self.port))
        }

        pub fn connect(&self) -> io::Result<Stream> {
            Stream::connect(self.path())
        }

        pub fn host_and_port(&self) -> (String, u16) {
            (self.dir.display().to_string(), self.port)
        }

        pub fn serve(&self, builder: PgliteServerBuilder) -> Result<PgliteServer, impl std::fmt::Display> {
            builder.unix(self.path()).start()
        }

        #[allow(clippy::unused_self, reason = "the path is known before; a TCP port is not")]
        pub fn bound(&mut self, _server: &PgliteServer) {}
    }
}

/// TCP on the loopback interface, where there are no Unix sockets.
#[cfg(not(unix))]
mod socket {
    use std::io;
    use std::net::{Ipv4Addr, SocketAddr};
    use std::path::Path;

    use pglite_oxide::{PgliteServer, PgliteServerBuilder};

    pub type Listener = std::net::TcpListener;
    pub type Stream = std::net::TcpStream;

    #[derive(Debug)]
    pub struct Address(SocketAddr);

    impl Address {
        /// Where the server listens; known when it does.
        pub fn backend(_dir: &Path) -> Self {
            Self((Ipv4Addr::LOCALHOST, 0).into())
        }

        /// Where the relay listens.
        pub fn listen(_dir: &Path) -> io::Result<(Listener, Self)> {
            let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let address = listener.local_addr()?;
            Ok((listener, Self(address)))
        }

        pub fn connect(&self) -> io::Result<Stream> {
            let stream = Stream::connect(self.0)?;
            stream.set_nodelay(true)?;
            Ok(stream)
        }

        pub fn host_and_port(&self) -> (String, u16) {
            (self.0.ip().to_string(), self.0.port())
        }

        pub fn serve(&self, builder: PgliteServerBuilder) -> Result<PgliteServer, impl std::fmt::Display> {
            builder.tcp((Ipv4Addr::LOCALHOST, 0).into()).start()
        }

        pub fn bound(&mut self, server: &PgliteServer) {
            if let Some(address) = server.tcp_addr() {
                self.0 = address;
            }
        }
    }
}
