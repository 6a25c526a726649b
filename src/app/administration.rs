//! Opens the dialogs that create and delete a namespace, and handles their answers. The requests themselves come from
//! the dialogs.

use super::browser::layout::Pane;
use super::dialogs::Dialog;
use super::dialogs::delete_namespace::DeleteDialog;
use super::dialogs::token::TokenDialog;
use super::request::{Answer, Question, Slot};
use super::{Effect, State};
use crate::store::browse::Scope;
use crate::store::{Flavour, StoreError};

impl State {
    /// Shows why nothing can be written. Returns false if writing is allowed.
    pub(super) fn refuse_writing(&mut self) -> bool {
        let Some(reason) = self.read_only().map(str::to_owned) else { return false };
        self.notices.problem(format!("Read-only: {reason}"), self.now);
        true
    }

    pub(super) fn open_create_namespace(&mut self) -> Vec<Effect> {
        if !self.refuse_writing() {
            self.dialogs.open = Some(Dialog::CreateNamespace(Box::default()));
        }
        Vec::new()
    }

    pub(super) fn open_delete_namespace(&mut self) -> Vec<Effect> {
        if self.refuse_writing() {
            return Vec::new();
        }
        let Some(namespace) = self.browser.namespaces.selection() else { return Vec::new() };
        if namespace.flavour == Flavour::MessageDb {
            self.notices.problem(format!("Cannot delete {}: drop Message DB's schema instead", namespace.id), self.now);
            return Vec::new();
        }
        let id = namespace.id.clone();
        self.dialogs.open = Some(Dialog::DeleteNamespace(DeleteDialog::new(id.clone())));
        vec![self.requests.ask(Slot::Admin, Question::Count { namespace: id, scope: Scope::Namespace })]
    }

    pub(super) fn admin_answered(&mut self, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Created(created) => {
                // Select the namespace when the list arrives.
                (self.browser.focus, self.browser.active) = (Pane::Namespaces, Pane::Namespaces);
                self.browser.wanted_namespace = Some(created.info.id.clone());
                self.dialogs.open = Some(Dialog::Token(TokenDialog { created: *created }));
                vec![self.requests.ask(Slot::Namespaces, Question::Namespaces)]
            }
            Answer::Deleted { messages } => {
                if let Some(dialog) = self.dialogs.delete_namespace() {
                    self.browser.kept_lists.forget(&dialog.id);
                }
                self.dialogs.open = None;
                let plural = if messages == 1 { "" } else { "s" };
                self.notices.done(format!("Deleted the namespace and its {messages} message{plural}"), self.now);
                vec![self.requests.ask(Slot::Namespaces, Question::Namespaces)]
            }
            Answer::Count(count) => {
                if let Some(dialog) = self.dialogs.delete_namespace() {
                    dialog.messages = count.map(|count| count.messages);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn admin_failed(&mut self, error: &StoreError) -> Vec<Effect> {
        if self.dialogs.fail_admin(error.to_string()) {
            self.notices.problem(error.to_string(), self.now);
        }
        Vec::new()
    }
}
