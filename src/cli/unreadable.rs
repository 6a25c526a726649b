//! Counts messages with invalid values. Their lines are marked, but a mark among many lines is easy to miss, so the
//! command reports at its end how many there were and which was the first. This module never changes the output itself.

use super::stderr;
use crate::message::{GlobalPosition, Message};
use crate::numbers::grouped;

/// The unreadable messages of one output.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unreadable {
    count: u64,
    first: Option<(GlobalPosition, String)>,
}

impl Unreadable {
    /// Counts a message if it could not be read.
    pub(super) fn see(&mut self, message: &Message) {
        if let Some(flaw) = &message.flaw {
            self.add(message.global_position, flaw);
        }
    }

    /// Counts a message that could not be read for this reason.
    pub(super) fn add(&mut self, position: GlobalPosition, flaw: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| (position, flaw.to_owned()));
    }

    /// Adds the counts of later messages.
    pub(super) fn and(&mut self, later: Self) {
        self.count += later.count;
        self.first = self.first.take().or(later.first);
    }

    /// Reports the messages on standard error, if there are any. Print the output before.
    pub(super) fn print_report(&self) {
        if let Some(what) = self.report() {
            stderr::line(&format!("streamscope: {what}"));
        }
    }

    /// Returns the sentence for standard error; `None` if every message could be read.
    #[must_use]
    pub(super) fn report(&self) -> Option<String> {
        let (position, flaw) = self.first.as_ref()?;
        Some(match self.count {
            1 => format!("1 message has a value that cannot be read: global position {position} ({flaw})"),
            count => format!(
                "{} messages have values that cannot be read; the first is at global position {position} ({flaw})",
                grouped(count)
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_messages_and_names_the_first() {
        let mut seen = Unreadable::default();
        assert_eq!(seen.report(), None);
        seen.add(7, "its ID is NULL");
        let one = "1 message has a value that cannot be read: global position 7 (its ID is NULL)";
        assert_eq!(seen.report().as_deref(), Some(one));
        let mut earlier = Unreadable::default();
        earlier.add(3, "its type is NULL");
        earlier.and(seen);
        let two = "2 messages have values that cannot be read; the first is at global position 3 (its type is NULL)";
        assert_eq!(earlier.report().as_deref(), Some(two));
    }
}
