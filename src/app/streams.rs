//! The streams pane: streams of the selected category, sorted by name or by recent activity and loaded a page at a time from
//! either end. Rows far from the selection are unloaded, so the list is bounded.

use super::layout::Pane;
use super::request::{Question, Slot};
use super::window::Window;
use super::{Effect, State};
use crate::message::{Category, GlobalPosition, StreamName};
use crate::store::StoreError;
use crate::store::browse::{StreamRow, StreamsFrom, StreamsOf};

/// The number of streams in a page.
const PAGE: usize = 200;
/// The most streams that are listed by activity. That list can only be read forwards, so none of it is unloaded.
const RECENT: usize = 20_000;

/// The category whose streams are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Of {
    /// The ID of the namespace.
    pub namespace: String,
    pub category: Category,
}

/// The listed streams.
#[derive(Debug, Default)]
pub struct Streams {
    /// None before a category is selected.
    pub of: Option<Of>,
    pub window: Window<StreamRow>,
    /// Sorted by recent activity instead of by name.
    pub by_activity: bool,
    /// The stream to select once its page is loaded.
    pub(super) wanted: Option<StreamName>,
    /// The user asked for the page that is loading, so the stream that it selects is shown.
    pub(super) asked_for: bool,
    /// The position at which the search by activity continues.
    next: Option<GlobalPosition>,
    pub error: Option<String>,
}

impl Streams {
    /// Creates an empty list.
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

    /// Returns the question for the next page if the selection is near the edge of the list.
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

    /// Appends the streams of the next window of messages. Each stream is listed once, where it was last active.
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

    /// Unloads the list, to be reloaded around the selected stream.
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
    /// Loads the next page if the selection is near the edge of the list and nothing is loading.
    pub(super) fn more_streams(&mut self) -> Option<Effect> {
        if self.requests.since(Slot::Streams).is_some() {
            return None;
        }
        let question = self.browser.streams.wanted_page()?;
        Some(self.ask(Slot::Streams, question))
    }

    /// Selects a stream of the listed category, and reloads the list around it if it is not loaded.
    pub(super) fn select_stream(&mut self, stream: &StreamName) -> Option<Effect> {
        let category = stream.category();
        self.browser.streams.of.as_ref().filter(|of| of.category == category)?;
        if let Some(index) = self.browser.streams.window.rows().iter().position(|row| row.stream == *stream) {
            self.browser.streams.window.select(index);
            return None;
        }
        self.requests.stop(Slot::Streams);
        self.browser.streams.refresh();
        self.browser.streams.wanted = Some(stream.clone());
        self.more_streams()
    }

    /// Goes to an end of the list, which may not be loaded.
    pub(super) fn go_to_streams(&mut self, end: StreamsFrom) -> Vec<Effect> {
        let window = &self.browser.streams.window;
        let is_there = if end == StreamsFrom::End { window.at_last } else { window.at_first };
        if is_there || self.browser.streams.by_activity {
            return self.step(if end == StreamsFrom::End { isize::MAX } else { isize::MIN });
        }
        self.browser.streams.error = None;
        self.browser.streams.asked_for = true;
        let Some(question) = self.browser.streams.question(end) else { return Vec::new() };
        vec![self.ask(Slot::Streams, question)]
    }

    pub(super) fn streams_listed(&mut self, from: &StreamsFrom, rows: Vec<StreamRow>, end: bool) -> Vec<Effect> {
        self.browser.streams.page(from, rows, end);
        self.streams_read()
    }

    pub(super) fn recent_streams_listed(&mut self, rows: Vec<StreamRow>, next: Option<GlobalPosition>) -> Vec<Effect> {
        self.browser.streams.recent(rows, next);
        self.streams_read()
    }

    fn streams_read(&mut self) -> Vec<Effect> {
        let mut effects = if std::mem::take(&mut self.browser.streams.asked_for) {
            self.stream_selected()
        } else {
            self.more_streams().into_iter().collect()
        };
        effects.extend(self.is_there(Pane::Streams));
        effects
    }
}
