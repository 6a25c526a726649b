//! The dialogs that create and delete a namespace. Creating shows the token once; deleting asks for the namespace's ID
//! and counts its messages. A dialog never closes before the answer: a second Enter sends nothing, and Esc does not
//! lose the token.

use crossterm::event::{KeyCode, KeyEvent};

use super::Dialog;
use crate::app::input::Input;
use crate::app::layout::Pane;
use crate::app::request::{Answer, Created, Question, Slot};
use crate::app::{Effect, State};
use crate::store::browse::Scope;
use crate::store::{Flavour, StoreError};

/// How far creating or deleting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    #[default]
    Typing,
    /// In production, an upper-case `Y` creates the namespace.
    Confirming,
    /// The request was sent and the answer is pending.
    Working,
}

/// The dialog that creates a namespace.
#[derive(Debug, Default)]
pub struct CreateDialog {
    pub id: Input,
    pub description: Input,
    /// Whether the description has the cursor.
    pub on_description: bool,
    pub stage: Stage,
    /// Why the namespace was not created.
    pub problem: Option<String>,
}

impl CreateDialog {
    fn field(&mut self) -> &mut Input {
        if self.on_description { &mut self.description } else { &mut self.id }
    }

    pub(in crate::app) fn paste(&mut self, text: &str) {
        if self.stage == Stage::Typing {
            self.field().paste(text);
        }
    }
}

/// The dialog that shows the token of a new namespace.
#[derive(Debug)]
pub struct TokenDialog {
    pub created: Created,
}

/// The dialog that deletes a namespace.
#[derive(Debug)]
pub struct DeleteDialog {
    /// The ID that the user must type.
    pub id: String,
    pub input: Input,
    /// The number of messages in the namespace, once they are counted.
    pub messages: Option<u64>,
    /// Never [`Stage::Confirming`]: typing the ID is the confirmation.
    pub stage: Stage,
    /// Why the namespace was not deleted.
    pub problem: Option<String>,
}

impl DeleteDialog {
    pub(in crate::app) fn paste(&mut self, text: &str) {
        if self.stage == Stage::Typing {
            self.input.paste(text);
        }
    }
}

impl State {
    /// Shows why nothing can be written. Returns false if writing is allowed.
    pub(in crate::app) fn refuse_writing(&mut self) -> bool {
        let Some(reason) = self.read_only().map(str::to_owned) else { return false };
        self.notices.problem(format!("Read-only: {reason}"), self.now);
        true
    }

    pub(in crate::app) fn open_create_namespace(&mut self) -> Vec<Effect> {
        if !self.refuse_writing() {
            self.dialog = Some(Dialog::CreateNamespace(Box::default()));
        }
        Vec::new()
    }

