//! The compose dialog: a message and its expected version, checked while they are typed. It never writes anything
//! itself: `drafts` creates and keeps drafts, `version` fills in the expected version, and `writing` sends a draft and
//! handles the answer.

mod drafts;
mod version;
mod writing;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui_textarea::{CursorMove, TextArea};
use uuid::Uuid;

pub use drafts::Draft;
pub use writing::Conflict;

use super::palette::fuzzy;
use super::{Dialog, is_ctrl};
use crate::app::input::{Input, with_line_feeds};
use crate::app::request::{Answer, Completing, Question, Slot};
use crate::app::{Effect, State};
use crate::json;
use crate::message::{ExpectedVersion, NewMessage, StreamName};

/// A field of the dialog, in the order of the screen. The discriminant indexes [`Compose::lines`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Field {
    Stream,
    Type,
    Id,
    ExpectedVersion,
    Data,
    Metadata,
}

impl Field {
    /// From top to bottom.
    pub const ALL: [Self; 6] = [Self::Stream, Self::Type, Self::Id, Self::ExpectedVersion, Self::Data, Self::Metadata];

    /// The label on screen.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Type => "type",
            Self::Id => "ID",
            Self::ExpectedVersion => "expected version",
            Self::Data => "data",
            Self::Metadata => "metadata",
        }
    }
}

/// How far the draft is on its way to the store.
#[derive(Debug)]
pub enum Stage {
    Editing,
    /// In production, an upper-case `Y` sends the draft.
    Confirming,
    /// `y` discards the draft.
    GivingUp,
    /// The draft was sent and the answer is pending.
    Writing,
    /// The stream does not have the expected version.
    Conflict(Conflict),
}

/// The dialog and the draft in it.
#[derive(Debug)]
pub struct Compose {
    /// The namespace's ID.
    pub namespace: String,
    /// The field with the cursor.
    pub field: Field,
    /// The fields of one line: stream, type, ID, expected version.
    pub lines: [Input; 4],
    pub data: TextArea<'static>,
    pub metadata: TextArea<'static>,
    pub stage: Stage,
    /// Completions of the field with the cursor.
    pub completions: Vec<String>,
    /// The completion that Tab accepts.
    pub chosen: usize,
    /// Why the draft was not written.
    pub problem: Option<String>,
    /// A new draft as it was opened. A draft that still equals it is not worth keeping.
    untouched: Option<Draft>,
    /// The number of drafts shown since `w`, to cycle through all of them.
    seen: usize,
    /// The expected version that was filled in, until the user types one.
    filled: Option<version::Filled>,
    /// Whether the server has been asked for the stream's version.
    pub awaits_version: bool,
}

fn text_area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.lines().map(str::to_owned).collect());
    area.set_tab_length(2);
    if is_unfilled(&area) {
        area.move_cursor(CursorMove::Forward);
    }
    area
}

/// Whether the text is an empty object, which typing fills in or replaces.
fn is_unfilled(area: &TextArea<'_>) -> bool {
    area.lines() == ["{}"]
}

impl Compose {
    #[must_use]
    pub fn new(draft: &Draft) -> Self {
        let line = |text: &str| Input::new(text);
        Self {
            namespace: draft.namespace.clone(),
            field: if draft.stream.is_empty() {
                Field::Stream
            } else if draft.message_type.is_empty() {
                Field::Type
            } else {
                Field::Data
            },
            lines: [line(&draft.stream), line(&draft.message_type), line(&draft.id), line(&draft.expected_version)],
            data: text_area(&draft.data),
            metadata: text_area(&draft.metadata),
            stage: Stage::Editing,
            completions: Vec::new(),
            chosen: 0,
            problem: None,
            untouched: None,
            seen: 0,
            filled: None,
            awaits_version: false,
        }
    }

    #[must_use]
    pub fn text(&self, field: Field) -> String {
        match field {
            Field::Data => self.data.lines().join("\n"),
            Field::Metadata => self.metadata.lines().join("\n"),
            line => self.lines[line as usize].text().to_owned(),
        }
    }

    #[must_use]
    pub fn draft(&self) -> Draft {
        Draft {
            namespace: self.namespace.clone(),
            stream: self.text(Field::Stream),
            message_type: self.text(Field::Type),
            id: self.text(Field::Id),
            expected_version: self.text(Field::ExpectedVersion),
            data: self.text(Field::Data),
            metadata: self.text(Field::Metadata),
        }
    }

    /// Whether the draft differs from a new one, so that it must not be lost.
    fn is_touched(&self) -> bool {
        self.untouched.as_ref() != Some(&self.draft())
    }

