//! Creating a namespace (its token is shown once) and deleting one (its id is typed, its messages are counted).

use crossterm::event::{KeyCode, KeyEvent};

use super::dialog::Dialog;
use super::input::Input;
use super::request::{Answer, Created, Question, Slot};
use super::{Effect, State};
use crate::store::browse::Scope;
use crate::store::{Flavour, StoreError};

/// The new namespace as far as it is typed.
#[derive(Debug, Default)]
pub struct CreateDialog {
    /// Its id.
    pub id: Input,
    /// What it is for.
    pub description: Input,
    /// Which of the two is being typed.
    pub on_description: bool,
    /// Why it was not created.
    pub problem: Option<String>,
}

impl CreateDialog {
    fn field(&mut self) -> &mut Input {
        if self.on_description { &mut self.description } else { &mut self.id }
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.field().paste(text);
    }
}

/// The token of a new namespace.
#[derive(Debug)]
pub struct TokenDialog {
    /// The namespace and its token.
    pub created: Created,
}

/// A namespace about to be deleted.
#[derive(Debug)]
pub struct DeleteDialog {
    /// Its id, to be typed.
    pub id: String,
    /// What is typed.
    pub input: Input,
    /// How many messages go with it, once counted.
    pub messages: Option<u64>,
    /// Why it was not deleted.
    pub problem: Option<String>,
}

impl State {
    /// Says why nothing can be written here; true where that is so.
    pub(super) fn refuse_writing(&mut self) -> bool {
        let Some(reason) = self.read_only().map(str::to_owned) else { return false };
        self.notices.problem(format!("read-only: {reason}"), self.now);
        true
    }

    pub(super) fn open_create_namespace(&mut self) -> Vec<Effect> {
        if !self.refuse_writing() {
            self.dialog = Some(Dialog::CreateNamespace(Box::default()));
        }
        Vec::new()
    }

    pub(super) fn create_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::CreateNamespace(dialog)) = &mut self.dialog else { return Vec::new() };
        match key.code {
            KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down => {
                dialog.on_description = !dialog.on_description;
            }
            KeyCode::Enter => {
                let id = dialog.id.text().to_owned();
                let description = Some(dialog.description.text().to_owned()).filter(|text| !text.is_empty());
                return vec![self.ask(Slot::Admin, Question::CreateNamespace { id, description })];
            }
            _ => {
                dialog.field().key(key);
                dialog.problem = None;
            }
        }
        Vec::new()
    }

    pub(super) fn token_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::Token(dialog)) = &self.dialog else { return Vec::new() };
        match key.code {
            KeyCode::Char('y') => vec![Effect::Copy { text: dialog.created.token.clone(), what: "token" }],
            KeyCode::Enter => {
                self.dialog = None;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn open_delete_namespace(&mut self) -> Vec<Effect> {
        if self.refuse_writing() {
            return Vec::new();
        }
        let Some(namespace) = self.namespaces.selection() else { return Vec::new() };
        if namespace.flavour == Flavour::MessageDb {
            self.notices
                .problem(format!("{} was made by Message DB and is not deleted from here", namespace.id), self.now);
            return Vec::new();
        }
        let id = namespace.id.clone();
        self.dialog = Some(Dialog::DeleteNamespace(DeleteDialog {
            id: id.clone(),
            input: Input::default(),
            messages: None,
            problem: None,
        }));
        vec![self.ask(Slot::Admin, Question::Count { namespace: id, scope: Scope::Namespace })]
    }

    pub(super) fn delete_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::DeleteNamespace(dialog)) = &mut self.dialog else { return Vec::new() };
        if key.code != KeyCode::Enter {
            dialog.input.key(key);
            return Vec::new();
        }
        if dialog.input.text() != dialog.id {
            dialog.problem = Some(format!("type {} to delete it", dialog.id));
            return Vec::new();
        }
        let id = dialog.id.clone();
        vec![self.ask(Slot::Admin, Question::DeleteNamespace { id })]
    }

    pub(super) fn admin_answered(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Created(created) => {
                self.dialog = Some(Dialog::Token(TokenDialog { created: *created }));
                vec![self.ask(Slot::Namespaces, Question::Namespaces)]
            }
            Answer::Deleted { messages } => {
                self.dialog = None;
                self.notices.done(format!("deleted, and {messages} messages with it"), self.now);
                self.places.forget();
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

    pub(super) fn admin_failed(&mut self, error: &StoreError) -> Vec<Effect> {
        match &mut self.dialog {
            Some(Dialog::CreateNamespace(dialog)) => dialog.problem = Some(error.to_string()),
            Some(Dialog::DeleteNamespace(dialog)) => dialog.problem = Some(error.to_string()),
            _ => {}
        }
        self.notices.problem(error.to_string(), self.now);
        Vec::new()
    }
}
