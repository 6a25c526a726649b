//! The progress of an export as one line: kept up to date on a terminal, printed on SIGUSR1 everywhere. It never shows on a terminal
//! that receives the messages themselves.

use std::convert::Infallible;
use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cli::progress::line;
use crate::cli::stderr;
use crate::message::GlobalPosition;

/// Between two updates of the line.
const PAUSE: Duration = Duration::from_millis(200);

/// Shared with the thread that answers SIGUSR1.
#[derive(Debug)]
pub struct Progress {
    begun: Instant,
    drawn: AtomicBool,
    counted: Mutex<Counted>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    messages: u64,
    /// The first global position and the latest one.
    at: Option<(GlobalPosition, GlobalPosition)>,
    end: Option<GlobalPosition>,
}

impl Progress {
    pub fn new() -> Self {
        Self { begun: Instant::now(), drawn: AtomicBool::new(false), counted: Mutex::default() }
    }

    fn counted(&self) -> std::sync::MutexGuard<'_, Counted> {
        // The numbers are consistent after every step, even if a thread panicked.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the global position at which the export ends.
    pub fn begin(&self, end: GlobalPosition) {
        self.counted().end = Some(end);
    }

    /// Records the number of messages written and the global position of the last one.
    pub fn count(&self, messages: u64, at: GlobalPosition) {
        let mut counted = self.counted();
        counted.messages = messages;
        counted.at = Some((counted.at.map_or(at, |(first, _)| first), at));
    }

    /// Keeps the line on the terminal up to date, even while no message arrives. Does nothing without a terminal for it.
    pub async fn shown(&self, terminal_has_output: bool) -> Infallible {
        if terminal_has_output || !io::stderr().is_terminal() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(PAUSE).await;
            let width = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
            // The line is ASCII. Some terminals wrap after the last column.
            let mut line = self.line();
            line.truncate(width.saturating_sub(1));
            stderr::raw(&format!("\r{line}\x1b[K"));
            self.drawn.store(true, Ordering::Relaxed);
        }
    }

    pub fn line(&self) -> String {
        let Counted { messages, at, end } = *self.counted();
        let (first, last) = at.unwrap_or_default();
        let part = |to: GlobalPosition| u64::try_from(to.saturating_sub(first)).unwrap_or(0);
        let size = end.filter(|_| at.is_some()).map(part);
        line(messages, self.begun.elapsed(), part(last), size)
    }

    /// Erases the line.
    pub fn clear(&self) {
        if self.drawn.swap(false, Ordering::Relaxed) {
            stderr::raw("\r\x1b[K");
        }
    }
}
