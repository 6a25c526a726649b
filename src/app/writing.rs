//! Handles the answers to a write: either the message is written once, or the draft stays open with the reason. A draft
//! is never discarded here unless its message was written.

use super::dialogs::compose::{Conflict, DraftStage};
use super::request::{Answer, Question, Slot};
use super::{Effect, State};
use crate::locator::{Destination, Target};
use crate::message::{StreamName, Written};
use crate::store::StoreError;

impl State {
    pub(super) fn write_answered(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Written(written) => self.written(&written),
            Answer::Since { messages, version } => {
                if let Some(compose) = self.dialogs.compose()
                    && let DraftStage::Conflict(conflict) = &mut compose.stage
                {
                    conflict.since = Some(messages);
                    conflict.actual = version;
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Closes the dialog and selects the written message in its stream.
    fn written(&mut self, written: &Written) -> Vec<Effect> {
        let Some(draft) = self.dialogs.compose().map(|compose| compose.draft()) else { return Vec::new() };
        self.dialogs.open = None;
        let differs = written.differs.as_ref().map(|difference| format!("; {difference}")).unwrap_or_default();
        self.notices.done(
            format!(
                "{} to {} at position {} (global position {}){differs}",
                if written.was_stored { "Already written" } else { "Written" },
                draft.stream,
                written.position,
                written.global_position
            ),
            self.now,
        );
        let mut effects = vec![self.save_drafts()];
        if self.browser.shown_namespace.as_deref() == Some(&draft.namespace) {
            effects.extend(self.browser.reload_streams_of(&draft.stream, &mut self.requests));
        }
        let target = Target::StreamPosition(StreamName::stored(&draft.stream), written.position);
        effects.extend(self.travel(draft.namespace, Destination::here(target)));
        effects
    }

    /// Keeps the draft and shows the error. After a conflict, asks for the messages written since.
    pub(super) fn write_failed(&mut self, error: &StoreError) -> Vec<Effect> {
        let Some(compose) = self.dialogs.compose() else {
            self.notices.problem(error.to_string(), self.now);
            return Vec::new();
        };
        if matches!(compose.stage, DraftStage::Conflict(_)) {
            compose.problem = Some(error.to_string());
            self.notices.problem(error.to_string(), self.now);
            return Vec::new();
        }
        if let StoreError::Conflict { stream, expected, actual } = error {
            compose.stage = DraftStage::Conflict(Conflict { expected: *expected, actual: *actual, since: None });
            let version = expected.as_argument().filter(|version| *version >= 0);
            let question = Question::Since { namespace: compose.namespace.clone(), stream: stream.clone(), version };
            return vec![self.requests.ask(Slot::Write, question)];
        }
        compose.stage = DraftStage::Editing;
        compose.problem = Some(error.to_string());
        self.notices.problem(error.to_string(), self.now);
        Vec::new()
    }
}
