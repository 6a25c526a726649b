//! The questions that are waiting for an answer, one per slot, and the errors that answered the last ones. Asking and
//! stopping only return the effect for the runtime; nothing in here waits.

use std::time::Duration;

use jiff::Timestamp;

use super::event::Effect;
use super::request::{Question, Slot};

/// The pending questions by slot.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    /// The time of the current event.
    now: Timestamp,
    generations: [u64; Slot::ALL.len()],
    waiting: [Option<Timestamp>; Slot::ALL.len()],
    /// The time since which the last answer was waited for.
    waited: [Option<Timestamp>; Slot::ALL.len()],
    failures: [Option<String>; Slot::ALL.len()],
}

impl Requests {
    #[must_use]
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            now,
            generations: [0; Slot::ALL.len()],
            waiting: [None; Slot::ALL.len()],
            waited: [None; Slot::ALL.len()],
            failures: [const { None }; Slot::ALL.len()],
        }
    }

    /// Sets the time of the current event, at which the next questions are asked.
    pub(crate) fn begin_event(&mut self, now: Timestamp) {
        self.now = now;
    }

    #[must_use]
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// Asks a question in a slot, in place of the one before it.
    #[must_use]
    pub(crate) fn ask(&mut self, slot: Slot, question: Question) -> Effect {
        self.ask_later(slot, question, Duration::ZERO)
    }

    /// Asks a question in a slot after a delay.
    #[must_use]
    pub(crate) fn ask_later(&mut self, slot: Slot, question: Question, after: Duration) -> Effect {
        let index = slot as usize;
        self.generations[index] += 1;
        self.waiting[index] = Some(self.now);
        self.failures[index] = None;
        Effect::Ask { slot, generation: self.generations[index], question, after }
    }

    /// Asks the next step of something that takes several. The user has waited since the first one.
    #[must_use]
    pub(crate) fn ask_next(&mut self, slot: Slot, question: Question) -> Effect {
        let effect = self.ask(slot, question);
        let index = slot as usize;
        self.waiting[index] = self.waited[index].or(self.waiting[index]);
        effect
    }

    /// Returns true if an answer is the wanted one, and then waits for it no longer.
    pub(crate) fn accept(&mut self, slot: Slot, generation: u64) -> bool {
        let index = slot as usize;
        let wanted = self.generations[index] == generation && self.waiting[index].is_some();
        if wanted {
            self.waited[index] = self.waiting[index].take();
        }
        wanted
    }

    /// Drops the question in a slot. Returns the effect that stops it on the server, or none if no question is pending.
    #[must_use]
    pub(crate) fn stop(&mut self, slot: Slot) -> Option<Effect> {
        self.waiting[slot as usize].take().map(|_| Effect::Stop(slot))
    }

    /// Keeps the error that answered the last question in a slot.
    pub(crate) fn fail(&mut self, slot: Slot, error: String) {
        self.failures[slot as usize] = Some(error);
    }

    /// Returns the error that answered the last question in a slot.
    #[must_use]
    pub(crate) fn failure(&self, slot: Slot) -> Option<&str> {
        self.failures[slot as usize].as_deref()
    }

    /// Returns the time at which the pending question in a slot was asked.
    #[must_use]
    pub(crate) fn since(&self, slot: Slot) -> Option<Timestamp> {
        self.waiting[slot as usize]
    }

    /// Returns the time at which the question was asked whose answer was last accepted in a slot.
    #[must_use]
    pub(crate) fn asked(&self, slot: Slot) -> Option<Timestamp> {
        self.waited[slot as usize]
    }

    /// Returns true while any question is pending.
    #[must_use]
    pub(crate) fn any(&self) -> bool {
        self.waiting.iter().any(Option::is_some)
    }
}
