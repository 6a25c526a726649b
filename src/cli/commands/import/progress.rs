//! The progress of an import as one line: kept up to date on a terminal, printed on SIGUSR1 everywhere. It counts messages and bytes,
//! and never looks into the input.

use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cli::progress::line;
use crate::cli::stderr;

/// Between two updates of the line.
const PAUSE: Duration = Duration::from_millis(200);

/// Shared with the thread that answers SIGUSR1.
pub struct Progress {
    size: Option<u64>,
    read: Arc<AtomicU64>,
    begun: Instant,
    messages: AtomicU64,
    shown: Mutex<Option<Instant>>,
    terminal: bool,
}

impl Progress {
    /// `size` and `read` are bytes of the input before decompression.
    pub fn new(size: Option<u64>, read: Arc<AtomicU64>) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { size, read, begun: Instant::now(), messages: AtomicU64::new(0), shown: Mutex::default(), terminal }
    }

    /// Records the number of messages done, and updates the line.
    pub fn show(&self, messages: u64) {
        self.messages.store(messages, Ordering::Relaxed);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.terminal || shown.is_some_and(|shown| shown.elapsed() < PAUSE) {
            return;
        }
        *shown = Some(Instant::now());
        stderr::raw(&format!("\r{}\x1b[K", self.line()));
    }

    pub fn line(&self) -> String {
        line(self.messages.load(Ordering::Relaxed), self.begun.elapsed(), self.read.load(Ordering::Relaxed), self.size)
    }

    /// Erases the line.
    pub fn clear(&self) {
        if self.shown.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            stderr::raw("\r\x1b[K");
        }
    }
}
