//! The messages pane: a window on the messages of a scope, oldest or newest first. Pages are loaded at both edges, and
//! a filter is applied by the server in bounded steps. Bodies of messages are loaded elsewhere.

mod counting;
mod reading;
mod timeline;

use std::sync::Arc;

use super::count::{ListKind, MessageCount};
use super::list_key::ListKey;
use super::search::{Edge, SearchProgress};
use super::timeline::ListTimeline;
use super::window::Window;
use crate::app::request::Question;
use crate::message::{BodyPath, Message, MessageHead, PathValues, Size};
use crate::store::Filter;
use crate::store::browse::{Count, PageFrom, Scope, SearchRange};

/// The number of characters of the data of a large message that its row shows once it was opened.
const PREVIEW: usize = 480;
/// The number of messages in a page.
const PAGE: usize = 200;
/// The number of messages that one step of a filtered search examines.
const SEARCH_WINDOW: u32 = 20_000;

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageRow {
    pub head: MessageHead,
    /// It became visible after messages with higher global positions.
    pub late: bool,
}

/// The purpose of the question under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    /// Replaces the list.
    Fresh(PageFrom),
    /// Extends the list at an edge.
    More(Edge),
}

/// The list of messages, its filter and its counts.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    /// None before anything is selected.
    pub key: Option<ListKey>,
    pub window: Window<MessageRow>,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
    pub filter: Filter,
    /// The filter as it was typed, or an empty text.
    pub filter_text: String,
    /// The number that was selected when the filter was set. It is selected again if the filter is removed without a
    /// match.
    pub(in crate::app) before_filter: Option<i64>,
    /// The progress of the filtered search.
    pub search: Option<SearchProgress>,
    /// The range of numbers that the times of the filter allow, once it is known.
    pub range: Option<SearchRange>,
    pub count: MessageCount,
    pub timeline: ListTimeline,
    /// The paths whose values come with the rows.
    pub(in crate::app) paths: Arc<[BodyPath]>,
    pub error: Option<String>,
    pending: Option<Pending>,
    /// The number to select once its page is loaded.
    wanted: Option<i64>,
    /// The newest number when the user went there, until it is known whether newer messages exist.
    awaited_at: Option<i64>,
    /// The list is being loaded again, but not because the user goes elsewhere.
    reloading: bool,
    /// The lowest and the highest number of the list, once they are known.
    lowest: Option<i64>,
    highest: Option<i64>,
    /// The number of visible rows above the wanted one.
    pub(in crate::app) offset: usize,
}

impl Messages {
    /// Creates an empty list.
    #[must_use]
    pub(crate) fn new(key: ListKey, newest_first: bool) -> Self {
        Self { key: Some(key), newest_first, ..Self::default() }
    }

    /// Returns the number that orders the scope: the position in a stream, the global position elsewhere.
    #[must_use]
    pub(crate) fn number(&self, head: &MessageHead) -> i64 {
        if self.is_stream() { head.position } else { head.global_position }
    }

