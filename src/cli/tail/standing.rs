//! Where `tail` stands: what its reader was given and from where another `tail` goes on. It can be asked on any thread at every
//! moment, also while the output waits for its reader, and counts only whole lines that the system has taken.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cli::output::grouped;
use crate::cli::output::outlet::Written;
use crate::message::GlobalPosition;

/// Where following stands.
#[derive(Debug)]
pub struct Standing {
    /// Bytes that the system has taken.
    written: Arc<Written>,
    stands: Mutex<Stands>,
}

#[derive(Debug, Default)]
struct Stands {
    /// Nothing more comes at or below, and it was printed; none before following has begun.
    settled: Option<GlobalPosition>,
    /// Nothing above this was asked for.
    last: Option<GlobalPosition>,
    /// Lines that the system has taken, but for those of `printed`.
    given: u64,
    /// Where each of the last lines ends in the output, and its global position.
    printed: VecDeque<(u64, GlobalPosition)>,
}

impl Standing {
    /// Following has not begun; `written` counts the bytes of the output that the system has taken.
    pub fn new(written: Arc<Written>) -> Self {
        Self { written, stands: Mutex::default() }
    }

    fn stands(&self) -> MutexGuard<'_, Stands> {
        // Whole at every step, whoever panicked.
        self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is printed next completes everything up to here.
    pub fn completes(&self, settled: GlobalPosition) {
        let written = self.written.bytes();
        let mut stands = self.stands();
        let taken = stands.printed.partition_point(|(end, _)| *end <= written);
        stands.given += taken as u64;
        stands.printed.drain(..taken);
        stands.settled = Some(settled);
    }

    /// A line was printed that ends at this byte of the output.
    pub fn printed(&self, end: u64, position: GlobalPosition) {
        self.stands().printed.push_back((end, position));
    }

    /// Nothing above this global position is given.
    pub fn ends_at(&self, last: GlobalPosition) {
        let mut stands = self.stands();
        stands.last = Some(stands.last.map_or(last, |before| before.min(last)));
    }

    /// One line for standard error.
    pub fn line(&self) -> String {
        let stands = self.stands();
        // Read while nothing can be added to the lines.
        let written = self.written.bytes();
        let Some(settled) = stands.settled else {
            return "streamscope: 0 messages; following had not begun".to_owned();
        };
        let taken = stands.printed.partition_point(|(end, _)| *end <= written);
        let mut complete = stands.last.map_or(settled, |last| last.min(settled));
        if let Some((_, waiting)) = stands.printed.get(taken) {
            complete = complete.min(waiting - 1);
        }
        let (given, complete) = (grouped(stands.given + taken as u64), complete.max(0));
        format!("streamscope: {given} messages, complete to {complete}; --from {} goes on", complete.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_the_system_has_taken_count() {
        let written = Arc::new(Written::default());
        let standing = Standing::new(Arc::clone(&written));
        assert!(standing.line().contains("following had not begun"));
        standing.completes(30);
        for (end, position) in [(100, 11), (200, 14), (300, 20)] {
            standing.printed(end, position);
        }
        for (taken, told) in [
            (0, "0 messages, complete to 10; --from 11"),
            (99, "0 messages, complete to 10; --from 11"),
            (100, "1 messages, complete to 13; --from 14"),
            (299, "2 messages, complete to 19; --from 20"),
            (300, "3 messages, complete to 30; --from 31"),
        ] {
            written.set(taken);
            assert!(standing.line().contains(told), "{taken}: {}", standing.line());
        }
        standing.completes(40);
        standing.printed(400, 33);
        assert!(standing.line().contains("3 messages, complete to 32; --from 33"));
        standing.ends_at(31);
        assert!(standing.line().contains("complete to 31; --from 32"));
    }
}
