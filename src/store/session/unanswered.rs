//! Remembers when each statement was sent that the server has not begun to answer, so that a long wait can be
//! explained. Sends nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The unanswered statements of a pool.
#[derive(Debug, Default)]
pub(super) struct Unanswered(Mutex<Sent>);

#[derive(Debug, Default)]
struct Sent {
    last: u64,
    at: BTreeMap<u64, Instant>,
}

impl Unanswered {
    /// Adds a statement and returns its number.
    pub(super) fn sent(&self) -> u64 {
        let mut sent = self.lock();
        sent.last += 1;
        let number = sent.last;
        sent.at.insert(number, Instant::now());
        number
    }

    /// Removes a statement.
    pub(super) fn answered(&self, number: u64) {
        self.lock().at.remove(&number);
    }

    /// Returns how long the oldest statement has waited.
    pub(super) fn longest(&self) -> Option<Duration> {
        self.lock().at.values().next().map(Instant::elapsed)
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        // A panic cannot leave it inconsistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
