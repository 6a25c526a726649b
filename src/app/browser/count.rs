//! The number of messages in the scope on screen. It comes from a count or an estimate and is kept up to date while
//! reading and following, so the footer never shows fewer messages than are on screen. In a filtered list, the matches
//! are counted step by step. Nothing in here asks for a count.

use crate::message::MessageHead;
use crate::store::browse::{Count, CountStep};

/// The count of a list.
#[derive(Debug, Default)]
pub(crate) struct MessageCount {
    /// The number of messages in the scope, once it is known.
    pub total: Option<Count>,
    /// The count of all matches, if the user asked for it.
    pub matches: Option<MatchCount>,
    /// The user asked for the count under way.
    pub by_user: bool,
    /// The newest number that arrived while following, loaded or not.
    newest_seen: Option<i64>,
}

/// A count of all matches in the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MatchCount {
    pub matches: u64,
    /// Messages examined.
    pub searched: u64,
    /// The highest number examined.
    pub through: Option<i64>,
    pub is_complete: bool,
}

/// The properties of a list that decide what its messages say about the count.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListKind {
    /// The numbers are positions in a stream, which have no gaps.
    pub is_stream: bool,
    pub is_filtered: bool,
}

impl MessageCount {
    /// Returns the ordinal of a message in its stream, from 1, not counting deleted messages.
    #[must_use]
    pub(crate) fn ordinal(&self, head: &MessageHead) -> i64 {
        let deleted = self.total.and_then(|count| {
            let messages = i64::try_from(count.messages).ok()?;
            count.through?.checked_add(1)?.checked_sub(messages)
        });
        head.position.saturating_add(1).saturating_sub(deleted.unwrap_or(0))
    }

    /// Adds the loaded messages, given by their numbers, that are newer than the count. If some of the newer messages
    /// are not loaded, the count becomes an estimate. A stream is the exception: its positions give the exact number.
    pub(super) fn include_loaded(&mut self, kind: ListKind, numbers: &[i64]) {
        let newest_loaded = numbers.iter().max().copied();
        let Some((count, newest)) = self.total.zip(newest_loaded.max(self.newest_seen)) else { return };
        let Some(through) = count.through.filter(|through| newest > *through) else { return };
        let more = numbers.iter().filter(|number| **number > through).count();
        let all_are_loaded = !kind.is_filtered && more < numbers.len() && newest_loaded == Some(newest);
        let messages = if kind.is_stream {
            count.messages.saturating_add(newest.abs_diff(through))
        } else if all_are_loaded {
            count.messages.saturating_add(more as u64)
        } else {
            count.messages
        };
        self.total = Some(Count { messages, through: (all_are_loaded || kind.is_stream).then_some(newest) });
    }

    /// Turns the count into an estimate, because messages may have arrived unseen. In a stream the positions reveal
    /// them.
    pub(super) fn become_estimate(&mut self, kind: ListKind) {
        if !kind.is_stream
            && let Some(count) = &mut self.total
        {
            count.through = None;
        }
    }

    /// Adds a message that arrived while following. A late one may already have been counted, so the count becomes an
    /// estimate.
    pub(super) fn include_arrival(&mut self, kind: ListKind, number: i64, late: bool) {
        self.newest_seen = self.newest_seen.max(Some(number));
        match &mut self.matches {
            // It may or may not have been visible to the count.
            matches @ Some(_) if late => *matches = None,
            Some(matches) if matches.is_complete && matches.through < Some(number) => matches.matches += 1,
            _ => {}
        }
        let Some(count) = &mut self.total else { return };
        match count.through {
            Some(through) if number > through => {
                let more = if kind.is_stream { number.abs_diff(through) } else { 1 };
                count.messages = count.messages.saturating_add(more);
                count.through = (kind.is_stream || !kind.is_filtered).then_some(number);
            }
            Some(_) if !late => {}
            _ => *count = Count { messages: count.messages.saturating_add(1), through: None },
        }
    }

    /// Adds one step of the count of matches.
    pub(super) fn include_step(&mut self, step: &CountStep) {
        if let Some(count) = &mut self.matches {
            count.matches += step.matches;
            count.searched += step.searched;
            count.through = count.through.max(step.through);
            count.is_complete = step.next.is_none();
        }
    }
}
