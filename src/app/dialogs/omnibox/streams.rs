//! The search for streams in the omnibox. Streams that begin with the text, in any category, come straight from the
//! index. A walk over all names finds the streams that contain it, first in the category on screen: one bounded step
//! after the other, until enough are found. Nothing in here sends a question; each method returns the command that
//! does.

use jiff::{SignedDuration, Timestamp};

use super::PAUSE;
use crate::app::dialogs::outcome::Command;
use crate::app::request::{Answer, Lookup, Question, Slot};
use crate::message::{Category, StreamName};
use crate::store::browse::{NamePart, StreamRow, StreamsOf};

/// The walk pauses when this many more streams are found, until the user nears the last one.
const ENOUGH: usize = 100;
/// The most streams that are listed.
const MOST: usize = 1_000;
/// The names in the first step of the walk, and the most in one step.
const FIRST: u32 = 1_000;
const LARGEST: u32 = 16_000;
/// A step that takes less is followed by a larger one, and one that takes longer than [`SLOW`] by a smaller one.
const QUICK: SignedDuration = SignedDuration::from_millis(400);
const SLOW: SignedDuration = SignedDuration::from_millis(1_500);
/// The most categories in which streams are looked up by the beginning of their ID.
const CATEGORIES: usize = 300;
/// A shorter text is in too many names.
const SHORTEST: usize = 2;

/// How far the walk over the names has come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Walk {
    /// In the category on screen, after a stream.
    Here(Category, Option<StreamName>),
    /// In the whole namespace, after a stream.
    Everywhere(Option<StreamName>),
    Complete,
}

impl Default for Walk {
    fn default() -> Self {
        Self::Everywhere(None)
    }
}

impl Walk {
    /// Returns the walk after a step, which ended at a stream or at the end.
    fn past(self, next: Option<StreamName>) -> Self {
        match (self, next) {
            (Self::Here(category, _), Some(next)) => Self::Here(category, Some(next)),
            (Self::Here(..), None) => Self::Everywhere(None),
            (_, Some(next)) => Self::Everywhere(Some(next)),
            (_, None) => Self::Complete,
        }
    }
}

/// The streams found for a text.
#[derive(Debug, Default)]
pub(crate) struct FoundStreams {
    /// The namespace and the text. None if there is nothing to search for.
    of: Option<(String, NamePart)>,
    rows: Vec<StreamRow>,
    walk: Walk,
    /// The walk has taken a step.
    begun: bool,
    /// The names in the next step.
    names: u32,
    /// The time at which the step under way was asked for.
    asked: Option<Timestamp>,
    /// The number of rows at which the walk pauses.
    enough: usize,
    /// The number of names that the walk has examined in the category on screen, or in the whole namespace after that.
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
    pub(super) fn namespace(&self) -> Option<&str> {
        self.of.as_ref().map(|(namespace, _)| namespace.as_str())
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
        self.walk == Walk::Complete
    }

    /// Returns true if the walk pauses because it has found enough.
    #[must_use]
    pub(crate) fn is_paused(&self) -> bool {
        self.begun && !self.is_complete() && !self.is_walking()
    }

    /// Returns the category that is searched before all others, if it is its turn.
    #[must_use]
    pub(crate) fn category(&self) -> Option<&Category> {
        if let Walk::Here(category, _) = &self.walk { Some(category) } else { None }
    }

    /// Forgets everything and stops searching.
    pub(super) fn clear(&mut self) -> Vec<Command> {
        *self = Self { total: self.total, ..Self::default() };
        [Slot::Suggest, Slot::StreamSearch].map(Command::Cancel).into()
    }

    /// Searches for a text in place of the one before. If the new text narrows the search, the streams found so far are
    /// filtered, and the walk continues where it is.
    pub(super) fn search(
        &mut self,
        namespace: &str,
        text: &str,
        names: &Names,
        check: Option<Lookup>,
        now: Timestamp,
    ) -> Vec<Command> {
        let part = NamePart::new(text);
        let narrows = self.of.as_ref().is_some_and(|(of, before)| of == namespace && part.narrows(before));
        let total = self.total.filter(|_| self.of.as_ref().is_none_or(|(of, _)| of == namespace));
        if narrows && self.failed.is_none() {
            self.rows.retain(|row| part.find_in(row.stream.as_str()).is_some());
        } else {
            let walk = names.here.clone().map_or_else(Walk::default, |category| Walk::Here(category, None));
            *self = Self { walk, total, ..Self::default() };
        }
        self.exists = None;
        self.enough = ENOUGH;
        self.names = self.names.max(FIRST);
        self.of = Some((namespace.to_owned(), part));
        self.asked = None;
        let prefixes = prefixes(text, names);
        let namespace = namespace.to_owned();
        let suggest = Question::Suggest { namespace, prefixes, check, categories: !names.known };
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
        let (of, after) = match &self.walk {
            Walk::Here(category, after) => (StreamsOf::Category(category.clone()), after.clone()),
            Walk::Everywhere(after) => (StreamsOf::Namespace, after.clone()),
            Walk::Complete => return None,
        };
        self.asked = Some(now);
        let estimate = self.total.is_none();
        Some(Question::SearchStreams { namespace, of, part, after, names: self.names, limit: ENOUGH, estimate })
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
            Answer::Suggested { rows, exists, .. } => {
                self.exists = exists;
                self.add(rows);
                None
            }
            Answer::FoundStreams { found, total } => {
                self.total = total.or(self.total);
                self.searched += found.searched;
                self.add(found.streams);
                let was_here = self.category().is_some();
                self.walk = std::mem::take(&mut self.walk).past(found.next);
                if was_here && self.category().is_none() {
                    self.searched = 0;
                }
                self.begun = true;
                let took = self.asked.take().map_or(SignedDuration::ZERO, |asked| now.duration_since(asked));
                let names = match took {
                    _ if took < QUICK => self.names * 2,
                    _ if took > SLOW => self.names / 2,
                    _ => self.names,
                };
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

/// The names on screen, as far as they help the search.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The category on screen.
    pub here: Option<Category>,
    /// All categories of the namespace that is searched.
    pub categories: Vec<Category>,
    /// The categories are known.
    pub known: bool,
}

/// Returns the beginnings of the names to look up: the text itself, and the text as the beginning of an ID in each
/// category, that on screen first.
fn prefixes(text: &str, names: &Names) -> Vec<String> {
    let mut prefixes = vec![text.to_owned()];
    let is_within =
        |category: &Category| text.strip_prefix(category.as_str()).is_some_and(|rest| rest.starts_with('-'));
    if !names.categories.iter().any(is_within) && text.chars().count() >= SHORTEST {
        let others = names.categories.iter().filter(|category| Some(*category) != names.here.as_ref());
        let all = names.here.iter().chain(others).take(CATEGORIES);
        prefixes.extend(all.map(|category| format!("{category}-{text}")));
    }
    prefixes
}
