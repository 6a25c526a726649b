//! How far an export has come, as one line: on a terminal all the time, elsewhere when it is asked for.

use std::cell::Cell;
use std::convert::Infallible;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::cli::import::progress::line;
use crate::message::GlobalPosition;

/// Between two changes of the line.
const PAUSE: Duration = Duration::from_millis(200);

/// How far an export is.
pub struct Progress {
    begun: Instant,
    drawn: Cell<bool>,
    messages: Cell<u64>,
    /// The first global position, and the last one so far.
    at: Cell<Option<(GlobalPosition, GlobalPosition)>>,
    end: Cell<Option<GlobalPosition>>,
}

impl Progress {
    /// Where it ends is not known yet.
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            drawn: Cell::new(false),
            messages: Cell::new(0),
            at: Cell::new(None),
            end: Cell::new(None),
        }
    }

    /// It goes up to this global position.
    pub fn begin(&self, end: GlobalPosition) {
        self.end.set(Some(end));
    }

    /// So many messages are done, the last of them at this global position.
    pub fn count(&self, messages: u64, at: GlobalPosition) {
        self.messages.set(messages);
        self.at.set(Some((self.at.get().map_or(at, |(first, _)| first), at)));
    }

    /// Keeps the line on the terminal, where there is one that shows nothing else, also while no message comes.
    pub async fn shown(&self, terminal_has_output: bool) -> Infallible {
        if terminal_has_output || !io::stderr().is_terminal() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(PAUSE).await;
            let width = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
            // It is ASCII. In the last column some terminals go on to the next line.
            let mut line = self.line();
            line.truncate(width.saturating_sub(1));
            // That nobody sees it is no failure.
            let _ = write!(io::stderr(), "\r{line}\x1b[K");
            self.drawn.set(true);
        }
    }

    /// The line.
    pub fn line(&self) -> String {
        let (first, at) = self.at.get().unwrap_or_default();
        let part = |to: GlobalPosition| u64::try_from(to.saturating_sub(first)).unwrap_or(0);
        let size = self.end.get().filter(|_| self.at.get().is_some()).map(part);
        line(self.messages.get(), self.begun.elapsed(), part(at), size)
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if self.drawn.take() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
