//! The compose dialog: a message and its expected version, checked while they are typed. It never writes anything
//! itself: `version` fills in the expected version, `keys` handles the keys and asks for the message to be written, and
//! the answer comes back from `app::writing`.

mod draft;
mod keys;
pub(crate) mod layout;
mod version;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui_textarea::{CursorMove, TextArea};
use uuid::Uuid;

pub(crate) use draft::Draft;

use super::fuzzy::fuzzy;
use crate::app::input::{Input, with_line_feeds};
use crate::json;
use crate::message::{ExpectedVersion, Message, NewMessage, Position, StreamName};

/// A field of the dialog, in the order of the screen. The discriminant indexes [`Compose::lines`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(crate) enum Field {
    Stream,
    Type,
    Id,
    ExpectedVersion,
    Data,
    Metadata,
}

impl Field {
    /// From top to bottom.
    pub(crate) const ALL: [Self; 6] =
        [Self::Stream, Self::Type, Self::Id, Self::ExpectedVersion, Self::Data, Self::Metadata];

    /// The label on screen.
    #[must_use]
    pub(crate) fn title(self) -> &'static str {
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
pub(crate) enum DraftStage {
    Editing,
    /// In production, an upper-case `Y` sends the draft.
    Confirming,
    /// `y` discards the draft.
    Discarding,
    /// The draft was sent and the answer is pending.
    Writing,
    /// The stream does not have the expected version.
    Conflict(Conflict),
}

/// A version conflict.
#[derive(Debug)]
pub(crate) struct Conflict {
    pub expected: ExpectedVersion,
    /// The stream's version; none if it does not exist.
    pub actual: Option<Position>,
    /// Messages after the expected version, once they are read.
    pub since: Option<Vec<Message>>,
}

/// The dialog and the draft in it.
#[derive(Debug)]
pub(crate) struct Compose {
    /// The namespace's ID.
    pub namespace: String,
    /// The field with the cursor.
    pub field: Field,
    /// The fields of one line: stream, type, ID, expected version.
    pub lines: [Input; 4],
    pub data: TextArea<'static>,
    pub metadata: TextArea<'static>,
    pub stage: DraftStage,
    /// Completions of the field with the cursor.
    pub completions: Vec<String>,
    /// The index of the completion that Tab accepts.
    pub chosen: usize,
    /// Why the draft was not written.
    pub problem: Option<String>,
    /// A new draft as it was opened. A draft that still equals it is not worth keeping.
    untouched: Option<Draft>,
    /// The number of drafts shown since `w`, to cycle through all of them.
    seen: usize,
    /// The expected version that was filled in, until the user types one.
    filled: Option<FilledVersion>,
    /// Whether the server has been asked for the stream's version.
    pub awaits_version: bool,
}

/// An expected version that was filled in.
#[derive(Debug)]
struct FilledVersion {
    /// The stream whose version it is.
    stream: String,
    /// Empty until the server answers.
    version: String,
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
    /// Opens a draft that was kept. `seen` is the number of drafts shown so far.
    #[must_use]
    pub(crate) fn kept(draft: &Draft, seen: usize) -> Self {
        let mut compose = Self { seen, ..Self::new(draft) };
        if draft.expected_version.is_empty() {
            compose.version_is_filled();
        }
        compose
    }

    /// Opens a new draft, with a note about it. It is not kept unless the user changes it.
    #[must_use]
    pub(crate) fn untouched(draft: Draft, note: Option<String>) -> Self {
        let mut compose = Self { problem: note, ..Self::new(&draft) };
        if draft.stream.ends_with('-') {
            compose.field = Field::Stream;
        }
        compose.untouched = Some(draft);
        compose
    }

    /// Marks the draft as changed, so that it is kept.
    pub(crate) fn touch(&mut self) {
        self.untouched = None;
    }

    fn new(draft: &Draft) -> Self {
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
            stage: DraftStage::Editing,
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
    pub(crate) fn text(&self, field: Field) -> String {
        match field {
            Field::Data => self.data.lines().join("\n"),
            Field::Metadata => self.metadata.lines().join("\n"),
            line => self.lines[line as usize].text().to_owned(),
        }
    }

    #[must_use]
    pub(crate) fn draft(&self) -> Draft {
        Draft {
            namespace: self.namespace.clone(),
            stream: self.text(Field::Stream),
            message_type: self.text(Field::Type),
            id: self.text(Field::Id),
            // The version of another stream is not worth keeping.
            expected_version: match self.version_wanted() {
                Some(_) => String::new(),
                None => self.text(Field::ExpectedVersion),
            },
            data: self.text(Field::Data),
            metadata: self.text(Field::Metadata),
        }
    }

    /// Whether the draft differs from a new one, so that it must not be lost.
    pub(crate) fn is_touched(&self) -> bool {
        self.untouched.as_ref() != Some(&self.draft())
    }

    /// Returns why a field cannot be written as it is. Problems in JSON have line and column.
    #[must_use]
    pub(crate) fn wrong(&self, field: Field) -> Option<String> {
        let text = self.text(field);
        match field {
            Field::Stream => StreamName::new(text).err().map(|error| error.to_string()),
            Field::Type if text.is_empty() => Some("must not be empty".to_owned()),
            Field::Type => text.contains('\0').then(|| "Postgres text cannot contain a NUL character".to_owned()),
            // An empty ID becomes a new one.
            Field::Id if text.is_empty() => None,
            Field::Id => Uuid::try_parse(&text).err().map(|_| "not a UUID".to_owned()),
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

    pub(crate) fn set(&mut self, field: Field, text: &str) {
        match field {
            Field::Data => self.data = text_area(text),
            Field::Metadata => self.metadata = text_area(text),
            line => self.lines[line as usize].set(text),
        }
    }

    /// Handles a key that edits the field. Returns whether the text changed.
    fn edit_text(&mut self, key: KeyEvent) -> bool {
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

    fn insert(&mut self, text: &str) {
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

    /// Offers completions of the field with the cursor, at most eight.
    pub(crate) fn offer(&mut self, found: Vec<String>) {
        let typed = self.text(self.field);
        let found: Vec<String> = found.into_iter().filter(|name| *name != typed).collect();
        self.completions = match self.field {
            Field::Type if !typed.is_empty() => {
                fuzzy(&typed, found.iter().map(|name| (name.as_str(), name.clone())).collect())
            }
            _ => found,
        };
        self.completions.truncate(8);
        self.chosen = 0;
    }
}