    #[must_use]
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.key.as_ref().map(|key| &key.scope), Some(Scope::Stream(_)))
    }

    #[must_use]
    pub(crate) fn is_filtered(&self) -> bool {
        self.filter != Filter::default()
    }

    #[must_use]
    pub(crate) fn selection(&self) -> Option<&MessageHead> {
        self.window.selection().map(|row| &row.head)
    }

    pub(in crate::app) fn selected_number(&self) -> Option<i64> {
        self.selection().map(|head| self.number(head))
    }

    /// Sets or removes the filter, and unloads the rows, which may not match it.
    pub(in crate::app) fn set_filter(&mut self, filter: Filter, text: String) {
        self.before_filter = self.selected_number().or(self.before_filter);
        if (filter.since, filter.until) != (self.filter.since, self.filter.until) {
            self.timeline = ListTimeline::default();
        }
        self.filter = filter;
        self.filter_text = text;
        self.range = None;
        self.count.matches = None;
        self.window.replace([]);
    }

    /// Updates the row of a message whose body was loaded: its size, the values of its columns, and the beginning of
    /// its data.
    pub(in crate::app) fn measured(&mut self, message: &Message) {
        let row = self.window.rows_mut().find(|row| row.head.global_position == message.global_position);
        if let Some(row) = row {
            row.head.size = Size::of(message.data.as_deref());
            row.head.values = PathValues::of(&self.paths, message.data.as_deref(), message.metadata.as_deref());
            if row.head.preview.is_empty() {
                let data = message.data.as_deref().unwrap_or_default();
                row.head.preview = data.chars().take(PREVIEW).collect();
            }
        }
    }

    /// Unloads the rows and the progress of the search. The filter stays.
    pub(in crate::app) fn unload(&mut self) {
        let (key, filter) = (self.key.take(), std::mem::take(&mut self.filter));
        let (filter_text, newest_first) = (std::mem::take(&mut self.filter_text), self.newest_first);
        let before_filter = self.selected_number().or(self.before_filter);
        let paths = std::mem::take(&mut self.paths);
        *self = Self { key, newest_first, filter, filter_text, before_filter, paths, ..Self::default() };
    }

    /// Returns true if the newest message is loaded.
    #[must_use]
    pub(crate) fn at_end(&self) -> bool {
        if self.newest_first { self.window.at_first } else { self.window.at_last }
    }

    /// Returns true if the selection is on the newest message of the scope.
    pub(in crate::app) fn is_on_newest(&self) -> bool {
        let on_edge = if self.newest_first {
            self.window.selected() == 0
        } else {
            self.window.selected() + 1 == self.window.len()
        };
        self.at_end() && (self.window.is_empty() || on_edge)
    }

    pub(in crate::app) fn select_newest(&mut self) {
        self.window.select(if self.newest_first { 0 } else { usize::MAX });
    }

    /// Returns the edge at which newer messages arrive.
    pub(in crate::app) fn newer_edge(&self) -> Edge {
        if self.newest_first { Edge::First } else { Edge::Last }
    }

    fn question(&self, from: PageFrom) -> Option<Question> {
        let ListKey { namespace, scope } = self.key.clone()?;
        Some(if self.is_filtered() {
            Question::Search {
                namespace,
                scope,
                filter: self.filter.clone(),
                range: self.range,
                from,
                window: SEARCH_WINDOW,
                paths: Arc::clone(&self.paths),
            }
        } else {
            Question::Page { namespace, scope, from, limit: PAGE, paths: Arc::clone(&self.paths) }
        })
    }

    /// Selects the loaded row whose number is nearest to a number.
    pub(in crate::app) fn select_nearest(&mut self, number: i64) {
        let rows = self.window.rows().iter().enumerate();
        let nearest = rows.min_by_key(|(_, row)| self.number(&row.head).abs_diff(number));
        if let Some(index) = nearest.map(|(index, _)| index) {
            self.window.select(index);
            self.window.put_below(self.offset);
        }
    }

    /// Returns true if the question under way may bring newer messages than those loaded.
    pub(in crate::app) fn awaits_newer(&self) -> bool {
        match self.pending {
            Some(Pending::Fresh(_)) => true,
            Some(Pending::More(edge)) => edge == self.newer_edge(),
            None => false,
        }
    }

    /// Returns true while a page or a step of a search is under way.
    pub(in crate::app) fn is_reading(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns the question that replaces the list. The rows stay until the answer arrives.
    fn fresh(&mut self, from: PageFrom) -> Option<Question> {
        self.pending = Some(Pending::Fresh(from));
        self.wanted = None;
        self.reloading = false;
        self.error = None;
        self.search = self.is_filtered().then(SearchProgress::default);
        self.question(from)
    }

    /// Returns the start of the next page or step at an edge.
    fn beyond(&mut self, edge: Edge) -> Option<PageFrom> {
        match &mut self.search {
            Some(search) => *search.towards(edge),
            None => self.beyond_row(edge),
        }
    }

    /// Returns the row at an edge of the loaded list.
    fn row_at(&self, edge: Edge) -> Option<&MessageRow> {
        if edge == Edge::First { self.window.rows().front() } else { self.window.rows().back() }
    }

    /// Returns the start of the page beyond the row at an edge.
    fn beyond_row(&self, edge: Edge) -> Option<PageFrom> {
        let number = self.number(&self.row_at(edge)?.head);
        Some(if edge == self.newer_edge() { PageFrom::After(number) } else { PageFrom::Before(number) })
    }

    /// Counts a message that arrived while following. In a filtered list it is a match.
    pub(in crate::app) fn count_arrival(&mut self, head: &MessageHead, late: bool) {
        self.count.include_arrival(self.kind(), self.number(head), late);
        self.highest = self.highest.max(Some(self.number(head)));
        if let Some(search) = &mut self.search {
            search.matches += 1;
        }
    }

    fn kind(&self) -> ListKind {
        ListKind { is_stream: self.is_stream(), is_filtered: self.is_filtered() }
    }

    /// Returns the range of the numbers in the list, once it is known. A filtered list has none, because the numbers of
    /// its matches do not tell their places.
    pub(super) fn number_range(&self) -> Option<(i64, i64)> {
        if self.is_filtered() {
            return None;
        }
        let of_stream = || {
            let Count { messages, through } = self.count.total.filter(|_| self.is_stream())?;
            Some((through?.checked_add(1)?.checked_sub_unsigned(messages)?, through?))
        };
        of_stream().or(self.lowest.zip(self.highest))
    }

    /// Takes over the lowest number in the list from its timeline, until it is loaded.
    pub(super) fn begins_at(&mut self, lowest: Option<i64>) {
        self.lowest = self.lowest.or(lowest);
    }

    /// Remembers the numbers at the ends of the list that are loaded.
    fn notice_ends(&mut self) {
        let (at_oldest, at_newest) = if self.newest_first {
            (self.window.at_last, self.window.at_first)
        } else {
            (self.window.at_first, self.window.at_last)
        };
        let number = |row: Option<&MessageRow>| row.map(|row| self.number(&row.head));
        let ends = [number(self.window.rows().front()), number(self.window.rows().back())];
        if at_oldest {
            self.lowest = ends.into_iter().min().flatten();
        }
        if at_newest || ends.into_iter().max().flatten() > self.highest {
            self.highest = ends.into_iter().max().flatten().or(self.highest);
        }
    }

    /// Adds the loaded messages to the count.
    fn count_loaded(&mut self) {
        self.notice_ends();
        let numbers: Vec<i64> = self.window.rows().iter().map(|row| self.number(&row.head)).collect();
        self.count.include_loaded(self.kind(), &numbers);
    }

    /// Lets a search continue from the row that is at an edge after others were unloaded.
    fn continue_search_at(&mut self, edge: Edge) {
        let from = self.beyond_row(edge);
        if let Some(search) = &mut self.search {
            *search.towards(edge) = from;
        }
    }

    fn more(&mut self, edge: Edge) -> Option<Question> {
        let from = self.beyond(edge)?;
        self.pending = Some(Pending::More(edge));
        self.question(from)
    }

    /// Returns the question for more rows at the edge near the selection, unless a question is under way.
    fn wanted_page(&mut self) -> Option<Question> {
        if self.pending.is_some() || self.error.is_some() {
            return None;
        }
        if self.window.is_empty() {
            // The search was stopped before its first match, or found none on the side that it has searched.
            return self.more(Edge::First).or_else(|| self.more(Edge::Last));
        }
        if self.window.nears_first() {
            self.more(Edge::First)
        } else if self.window.nears_last() {
            self.more(Edge::Last)
        } else {
            None
        }
    }

    /// Puts rows, in ascending order, into the window for the question that asked for them.
    fn insert_page(&mut self, pending: Pending, heads: Vec<MessageHead>, at_start: bool, at_end: bool) {
        let mut rows: Vec<MessageRow> = heads.into_iter().map(|head| MessageRow { head, late: false }).collect();
        let (at_first, at_last) = if self.newest_first { (at_end, at_start) } else { (at_start, at_end) };
        if self.newest_first {
            rows.reverse();
        }
        match pending {
            Pending::Fresh(from) => {
                self.window.replace(rows);
                self.window.at_first = at_first;
                self.window.at_last = at_last;
                let at_newer_end = matches!(from, PageFrom::End | PageFrom::Before(_));
                if at_newer_end != self.newest_first {
                    self.window.select(usize::MAX);
                }
            }
            Pending::More(Edge::First) => {
                self.window.at_first = at_first;
                if self.window.prepend(rows) > 0 {
                    self.continue_search_at(Edge::Last);
                }
            }
            Pending::More(Edge::Last) => {
                self.window.at_last = at_last;
                if self.window.append(rows) > 0 {
                    self.continue_search_at(Edge::First);
                }
            }
        }
        self.count_loaded();
        if let Some(wanted) = self.wanted {
            let found = self.window.rows().iter().position(|row| self.number(&row.head) == wanted);
            // The message may not exist: the page around it has its neighbours.
            let nearest = || {
                let is_before = |row: &MessageRow| (self.number(&row.head) < wanted) != self.newest_first;
                let index = self.window.rows().partition_point(is_before);
                (pending == Pending::Fresh(PageFrom::Around(wanted))).then_some(index)
            };
            if let Some(index) = found.or_else(nearest) {
                self.window.select(index);
                self.window.put_below(self.offset);
                self.wanted = None;
            }
        }
    }

    /// Keeps the row that the user selects while an answer is under way.
    pub(in crate::app) fn moved(&mut self) {
        if let Some(number) = self.selected_number().filter(|_| self.reloading || self.wanted.is_some()) {
            self.wanted = Some(number);
            self.offset = self.window.selected().saturating_sub(self.window.top());
        }
    }

    /// Reverses the order. Returns true if this makes the question under way useless, because the edges are swapped.
    pub(in crate::app) fn turn(&mut self) -> bool {
        self.newest_first = !self.newest_first;
        self.window.reverse();
        if let Some(search) = &mut self.search {
            std::mem::swap(&mut search.towards_first, &mut search.towards_last);
        }
        matches!(self.pending, Some(Pending::More(_))) && self.pending.take().is_some()
    }

    pub(in crate::app) fn fail(&mut self, error: String) {
        self.abandon_question();
        self.error = Some(error);
    }

    /// Handles a question that failed or was stopped. A list that was to be replaced stays, but newer messages may
    /// exist: those that arrive while following may not be all since the count.
    fn abandon_question(&mut self) {
        self.reloading = false;
        if matches!(self.pending.take(), Some(Pending::Fresh(_))) {
            self.newer_exist();
            self.count.become_estimate(self.kind());
        }
    }

    /// Marks the newest messages as not loaded, so that scrolling there loads more.
    pub(in crate::app) fn newer_exist(&mut self) {
        if self.newest_first {
            self.window.at_first = false;
        } else {
            self.window.at_last = false;
        }
    }

    /// Marks newer messages as not loaded if a step leads beyond the newest one, because they may exist by now.
    pub(in crate::app) fn look_beyond(&mut self, rows: isize) {
        let selected = self.window.selected();
        let is_beyond = if self.newest_first {
            selected.checked_add_signed(rows).is_none()
        } else {
            selected.saturating_add_signed(rows) >= self.window.len()
        };
        if !is_beyond || !self.at_end() || self.is_reading() {
            return;
        }
        let edge = self.newer_edge();
        match &mut self.search {
            Some(search) => search.look_beyond(edge),
            // There is no row to continue from.
            None if self.window.is_empty() => return,
            None => {}
        }
        self.newer_exist();
    }

    /// Returns the number of the newest loaded message.
    pub(in crate::app) fn newest(&self) -> Option<i64> {
        self.row_at(self.newer_edge()).map(|row| self.number(&row.head))
    }

    /// Returns true if the whole list has been read and has no messages.
    #[must_use]
    pub(crate) fn is_known_empty(&self) -> bool {
        !self.is_filtered() && self.window.is_empty() && self.window.at_first && self.window.at_last
    }

    /// Returns true if a message is newer than every loaded one.
    pub(in crate::app) fn is_newer(&self, head: &MessageHead) -> bool {
        self.newest().is_none_or(|newest| newest < self.number(head))
    }

    /// Inserts a message that arrived while following, unless it is loaded already. Returns how many rows were
    /// unloaded.
    pub(in crate::app) fn arrive(&mut self, head: MessageHead, late: bool) -> usize {
        let number = self.number(&head);
        let newer = self.is_newer(&head);
        let row = MessageRow { head, late };
        if newer {
            let (unloaded, edge) = if self.newest_first {
                (self.window.prepend([row]), Edge::Last)
            } else {
                (self.window.append([row]), Edge::First)
            };
            if unloaded > 0 {
                self.continue_search_at(edge);
            }
            return unloaded;
        }
        let index = self.window.rows().partition_point(|row| {
            let held = self.number(&row.head);
            if self.newest_first { held > number } else { held < number }
        });
        let there = self.window.rows().get(index).is_some_and(|row| self.number(&row.head) == number);
        let inside = index > 0 || self.window.at_first;
        if there || !inside {
            return 0;
        }
        let unloaded = self.window.insert(index, row);
        if unloaded > 0 {
            self.continue_search_at(Edge::First);
        }
        unloaded
    }
}
