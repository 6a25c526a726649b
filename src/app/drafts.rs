//! Drafts: new ones, clones, follow-ups and the ones that were set aside. A draft survives Esc, a conflict, a lost
//! connection and a crash. Nothing here sends a draft; `writing` does.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Compose, Field};
use crate::app::dialogs::Dialog;
use crate::app::{Effect, State};
use crate::json;
use crate::json::links::follow_up_metadata;
use crate::message::{ExpectedVersion, Message, StreamName};
use crate::store::browse::Scope;

/// A draft as it is stored on disk. All fields are text as typed, so an invalid draft is kept too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The namespace's ID.
    pub namespace: String,
    pub stream: String,
    pub message_type: String,
    /// A UUID. An empty one is replaced by a new one when the draft is sent.
    pub id: String,
    /// `any`, `none` or a version.
    pub expected_version: String,
    pub data: String,
    /// Empty for NULL.
    pub metadata: String,
}

impl Draft {
    /// Copies a message, except its ID and version.
    fn clone_of(namespace: String, message: &Message) -> Self {
        Self {
            namespace,
            stream: message.stream.to_string(),
            message_type: message.message_type.clone(),
            id: Uuid::now_v7().to_string(),
            expected_version: String::new(),
            data: json::pretty(message.data.as_deref().unwrap_or("null")),
            metadata: message.metadata.as_deref().map(json::pretty).unwrap_or_default(),
        }
    }
}

impl State {
    /// Opens the draft that was set aside last, or a new one.
    pub(in crate::app) fn open_compose(&mut self) -> Vec<Effect> {
        if self.refuse_writing() {
            return Vec::new();
        }
        match self.drafts.pop() {
            Some(draft) => self.take_up(&draft, 1),
            None => self.new_draft(),
        }
    }

    /// Opens a draft that was set aside. `seen` is the number of drafts shown so far.
    fn take_up(&mut self, draft: &Draft, seen: usize) -> Vec<Effect> {
        self.dialog = Some(Dialog::Compose(Box::new(Compose { seen, ..Compose::new(draft) })));
        Vec::new()
    }