    /// Returns why a field cannot be written as it is. Problems in JSON have line and column.
    #[must_use]
    pub fn wrong(&self, field: Field) -> Option<String> {
        let text = self.text(field);
        match field {
            Field::Stream => StreamName::new(text).err().map(|error| error.to_string()),
            Field::Type if text.is_empty() => Some("must not be empty".to_owned()),
            Field::Type => text.contains('\0').then(|| "Postgres text cannot contain a NUL character".to_owned()),
            // An empty ID becomes a new one.
            Field::Id if text.is_empty() => None,
            Field::Id => Uuid::try_parse(&text).err().map(|error| format!("not a UUID: {error}")),
            Field::ExpectedVersion => text.parse::<ExpectedVersion>().err(),
            Field::Metadata if text.trim().is_empty() => None,
            Field::Data | Field::Metadata => json::check(&text).err().map(|problem| problem.to_string()),
        }
    }

    /// Returns the message to write, or the first field that is wrong and why.
    fn message(&self) -> Result<NewMessage, (Field, String)> {
        for field in Field::ALL {
            if let Some(wrong) = self.wrong(field) {
                return Err((field, wrong));
            }
        }
        let wrong = |field: Field, why: String| (field, why);
        let metadata = self.text(Field::Metadata);
        Ok(NewMessage {
            id: Uuid::try_parse(&self.text(Field::Id)).map_err(|error| wrong(Field::Id, error.to_string()))?,
            stream: StreamName::new(self.text(Field::Stream))
                .map_err(|error| wrong(Field::Stream, error.to_string()))?,
            message_type: self.text(Field::Type),
            data: self.text(Field::Data),
            metadata: Some(metadata).filter(|text| !text.trim().is_empty()),
            expected_version: self
                .text(Field::ExpectedVersion)
                .parse()
                .map_err(|error| wrong(Field::ExpectedVersion, error))?,
        })
    }

    fn editor(&mut self) -> Option<&mut TextArea<'static>> {
        match self.field {
            Field::Data => Some(&mut self.data),
            Field::Metadata => Some(&mut self.metadata),
            _ => None,
        }
    }

    fn set(&mut self, field: Field, text: &str) {
        match field {
            Field::Data => self.data = text_area(text),
            Field::Metadata => self.metadata = text_area(text),
            line => self.lines[line as usize].set(text),
        }
    }

    fn move_field(&mut self, by: usize) {
        self.field = Field::ALL[(self.field as usize + by) % Field::ALL.len()];
        self.completions.clear();
    }

    fn choose(&mut self, by: usize) {
        self.chosen = (self.chosen + by) % self.completions.len().max(1);
    }

    /// Handles a key that edits the field. Returns whether the text changed.
    fn type_key(&mut self, key: KeyEvent) -> bool {
        let field = self.field;
        match self.editor() {
            Some(area) => {
                // The start of a document replaces the empty object; anything else goes inside it.
                if is_unfilled(area) && matches!(key.code, KeyCode::Char('{' | '[')) {
                    *area = text_area("");
                }
                area.input(key)
            }
            None => self.lines[field as usize].key(key),
        }
    }

    fn paste(&mut self, text: &str) {
        let field = self.field;
        match self.editor() {
            Some(area) => {
                if is_unfilled(area) {
                    *area = text_area("");
                }
                area.insert_str(with_line_feeds(text));
            }
            None => self.lines[field as usize].paste(text),
        }
    }
}

