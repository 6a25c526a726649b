//! Sends a draft and handles the answer: either the message is written once, or the draft stays open with the reason. A
//! draft is never discarded here unless its message was written or the user says so.

use crossterm::event::{KeyCode, KeyEvent};
use uuid::Uuid;

use super::{Field, Stage};
use crate::app::dialogs::Dialog;
use crate::app::request::{Answer, Question, Slot};
use crate::app::{Effect, State};
use crate::locator::{Destination, Target};
use crate::message::{ExpectedVersion, Message, Position, StreamName, Written};
use crate::store::StoreError;

/// A version conflict.
#[derive(Debug)]
pub struct Conflict {
    pub expected: ExpectedVersion,
    /// The stream's version; none if it does not exist.
    pub actual: Option<Position>,
    /// Messages after the expected version, once they are read.
    pub since: Option<Vec<Message>>,
}

impl State {
    /// Sends the draft if it is valid. In production, asks for confirmation first.
    pub(super) fn try_to_write(&mut self) -> Vec<Effect> {
        let production = self.settings.profile.production;
        let asked = self.ask_version();
        let Some(Dialog::Compose(compose)) = &mut self.dialog else { return Vec::new() };
        if compose.awaits_version && compose.text(Field::ExpectedVersion).is_empty() {
            compose.problem = Some("Still reading the stream's version. Press Ctrl-S again.".to_owned());
            return asked.into_iter().collect();
        }
        if compose.text(Field::Id).is_empty() {
            compose.set(Field::Id, &Uuid::now_v7().to_string());
        }
        if let Err((field, wrong)) = compose.message() {
            compose.field = field;
            compose.problem = Some(format!("{}: {wrong}", field.title()));
            return Vec::new();
        }
        if self.comes_with_a_paste("Ctrl-S") {
            return Vec::new();
        }
        let Some(Dialog::Compose(compose)) = &mut self.dialog else { return Vec::new() };
        if production {
            compose.stage = Stage::Confirming;
            return Vec::new();
        }
        self.send()
    }

    pub(super) fn send(&mut self) -> Vec<Effect> {
        let Some(Dialog::Compose(compose)) = &mut self.dialog else { return Vec::new() };
        let Ok(message) = compose.message() else { return Vec::new() };
        compose.stage = Stage::Writing;
        compose.problem = None;
        // Keep the draft if writing fails, even if it is an unchanged clone.
        compose.untouched = None;
        let question = Question::Write { namespace: compose.namespace.clone(), message };
        vec![self.save_drafts(), self.ask(Slot::Write, question)]
    }

    pub(in crate::app) fn write_answered(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Written(written) => self.written(&written),
            Answer::Since { messages, version } => {
                if let Some(Dialog::Compose(compose)) = &mut self.dialog
                    && let Stage::Conflict(conflict) = &mut compose.stage
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
        let Some(Dialog::Compose(compose)) = self.dialog.take() else { return Vec::new() };
        let draft = compose.draft();
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
            effects.extend(self.reread_streams(&draft.stream));
        }
        let target = Target::StreamPosition(StreamName::stored(&draft.stream), written.position);
        effects.extend(self.travel(draft.namespace, Destination::here(target)));
        effects
    }

    /// Keeps the draft and shows the error. After a conflict, asks for the messages written since.
    pub(in crate::app) fn write_failed(&mut self, error: &StoreError) -> Vec<Effect> {
        let Some(Dialog::Compose(compose)) = &mut self.dialog else {
            self.notices.problem(error.to_string(), self.now);
            return Vec::new();
        };
        if matches!(compose.stage, Stage::Conflict(_)) {
            compose.problem = Some(error.to_string());
            return Vec::new();
        }
        compose.stage = Stage::Editing;
        if let StoreError::Conflict { stream, expected, actual } = error {
            compose.stage = Stage::Conflict(Conflict { expected: *expected, actual: *actual, since: None });
            let version = expected.as_argument().filter(|version| *version >= 0);
            let question = Question::Since { namespace: compose.namespace.clone(), stream: stream.clone(), version };
            return vec![self.ask(Slot::Write, question)];
        }
        compose.problem = Some(error.to_string());
        self.notices.problem(error.to_string(), self.now);
        Vec::new()
    }

    pub(super) fn conflict_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::Compose(compose)) = &mut self.dialog else { return Vec::new() };
        let Stage::Conflict(conflict) = &compose.stage else { return Vec::new() };
        match key.code {
            KeyCode::Char('t') => {
                let version = ExpectedVersion::from_version(conflict.actual).to_string();
                compose.set(Field::ExpectedVersion, &version);
                compose.stage = Stage::Editing;
                self.compose_changed()
            }
            KeyCode::Char('e') | KeyCode::Esc => {
                compose.stage = Stage::Editing;
                Vec::new()
            }
            KeyCode::Char('x') => self.give_up(),
            _ => Vec::new(),
        }
    }
}