    /// Opens a new draft for the stream or category on screen.
    fn new_draft(&mut self) -> Vec<Effect> {
        let Some(namespace) = self.browser.shown_namespace.clone() else {
            self.notices.problem("Cannot write: no namespace is selected".to_owned(), self.now);
            return Vec::new();
        };
        let place = self.browser.messages.place.as_ref().filter(|place| place.namespace == namespace);
        let (stream, expected_version) = match place.map(|place| &place.scope) {
            Some(Scope::Stream(stream)) => {
                (stream.to_string(), self.version_on_screen(stream).unwrap_or(ExpectedVersion::Any).to_string())
            }
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
        let version_is_known = draft.expected_version != ExpectedVersion::Any.to_string();
        let effects = self.compose(draft, None);
        if let Some(Dialog::Compose(compose)) = self.dialog.as_mut().filter(|_| version_is_known) {
            compose.version_is_filled();
        }
        effects
    }

    /// Opens a draft that the user has not typed into yet, with a note about it. Drafts that were set aside stay there.
    fn compose(&mut self, draft: Draft, problem: Option<String>) -> Vec<Effect> {
        let mut compose = Compose { problem, ..Compose::new(&draft) };
        if draft.stream.ends_with('-') {
            compose.field = Field::Stream;
        }
        compose.untouched = Some(draft);
        self.dialog = Some(Dialog::Compose(Box::new(compose)));
        self.complete()
    }

    /// Opens a draft that was made from a message. Its expected version is the stream's version, from the screen or the
    /// server.
    fn compose_from(&mut self, mut draft: Draft, problem: Option<String>) -> Vec<Effect> {
        draft.expected_version = match StreamName::new(draft.stream.clone()) {
            Ok(stream) => self.version_on_screen(&stream).map(|version| version.to_string()).unwrap_or_default(),
            // The user has not named the stream yet.
            Err(_) => ExpectedVersion::Any.to_string(),
        };
        let mut effects = self.compose(draft, problem);
        if let Some(Dialog::Compose(compose)) = &mut self.dialog {
            compose.version_is_filled();
        }
        effects.extend(self.ask_version());
        effects
    }

    /// Opens a copy of the selected message with a new ID.
    pub(in crate::app) fn clone_message(&mut self) -> Vec<Effect> {
        let Some((namespace, message)) = self.whole_selection() else { return Vec::new() };
        self.compose_from(Draft::clone_of(namespace, &message), without_data(&message))
    }

    /// Opens a follow-up of the selected message, with causation and correlation filled in as Eventide's `follow` does.
    pub(in crate::app) fn follow_up(&mut self) -> Vec<Effect> {
        let Some((namespace, message)) = self.whole_selection() else { return Vec::new() };
        let metadata = follow_up_metadata(
            message.metadata.as_deref().unwrap_or("{}"),
            message.stream.as_str(),
            message.position,
            message.global_position,
        );
        let draft = Draft {
            stream: String::new(),
            message_type: String::new(),
            metadata: json::pretty(&metadata),
            ..Draft::clone_of(namespace, &message)
        };
        self.compose_from(draft, without_data(&message))
    }

    /// Returns the selected message with data and metadata, and its namespace. Shows a notice if it cannot be copied.
    fn whole_selection(&mut self) -> Option<(String, Message)> {
        if self.refuse_writing() {
            return None;
        }
        let whole = self.browser.message.whole().cloned().zip(self.browser.shown_namespace.clone());
        if whole.is_none() {
            self.notices.problem("No message is selected, or it is still loading".to_owned(), self.now);
        }
        whole.map(|(message, namespace)| (namespace, message))
    }

    /// Keeps the draft for the next `w` if the user typed anything.
    pub(in crate::app) fn put_aside(&mut self, compose: &Compose) -> Vec<Effect> {
        if compose.is_touched() {
            self.drafts.push(compose.draft());
            self.notices.done("Draft kept. Press w to open it.".to_owned(), self.now);
        }
        vec![self.save_drafts()]
    }

    /// Saves the drafts that were set aside and the one in the dialog.
    pub(super) fn save_drafts(&self) -> Effect {
        let typed = match &self.dialog {
            Some(Dialog::Compose(compose)) if compose.is_touched() => Some(compose.draft()),
            _ => None,
        };
        Effect::SaveDrafts(self.drafts.iter().cloned().chain(typed).collect())
    }

    /// Discards the draft in the dialog and keeps the others.
    pub(super) fn give_up(&mut self) -> Vec<Effect> {
        self.dialog = None;
        self.notices.done("Draft discarded".to_owned(), self.now);
        vec![self.save_drafts()]
    }

    /// Opens the next draft. After the last one comes a new draft, then the first again.
    pub(super) fn other_draft(&mut self) -> Vec<Effect> {
        let Some(Dialog::Compose(compose)) = self.dialog.take() else { return Vec::new() };
        let mut seen = compose.seen;
        if compose.is_touched() {
            self.drafts.insert(0, compose.draft());
            seen = seen.max(1);
        }
        let another = if seen < self.drafts.len() { self.drafts.pop() } else { None };
        let mut effects = match another {
            Some(draft) => self.take_up(&draft, seen + 1),
            None => self.new_draft(),
        };
        effects.push(self.save_drafts());
        effects
    }

    /// Takes the text that `$EDITOR` returned.
    pub(in crate::app) fn edited(&mut self, text: Result<String, String>) -> Vec<Effect> {
        let shown = self.in_editor.take();
        match (text, &mut self.dialog, shown) {
            (Ok(text), Some(Dialog::Compose(compose)), _) => {
                let field = compose.field;
                compose.set(field, text.trim_end());
                self.compose_changed()
            }
            (Ok(text), _, Some((draft, shown))) if text.trim_end() != shown.trim_end() => {
                self.compose_edited(draft, &text)
            }
            (Ok(_), ..) => Vec::new(),
            (Err(why), ..) => {
                self.notices.problem(format!("The editor failed: {why}"), self.now);
                Vec::new()
            }
        }
    }

    /// Opens the selected message in `$EDITOR`. Stored messages never change, so an edited one becomes a clone.
    pub(in crate::app) fn edit_shown(&mut self) -> Vec<Effect> {
        let Some((message, namespace)) = self.browser.message.whole().zip(self.browser.shown_namespace.clone()) else {
            return Vec::new();
        };
        let part = |text: &Option<String>| text.as_deref().map_or_else(|| "null".to_owned(), json::pretty);
        let text = format!("{{\n\"data\": {},\n\"metadata\": {}\n}}\n", part(&message.data), part(&message.metadata));
        self.in_editor = Some((Draft::clone_of(namespace, message), text.clone()));
        vec![Effect::Edit { text, suffix: ".json" }]
    }

    /// Opens a clone with the edited data and metadata. If the text has no member `data`, all of it becomes the data.
    fn compose_edited(&mut self, mut draft: Draft, text: &str) -> Vec<Effect> {
        if self.refuse_writing() {
            return Vec::new();
        }
        let members = json::members(text);
        let part = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| (*value).to_owned());
        if let Some(data) = part("data") {
            draft.data = data;
            draft.metadata = part("metadata").filter(|text| text != "null").unwrap_or_default();
        } else {
            text.trim_end().clone_into(&mut draft.data);
        }
        let effects = self.compose_from(draft, Some("A stored message cannot be changed. This is a clone.".to_owned()));
        if let Some(Dialog::Compose(compose)) = &mut self.dialog {
            compose.untouched = None;
        }
        effects.into_iter().chain([self.save_drafts()]).collect()
    }
}

/// The note on a clone of a message without data: a message cannot be written without data.
fn without_data(message: &Message) -> Option<String> {
    message.data.is_none().then(|| "The message's data is NULL. The draft has JSON null instead.".to_owned())
}
