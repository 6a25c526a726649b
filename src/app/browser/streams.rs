//! The streams pane: streams of the selected category, sorted by name or by recent activity and loaded a page at a time
//! from either end. Rows far from the selection are unloaded, so the list is bounded.

pub(crate) mod filter;

use jiff::SignedDuration;

use super::list_key::ListKey;

use super::window::Window;
use crate::app::event::Effect;
use crate::app::request::{Question, Slot};
use crate::app::requests::Requests;
use crate::message::{Category, GlobalPosition, MessageHead, StreamName};
use crate::store::browse::{StreamRow, StreamsFrom, StreamsOf};
use filter::StreamFilter;

/// The number of streams in a page.
pub(super) const PAGE: usize = 200;
/// The most streams that are listed by activity or with a filter. Such a list can only be read forwards, so none of it
/// is unloaded.
pub(super) const RECENT: usize = 20_000;

/// A page that has been loading for longer than this is the first thing that Esc cancels.
const SLOW: SignedDuration = SignedDuration::from_millis(300);

/// The category whose streams are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamListKey {
    /// The ID of the namespace.
    pub namespace: String,
    pub category: Category,
}

/// The listed streams.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// None before a category is selected.
    pub of: Option<StreamListKey>,
    pub window: Window<StreamRow>,
    /// Sorted by recent activity instead of by name.
    pub by_activity: bool,
    /// The stream to select once its page is loaded.
    pub(super) wanted: Option<StreamName>,
    /// The user asked for the page that is loading, so the stream that it selects is shown.
    pub(super) asked_for: bool,
    /// The position at which the search by activity continues.
    pub(super) next: Option<GlobalPosition>,
    pub filter: Option<StreamFilter>,
    pub error: Option<String>,
}

impl Streams {
    /// Creates an empty list.
    #[must_use]
    pub(crate) fn new(of: StreamListKey, by_activity: bool) -> Self {
        Self { of: Some(of), by_activity, ..Self::default() }
    }

