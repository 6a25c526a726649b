//! Counting the messages of the list: an estimate, or on request an exact number.

use std::time::Duration;

use super::Messages;
use crate::app::browser::count::MatchCount;
use crate::app::browser::list_key::ListKey;
use crate::app::event::Effect;
use crate::app::request::{Question, Slot};
use crate::app::requests::Requests;
use crate::store::browse::{Count, CountStep, SearchRange};

/// Messages that one step of a count examines: more than a step of a search, which has matches to show.
const COUNT_WINDOW: u32 = 50_000;
/// How long an estimate waits, so that the rows which are asked for together with it arrive first.
const AFTER_ROWS: Duration = Duration::from_millis(100);

impl Messages {
    /// Asks for an estimate of the number of messages, in place of a count under way.
    pub(in crate::app) fn estimate(&mut self, requests: &mut Requests) -> Option<Effect> {
        let ListKey { namespace, scope } = self.key.clone()?;
        self.count.by_user = false;
        self.count.matches = self.count.matches.filter(|count| count.is_complete);
        Some(requests.ask_later(Slot::Count, Question::Estimate { namespace, scope }, AFTER_ROWS))
    }

    /// Asks again for the number of messages if it is an estimate, which knows nothing of those that have been written
    /// since. A count under way stays.
    pub(in crate::app) fn renew_estimate(&mut self, requests: &mut Requests) -> Option<Effect> {
        let is_estimate = self.count.total.is_some_and(|count| count.through.is_none());
        (is_estimate && requests.since(Slot::Count).is_none()).then(|| self.estimate(requests)).flatten()
    }

    /// Asks for the exact number of messages, or of matches in a filtered list.
    pub(in crate::app) fn count_exactly(&mut self, requests: &mut Requests) -> Option<Effect> {
        let ListKey { namespace, scope } = self.key.clone()?;
        self.count.by_user = true;
        let question = if self.is_filtered() {
            self.count.matches = Some(MatchCount::default());
            self.count_matches(None)?
        } else {
            Question::Count { namespace, scope }
        };
        Some(requests.ask(Slot::Count, question))
    }

    pub(in crate::app) fn counted(&mut self, total: Option<Count>) {
        self.count.total = total;
        self.count_loaded();
    }

    /// Adds one step of a count and asks for the next one until the count is complete.
    pub(in crate::app) fn matches_counted(
        &mut self,
        step: &CountStep,
        range: SearchRange,
        requests: &mut Requests,
    ) -> Option<Effect> {
        self.count.matches?;
        self.count.include_step(step);
        self.range = Some(range);
        let question = self.count_matches(Some(step.next?))?;
        Some(requests.ask_next(Slot::Count, question))
    }

    fn count_matches(&self, from: Option<i64>) -> Option<Question> {
        let ListKey { namespace, scope } = self.key.clone()?;
        let filter = self.filter.clone();
        Some(Question::CountMatches { namespace, scope, filter, range: self.range, from, window: COUNT_WINDOW })
    }
}
