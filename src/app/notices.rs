//! Toasts, which expire, and the log, which keeps them: problems in the words of the server, and completed actions.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// The number of lines that the log keeps.
const KEPT: usize = 500;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub time: Timestamp,
    /// Something went wrong.
    pub problem: bool,
    pub text: String,
}

/// The log, whose newest line is the toast while it is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notices {
    log: VecDeque<Notice>,
    shown_until: Option<Timestamp>,
}

impl Notices {
    /// Logs a completed action and shows it briefly.
    pub(crate) fn done(&mut self, text: String, now: Timestamp) {
        self.push(Notice { time: now, problem: false, text }, 3);
    }

    /// Logs a problem and shows it longer.
    pub(crate) fn problem(&mut self, text: String, now: Timestamp) {
        self.push(Notice { time: now, problem: true, text }, 8);
    }

    fn push(&mut self, notice: Notice, seconds: i64) {
        self.shown_until = notice.time.checked_add(SignedDuration::from_secs(seconds)).ok();
        if self.log.len() == KEPT {
            self.log.pop_front();
        }
        self.log.push_back(notice);
    }

    #[must_use]
    pub(crate) fn toast(&self) -> Option<&Notice> {
        self.shown_until.and(self.log.back())
    }

    #[must_use]
    pub(crate) fn showing(&self) -> bool {
        self.shown_until.is_some()
    }

    /// Hides the toast if its time is over.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        if self.shown_until.is_some_and(|until| until <= now) {
            self.dismiss();
        }
    }

    /// Hides the toast.
    pub(crate) fn dismiss(&mut self) {
        self.shown_until = None;
    }

    /// Returns the log, oldest line first.
    #[must_use]
    pub(crate) fn log(&self) -> &VecDeque<Notice> {
        &self.log
    }
}
