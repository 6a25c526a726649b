//! One line on a terminal that tells how far an export has come. It is silent where standard error is none.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::cli::import::progress::line;
use crate::message::GlobalPosition;

/// Between two changes of the line.
const PAUSE: Duration = Duration::from_millis(200);

/// How far an export is.
pub struct Progress {
    begun: Instant,
    shown: Instant,
    terminal: bool,
    first: Option<GlobalPosition>,
    end: GlobalPosition,
}

impl Progress {
    /// Up to a global position.
    pub fn new(end: GlobalPosition) -> Self {
        let now = Instant::now();
        Self { begun: now, shown: now, terminal: io::stderr().is_terminal(), first: None, end }
    }

    /// Shows that so many messages are done, the last of them at this global position.
    pub fn show(&mut self, messages: u64, at: GlobalPosition) {
        let first = *self.first.get_or_insert(at);
        if !self.terminal || self.shown.elapsed() < PAUSE {
            return;
        }
        self.shown = Instant::now();
        let part = |to: GlobalPosition| u64::try_from(to.saturating_sub(first)).unwrap_or(0);
        let line = line(messages, self.begun.elapsed(), part(at), Some(part(self.end)));
        // That nobody sees it is no failure.
        let _ = write!(io::stderr(), "\r{line}\x1b[K");
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
