//! How many messages the list's scope has: asked for, and counted on with what is read and followed, so that the footer never says
//! that there are fewer messages than are on screen. In a filtered list what matches is counted, step by step.

use super::messages::{Messages, Place, Row};
use super::request::{Question, Slot};
use super::{Effect, State};
use crate::message::MessageHead;
use crate::store::browse::{Count, CountStep, SearchRange};

/// Messages that one step of a count looks at: more than a search, which shows what it finds.
const COUNT_WINDOW: u32 = 50_000;

/// A count of what matches the filter in the whole scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Matches so far.
    pub matches: u64,
    /// Messages looked at.
    pub searched: u64,
    /// The highest number that was looked at.
    pub through: Option<i64>,
    /// Everything was looked at.
    pub is_complete: bool,
}

impl Messages {
    fn count_matches(&self, from: Option<i64>) -> Option<Question> {
        let Place { namespace, scope } = self.place.clone()?;
        let filter = self.filter.clone();
        Some(Question::CountMatches { namespace, scope, filter, range: self.range, from, window: COUNT_WINDOW })
    }

    /// The place of a message in its stream, from 1 on, where messages before it were deleted too.
    #[must_use]
    pub fn ordinal(&self, head: &MessageHead) -> i64 {
        let deleted = self.count.and_then(|count| {
            let messages = i64::try_from(count.messages).ok()?;
            count.through?.checked_add(1)?.checked_sub(messages)
        });
        head.position.saturating_add(1).saturating_sub(deleted.unwrap_or(0))
    }

    /// Takes in what is newer than what was counted. Where the rows do not have all of it the count becomes rough, but for a stream,
    /// whose positions say how many there are.
    pub(super) fn count_on(&mut self) {
        let Some((count, newest)) = self.count.zip(self.newest().max(self.heard)) else { return };
        let Some(through) = count.through.filter(|through| newest > *through) else { return };
        let beyond = |row: &&Row| self.number(&row.head) > through;
        let more = self.window.rows().iter().filter(beyond).count();
        let reaches = !self.is_filtered() && more < self.window.len() && self.newest() == Some(newest);
        let messages = if self.is_stream() {
            count.messages.saturating_add(newest.abs_diff(through))
        } else if reaches {
            count.messages.saturating_add(more as u64)
        } else {
            count.messages
        };
        self.count = Some(Count { messages, through: (reaches || self.is_stream()).then_some(newest) });
    }

    /// Messages that are not known of may have come since the count; the positions of a stream tell them all the same.
    pub(super) fn count_roughly(&mut self) {
        if !self.is_stream()
            && let Some(count) = &mut self.count
        {
            count.through = None;
        }
    }

    /// Takes in a message that following brought. Whether a late one was counted is not known: the count becomes rough.
    pub(super) fn count_one(&mut self, head: &MessageHead, late: bool) {
        let number = self.number(head);
        self.heard = self.heard.max(Some(number));
        let (is_stream, is_filtered) = (self.is_stream(), self.is_filtered());
        let Some(count) = &mut self.count else { return };
        match count.through {
            Some(through) if number > through => {
                let more = if is_stream { number.abs_diff(through) } else { 1 };
                count.messages = count.messages.saturating_add(more);
                count.through = (is_stream || !is_filtered).then_some(number);
            }
            Some(_) if !late => {}
            _ => *count = Count { messages: count.messages.saturating_add(1), through: None },
        }
    }
}

impl State {
    pub(super) fn estimate(&mut self) -> Option<Effect> {
        let Place { namespace, scope } = self.messages.place.clone()?;
        self.messages.counting = false;
        // A count that was under way ends with this.
        self.messages.tally = self.messages.tally.filter(|tally| tally.is_complete);
        Some(self.ask(Slot::Count, Question::Estimate { namespace, scope }))
    }

    pub(super) fn count_exactly(&mut self) -> Vec<Effect> {
        let Some(Place { namespace, scope }) = self.messages.place.clone() else { return Vec::new() };
        self.messages.counting = true;
        if self.messages.is_filtered() {
            self.messages.tally = Some(Tally::default());
            let question = self.messages.count_matches(None);
            return question.map(|question| self.ask(Slot::Count, question)).into_iter().collect();
        }
        vec![self.ask(Slot::Count, Question::Count { namespace, scope })]
    }

    pub(super) fn counted(&mut self, count: Option<Count>) -> Vec<Effect> {
        self.messages.count = count;
        self.messages.count_on();
        Vec::new()
    }

    /// One step of a count; the next one follows until everything was looked at.
    pub(super) fn matches_counted(&mut self, step: CountStep, range: SearchRange) -> Vec<Effect> {
        let Some(tally) = &mut self.messages.tally else { return Vec::new() };
        tally.matches += step.matches;
        tally.searched += step.searched;
        tally.through = tally.through.max(step.through);
        tally.is_complete = step.next.is_none();
        self.messages.range = Some(range);
        let Some(next) = step.next else { return Vec::new() };
        let question = self.messages.count_matches(Some(next));
        question.map(|question| self.ask(Slot::Count, question)).into_iter().collect()
    }
}
