//! How far an export has come, as one line: on a terminal all the time, elsewhere when it is asked for.

use std::convert::Infallible;
use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cli::import::progress::line;
use crate::cli::output::aside;
use crate::message::GlobalPosition;

/// Between two changes of the line.
const PAUSE: Duration = Duration::from_millis(200);

/// How far an export is. Another thread asks, too.
#[derive(Debug)]
pub struct Progress {
    begun: Instant,
    drawn: AtomicBool,
    counted: Mutex<Counted>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    messages: u64,
    /// The first global position, and the last one so far.
    at: Option<(GlobalPosition, GlobalPosition)>,
    end: Option<GlobalPosition>,
}

impl Progress {
    /// Where it ends is not known yet.
    pub fn new() -> Self {
        Self { begun: Instant::now(), drawn: AtomicBool::new(false), counted: Mutex::default() }
    }

    fn counted(&self) -> std::sync::MutexGuard<'_, Counted> {
        // Numbers are whole at every step, whoever panicked.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It goes up to this global position.
    pub fn begin(&self, end: GlobalPosition) {
        self.counted().end = Some(end);
    }

    /// So many messages are done, the last of them at this global position.
    pub fn count(&self, messages: u64, at: GlobalPosition) {
        let mut counted = self.counted();
        counted.messages = messages;
        counted.at = Some((counted.at.map_or(at, |(first, _)| first), at));
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
            aside(&format!("\r{line}\x1b[K"));
            self.drawn.store(true, Ordering::Relaxed);
        }
    }

    /// The line.
    pub fn line(&self) -> String {
        let Counted { messages, at, end } = *self.counted();
        let (first, last) = at.unwrap_or_default();
        let part = |to: GlobalPosition| u64::try_from(to.saturating_sub(first)).unwrap_or(0);
        let size = end.filter(|_| at.is_some()).map(part);
        line(messages, self.begun.elapsed(), part(last), size)
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if self.drawn.swap(false, Ordering::Relaxed) {
            aside("\r\x1b[K");
        }
    }
}
