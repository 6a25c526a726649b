//! The streams pane: streams of the selected category, by name or by recent activity, a page at a time
//! from either end. What is far from the selection is let go.

use super::layout::Pane;
use super::request::{Question, Slot};
use super::window::Window;
use super::{Effect, State};
use crate::message::{Category, GlobalPosition, StreamName};
use crate::store::StoreError;
use crate::store::browse::{StreamRow, StreamsFrom, StreamsOf};

/// Streams asked for at once.
const PAGE: usize = 200;
/// Streams listed by activity at most: that list can only be read downwards, so all of it is held.
const RECENT: usize = 20_000;

/// Whose streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Of {
    /// The namespace's id.
    pub namespace: String,
    /// The category.
    pub category: Category,
}

/// Streams of a category.
#[derive(Debug, Default)]
pub struct Streams {
    /// Whose; none before a category is selected.
    pub of: Option<Of>,
    /// The streams.
    pub window: Window<StreamRow>,
    /// Most recently active first, instead of by name.
    pub by_activity: bool,
    /// The stream to select once its page is there.
    pub(super) wanted: Option<StreamName>,
    /// The person asked for the page under way: what it selects is shown.
    pub(super) asked_for: bool,
    /// Where the search by activity goes on.
    next: Option<GlobalPosition>,
    /// What went wrong.
    pub error: Option<String>,
}

impl Streams {
    /// An empty list of a category.
    #[must_use]
    pub fn new(of: Of, by_activity: bool) -> Self {
        Self { of: Some(of), by_activity, ..Self::default() }
    }

    fn question(&self, from: StreamsFrom) -> Option<Question> {
        let Of { namespace, category } = self.of.clone()?;
        Some(if self.by_activity {
            Question::RecentStreams { namespace, category, before: self.next, limit: PAGE }
        } else {
            Question::Streams { namespace, of: StreamsOf::Category(category), from, limit: PAGE }
        })
    }

    /// What to ask for where the selection is near to an edge.
    fn wanted_page(&self) -> Option<Question> {
        if self.error.is_some() {
            return None;
        }
        let stream = |row: Option<&StreamRow>| row.map(|row| row.stream.clone());
        if self.window.is_empty() && !self.window.at_last {
            self.question(self.wanted.clone().map_or(StreamsFrom::Start, StreamsFrom::At))
        } else if self.window.nears_first() && !self.by_activity {
            self.question(StreamsFrom::Before(stream(self.window.rows().front())?))
        } else if self.window.nears_last() {
            self.question(StreamsFrom::After(stream(self.window.rows().back())?))
        } else {
            None
        }
    }

    fn page(&mut self, from: &StreamsFrom, rows: Vec<StreamRow>, end: bool) {
        self.error = None;
        match from {
            StreamsFrom::After(_) => {
                self.window.at_last = end;
                self.window.append(rows);
            }
            StreamsFrom::Before(_) => {
                self.window.at_first = end;
                self.window.prepend(rows);
            }
            StreamsFrom::Start | StreamsFrom::At(_) => {
                self.window.replace(rows);
                self.window.at_first = *from == StreamsFrom::Start;
                self.window.at_last = end;
            }
            StreamsFrom::End => {
                self.window.replace(rows);
                self.window.at_first = end;
                self.window.at_last = true;
                self.window.select(usize::MAX);
            }
        }
        self.select_wanted();
    }

    /// Windows overlap in streams, not in messages: a stream that was active in two of them is shown where it was last.
    fn recent(&mut self, rows: Vec<StreamRow>, next: Option<GlobalPosition>) {
        self.error = None;
        self.next = next;
        self.window.at_first = true;
        self.window.extend_unbounded(rows);
        self.window.at_last = next.is_none() || self.window.len() >= RECENT;
        self.select_wanted();
    }

    fn select_wanted(&mut self) {
        if let Some(wanted) = self.wanted.take() {
            let index = self.window.rows().iter().position(|row| row.stream == wanted);
            self.window.select(index.unwrap_or(self.window.selected()));
        }
    }

    /// The same list, to be read anew around the selected stream.
    pub(super) fn refresh(&mut self) {
        self.next = None;
        self.asked_for = false;
        self.error = None;
        self.wanted = self.window.selection().map(|row| row.stream.clone());
        self.window.at_first = false;
        self.window.at_last = false;
        self.window.replace([]);
    }

    pub(super) fn fail(&mut self, error: &StoreError) {
        self.error = Some(error.to_string());
    }
}

impl State {
    /// Asks for what the selection is near to.
    pub(super) fn more_streams(&mut self) -> Option<Effect> {
        if self.requests.since(Slot::Streams).is_some() {
            return None;
        }
        let question = self.streams.wanted_page()?;
        Some(self.ask(Slot::Streams, question))
    }

    /// Selects a stream of the category, reading the list around it where it is not held.
    pub(super) fn select_stream(&mut self, stream: &StreamName) -> Option<Effect> {
        let category = stream.category();
        self.streams.of.as_ref().filter(|of| of.category == category)?;
        if let Some(index) = self.streams.window.rows().iter().position(|row| row.stream == *stream) {
            self.streams.window.select(index);
            return None;
        }
        self.requests.stop(Slot::Streams);
        self.streams.refresh();
        self.streams.wanted = Some(stream.clone());
        self.more_streams()
    }

    /// Shows the other end of the list, which may be far from what is held.
    pub(super) fn go_to_streams(&mut self, end: StreamsFrom) -> Vec<Effect> {
        let window = &self.streams.window;
        let is_there = if end == StreamsFrom::End { window.at_last } else { window.at_first };
        if is_there || self.streams.by_activity {
            return self.step(if end == StreamsFrom::End { isize::MAX } else { isize::MIN });
        }
        self.streams.error = None;
        self.streams.asked_for = true;
        let Some(question) = self.streams.question(end) else { return Vec::new() };
        vec![self.ask(Slot::Streams, question)]
    }

    pub(super) fn streams_listed(&mut self, from: &StreamsFrom, rows: Vec<StreamRow>, end: bool) -> Vec<Effect> {
        self.streams.page(from, rows, end);
        self.streams_read()
    }

    pub(super) fn recent_streams_listed(&mut self, rows: Vec<StreamRow>, next: Option<GlobalPosition>) -> Vec<Effect> {
        self.streams.recent(rows, next);
        self.streams_read()
    }

    fn streams_read(&mut self) -> Vec<Effect> {
        let mut effects = if std::mem::take(&mut self.streams.asked_for) {
            self.stream_selected()
        } else {
            self.more_streams().into_iter().collect()
        };
        effects.extend(self.is_there(Pane::Streams));
        effects
    }
}
