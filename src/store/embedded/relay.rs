//! The relay between clients and the embedded server, and the server itself, which the relay restarts after it has
//! stopped. Passes bytes on unchanged, apart from errors that a full disk explains.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};
use std::thread;

use pglite_oxide::PgliteServer;

use super::disk::Disk;
use super::error_response::error_response;
use super::full_disk::{report_full_cache, report_full_disk};
use super::socket::{Address, Listener, Stream};

/// The frontend message `Terminate` (PostgreSQL documentation, "Message Formats").
const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// Connects one client after another to the backend.
#[derive(Debug, Default)]
pub(super) struct Relay {
    stopping: AtomicBool,
    /// The current client, which is disconnected when the store is closed.
    client: Mutex<Option<Stream>>,
}

impl Relay {
    pub(super) fn serve(
        &self,
        listener: &Listener,
        mut backend: Backend,
        started: &SyncSender<std::result::Result<(), String>>,
    ) {
        let ready = backend.start();
        let failed = ready.is_err();
        // Sending fails if nobody is waiting any more, which does not matter.
        let _ = started.send(ready);
        if !failed {
            while !self.stopping.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((client, _)) => self.attend(&client, &mut backend),
                    Err(error) => {
                        tracing::error!("embedded server: cannot accept a connection: {error}");
                        break;
                    }
                }
            }
        }
        backend.stop();
    }

    fn attend(&self, client: &Stream, backend: &mut Backend) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client.try_clone().ok();
        if self.stopping.load(Ordering::SeqCst) {
            return;
        }
        match backend.connect() {
            Ok(server) => pass(client, &server, &backend.root, &mut backend.disk),
            Err(reason) => {
                tracing::error!("embedded server: {reason}");
                let _ = (&mut &*client).write_all(&error_response("FATAL", "57P03", &reason));
            }
        }
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let _ = client.shutdown(Shutdown::Both);
    }

    pub(super) fn stop(&self, address: &Address) {
        self.stopping.store(true, Ordering::SeqCst);
        if let Some(client) = self.client.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = client.shutdown(Shutdown::Both);
        }
        // Wakes the relay if it is waiting for a client.
        let _ = address.connect();
    }
}

/// Passes bytes in both directions until the server has answered everything and closed the connection. An answer
/// reaches the client only after the acknowledged writes are on the disk.
fn pass(client: &Stream, server: &Stream, root: &Path, disk: &mut Option<Disk>) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = copy(client, server, |_| Ok(None));
            // The client has disconnected, with or without `Terminate`. The server finishes the statement, rolls back
            // and closes.
            let _ = (&mut &*server).write_all(&TERMINATE);
            let _ = server.shutdown(Shutdown::Write);
        });
        let passed = copy(server, client, |answers| {
            disk.as_mut().map_or(Ok(()), Disk::sync_log)?;
            Ok(report_full_cache(answers).or_else(|| report_full_disk(answers, root)))
        });
        let _ = client.shutdown(Shutdown::Both);
        if let Err(error) = passed {
            tracing::debug!("embedded server: an answer was not delivered: {error}");
            let _ = io::copy(&mut &*server, &mut io::sink());
        }
        if let Some(disk) = disk
            && let Err(error) = disk.sync_all()
        {
            tracing::error!("embedded server: cannot sync its files to the disk: {error}");
        }
    });
}

/// Copies bytes from one stream to the other until the end. Calls `first` before each piece is written; it can return a
/// replacement.
fn copy(from: &Stream, to: &Stream, mut first: impl FnMut(&[u8]) -> io::Result<Option<Vec<u8>>>) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = match (&mut &*from).read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match first(&buffer[..length])? {
            Some(piece) => (&mut &*to).write_all(&piece)?,
            None => (&mut &*to).write_all(&buffer[..length])?,
        }
    }
}

#[derive(Debug)]
pub(super) struct Backend {
    pub root: PathBuf,
    /// `None` for a temporary store, which is not synced.
    pub disk: Option<Disk>,
    pub address: Address,
    pub server: Option<PgliteServer>,
}

impl Backend {
    fn start(&mut self) -> std::result::Result<(), String> {
        self.stop();
        // The server must run without fsync; see `disk.rs`.
        let builder = PgliteServer::builder().path(&self.root);
        let server = self
            .address
            .serve(builder)
            .map_err(|error| format!("cannot start PostgreSQL in {}: {error}", self.root.display()))?;
        self.address.bound(&server);
        self.server = Some(server);
        Ok(())
    }

    /// Connects to the server, and restarts it if it has stopped.
    fn connect(&mut self) -> std::result::Result<Stream, String> {
        if let Ok(stream) = self.address.connect() {
            return Ok(stream);
        }
        tracing::warn!("the embedded server has stopped; restarting it");
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
