//! Signals that end a command or ask for its progress. After a signal, a command has a few seconds to end cleanly
//! before the program exits.
//!
//! This module never handles SIGHUP, so that `nohup` works. Output may block on a slow reader, so another thread than
//! the command's handles signals and enforces the deadline.

use std::fmt;
use std::io;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
#[cfg(unix)]
use tokio::task::JoinHandle;

use super::failure::Status;
use super::output::tell;

/// How long a command may take to end after a signal. An embedded server stops within 2 seconds.
const GRACE: Duration = Duration::from_secs(3);
/// How long it may take if it hangs in a system call that a signal does not end. The output notices a signal within a
/// tenth of this time.
const BLOCKED: Duration = Duration::from_millis(500);
/// The time between two checks whether it still hangs.
const LOOK: Duration = Duration::from_millis(100);

/// The number of running calls that can block until somebody else reads or writes.
static BLOCKING: AtomicUsize = AtomicUsize::new(0);

/// Runs work that can block until somebody else reads or writes. The program exits after a signal even if it still
/// blocks.
pub fn may_block<T>(work: impl FnOnce() -> T) -> T {
    BLOCKING.fetch_add(1, Ordering::Relaxed);
    let done = work();
    BLOCKING.fetch_sub(1, Ordering::Relaxed);
    done
}

/// Describes the progress of a command. Can be called on any thread.
pub type Place = Arc<dyn Fn() -> String + Send + Sync>;

/// A signal ended the wait for a reader.
#[derive(Debug)]
pub struct Signalled(pub u8);

impl fmt::Display for Signalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signal {} arrived before the output was read", self.0)
    }
}

impl std::error::Error for Signalled {}

impl From<Signalled> for io::Error {
    fn from(signalled: Signalled) -> Self {
        // Not `Interrupted`, after which a write is repeated.
        Self::other(signalled)
    }
}

/// Listens for signals that end the program.
#[derive(Clone)]
pub struct Interrupt {
    signal: watch::Receiver<Option<u8>>,
    last_words: Arc<Mutex<Option<Place>>>,
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt").field("signal", &self.so_far()).finish_non_exhaustive()
    }
}

impl Interrupt {
    /// Starts to listen. Must be called within a runtime; its task ends with the runtime.
    pub fn listen() -> io::Result<Self> {
        let mut signals = Signals::new()?;
        let (tell, told) = watch::channel(None);
        let last_words = Arc::<Mutex<Option<Place>>>::default();
        let words = Arc::clone(&last_words);
        tokio::spawn(async move {
            let signal = signals.next().await;
            // The receiver is gone if the command has ended.
            let _ = tell.send(Some(signal));
            tokio::select! {
                () = tokio::time::sleep(GRACE) => {}
                () = blocked() => say(&words),
                _ = signals.next() => {}
            }
            process::exit(i32::from(Status::Signal(signal).code()));
        });
        Ok(Self { signal: told, last_words })
    }

    /// Creates one that never receives a signal.
    #[cfg(test)]
    #[must_use]
    pub fn never() -> Self {
        Self { signal: watch::channel(None).1, last_words: Arc::default() }
    }

    /// Waits for a signal and returns its number.
    pub async fn signalled(&mut self) -> u8 {
        match self.signal.wait_for(Option::is_some).await.map(|signal| *signal) {
            Ok(Some(signal)) => signal,
            // The listening task ended with the runtime, so no signal can arrive.
            _ => std::future::pending().await,
        }
    }

    /// Returns the signal received so far.
    #[must_use]
    pub fn so_far(&self) -> Option<u8> {
        *self.signal.borrow()
    }

    /// Sets the progress report to print if a signal comes while the command hangs and cannot print it.
    pub fn last_words(&self, place: Place) {
        *self.last_words.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }
}

/// Returns some time after a signal, if the command hangs.
async fn blocked() {
    tokio::time::sleep(BLOCKED).await;
    let mut before = false;
    loop {
        let now = BLOCKING.load(Ordering::Relaxed) > 0;
        if before && now {
            return;
        }
        before = now;
        tokio::time::sleep(LOOK).await;
    }
}

/// Prints the last progress report, unless standard error hangs too.
fn say(words: &Mutex<Option<Place>>) {
    let Some(place) = words.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    let (done, said) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tell(&place());
        // The receiver may have timed out.
        let _ = done.send(());
    });
    let _ = said.recv_timeout(LOOK);
}

/// Answers SIGUSR1 with the progress on standard error until it is dropped, also while the command waits for its
/// reader.
#[derive(Debug)]
pub struct Report {
    #[cfg(unix)]
    task: JoinHandle<()>,
}

impl Report {
    /// Starts to listen; from then on, the signal does not end the program. Must be called within a runtime that has
    /// more than one thread.
    #[cfg(unix)]
    pub fn answer(place: Place) -> io::Result<Self> {
        let mut signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::user_defined1())?;
        let task = tokio::spawn(async move {
            while signal.recv().await.is_some() {
                tokio::task::block_in_place(|| tell(&place()));
            }
        });
        Ok(Self { task })
    }

    /// Does nothing, because this system has no such signal.
    #[cfg(not(unix))]
    pub fn answer(_: Place) -> io::Result<Self> {
        Ok(Self {})
    }
}

#[cfg(unix)]
impl Drop for Report {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(unix)]
struct Signals([(u8, tokio::signal::unix::Signal); 3]);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([
            (2, signal(SignalKind::interrupt())?),
            (3, signal(SignalKind::quit())?),
            (15, signal(SignalKind::terminate())?),
        ]))
    }

    async fn next(&mut self) -> u8 {
        let [(interrupt, a), (quit, b), (terminate, c)] = &mut self.0;
        tokio::select! {
            _ = a.recv() => *interrupt,
            _ = b.recv() => *quit,
            _ = c.recv() => *terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> u8 {
        let _ = tokio::signal::ctrl_c().await;
        2
    }
}