    /// Returns the name of a stream as the list shows it: without the category that all of them share.
    #[must_use]
    pub(crate) fn shown_name<'a>(&self, row: &'a StreamRow) -> &'a str {
        let stream = row.stream.as_str();
        self.of.as_ref().map_or(stream, |of| of.category.left_out_of(stream))
    }

    fn question(&self, from: StreamsFrom) -> Option<Question> {
        let StreamListKey { namespace, category } = self.of.clone()?;
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
        if let Some(filter) = &self.filter {
            return filter.question().filter(|_| self.wants_matches());
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

    pub(super) fn insert_page(&mut self, from: &StreamsFrom, rows: Vec<StreamRow>, end: bool) {
        if self.filter.is_some() {
            self.insert_beginning(rows, end);
            return;
        }
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
    pub(super) fn insert_recent(&mut self, rows: Vec<StreamRow>, next: Option<GlobalPosition>) {
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
    fn unload(&mut self) {
        self.next = None;
        self.asked_for = false;
        self.error = None;
        if let Some(filter) = &mut self.filter {
            // The rows stay until new ones arrive.
            filter.restart();
            self.window.at_last = false;
            return;
        }
        self.wanted = self.window.selection().map(|row| row.stream.clone());
        self.window.at_first = false;
        self.window.at_last = false;
        self.window.replace([]);
    }

    pub(in crate::app) fn fail(&mut self, error: String) {
        self.error = Some(error);
    }
}

/// Reading: each method returns the effect that asks for the next page, if one is needed.
impl Streams {
    /// Loads the next page if the selection is near the edge of the list and nothing is loading.
    pub(super) fn load_more(&mut self, requests: &mut Requests) -> Option<Effect> {
        if requests.since(Slot::Streams).is_some() {
            return None;
        }
        let question = self.wanted_page()?;
        Some(requests.ask(Slot::Streams, question))
    }

    /// Loads the list again around the selected stream.
    pub(super) fn reload(&mut self, requests: &mut Requests) -> Option<Effect> {
        self.unload();
        self.load_now(requests)
    }

    /// Loads the next page in place of the one under way, which is cancelled if none is needed.
    pub(super) fn load_now(&mut self, requests: &mut Requests) -> Option<Effect> {
        match self.wanted_page() {
            Some(question) => Some(requests.ask(Slot::Streams, question)),
            None => requests.stop(Slot::Streams),
        }
    }

    /// Selects a stream of the listed category, and reloads the list around it if it is not loaded.
    pub(super) fn select_stream(&mut self, stream: &StreamName, requests: &mut Requests) -> Option<Effect> {
        if self.of.as_ref().is_none_or(|of| of.category != stream.category()) {
            return None;
        }
        if let Some(index) = self.window.rows().iter().position(|row| row.stream == *stream) {
            self.window.select(index);
            return None;
        }
        if let Some(filter) = self.filter.take() {
            *self = filter.into_hidden();
            return self.select_stream(stream, requests);
        }
        self.unload();
        self.wanted = Some(stream.clone());
        self.load_now(requests)
    }

    /// Loads an end of the list. Returns none if it is loaded, or if the list cannot be read from there.
    pub(super) fn go_to_end(&mut self, end: StreamsFrom, requests: &mut Requests) -> Option<Effect> {
        let is_loaded = if end == StreamsFrom::End { self.window.at_last } else { self.window.at_first };
        if is_loaded || self.by_activity || self.filter.is_some() {
            return None;
        }
        self.error = None;
        self.asked_for = true;
        let question = self.question(end)?;
        Some(requests.ask(Slot::Streams, question))
    }

    /// Cancels the page under way if it has been loading for longer than a short time.
    pub(super) fn stop_if_slow(&mut self, requests: &mut Requests) -> Option<Effect> {
        requests.since(Slot::Streams).filter(|since| requests.now().duration_since(*since) > SLOW)?;
        if self.window.is_empty() {
            self.error = Some("Stopped".to_owned());
        }
        requests.stop(Slot::Streams)
    }

    /// Lists the streams in the other order, with the same stream selected and shown.
    pub(super) fn change_order(&mut self, requests: &mut Requests) -> Option<Effect> {
        if let Some(filter) = self.filter.take() {
            *self = filter.into_hidden();
        }
        let of = self.of.clone()?;
        let wanted = self.window.selection().map(|row| row.stream.clone());
        *self = Self::new(of, !self.by_activity);
        self.wanted = wanted;
        // It may be outside the first page of the other order. Whatever is selected then is shown.
        self.asked_for = true;
        self.load_now(requests)
    }
}

/// Keeping the list current from messages that arrive.
impl Streams {
    /// Raises the versions of listed streams to those that the messages of a list show.
    pub(super) fn raise_versions(&mut self, list: Option<&ListKey>, heads: &[MessageHead]) {
        if self.of.as_ref().map(|of| &of.namespace) == list.map(|key| &key.namespace) {
            for head in heads {
                self.learn(head, false);
            }
        }
    }

    /// Updates the stream of a message. A new message may also insert a new stream.
    pub(super) fn learn(&mut self, head: &MessageHead, new: bool) {
        let row = StreamRow {
            stream: head.stream.clone(),
            version: head.position,
            last_global_position: head.global_position,
            last_time: head.time,
        };
        self.update(row, new);
    }

    /// Updates a stream of the listed category. If it may be `new`, it is inserted unless it is listed.
    pub(super) fn update(&mut self, row: StreamRow, new: bool) {
        if self.of.as_ref().is_none_or(|of| of.category != row.stream.category()) {
            return;
        }
        if let Some(filter) = &mut self.filter {
            filter.hidden().update(row.clone(), new);
            if !filter.matches(&row.stream) {
                return;
            }
        }
        let held = self.window.rows().iter().position(|held| held.stream == row.stream);
        if let Some(held) = held.and_then(|index| self.window.row_mut(index)) {
            if held.version >= row.version {
                return;
            }
            *held = row;
        } else if new {
            let Some(index) = self.index_of(&row) else { return };
            self.window.insert_unbounded(index, row);
        } else {
            return;
        }
        if self.by_activity && self.filter.is_none() {
            self.window.sort_by_key(|row| std::cmp::Reverse(row.last_global_position));
        }
    }

    /// Returns the index at which to insert an unloaded stream. Returns none if it belongs outside the loaded rows, or
    /// if the server sorts names in an order that is unknown here.
    fn index_of(&self, row: &StreamRow) -> Option<usize> {
        let rows = self.window.rows();
        if self.by_activity && self.filter.is_none() {
            return Some(0);
        }
        if !rows.iter().is_sorted_by(|one, next| one.stream.as_str() <= next.stream.as_str()) {
            return None;
        }
        let index = rows.partition_point(|held| held.stream.as_str() < row.stream.as_str());
        let is_inside = (index > 0 || self.window.at_first) && (index < rows.len() || self.window.at_last);
        is_inside.then_some(index)
    }
}