impl State {
    pub(in crate::app) fn compose_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::Compose(compose)) = &mut self.dialog else { return Vec::new() };
        match &compose.stage {
            Stage::Writing => {
                if key.code == KeyCode::Esc {
                    // Only the answer tells whether the message was written, so the dialog stays open.
                    self.notices.problem("Already sent. Waiting for the answer.".to_owned(), self.now);
                }
                Vec::new()
            }
            Stage::Confirming => {
                compose.stage = Stage::Editing;
                match key.code {
                    KeyCode::Char('Y') if self.comes_with_a_paste("Ctrl-S") => Vec::new(),
                    KeyCode::Char('Y') => self.send(),
                    _ => Vec::new(),
                }
            }
            Stage::GivingUp => {
                compose.stage = Stage::Editing;
                if key.code == KeyCode::Char('y') { self.give_up() } else { Vec::new() }
            }
            Stage::Conflict(_) => self.conflict_key(key),
            Stage::Editing => self.editing_key(key),
        }
    }

    fn editing_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::Compose(compose)) = &mut self.dialog else { return Vec::new() };
        let (offered, in_line) = (!compose.completions.is_empty(), compose.editor().is_none());
        match key.code {
            KeyCode::Esc if offered => {
                compose.completions.clear();
                self.requests.stop(Slot::Complete);
                Vec::new()
            }
            KeyCode::Esc => self.close_dialog(),
            _ if is_ctrl(key, 's') => self.try_to_write(),
            _ if is_ctrl(key, 'g') => {
                compose.stage = Stage::GivingUp;
                Vec::new()
            }
            _ if is_ctrl(key, 'o') => self.other_draft(),
            _ if is_ctrl(key, 'e') => {
                let field = if compose.field == Field::Metadata { Field::Metadata } else { Field::Data };
                compose.field = field;
                vec![Effect::Edit { text: compose.text(field), suffix: ".json" }]
            }
            _ if is_ctrl(key, 'f') => {
                for field in [Field::Data, Field::Metadata] {
                    let text = compose.text(field);
                    if json::check(&text).is_ok() {
                        compose.set(field, &json::pretty(&text));
                    }
                }
                self.compose_changed()
            }
            _ if offered && (key.code == KeyCode::Down || is_ctrl(key, 'n')) => {
                compose.choose(1);
                Vec::new()
            }
            _ if offered && (key.code == KeyCode::Up || is_ctrl(key, 'p')) => {
                compose.choose(compose.completions.len() - 1);
                Vec::new()
            }
            KeyCode::Tab if offered => {
                let chosen = compose.completions.swap_remove(compose.chosen);
                compose.set(compose.field, &chosen);
                compose.move_field(1);
                let mut effects = self.compose_changed();
                effects.extend(self.ask_version());
                effects.extend(self.complete());
                effects
            }
            KeyCode::BackTab => self.move_field(Field::ALL.len() - 1),
            KeyCode::Tab => self.move_field(1),
            KeyCode::Enter | KeyCode::Down if in_line => self.move_field(1),
            KeyCode::Up if in_line => self.move_field(Field::ALL.len() - 1),
            _ => {
                if !compose.type_key(key) {
                    return Vec::new();
                }
                // Tab must never accept a completion of an earlier text.
                let typed = compose.text(compose.field);
                compose.completions.retain(|name| name.starts_with(&typed));
                compose.chosen = 0;
                let mut effects = self.compose_changed();
                effects.extend(self.complete());
                effects
            }
        }
    }

    pub(in crate::app) fn compose_paste(&mut self, text: &str) -> Vec<Effect> {
        match &mut self.dialog {
            Some(Dialog::Compose(compose)) if matches!(compose.stage, Stage::Editing) => compose.paste(text),
            _ => return Vec::new(),
        }
        self.compose_changed()
    }

    fn move_field(&mut self, by: usize) -> Vec<Effect> {
        if let Some(Dialog::Compose(compose)) = &mut self.dialog {
            compose.move_field(by);
        }
        self.ask_version().into_iter().chain(self.complete()).collect()
    }

    /// Saves the drafts at every change, so that they survive a crash.
    fn compose_changed(&mut self) -> Vec<Effect> {
        let Some(Dialog::Compose(compose)) = &mut self.dialog else { return Vec::new() };
        compose.problem = None;
        vec![self.save_drafts()]
    }

    /// Asks for completions of the field with the cursor, and cancels an earlier request.
    fn complete(&mut self) -> Vec<Effect> {
        self.requests.stop(Slot::Complete);
        let Some(Dialog::Compose(compose)) = &self.dialog else { return Vec::new() };
        let namespace = compose.namespace.clone();
        let question = match compose.field {
            Field::Stream if !compose.text(Field::Stream).is_empty() => {
                Question::Complete { namespace, prefix: compose.text(Field::Stream), what: Completing::Stream }
            }
            Field::Type => match StreamName::new(compose.text(Field::Stream)) {
                Ok(stream) => Question::Complete {
                    namespace,
                    prefix: compose.text(Field::Type),
                    what: Completing::Type(stream.category()),
                },
                Err(_) => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        vec![self.ask(Slot::Complete, question)]
    }

    pub(in crate::app) fn completed(&mut self, answer: Answer) -> Vec<Effect> {
        if let (Some(Dialog::Compose(compose)), Answer::Completions(found)) = (&mut self.dialog, answer) {
            let typed = compose.text(compose.field);
            let found: Vec<String> = found.into_iter().filter(|name| *name != typed).collect();
            compose.completions = match compose.field {
                Field::Type if !typed.is_empty() => {
                    fuzzy(&typed, found.iter().map(|name| (name.as_str(), name.clone())).collect())
                }
                _ => found,
            };
            compose.completions.truncate(8);
            compose.chosen = 0;
        }
        Vec::new()
    }
}
