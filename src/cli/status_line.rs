//! One line on standard error that is redrawn while a command runs on a terminal. Elsewhere it is never shown.

use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::stderr;

/// Between two updates of the line.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// The line. It disappears when it is dropped.
#[derive(Debug)]
pub(super) struct StatusLine {
    terminal: bool,
    drawn: Mutex<Option<Instant>>,
}

impl StatusLine {
    pub(super) fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), drawn: Mutex::default() }
    }

    /// Returns true on a terminal.
    pub(super) fn is_shown(&self) -> bool {
        self.terminal
    }

    /// Updates the line, which must be ASCII, but not too often.
    pub(super) fn draw(&self, line: impl FnOnce() -> String) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.terminal || drawn.is_some_and(|drawn| drawn.elapsed() < PAUSE) {
            return;
        }
        *drawn = Some(Instant::now());
        let width = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        // Some terminals wrap after the last column.
        let mut line = line();
        line.truncate(width.saturating_sub(1));
        stderr::raw(&format!("\r{line}\x1b[K"));
    }

    /// Erases the line.
    pub(super) fn clear(&self) {
        if self.drawn.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            stderr::raw("\r\x1b[K");
        }
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.clear();
    }
}
