//! Counts the messages with a value that no message can have. Their lines are marked, and a reader of many lines misses a mark, so
//! the command says at its end how many there were and which was the first.

use super::output::grouped;
use crate::message::{GlobalPosition, Message};

/// The unreadable messages of one output.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unreadable {
    count: u64,
    first: Option<(GlobalPosition, String)>,
}

impl Unreadable {
    /// Counts a message if it could not be read.
    pub fn see(&mut self, message: &Message) {
        if let Some(flaw) = &message.flaw {
            self.add(message.global_position, flaw);
        }
    }

    /// Counts a message that could not be read for this reason.
    pub fn add(&mut self, position: GlobalPosition, flaw: &str) {
        self.count += 1;
        self.first.get_or_insert_with(|| (position, flaw.to_owned()));
    }

    /// Counts what was seen after all this.
    pub fn and(&mut self, later: Self) {
        self.count += later.count;
        self.first = self.first.take().or(later.first);
    }

    /// The sentence for standard error; None if every message could be read.
    #[must_use]
    pub fn report(&self) -> Option<String> {
        let (position, flaw) = self.first.as_ref()?;
        Some(match self.count {
            1 => format!("1 message cannot be read as it is stored: global position {position} ({flaw})"),
            count => format!(
                "{} messages cannot be read as they are stored; the first is global position {position} ({flaw})",
                grouped(count)
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_are_counted_and_the_first_is_named() {
        let mut seen = Unreadable::default();
        assert_eq!(seen.report(), None);
        seen.add(7, "its ID is NULL");
        let one = "1 message cannot be read as it is stored: global position 7 (its ID is NULL)";
        assert_eq!(seen.report().as_deref(), Some(one));
        let mut earlier = Unreadable::default();
        earlier.add(3, "its type is NULL");
        earlier.and(seen);
        let two = "2 messages cannot be read as they are stored; the first is global position 3 (its type is NULL)";
        assert_eq!(earlier.report().as_deref(), Some(two));
    }
}
