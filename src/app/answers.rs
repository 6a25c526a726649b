//! Receives answers and errors from the store: routes each to the part of the screen that waits for it, and reconnects
//! after a lost connection.

use std::time::Duration;

use super::State;
use super::event::Effect;
use super::pulse_part::PulsePart;
use super::request::{Answer, Outcome, Question, Slot};
use crate::store::StoreError;
use crate::store::browse::CategoryRow;

impl State {
    pub(super) fn outcome(&mut self, slot: Slot, generation: u64, outcome: Outcome) -> Vec<Effect> {
        if !self.requests.accept(slot, generation) {
            return Vec::new();
        }
        let mut effects = match outcome {
            Ok(answer) => {
                let mut effects = self.answered(slot, answer);
                effects.extend(self.greet_again(slot));
                effects
            }
            Err(error) => self.failed(slot, &error),
        };
        if slot == Slot::FreshCategories {
            effects.extend(self.browser.refresh_streams(self.following.current.as_ref(), &mut self.requests));
        }
        self.finish(effects, Duration::ZERO)
    }

    /// Connects again if a server that refused the screen has answered a later question.
    fn greet_again(&mut self, slot: Slot) -> Option<Effect> {
        let asked = self.requests.asked(slot)?;
        let asks = self.requests.since(Slot::Server).is_some();
        (self.connection.is_refuted_by(asked) && !asks).then(|| self.requests.ask(Slot::Server, Question::Server))
    }

    fn answered(&mut self, slot: Slot, answer: Answer) -> Vec<Effect> {
        match (slot, answer) {
            (_, Answer::Completions(found)) => {
                if let Some(compose) = self.dialogs.compose() {
                    compose.offer(found);
                }
                Vec::new()
            }
            (_, Answer::Version(version)) => {
                if let Some(compose) = self.dialogs.compose() {
                    compose.version_answered(version);
                }
                Vec::new()
            }
            (_, Answer::Marked(messages)) => self.marks_read(messages),
            (Slot::Write, answer) => self.write_answered(answer),
            (Slot::Admin, answer) => self.admin_answered(answer),
            (_, Answer::Trace(view)) => self.trace_answered(*view),
            (_, Answer::Pulse(pulse)) => self.pulse_answered(*pulse),
            (_, Answer::State(view)) => self.state_answered(*view),
            (Slot::Suggest | Slot::StreamSearch, answer) => self.omnibox_answered(answer),
            (_, Answer::Server(info)) => {
                if !self.connection.connected(info) {
                    return Vec::new();
                }
                self.notices.done("Reconnected".to_owned(), self.now);
                if let Some(pulse) = self.dialogs.pulse() {
                    pulse.refresh();
                }
                let mut effects = self.browser.reload(&mut self.requests);
                effects.extend(self.repeat_omnibox_search());
                effects
            }
            (_, Answer::Namespaces(namespaces)) => {
                let mut effects = self.browser.namespaces_listed(namespaces, &mut self.requests);
                effects.extend(self.open_first());
                effects.extend(self.offer_connections());
                effects.extend(self.refresh_omnibox());
                effects
            }
            (_, Answer::CategoryNames(names)) => {
                let unestimated = |category| CategoryRow { category, estimate: None };
                let mut effects = self.categories_listed(names.into_iter().map(unestimated).collect());
                effects.extend(self.browser.estimate_categories(&mut self.requests));
                effects
            }
            (_, Answer::Categories(categories)) => self.categories_listed(categories),
            (Slot::FreshStreams, Answer::Streams { rows, .. } | Answer::RecentStreams { rows, .. }) => {
                self.browser.streams.refreshed(rows);
                Vec::new()
            }
            (_, Answer::Found(head)) => self.found(head),
            (_, answer) => {
                let mut effects = self.browser.answered(answer, &mut self.requests);
                effects.extend(self.check_restored_messages());
                effects
            }
        }
    }

    fn categories_listed(&mut self, categories: Vec<CategoryRow>) -> Vec<Effect> {
        let mut effects = self.check_restored_category(&categories);
        effects.extend(self.browser.categories_listed(categories, &mut self.requests));
        effects.extend(self.refresh_omnibox());
        effects
    }

    /// Handles an error: reconnects after a lost connection and reports everything else.
    fn failed(&mut self, slot: Slot, error: &StoreError) -> Vec<Effect> {
        if slot == Slot::Version
            && let Some(compose) = self.dialogs.compose()
        {
            compose.version_failed(error);
        }
        if matches!(slot, Slot::Suggest | Slot::StreamSearch)
            && let Some(omnibox) = self.dialogs.omnibox()
        {
            omnibox.search_failed(error.to_string());
        }
        if let Some(part) = PulsePart::of(slot) {
            self.pulse_failed(part, error);
        }
        match error {
            StoreError::Unavailable { reason, obstacle, .. }
                if obstacle.is_passing() && !matches!(slot, Slot::Write | Slot::Admin) =>
            {
                self.lost(reason.clone())
            }
            StoreError::TimedOut { .. } if slot == Slot::Server => self.lost(error.to_string()),
            _ if slot == Slot::Server => {
                self.connection.refused(error.to_string(), self.now);
                self.notices.problem(error.to_string(), self.now);
                Vec::new()
            }
            _ => self.question_failed(slot, error),
        }
    }

    fn lost(&mut self, reason: String) -> Vec<Effect> {
        self.connection.lost(reason, &mut self.requests, &mut self.notices).into_iter().collect()
    }

    /// Handles an error that concerns one question: shows it in place of the answer and logs it.
    fn question_failed(&mut self, slot: Slot, error: &StoreError) -> Vec<Effect> {
        let text = if error.is_missing_table() {
            format!("the namespace was deleted or renamed, or is being restored: {error}")
        } else {
            error.to_string()
        };
        self.requests.fail(slot, text.clone());
        match slot {
            Slot::Timeline => {
                self.browser.messages.timeline_failed(error);
                return Vec::new();
            }
            Slot::Messages => self.browser.messages.fail(text.clone()),
            Slot::Streams => self.browser.streams.fail(text.clone()),
            Slot::Message => self.browser.message.fail(text.clone()),
            Slot::Write => return self.write_failed(error),
            Slot::Admin => return self.admin_failed(error),
            Slot::GoTo => return self.navigation_failed(error),
            Slot::Relations => {
                self.browser.message.relations_failed();
                return Vec::new();
            }
            Slot::Trace | Slot::State => return self.provenance_failed(error),
            // The omnibox and the pulse show their own errors, and the side panes keep their rows.
            Slot::FreshCategories
            | Slot::FreshStreams
            | Slot::Suggest
            | Slot::StreamSearch
            | Slot::PulseRates
            | Slot::PulseConsumers
            | Slot::PulseHoldups
            | Slot::PulseFindings => return Vec::new(),
            _ => {}
        }
        self.notices.problem(text, self.now);
        Vec::new()
    }

    pub(super) fn following_failed(&mut self, generation: u64, error: &StoreError) -> Vec<Effect> {
        let Some(is_new) = self.following.failed(generation, error.to_string()) else { return Vec::new() };
        if let StoreError::Unavailable { reason, obstacle, .. } = error
            && obstacle.is_passing()
        {
            return self.lost(reason.clone());
        }
        if is_new {
            self.notices.problem(format!("Following interrupted: {error}"), self.now);
        }
        Vec::new()
    }
}
