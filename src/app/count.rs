//! The number of messages in the scope on screen. It comes from a count or an estimate and is kept up to date while reading
//! and following, so the footer never shows fewer messages than are on screen. In a filtered list, the matches are counted
//! step by step.

use super::messages::{Messages, Place, Row};
use super::request::{Question, Slot};
use super::{Effect, State};
use crate::message::MessageHead;
use crate::store::browse::{Count, CountStep, SearchRange};

/// Messages that one step of a count examines: more than a step of a search, which has matches to show.
const COUNT_WINDOW: u32 = 50_000;

/// A count of all matches in the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub matches: u64,
    /// Messages examined.
    pub searched: u64,
    /// The highest number examined.
    pub through: Option<i64>,
    pub is_complete: bool,
}

impl Messages {
    fn count_matches(&self, from: Option<i64>) -> Option<Question> {
        let Place { namespace, scope } = self.place.clone()?;
        let filter = self.filter.clone();
        Some(Question::CountMatches { namespace, scope, filter, range: self.range, from, window: COUNT_WINDOW })
    }

    /// Returns the ordinal of a message in its stream, from 1, not counting deleted messages.
    #[must_use]
    pub fn ordinal(&self, head: &MessageHead) -> i64 {
        let deleted = self.count.and_then(|count| {
            let messages = i64::try_from(count.messages).ok()?;
            count.through?.checked_add(1)?.checked_sub(messages)
        });
        head.position.saturating_add(1).saturating_sub(deleted.unwrap_or(0))
    }

    /// Adds the loaded messages that are newer than the count. If some of the newer messages are not loaded, the count becomes
    /// an estimate. A stream is the exception: its positions give the exact number.
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

    /// Turns the count into an estimate, because messages may have arrived unseen. In a stream the positions reveal them.
    pub(super) fn count_roughly(&mut self) {
        if !self.is_stream()
            && let Some(count) = &mut self.count
        {
            count.through = None;
        }
    }

    /// Adds a message that arrived while following. A late one may already have been counted, so the count becomes an estimate.
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
        let Place { namespace, scope } = self.browser.messages.place.clone()?;
        self.browser.messages.counting = false;
        // This cancels a count that is under way.
        self.browser.messages.tally = self.browser.messages.tally.filter(|tally| tally.is_complete);
        Some(self.ask(Slot::Count, Question::Estimate { namespace, scope }))
    }

    pub(super) fn count_exactly(&mut self) -> Vec<Effect> {
        let Some(Place { namespace, scope }) = self.browser.messages.place.clone() else { return Vec::new() };
        self.browser.messages.counting = true;
        if self.browser.messages.is_filtered() {
            self.browser.messages.tally = Some(Tally::default());
            let question = self.browser.messages.count_matches(None);
            return question.map(|question| self.ask(Slot::Count, question)).into_iter().collect();
        }
        vec![self.ask(Slot::Count, Question::Count { namespace, scope })]
    }

    pub(super) fn counted(&mut self, count: Option<Count>) -> Vec<Effect> {
        self.browser.messages.count = count;
        self.browser.messages.count_on();
        Vec::new()
    }

    /// Adds one step of a count and asks for the next one until the count is complete.
    pub(super) fn matches_counted(&mut self, step: CountStep, range: SearchRange) -> Vec<Effect> {
        let Some(tally) = &mut self.browser.messages.tally else { return Vec::new() };
        tally.matches += step.matches;
        tally.searched += step.searched;
        tally.through = tally.through.max(step.through);
        tally.is_complete = step.next.is_none();
        self.browser.messages.range = Some(range);
        let Some(next) = step.next else { return Vec::new() };
        let question = self.browser.messages.count_matches(Some(next));
        question.map(|question| self.ask(Slot::Count, question)).into_iter().collect()
    }
}
