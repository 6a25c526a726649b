//! Drafts: new ones, clones, follow-ups, and those that are put aside. A draft survives Esc, a conflict, a lost connection and a
//! crash.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::dialog::Dialog;
use super::super::{Effect, State};
use super::{Compose, Field};
use crate::json;
use crate::json::links::follow_up_metadata;
use crate::message::{ExpectedVersion, Message};
use crate::store::browse::Scope;

/// What a draft holds, as text: kept on disk, so that a crash does not reach it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The namespace's id.
    pub namespace: String,
    /// Where it goes.
    pub stream: String,
    /// Its type.
    pub message_type: String,
    /// Its id.
    pub id: String,
    /// `any`, `none` or a version.
    pub expected_version: String,
    /// JSON.
    pub data: String,
    /// JSON; empty for NULL.
    pub metadata: String,
}

impl State {
    /// A dialog over a new draft, or over the one that was put aside.
    pub(in crate::app) fn open_compose(&mut self) -> Vec<Effect> {
        if self.refuse_writing() {
            return Vec::new();
        }
        if let Some(draft) = self.draft.take() {
            self.dialog = Some(Dialog::Compose(Box::new(Compose::new(&draft))));
            return Vec::new();
        }
        let Some(namespace) = self.shown_namespace.clone() else { return Vec::new() };
        let place = self.messages.place.as_ref().filter(|place| place.namespace == namespace);
        let (stream, expected_version) = match place.map(|place| &place.scope) {
            Some(Scope::Stream(stream)) => (stream.to_string(), self.version_on_screen().to_string()),
            Some(Scope::Category(category) | Scope::Member(category, _)) => (format!("{category}-"), "any".to_owned()),
            _ => (String::new(), "any".to_owned()),
        };
        let draft = Draft {
            namespace,
            stream,
            expected_version,
            id: Uuid::now_v7().to_string(),
            data: "{}".to_owned(),
            ..Draft::default()
        };
        self.compose(&draft)
    }

    fn compose(&mut self, draft: &Draft) -> Vec<Effect> {
        let mut compose = Compose::new(draft);
        if draft.stream.ends_with('-') {
            compose.field = Field::Stream;
        }
        self.dialog = Some(Dialog::Compose(Box::new(compose)));
        self.complete()
    }

    /// What the writer believes the stream on screen has, by what is on screen.
    fn version_on_screen(&self) -> ExpectedVersion {
        if !self.messages.at_end() || self.messages.is_filtered() {
            return ExpectedVersion::Any;
        }
        ExpectedVersion::from_version(self.messages.window.rows().iter().map(|row| row.head.position).max())
    }

    /// A draft with everything of the selected message but its id.
    pub(in crate::app) fn clone_message(&mut self) -> Vec<Effect> {
        let Some((namespace, message)) = self.whole_selection() else { return Vec::new() };
        let draft = Draft {
            namespace,
            stream: message.stream.to_string(),
            message_type: message.message_type.clone(),
            id: Uuid::now_v7().to_string(),
            expected_version: "any".to_owned(),
            data: json::pretty(message.data.as_deref().unwrap_or("null")),
            metadata: message.metadata.as_deref().map(json::pretty).unwrap_or_default(),
        };
        self.compose(&draft)
    }

    /// A draft that is caused by the selected message: causation and correlation as Eventide's `follow` fills them in.
    pub(in crate::app) fn follow_up(&mut self) -> Vec<Effect> {
        let Some((namespace, message)) = self.whole_selection() else { return Vec::new() };
        let metadata = follow_up_metadata(
            message.metadata.as_deref().unwrap_or("{}"),
            message.stream.as_str(),
            message.position,
            message.global_position,
        );
        let draft = Draft {
            namespace,
            stream: String::new(),
            message_type: String::new(),
            id: Uuid::now_v7().to_string(),
            expected_version: "any".to_owned(),
            data: json::pretty(message.data.as_deref().unwrap_or("null")),
            metadata: json::pretty(&metadata),
        };
        self.compose(&draft)
    }

    /// The selected message with its bodies; says what is missing where they are not there.
    fn whole_selection(&mut self) -> Option<(String, Message)> {
        if self.refuse_writing() {
            return None;
        }
        let whole = self.message.whole().cloned().zip(self.shown_namespace.clone());
        if whole.is_none() {
            self.notices.problem("no message is selected, or it is still being read".to_owned(), self.now);
        }
        whole.map(|(message, namespace)| (namespace, message))
    }

    /// Esc keeps the draft for the next `w`.
    pub(in crate::app) fn put_aside(&mut self, compose: &Compose) -> Vec<Effect> {
        let draft = compose.draft();
        self.notices.done("draft kept: w opens it again".to_owned(), self.now);
        self.draft = Some(draft.clone());
        vec![Effect::SaveDraft(draft)]
    }

    /// `$EDITOR` was left.
    pub(in crate::app) fn edited(&mut self, text: Result<String, String>) -> Vec<Effect> {
        match (text, &mut self.dialog) {
            (Ok(text), Some(Dialog::Compose(compose))) => {
                let field = compose.field;
                compose.set(field, text.trim_end());
                self.compose_changed()
            }
            (Ok(_), _) => Vec::new(),
            (Err(why), _) => {
                self.notices.problem(format!("the editor failed: {why}"), self.now);
                Vec::new()
            }
        }
    }
}
