//! The progress of an import as one line: kept up to date on a terminal, printed on SIGUSR1 everywhere. It counts messages and bytes,
//! and never looks into the input.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cli::output::{aside, grouped};

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
        aside(&format!("\r{}\x1b[K", self.line()));
    }

    pub fn line(&self) -> String {
        line(self.messages.load(Ordering::Relaxed), self.begun.elapsed(), self.read.load(Ordering::Relaxed), self.size)
    }

    /// Erases the line.
    pub fn clear(&self) {
        if self.shown.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            aside("\r\x1b[K");
        }
    }
}

/// Returns the messages and their rate and, if the size is known, the share that is done and the estimated time left.
pub fn line(messages: u64, elapsed: Duration, read: u64, size: Option<u64>) -> String {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = messages.saturating_mul(1_000) / milliseconds;
    let mut line = format!("{} messages, {} a second", grouped(messages), grouped(rate));
    if let Some(size) = size.filter(|size| *size > 0) {
        let read = read.clamp(1, size);
        let left = u128::from(milliseconds) * u128::from(size - read) / u128::from(read) / 1_000;
        let share = u128::from(read) * 100 / u128::from(size);
        // Writing to a String does not fail.
        let _ = write!(line, ", {share}%, {} left", duration(left));
    }
    line
}

fn duration(seconds: u128) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remaining_time_is_extrapolated_from_the_part_that_is_done() {
        let told = line(12_000, Duration::from_secs(10), 250, Some(1_000));
        assert_eq!(told, "12,000 messages, 1,200 a second, 25%, 30 s left");
        assert_eq!(line(5, Duration::ZERO, 0, None), "5 messages, 5,000 a second");
        assert_eq!(duration(3_725), "1 h 2 min");
    }
}
