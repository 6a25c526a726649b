//! The progress of `tail`: how many messages its reader received, and where another `tail` must continue. It can be
//! read on any thread at any time, also while the output waits for its reader. It never counts a line that the system
//! has not fully accepted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cli::output::outlet::Written;
use crate::message::GlobalPosition;
use crate::numbers::count;

/// The progress of `tail`.
#[derive(Debug)]
pub(super) struct Delivered {
    /// The bytes that the system has accepted.
    written: Arc<Written>,
    stands: Mutex<Stands>,
}

#[derive(Debug, Default)]
struct Stands {
    /// Everything up to this position is final and was printed; `None` before following has started.
    final_to: Option<GlobalPosition>,
    /// The last position that was asked for.
    last: Option<GlobalPosition>,
    /// The lines that the system has accepted, without those in `printed`.
    given: u64,
    /// The end of each recent line in the output, and its global position.
    printed: VecDeque<(u64, GlobalPosition)>,
}

impl Delivered {
    pub(super) fn new(written: Arc<Written>) -> Self {
        Self { written, stands: Mutex::default() }
    }

    fn stands(&self) -> MutexGuard<'_, Stands> {
        // Consistent after every step, so a panic of another thread does no harm.
        self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the lines printed next complete everything up to this position.
    pub(super) fn completes(&self, final_to: GlobalPosition) {
        let written = self.written.bytes();
        let mut stands = self.stands();
        let taken = stands.printed.partition_point(|(end, _)| *end <= written);
        stands.given += taken as u64;
        stands.printed.drain(..taken);
        stands.final_to = Some(final_to);
    }

    /// Records that a command has handled messages, and everything up to this position.
    pub(super) fn handled(&self, messages: u64, complete: Option<GlobalPosition>) {
        let mut stands = self.stands();
        stands.given += messages;
        stands.final_to = complete.or(stands.final_to);
    }

    /// Records a printed line that ends at this byte of the output.
    pub(super) fn printed(&self, end: u64, position: GlobalPosition) {
        self.stands().printed.push_back((end, position));
    }

    /// Records that no message above this global position will be printed.
    pub(super) fn ends_at(&self, last: GlobalPosition) {
        let mut stands = self.stands();
        stands.last = Some(stands.last.map_or(last, |before| before.min(last)));
    }

    /// Returns the progress as one line for standard error.
    pub(super) fn line(&self) -> String {
        let stands = self.stands();
        // Read under the lock, so that no line is added meanwhile.
        let written = self.written.bytes();
        let Some(final_to) = stands.final_to else {
            return "streamscope: 0 messages, following had not started".to_owned();
        };
        let taken = stands.printed.partition_point(|(end, _)| *end <= written);
        let mut complete = stands.last.map_or(final_to, |last| last.min(final_to));
        if let Some((_, waiting)) = stands.printed.get(taken) {
            complete = complete.min(waiting - 1);
        }
        let (given, complete) = (count(stands.given + taken as u64, "message"), complete.max(0));
        let next = complete.saturating_add(1);
        format!("streamscope: {given}, complete to {complete}; continue with --from {next}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_only_lines_that_the_system_has_accepted() {
        let written = Arc::new(Written::default());
        let delivered = Delivered::new(Arc::clone(&written));
        assert!(delivered.line().contains("following had not started"));
        delivered.completes(30);
        for (end, position) in [(100, 11), (200, 14), (300, 20)] {
            delivered.printed(end, position);
        }
        for (taken, line) in [
            (0, "0 messages, complete to 10; continue with --from 11"),
            (99, "0 messages, complete to 10; continue with --from 11"),
            (100, "1 message, complete to 13; continue with --from 14"),
            (299, "2 messages, complete to 19; continue with --from 20"),
            (300, "3 messages, complete to 30; continue with --from 31"),
        ] {
            written.set(taken);
            assert!(delivered.line().contains(line), "{taken}: {}", delivered.line());
        }
        delivered.completes(40);
        delivered.printed(400, 33);
        assert!(delivered.line().contains("3 messages, complete to 32; continue with --from 33"));
        delivered.ends_at(31);
        assert!(delivered.line().contains("complete to 31; continue with --from 32"));
    }
}
