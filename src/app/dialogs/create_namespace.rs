//! The dialog that creates a namespace. It never closes before the answer: a second Enter sends nothing, and Esc does
//! not lose the token.

use crossterm::event::KeyEvent;

use super::admin::{AdminStage, wait};
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::input::Input;
use crate::app::keymap::{Chord, DialogAction, DialogKind};
use crate::app::request::{Question, Slot};

/// The open dialog.
#[derive(Debug, Default)]
pub(crate) struct CreateDialog {
    pub id: Input,
    pub description: Input,
    /// Whether the description has the cursor.
    pub on_description: bool,
    pub stage: AdminStage,
    /// Why the namespace was not created.
    pub problem: Option<String>,
}

impl CreateDialog {
    fn field(&mut self) -> &mut Input {
        if self.on_description { &mut self.description } else { &mut self.id }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if self.stage == AdminStage::Typing {
            self.field().paste(text);
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let action = context.pressed(self.kind(), key);
        if matches!(action, Some(DialogAction::Accept | DialogAction::Production))
            && let Some(refused) = context.refuse_after_paste(Chord::from(key))
        {
            return refused;
        }
        match (self.stage, action) {
            (AdminStage::Working, _) => return wait(action),
            (AdminStage::Confirming, Some(DialogAction::Production)) => return self.create(),
            (AdminStage::Confirming, _) => self.stage = AdminStage::Typing,
            (AdminStage::Typing, Some(DialogAction::Close)) => return Outcome::Close,
            (
                AdminStage::Typing,
                Some(DialogAction::NextField | DialogAction::PreviousField | DialogAction::Up | DialogAction::Down),
            ) => self.on_description = !self.on_description,
            (AdminStage::Typing, Some(DialogAction::Accept)) if context.production => {
                self.stage = AdminStage::Confirming;
            }
            (AdminStage::Typing, Some(DialogAction::Accept)) => return self.create(),
            (AdminStage::Typing, _) => {
                self.field().key(key);
                self.problem = None;
            }
        }
        Outcome::Stay
    }

    /// Returns the kind whose keys apply in this stage.
    pub(super) fn kind(&self) -> DialogKind {
        if self.stage == AdminStage::Confirming { DialogKind::Confirm } else { DialogKind::CreateNamespace }
    }

    fn create(&mut self) -> Outcome {
        (self.stage, self.problem) = (AdminStage::Working, None);
        let id = self.id.text().to_owned();
        let description = Some(self.description.text().to_owned()).filter(|text| !text.is_empty());
        Outcome::Do(vec![Command::Ask(Slot::Admin, Question::CreateNamespace { id, description })])
    }

    /// Shows why the namespace was not created, so that the user can try again.
    pub(super) fn fail(&mut self, problem: String) {
        (self.stage, self.problem) = (AdminStage::Typing, Some(problem));
    }
}
