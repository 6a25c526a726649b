//! The progress of an import or an export as one line: on standard error while the command runs on a terminal, and on
//! SIGUSR1 everywhere. It only counts, and never looks at a message.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::interrupt::{Interrupt, ProgressReporter};
use super::status_line::{PAUSE, StatusLine};
use crate::numbers::grouped;

/// Shared between the command, the thread that reads its input, and the one that answers SIGUSR1.
#[derive(Debug)]
pub(super) struct Progress {
    begun: Instant,
    messages: AtomicU64,
    /// Bytes of input before decompression, or global positions of output.
    done: AtomicU64,
    /// The number at which `done` is complete; 0 if it is not known.
    size: AtomicU64,
    shown: StatusLine,
}

impl Progress {
    pub(super) fn new(size: Option<u64>) -> Self {
        Self {
            begun: Instant::now(),
            messages: AtomicU64::new(0),
            done: AtomicU64::new(0),
            size: AtomicU64::new(size.unwrap_or(0)),
            shown: StatusLine::new(),
        }
    }

    pub(super) fn set_messages(&self, messages: u64) {
        self.messages.store(messages, Ordering::Relaxed);
    }

    pub(super) fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Relaxed);
    }

    pub(super) fn set_done(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    pub(super) fn add_done(&self, done: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
    }

    pub(super) fn line(&self) -> String {
        let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
        line(load(&self.messages), self.begun.elapsed(), load(&self.done), load(&self.size))
    }

    /// Answers SIGUSR1 with the line until the result is dropped.
    pub(super) fn answer(self: &Arc<Self>, interrupt: &Interrupt) -> ProgressReporter {
        let progress = Arc::clone(self);
        interrupt.reports(Arc::new(move || format!("streamscope: {}", progress.line())))
    }

    /// Updates the line on a terminal.
    pub(super) fn draw(&self) {
        self.shown.draw(|| self.line());
    }

    /// Keeps the line on a terminal up to date, even while no message arrives.
    pub(super) async fn keep_drawn(&self) -> Infallible {
        if !self.shown.is_shown() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(PAUSE).await;
            self.draw();
        }
    }

    /// Erases the line.
    pub(super) fn clear(&self) {
        self.shown.clear();
    }
}

/// Returns the messages and their rate and, if the size is known, the share that is done and the estimated time left.
fn line(messages: u64, elapsed: Duration, done: u64, size: u64) -> String {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = messages.saturating_mul(1_000) / milliseconds;
    let mut line = format!("{} messages, {} a second", grouped(messages), grouped(rate));
    if size > 0 {
        let done = done.min(size);
        let share = u128::from(done) * 100 / u128::from(size);
        // Writing to a String does not fail.
        let _ = write!(line, ", {share}%");
        // Nothing can be extrapolated from nothing.
        if done > 0 {
            let left = u128::from(milliseconds) * u128::from(size - done) / u128::from(done) / 1_000;
            let _ = write!(line, ", {} left", duration(left));
        }
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
        let told = line(12_000, Duration::from_secs(10), 250, 1_000);
        assert_eq!(told, "12,000 messages, 1,200 a second, 25%, 30 s left");
        assert_eq!(line(5, Duration::ZERO, 0, 0), "5 messages, 5,000 a second");
        assert_eq!(line(0, Duration::from_secs(10), 0, 1_000), "0 messages, 0 a second, 0%");
        assert_eq!(duration(3_725), "1 h 2 min");
    }
}