    pub(in crate::app) fn create_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if matches!(key.code, KeyCode::Enter | KeyCode::Char('Y')) && self.comes_with_a_paste("Enter") {
            return Vec::new();
        }
        let production = self.settings.profile.production;
        let Some(Dialog::CreateNamespace(dialog)) = &mut self.dialog else { return Vec::new() };
        match (dialog.stage, key.code) {
            (Stage::Working, _) => return self.wait_for_admin(key),
            (Stage::Confirming, KeyCode::Char('Y')) => return self.create(),
            (Stage::Confirming, _) => dialog.stage = Stage::Typing,
            (Stage::Typing, KeyCode::Esc) => return self.close_dialog(),
            (Stage::Typing, KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down) => {
                dialog.on_description = !dialog.on_description;
            }
            (Stage::Typing, KeyCode::Enter) if production => dialog.stage = Stage::Confirming,
            (Stage::Typing, KeyCode::Enter) => return self.create(),
            (Stage::Typing, _) => {
                dialog.field().key(key);
                dialog.problem = None;
            }
        }
        Vec::new()
    }

    fn create(&mut self) -> Vec<Effect> {
        let Some(Dialog::CreateNamespace(dialog)) = &mut self.dialog else { return Vec::new() };
        (dialog.stage, dialog.problem) = (Stage::Working, None);
        let id = dialog.id.text().to_owned();
        let description = Some(dialog.description.text().to_owned()).filter(|text| !text.is_empty());
        vec![self.ask(Slot::Admin, Question::CreateNamespace { id, description })]
    }

    /// Keeps the dialog open until the answer arrives, because the token is shown only once.
    fn wait_for_admin(&mut self, key: KeyEvent) -> Vec<Effect> {
        if key.code == KeyCode::Esc {
            self.notices.problem("Already sent. Waiting for the answer.".to_owned(), self.now);
        }
        Vec::new()
    }

    /// Only Enter closes the token, because Esc is easily pressed by mistake.
    pub(in crate::app) fn token_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::Token(dialog)) = &self.dialog else { return Vec::new() };
        match key.code {
            KeyCode::Char('y') => vec![Effect::Copy { text: dialog.created.token.clone(), what: "token" }],
            KeyCode::Enter => self.close_dialog(),
            _ => Vec::new(),
        }
    }

    pub(in crate::app) fn open_delete_namespace(&mut self) -> Vec<Effect> {
        if self.refuse_writing() {
            return Vec::new();
        }
        let Some(namespace) = self.browser.namespaces.selection() else { return Vec::new() };
        if namespace.flavour == Flavour::MessageDb {
            self.notices.problem(format!("Cannot delete {}: drop Message DB's schema instead", namespace.id), self.now);
            return Vec::new();
        }
        let id = namespace.id.clone();
        self.dialog = Some(Dialog::DeleteNamespace(DeleteDialog {
            id: id.clone(),
            input: Input::default(),
            messages: None,
            stage: Stage::Typing,
            problem: None,
        }));
        vec![self.ask(Slot::Admin, Question::Count { namespace: id, scope: Scope::Namespace })]
    }

    pub(in crate::app) fn delete_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if key.code == KeyCode::Enter && self.comes_with_a_paste("Enter") {
            return Vec::new();
        }
        let Some(Dialog::DeleteNamespace(dialog)) = &mut self.dialog else { return Vec::new() };
        match (dialog.stage, key.code) {
            (Stage::Working, _) => return self.wait_for_admin(key),
            (_, KeyCode::Esc) => return self.close_dialog(),
            (_, KeyCode::Enter) if dialog.input.text() == dialog.id => {
                (dialog.stage, dialog.problem) = (Stage::Working, None);
                let id = dialog.id.clone();
                return vec![self.ask(Slot::Admin, Question::DeleteNamespace { id })];
            }
            (_, KeyCode::Enter) => dialog.problem = Some("The ID does not match. Nothing was deleted.".to_owned()),
            _ => {
                dialog.input.key(key);
            }
        }
        Vec::new()
    }

    pub(in crate::app) fn admin_answered(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Created(created) => {
                // Select the namespace when the list arrives.
                (self.browser.focus, self.browser.active) = (Pane::Namespaces, Pane::Namespaces);
                self.browser.wanted_namespace = Some(created.info.id.clone());
                self.dialog = Some(Dialog::Token(TokenDialog { created: *created }));
                vec![self.ask(Slot::Namespaces, Question::Namespaces)]
            }
            Answer::Deleted { messages } => {
                if let Some(Dialog::DeleteNamespace(dialog)) = self.dialog.take() {
                    self.browser.places.forget(&dialog.id);
                }
                let plural = if messages == 1 { "" } else { "s" };
                self.notices.done(format!("Deleted the namespace and its {messages} message{plural}"), self.now);
                vec![self.ask(Slot::Namespaces, Question::Namespaces)]
            }
            Answer::Count(count) => {
                if let Some(Dialog::DeleteNamespace(dialog)) = &mut self.dialog {
                    dialog.messages = count.map(|count| count.messages);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    pub(in crate::app) fn admin_failed(&mut self, error: &StoreError) -> Vec<Effect> {
        let (stage, problem) = match &mut self.dialog {
            Some(Dialog::CreateNamespace(dialog)) => (&mut dialog.stage, &mut dialog.problem),
            Some(Dialog::DeleteNamespace(dialog)) => (&mut dialog.stage, &mut dialog.problem),
            _ => return Vec::new(),
        };
        (*stage, *problem) = (Stage::Typing, Some(error.to_string()));
        self.notices.problem(error.to_string(), self.now);
        Vec::new()
    }
}
