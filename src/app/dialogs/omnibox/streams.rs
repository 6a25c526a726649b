//! The search for streams in the box. Streams that begin with the text, in any category, come straight from the index. A walk over
//! all names finds the streams that contain it: one bounded step after the other, until enough are found. Nothing in here asks by
//! itself; each method returns the command that asks.

use jiff::{SignedDuration, Timestamp};

use super::PAUSE;
use crate::app::dialogs::outcome::Command;
use crate::app::request::{Answer, Lookup, Question, Slot};
use crate::message::StreamName;
use crate::store::browse::{NamePart, StreamRow};

/// The walk pauses when this many more streams are found, until the user nears the last one.
const ENOUGH: usize = 100;
/// The most streams that are listed.
const MOST: usize = 1_000;
/// The names in the first step of the walk, and the most in one step.
const FIRST: u32 = 500;
const LARGEST: u32 = 16_000;
/// A step that takes less is followed by a larger one.
const QUICK: SignedDuration = SignedDuration::from_millis(80);
/// The most categories in which streams are looked up by the beginning of their ID.
const CATEGORIES: usize = 300;
/// A shorter text is in too many names.
const SHORTEST: usize = 2;

/// How far the walk over the names has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Walk {
    #[default]
    Begins,
    After(StreamName),
    Complete,
}

/// The streams found for a text.
#[derive(Debug, Default)]
pub(crate) struct FoundStreams {
    /// The namespace and the text. None if there is nothing to search for.
    of: Option<(String, NamePart)>,
    rows: Vec<StreamRow>,
    walk: Walk,
    /// The names in the next step.
    names: u32,
    /// The time at which the step under way was asked for.
    asked: Option<Timestamp>,
    /// The number of rows at which the walk pauses.
    enough: usize,
    /// The number of names that the walk has examined.
    pub searched: u64,
    /// An estimate of the number of all streams; none before it is known.
    pub total: Option<u64>,
    /// Whether the text leads anywhere if taken literally; none before the store has answered.
    pub exists: Option<bool>,
    /// Why the search failed.
    pub failed: Option<String>,
}

impl FoundStreams {
    #[must_use]
    pub(crate) fn rows(&self) -> &[StreamRow] {
        &self.rows
    }

    #[must_use]
    pub(super) fn part(&self) -> Option<&NamePart> {
        self.of.as_ref().map(|(_, part)| part)
    }

    /// Returns true while a step of the walk is under way.
    #[must_use]
    pub(crate) fn is_walking(&self) -> bool {
        self.asked.is_some()
    }

    /// Returns true if there was a walk, and it has examined every name.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.walk == Walk::Complete && self.of.is_some()
    }

    /// Returns true if the walk pauses because it has found enough.
    #[must_use]
    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.walk, Walk::After(_)) && !self.is_walking()
    }

    /// Forgets everything and stops searching.
    pub(super) fn clear(&mut self) -> Vec<Command> {
        *self = Self { total: self.total, ..Self::default() };
        [Slot::Suggest, Slot::StreamSearch].map(Command::Cancel).into()
    }

    /// Searches for a text in place of the one before. If the new text narrows the search, the streams found so far are filtered,
    /// and the walk continues where it is.
    pub(super) fn search(
        &mut self,
        namespace: &str,
        text: &str,
        categories: &[&str],
        check: Option<Lookup>,
        now: Timestamp,
    ) -> Vec<Command> {
        let part = NamePart::new(text);
        let narrows = self.of.as_ref().is_some_and(|(of, before)| of == namespace && part.narrows(before));
        let total = self.total.filter(|_| self.of.as_ref().is_none_or(|(of, _)| of == namespace));
        if narrows && self.failed.is_none() {
            self.rows.retain(|row| part.find_in(row.stream.as_str()).is_some());
        } else {
            *self = Self { total, ..Self::default() };
        }
        self.exists = None;
        self.enough = ENOUGH;
        self.names = FIRST;
        self.of = Some((namespace.to_owned(), part));
        self.asked = None;
        let prefixes = prefixes(text, categories);
        let suggest = Question::SuggestStreams { namespace: namespace.to_owned(), prefixes, check };
        let mut commands = vec![Command::Ask(Slot::Suggest, suggest)];
        let walk = if text.chars().count() >= SHORTEST { self.step(now) } else { None };
        match walk {
            Some(question) => commands.push(Command::AskLater(Slot::StreamSearch, question, PAUSE)),
            None => commands.push(Command::Cancel(Slot::StreamSearch)),
        }
        commands
    }

    /// Returns the next step of the walk, unless enough streams are found or none is left.
    fn step(&mut self, now: Timestamp) -> Option<Question> {
        if self.rows.len() >= self.enough.min(MOST) {
            return None;
        }
        let (namespace, part) = self.of.clone()?;
        let after = match &self.walk {
            Walk::Begins => None,
            Walk::After(name) => Some(name.clone()),
            Walk::Complete => return None,
        };
        self.asked = Some(now);
        let estimate = self.total.is_none();
        Some(Question::SearchStreams { namespace, part, after, names: self.names, limit: ENOUGH, estimate })
    }

    /// Continues a walk that pauses, because the user nears the last stream found.
    pub(super) fn search_more(&mut self, now: Timestamp) -> Option<Command> {
        if !self.is_paused() {
            return None;
        }
        self.enough = self.rows.len() + ENOUGH;
        self.step(now).map(|question| Command::Ask(Slot::StreamSearch, question))
    }

    /// Adds the streams of an answer, and returns the command for the next step.
    pub(super) fn answered(&mut self, answer: Answer, now: Timestamp) -> Option<Command> {
        match answer {
            Answer::SuggestedStreams { rows, exists } => {
                self.exists = exists;
                self.add(rows);
                None
            }
            Answer::FoundStreams { found, total } => {
                self.total = total.or(self.total);
                self.searched += found.searched;
                self.add(found.streams);
                self.walk = found.next.map_or(Walk::Complete, Walk::After);
                let took = self.asked.take().map_or(SignedDuration::ZERO, |asked| now.duration_since(asked));
                let names = if took < QUICK { self.names * 2 } else { self.names / 2 };
                self.names = names.clamp(FIRST, LARGEST);
                self.step(now).map(|question| Command::Ask(Slot::StreamSearch, question))
            }
            _ => None,
        }
    }

    fn add(&mut self, rows: Vec<StreamRow>) {
        for row in rows {
            if self.rows.len() < MOST && self.rows.iter().all(|held| held.stream != row.stream) {
                self.rows.push(row);
            }
        }
    }

    pub(super) fn fail(&mut self, error: String) {
        self.failed = Some(error);
        self.asked = None;
    }
}

/// Returns the beginnings of the names to look up: the text itself, and the text as the beginning of an ID in each category.
fn prefixes(text: &str, categories: &[&str]) -> Vec<String> {
    let mut prefixes = vec![text.to_owned()];
    let is_within = |category: &&str| text.strip_prefix(*category).is_some_and(|rest| rest.starts_with('-'));
    if !categories.iter().any(is_within) && text.chars().count() >= SHORTEST {
        prefixes.extend(categories.iter().take(CATEGORIES).map(|category| format!("{category}-{text}")));
    }
    prefixes
}
