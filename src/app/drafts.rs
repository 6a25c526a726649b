//! Opens the compose dialog with the right draft, and keeps drafts. A draft survives Esc, a conflict, a lost connection
//! and a crash. Nothing here sends a draft; the dialog asks for that, and `writing` handles the answer.

use super::browser::list_key::ListKey;
use super::dialogs::Dialog;
use super::dialogs::compose::{Compose, Draft, Field};
use super::event::Edited;
use super::keymap::Action;
use super::{Effect, State};
use crate::json;
use crate::json::links::follow_up_metadata;
use crate::message::{ExpectedVersion, Message, StreamName};
use crate::numbers::count;
use crate::store::browse::Scope;

impl State {
    /// Opens the draft that was kept last, or a new one.
    pub(super) fn open_compose(&mut self) -> Vec<Effect> {
        if self.refuse_writing() {
            return Vec::new();
        }
        match self.dialogs.drafts.pop() {
            Some(draft) => self.open_draft(&draft, 1),
            None => self.new_draft(),
        }
    }

    /// Opens a draft that was kept, and asks for its version if that was not known yet.
    fn open_draft(&mut self, draft: &Draft, seen: usize) -> Vec<Effect> {
        let mut compose = Compose::kept(draft, seen);
        let version = compose.ask_version();
        self.dialogs.open = Some(Dialog::Compose(Box::new(compose)));
        self.run_all(version)
    }

    /// Opens a new draft for the stream or category on screen.
    fn new_draft(&mut self) -> Vec<Effect> {
        let Some(namespace) = self.browser.shown_namespace.clone() else {
            self.notices.problem("Cannot write: no namespace is selected".to_owned(), self.now);
            return Vec::new();
        };
        let list = self.browser.messages.key.as_ref().filter(|list| list.namespace == namespace);
        let stream = match list.map(|list| &list.scope) {
            Some(Scope::Stream(stream)) => stream.to_string(),
            Some(Scope::Category(category) | Scope::Member(category, _)) => format!("{category}-"),
            _ => String::new(),
        };
        let draft = Draft {
            namespace,
            stream,
            id: self.random.message_id(self.now).to_string(),
            data: "{}".to_owned(),
            ..Draft::default()
        };
        let compose = self.prepare(draft, None);
        self.open_new(compose)
    }

    /// Prepares a new draft. Its expected version is the stream's version, from the screen or the server.
    fn prepare(&self, mut draft: Draft, note: Option<String>) -> Compose {
        draft.expected_version = match StreamName::new(draft.stream.clone()) {
            Ok(stream) => self.version_on_screen(&draft.namespace, stream).unwrap_or_default(),
            // The user has not named the stream yet.
            Err(_) => ExpectedVersion::Any.to_string(),
        };
        let mut compose = Compose::untouched(draft, note);
        compose.version_is_filled();
        compose
    }

    /// Opens a new draft. Asks for completions of its first empty field, and for its version if the screen does not
    /// show it. Drafts that were kept stay kept.
    fn open_new(&mut self, mut compose: Compose) -> Vec<Effect> {
        let version = compose.ask_version();
        let completions = compose.complete();
        self.dialogs.open = Some(Dialog::Compose(Box::new(compose)));
        self.run_all([completions].into_iter().chain(version))
    }

    /// Opens a copy of the selected message with a new ID.
    pub(super) fn clone_message(&mut self) -> Vec<Effect> {
        let Some((namespace, message)) = self.whole_selection() else { return Vec::new() };
        let draft = Draft::clone_of(namespace, &message, self.random.message_id(self.now));
        let compose = self.prepare(draft, without_data(&message));
        self.open_new(compose)
    }

    /// Opens a follow-up of the selected message, with causation and correlation filled in as Eventide's `follow` does.
    pub(super) fn follow_up(&mut self) -> Vec<Effect> {
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
            ..Draft::clone_of(namespace, &message, self.random.message_id(self.now))
        };
        let compose = self.prepare(draft, without_data(&message));
        self.open_new(compose)
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

    /// Returns the version of a stream if the messages pane shows its end.
    fn version_on_screen(&self, namespace: &str, stream: StreamName) -> Option<String> {
        let messages = &self.browser.messages;
        let list = ListKey { namespace: namespace.to_owned(), scope: Scope::Stream(stream) };
        if messages.key != Some(list) || !messages.at_end() || messages.is_filtered() || messages.is_reading() {
            return None;
        }
        Some(ExpectedVersion::from_version(messages.newest()).to_string())
    }

    pub(super) fn keep_draft(&mut self, draft: Draft) -> Vec<Effect> {
        self.dialogs.drafts.push(draft);
        self.dialogs.may_lose_drafts = false;
        let key = self.settings.keymap.key(Action::Write);
        match &self.dialogs.unsavable {
            None => self.notices.done(format!("Draft kept. Press {key} to open it."), self.now),
            Some(why) => {
                let warning = format!("Draft kept until streamscope ends. It cannot be saved: {why}");
                self.notices.problem(warning, self.now);
            }
        }
        Vec::new()
    }

    /// Notes whether drafts can be saved.
    pub(super) fn drafts_saved(&mut self, result: Result<(), String>) {
        self.dialogs.may_lose_drafts = false;
        self.dialogs.unsavable = result.err();
        if let Some(why) = &self.dialogs.unsavable {
            self.notices.problem(format!("Drafts cannot be saved: {why}"), self.now);
        }
    }

