//! Toasts that pass and a log that stays: what went wrong, in the server's own words, and what was done.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// Lines that the log keeps.
const KEPT: usize = 500;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub time: Timestamp,
    /// Whether something went wrong.
    pub problem: bool,
    /// What.
    pub text: String,
}

/// Toasts and log.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    log: VecDeque<Notice>,
    shown_until: Option<Timestamp>,
}

impl Notices {
    /// Something was done: shown briefly.
    pub fn done(&mut self, text: String, now: Timestamp) {
        self.push(Notice { time: now, problem: false, text }, 3);
    }

    /// Something went wrong: shown longer.
    pub fn problem(&mut self, text: String, now: Timestamp) {
        self.push(Notice { time: now, problem: true, text }, 8);
    }

    fn push(&mut self, notice: Notice, seconds: i64) {
        self.shown_until = notice.time.checked_add(SignedDuration::from_secs(seconds)).ok();
        if self.log.len() == KEPT {
            self.log.pop_front();
        }
        self.log.push_back(notice);
    }

    /// The toast on screen.
    #[must_use]
    pub fn toast(&self) -> Option<&Notice> {
        self.shown_until.and(self.log.back())
    }

    /// Whether a toast is on screen.
    #[must_use]
    pub fn showing(&self) -> bool {
        self.shown_until.is_some()
    }

    /// Takes the toast away when its time is over.
    pub fn expire(&mut self, now: Timestamp) {
        if self.shown_until.is_some_and(|until| until <= now) {
            self.dismiss();
        }
    }

    /// Takes the toast away; true where there was one.
    pub fn dismiss(&mut self) -> bool {
        self.shown_until.take().is_some()
    }

    /// All that is kept, oldest first.
    #[must_use]
    pub fn log(&self) -> &VecDeque<Notice> {
        &self.log
    }
}
