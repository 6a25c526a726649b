//! The dialog that deletes a namespace after its ID is typed. It never closes before the answer, so a second Enter
//! sends nothing.

use crossterm::event::KeyEvent;

use super::admin::{AdminStage, wait};
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::input::Input;
use crate::app::keymap::{Chord, DialogAction, DialogKind};
use crate::app::request::{Question, Slot};

/// The open dialog.
#[derive(Debug)]
pub(crate) struct DeleteDialog {
    /// The ID that the user must type.
    pub id: String,
    pub input: Input,
    /// The number of messages in the namespace, once they are counted.
    pub messages: Option<u64>,
    /// Never [`AdminStage::Confirming`]: typing the ID is the confirmation.
    pub stage: AdminStage,
    /// Why the namespace was not deleted.
    pub problem: Option<String>,
}

impl DeleteDialog {
    #[must_use]
    pub(crate) fn new(id: String) -> Self {
        Self { id, input: Input::default(), messages: None, stage: AdminStage::Typing, problem: None }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if self.stage == AdminStage::Typing {
            self.input.paste(text);
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let action = context.pressed(DialogKind::DeleteNamespace, key);
        if action == Some(DialogAction::Accept)
            && let Some(refused) = context.refuse_after_paste(Chord::from(key))
        {
            return refused;
        }
        match (self.stage, action) {
            (AdminStage::Working, _) => return wait(action),
            (_, Some(DialogAction::Close)) => return Outcome::Close,
            (_, Some(DialogAction::Accept)) if self.input.text() == self.id => {
                (self.stage, self.problem) = (AdminStage::Working, None);
                let question = Question::DeleteNamespace { id: self.id.clone() };
                return Outcome::Do(vec![Command::Ask(Slot::Admin, question)]);
            }
            (_, Some(DialogAction::Accept)) => {
                self.problem = Some("The ID does not match. Nothing was deleted.".to_owned());
            }
            _ => {
                self.input.key(key);
            }
        }
        Outcome::Stay
    }

    /// Shows why the namespace was not deleted, so that the user can try again.
    pub(super) fn fail(&mut self, problem: String) {
        (self.stage, self.problem) = (AdminStage::Typing, Some(problem));
    }
}