    /// Ends the program. If that loses drafts, says so first and tries once more to save them.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        let Some((drafts, why)) = self.lost_drafts().filter(|_| !self.dialogs.may_lose_drafts) else {
            return vec![Effect::Quit];
        };
        let key = self.settings.keymap.key(Action::Quit);
        let warning = format!("Press {key} again to quit without {drafts}. Saving failed: {why}");
        self.notices.problem(warning, self.now);
        self.dialogs.may_lose_drafts = true;
        vec![self.save_drafts()]
    }

    /// Returns the drafts that are lost when this state ends, as text, and why they cannot be saved.
    pub(super) fn lost_drafts(&self) -> Option<(String, String)> {
        let why = self.dialogs.unsavable.clone()?;
        let drafts = self.dialogs.unsaved().len() as u64;
        (drafts > 0).then(|| (count(drafts, "draft"), why))
    }

    pub(super) fn save_drafts(&self) -> Effect {
        Effect::SaveDrafts(self.dialogs.unsaved())
    }

    /// Opens the next draft. After the last one comes a new draft, then the first again.
    pub(super) fn next_draft(&mut self, changed: Option<Draft>, mut seen: usize) -> Vec<Effect> {
        if let Some(draft) = changed {
            self.dialogs.drafts.insert(0, draft);
            seen = seen.max(1);
        }
        let next = if seen < self.dialogs.drafts.len() { self.dialogs.drafts.pop() } else { None };
        let mut effects = match next {
            Some(draft) => self.open_draft(&draft, seen + 1),
            None => self.new_draft(),
        };
        effects.push(self.save_drafts());
        effects
    }

    /// Opens the selected message in `$EDITOR`. Stored messages never change, so an edited one becomes a clone.
    pub(super) fn edit_shown(&mut self) -> Vec<Effect> {
        let Some((namespace, message)) = self.whole_selection() else { return Vec::new() };
        let part = |text: &Option<String>| text.as_deref().map_or_else(|| "null".to_owned(), json::pretty);
        let text = format!("{{\n\"data\": {},\n\"metadata\": {}\n}}\n", part(&message.data), part(&message.metadata));
        let draft = Draft::clone_of(namespace, &message, self.random.message_id(self.now));
        self.dialogs.in_editor = Some((draft, text.clone()));
        vec![Effect::Edit { text, suffix: ".json" }]
    }

    /// Takes the text that `$EDITOR` left in its file.
    pub(super) fn edited(&mut self, edited: Edited) -> Vec<Effect> {
        let shown = self.dialogs.in_editor.take();
        let compose = self.dialogs.compose();
        let may_be_empty = compose.as_ref().is_some_and(|compose| compose.field == Field::Metadata);
        let (text, failed) = match edited {
            Edited::Text(text) if text.trim().is_empty() && !may_be_empty => {
                let warning = "The editor left an empty file. The text is unchanged.";
                self.notices.problem(warning.to_owned(), self.now);
                return Vec::new();
            }
            Edited::Text(text) => (text, None),
            Edited::AtOnce(editor) => {
                let warning = format!(
                    "The text is unchanged: {editor} exited at once. If it opens a window, make it wait, as in \
                     EDITOR=\"code --wait\"."
                );
                self.notices.problem(warning, self.now);
                return Vec::new();
            }
            Edited::Failed(why, None) => {
                self.notices.problem(format!("The editor failed: {why}"), self.now);
                return Vec::new();
            }
            Edited::Failed(why, Some(text)) => (text, Some(why)),
        };
        if let Some(why) = &failed {
            let warning = format!("The draft has what the editor saved before it failed: {why}");
            self.notices.problem(warning, self.now);
        }
        if let Some(Dialog::Compose(compose)) = &mut self.dialogs.open {
            // A failing editor may have saved less than it was given.
            if failed.is_some() && compose.is_touched() {
                let id = self.random.message_id(self.now).to_string();
                self.dialogs.drafts.push(Draft { id, ..compose.draft() });
            }
            compose.set(compose.field, text.trim_end());
            compose.problem = None;
            return vec![self.save_drafts()];
        }
        match shown {
            Some((draft, shown)) if text.trim_end() != shown.trim_end() => self.compose_edited(draft, &text),
            _ => Vec::new(),
        }
    }

    /// Opens a clone with the edited data and metadata. If the text has no member `data`, all of it becomes the data.
    fn compose_edited(&mut self, mut draft: Draft, text: &str) -> Vec<Effect> {
        let members = json::members(text);
        let part = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| (*value).to_owned());
        if let Some(data) = part("data") {
            draft.data = data;
            draft.metadata = part("metadata").filter(|text| text != "null").unwrap_or_default();
        } else {
            text.trim_end().clone_into(&mut draft.data);
        }
        let note = "A stored message cannot be changed. This is a clone.".to_owned();
        let mut compose = self.prepare(draft, Some(note));
        compose.touch();
        let mut effects = self.open_new(compose);
        effects.push(self.save_drafts());
        effects
    }
}

/// Returns the note on a clone of a message without data: a message cannot be written without data.
fn without_data(message: &Message) -> Option<String> {
    message.data.is_none().then(|| "The message's data is NULL. The draft has JSON null instead.".to_owned())
}
