//! The dialog that creates a namespace. It never closes before the answer: a second Enter sends nothing, and Esc does not
//! lose the token.

use crossterm::event::{KeyCode, KeyEvent};

use super::admin::{AdminStage, wait};
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::input::Input;
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
        if matches!(key.code, KeyCode::Enter | KeyCode::Char('Y'))
            && let Some(refused) = context.refuse_after_paste("Enter")
        {
            return refused;
        }
        match (self.stage, key.code) {
            (AdminStage::Working, _) => return wait(key),
            (AdminStage::Confirming, KeyCode::Char('Y')) => return self.create(),
            (AdminStage::Confirming, _) => self.stage = AdminStage::Typing,
            (AdminStage::Typing, KeyCode::Esc) => return Outcome::Close,
            (AdminStage::Typing, KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down) => {
                self.on_description = !self.on_description;
            }
            (AdminStage::Typing, KeyCode::Enter) if context.production => self.stage = AdminStage::Confirming,
            (AdminStage::Typing, KeyCode::Enter) => return self.create(),
            (AdminStage::Typing, _) => {
                self.field().key(key);
                self.problem = None;
            }
        }
        Outcome::Stay
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
