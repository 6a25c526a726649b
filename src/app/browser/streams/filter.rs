//! The filter of the streams pane, which covers every stream of the category. Streams that begin with the text come
//! first, straight from the index. Then the names are searched for the text in bounded steps, which go on while the
//! selection is near the end of what was found. The list without the filter is kept, to be restored.

use super::{PAGE, RECENT, Streams};
use crate::app::event::Effect;
use crate::app::request::Question;
use crate::app::requests::Requests;
use crate::app::text_search::contains;
use crate::message::StreamName;
use crate::store::browse::{NamePart, StreamMatches, StreamRow, StreamsFrom, StreamsOf};

/// The most names that one step of the search examines.
const NAMES: u32 = 20_000;

/// How far a filter has got.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Progress {
    /// Nothing has arrived yet.
    New,
    /// The streams that begin with the text are listed up to this one.
    Beginning(StreamName),
    /// The names were searched up to this one; none for no name.
    Containing(Option<StreamName>),
    Complete,
}

/// A filter, and the list that it hides.
#[derive(Debug)]
pub(crate) struct StreamFilter {
    pub text: String,
    /// The number of names that were searched for the text.
    pub searched: u64,
    progress: Progress,
    /// The rows are those that were loaded before. They stay until the first match arrives.
    is_provisional: bool,
    before: Box<Streams>,
}

impl StreamFilter {
    /// Returns true once every name was searched.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.progress == Progress::Complete
    }

    /// Returns the number of all streams, if they were all loaded when the filter was set.
    #[must_use]
    pub(crate) fn total(&self) -> Option<usize> {
        let window = &self.before.window;
        (window.at_first && window.at_last).then(|| window.len())
    }

    /// Returns the names that begin with the text. The text may include the category.
    fn prefix(&self) -> Option<String> {
        let names = format!("{}-", self.before.of.as_ref()?.category);
        Some(if self.text.starts_with(&names) { self.text.clone() } else { format!("{names}{}", self.text) })
    }

    /// Returns the next question, or none once every name was searched.
    pub(in crate::app::browser) fn question(&self) -> Option<Question> {
        let of = self.before.of.clone()?;
        let from = match &self.progress {
            Progress::New => StreamsFrom::Start,
            Progress::Beginning(last) => StreamsFrom::After(last.clone()),
            Progress::Containing(after) => {
                return Some(Question::StreamsContaining {
                    namespace: of.namespace,
                    of: StreamsOf::Category(of.category),
                    part: NamePart::new(self.text.as_str()),
                    after: after.clone(),
                    names: NAMES,
                    limit: PAGE,
                });
            }
            Progress::Complete => return None,
        };
        let prefix = StreamsOf::Prefix(self.prefix()?);
        Some(Question::Streams { namespace: of.namespace, of: prefix, from, limit: PAGE })
    }

    /// Begins again.
    pub(in crate::app::browser) fn restart(&mut self) {
        self.progress = Progress::New;
        self.is_provisional = true;
        self.searched = 0;
    }

    /// Returns the list that the filter hides.
    pub(in crate::app::browser) fn hidden(&mut self) -> &mut Streams {
        &mut self.before
    }

    /// Returns the list that the filter hid.
    pub(in crate::app::browser) fn into_hidden(self) -> Streams {
        *self.before
    }

    /// Returns true if a name belongs in the list.
    pub(in crate::app::browser) fn matches(&self, stream: &StreamName) -> bool {
        contains(stream.as_str(), &self.text)
    }
}

impl Streams {
    /// Lists only the streams whose names contain a text. An empty text lists them all.
    pub(in crate::app) fn set_filter(&mut self, text: String, requests: &mut Requests) -> Option<Effect> {
        if text.is_empty() {
            return self.undo_filter(requests);
        }
        let wanted = self.window.selection().map(|row| row.stream.clone());
        let loaded: Vec<StreamRow> =
            self.window.rows().iter().filter(|row| contains(row.stream.as_str(), &text)).cloned().collect();
        let before = match self.filter.take() {
            Some(filter) => filter.before,
            None => Box::new(std::mem::take(self)),
        };
        let filter = StreamFilter { text, searched: 0, progress: Progress::New, is_provisional: true, before };
        let mut filtered =
            Self { of: filter.before.of.clone(), by_activity: filter.before.by_activity, ..Self::default() };
        filtered.window.replace_all(loaded, |row| Some(&row.stream) == wanted.as_ref());
        filtered.window.at_last = false;
        filtered.filter = Some(filter);
        filtered.asked_for = true;
        *self = filtered;
        self.load_now(requests)
    }

    /// Lists all streams again, with the selection as it was before the filter.
    pub(in crate::app) fn undo_filter(&mut self, requests: &mut Requests) -> Option<Effect> {
        let filter = self.filter.take()?;
        *self = filter.into_hidden();
        self.load_now(requests)
    }

    /// Lists all streams again. The selection stays on its stream.
    pub(in crate::app) fn clear_filter(&mut self, requests: &mut Requests) -> Option<Effect> {
        let selected = self.window.selection().map(|row| row.stream.clone());
        let effect = self.undo_filter(requests);
        let selected = selected.and_then(|stream| self.select_stream(&stream, requests));
        selected.or(effect)
    }

    /// Adds streams that begin with the text.
    pub(in crate::app::browser) fn insert_beginning(&mut self, rows: Vec<StreamRow>, end: bool) {
        let last = rows.last().map(|row| row.stream.clone());
        let Some(filter) = &mut self.filter else { return };
        filter.progress = match last.filter(|_| !end) {
            Some(last) => Progress::Beginning(last),
            None => Progress::Containing(None),
        };
        self.insert_matches(rows);
    }

    /// Adds a step of the search of the names.
    pub(in crate::app::browser) fn insert_containing(&mut self, found: StreamMatches) {
        let Some(filter) = &mut self.filter else { return };
        filter.searched += found.searched;
        filter.progress = found.next.map_or(Progress::Complete, |last| Progress::Containing(Some(last)));
        let beginning = filter.prefix().unwrap_or_default();
        let others = found.streams.into_iter().filter(|row| !row.stream.as_str().starts_with(&beginning)).collect();
        self.insert_matches(others);
    }

    fn insert_matches(&mut self, rows: Vec<StreamRow>) {
        self.error = None;
        let Some(filter) = &mut self.filter else { return };
        let is_complete = filter.is_complete();
        // The first match is shown, because the user asked for it.
        self.asked_for |= filter.is_provisional || self.window.is_empty();
        if filter.is_provisional && (!rows.is_empty() || is_complete) {
            filter.is_provisional = false;
            let selected = self.window.selection().map(|row| row.stream.clone());
            self.window.replace_all(rows, |row| Some(&row.stream) == selected.as_ref());
        } else {
            self.window.extend_unbounded(rows);
        }
        self.window.at_last = is_complete || self.window.len() >= RECENT;
    }

    /// Returns true while the next step of the filter is needed and may be asked.
    pub(in crate::app::browser) fn wants_matches(&self) -> bool {
        let is_provisional = self.filter.as_ref().is_some_and(|filter| filter.is_provisional);
        !self.window.at_last && (is_provisional || self.window.is_empty() || self.window.nears_last())
    }
}
