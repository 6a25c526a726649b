//! The messages pane: a window on the messages of a scope, oldest or newest first. Pages are loaded at both edges, and a
//! filter is applied by the server in bounded steps. Bodies of messages are loaded elsewhere.

use super::count::Tally;
use super::request::{Question, Slot};
use super::window::Window;
use super::{Effect, State};
use crate::message::{Message, MessageHead, Size};
use crate::store::browse::{Count, Page, PageFrom, Scope, SearchRange, SearchStep};
use crate::store::{Filter, StoreError};

/// The number of messages in a page.
const PAGE: usize = 200;
/// The number of messages that one step of a filtered search examines.
const SEARCH_WINDOW: u32 = 20_000;
/// The number of matches after which a search waits until the user scrolls.
const ENOUGH_MATCHES: u64 = 100;

/// The namespace and the scope whose messages are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The ID of the namespace.
    pub namespace: String,
    pub scope: Scope,
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub head: MessageHead,
    /// It became visible after messages with higher global positions.
    pub late: bool,
}

/// The progress of a filtered search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Search {
    /// Messages examined.
    pub searched: u64,
    /// Matches among them.
    pub matches: u64,
    /// Matches since the user last asked for more.
    run: u64,
    /// The oldest message that can match was examined.
    reached_oldest: bool,
    /// The newest message that can match was examined.
    reached_newest: bool,
    /// The start of the next step towards the first row of the screen; none once that end is reached.
    towards_first: Option<PageFrom>,
    /// The start of the next step towards the last row of the screen.
    towards_last: Option<PageFrom>,
    /// The lowest and the highest number examined. Messages between them are not counted again.
    reached: Option<(i64, i64)>,
}

impl Search {
    /// Returns the start of the next step at an edge.
    fn towards(&mut self, edge: Edge) -> &mut Option<PageFrom> {
        match edge {
            Edge::First => &mut self.towards_first,
            Edge::Last => &mut self.towards_last,
        }
    }

    /// Returns true once every message that can match was examined.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.reached_oldest && self.reached_newest
    }

    /// Returns true while there are messages to examine.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        self.towards_first.is_some() || self.towards_last.is_some()
    }

    /// Counts a step and its matches, given by their numbers. Messages that were examined before are not counted again.
    fn count(&mut self, step: &SearchStep, numbers: &[i64]) {
        let Some((lowest, highest)) = step.between else { return };
        let (low, high) = self.reached.unwrap_or((i64::MAX, i64::MIN));
        // Estimates the new messages by the share of new numbers, which is exact in a stream.
        let span = highest.abs_diff(lowest).saturating_add(1);
        let (from, to) = (low.max(lowest), high.min(highest));
        let again = if from <= to { to.abs_diff(from).saturating_add(1) } else { 0 };
        let new = u128::from(step.searched) * u128::from(span - again) / u128::from(span);
        self.searched += u64::try_from(new).unwrap_or(step.searched);
        let matches = numbers.iter().filter(|number| !(low..=high).contains(number)).count() as u64;
        self.matches += matches;
        self.run += matches;
        self.reached = Some((low.min(lowest), high.max(highest)));
    }
}

/// An edge of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    First,
    Last,
}

impl Edge {
    fn other(self) -> Self {
        match self {
            Self::First => Self::Last,
            Self::Last => Self::First,
        }
    }
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
pub struct Messages {
    /// None before anything is selected.
    pub place: Option<Place>,
    pub window: Window<Row>,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
    pub filter: Filter,
    /// The filter as it was typed, or an empty text.
    pub filter_text: String,
    /// The number that was selected when the filter was set. It is selected again if the filter is removed without a match.
    pub(super) before_filter: Option<i64>,
    /// The progress of the filtered search.
    pub search: Option<Search>,
    /// The range of numbers that the times of the filter allow, once it is known.
    pub range: Option<SearchRange>,
    /// The count of all matches, if the user asked for it.
    pub tally: Option<Tally>,
    /// The number of messages in the scope, once it is known.
    pub count: Option<Count>,
    /// The newest number that arrived while following, loaded or not.
    pub(super) heard: Option<i64>,
    /// The user asked for the count under way.
    pub counting: bool,
    pub error: Option<String>,
    pending: Option<Pending>,
    /// The number to select once its page is loaded.
    wanted: Option<i64>,
    /// The number of visible rows above the wanted one.
    pub(super) offset: usize,
}

impl Messages {
    /// Creates an empty list.
    #[must_use]
    pub fn new(place: Place, newest_first: bool) -> Self {
        Self { place: Some(place), newest_first, ..Self::default() }
    }

    /// Returns the number that orders the scope: the position in a stream, the global position elsewhere.
    #[must_use]
    pub fn number(&self, head: &MessageHead) -> i64 {
        if self.is_stream() { head.position } else { head.global_position }
    }

    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self.place.as_ref().map(|place| &place.scope), Some(Scope::Stream(_)))
    }

    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.filter != Filter::default()
    }

    #[must_use]
    pub fn selection(&self) -> Option<&MessageHead> {
        self.window.selection().map(|row| &row.head)
    }

    pub(super) fn selected_number(&self) -> Option<i64> {
        self.selection().map(|head| self.number(head))
    }

    /// Sets or removes the filter, and unloads the rows, which may not match it.
    pub(super) fn set_filter(&mut self, filter: Filter, text: String) {
        self.before_filter = self.selected_number().or(self.before_filter);
        self.filter = filter;
        self.filter_text = text;
        self.range = None;
        self.tally = None;
        self.window.replace([]);
    }

    /// Updates the size in the row of a message whose body was loaded.
    pub(super) fn measured(&mut self, message: &Message) {
        let row = self.window.rows_mut().find(|row| row.head.global_position == message.global_position);
        if let Some(row) = row {
            row.head.size = Size::of(message.data.as_deref());
        }
    }

    /// Unloads the rows and the progress of the search. The filter stays.
    pub(super) fn unload(&mut self) {
        let (place, filter) = (self.place.take(), std::mem::take(&mut self.filter));
        let (filter_text, newest_first) = (std::mem::take(&mut self.filter_text), self.newest_first);
        let before_filter = self.selected_number().or(self.before_filter);
        *self = Self { place, newest_first, filter, filter_text, before_filter, ..Self::default() };
    }

    /// Returns true if the newest message is loaded.
    #[must_use]
    pub fn at_end(&self) -> bool {
        if self.newest_first { self.window.at_first } else { self.window.at_last }
    }

    /// Returns the edge at which newer messages arrive.
    fn newer_edge(&self) -> Edge {
        if self.newest_first { Edge::First } else { Edge::Last }
    }

    fn question(&self, from: PageFrom) -> Option<Question> {
        let Place { namespace, scope } = self.place.clone()?;
        Some(if self.is_filtered() {
            Question::Search {
                namespace,
                scope,
                filter: self.filter.clone(),
                range: self.range,
                from,
                window: SEARCH_WINDOW,
            }
        } else {
            Question::Page { namespace, scope, from, limit: PAGE }
        })
    }

    /// Returns true if the question under way may bring newer messages than those loaded.
    pub(super) fn awaits_newer(&self) -> bool {
        match self.pending {
            Some(Pending::Fresh(_)) => true,
            Some(Pending::More(edge)) => edge == self.newer_edge(),
            None => false,
        }
    }

    /// Returns the question that replaces the list. The rows stay until the answer arrives.
    fn fresh(&mut self, from: PageFrom) -> Option<Question> {
        self.pending = Some(Pending::Fresh(from));
        self.wanted = None;
        self.error = None;
        self.search = self.is_filtered().then(Search::default);
        self.question(from)
    }

    /// Returns the start of the next page or step at an edge.
    fn beyond(&mut self, edge: Edge) -> Option<PageFrom> {
        match &mut self.search {
            Some(search) => *search.towards(edge),
            None => self.beyond_row(edge),
        }
    }

    /// Returns the start of the page beyond the row at an edge.
    fn beyond_row(&self, edge: Edge) -> Option<PageFrom> {
        let row = if edge == Edge::First { self.window.rows().front() } else { self.window.rows().back() };
        let number = self.number(&row?.head);
        Some(if edge == self.newer_edge() { PageFrom::After(number) } else { PageFrom::Before(number) })
    }

    /// Counts a message that arrived while following. In a filtered list it is a match.
    pub(super) fn found_one(&mut self, head: &MessageHead, late: bool) {
        let number = self.number(head);
        match &mut self.tally {
            // It may or may not have been visible to the count.
            tally @ Some(_) if late => *tally = None,
            Some(tally) if tally.is_complete && tally.through < Some(number) => tally.matches += 1,
            _ => {}
        }
        if let Some(search) = &mut self.search {
            search.matches += 1;
        }
    }

    /// Lets a search continue from the row that is at an edge after others were unloaded.
    fn goes_on_at(&mut self, edge: Edge) {
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
    fn take(&mut self, pending: Pending, heads: Vec<MessageHead>, at_start: bool, at_end: bool) {
        let mut rows: Vec<Row> = heads.into_iter().map(|head| Row { head, late: false }).collect();
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
                    self.goes_on_at(Edge::Last);
                }
            }
            Pending::More(Edge::Last) => {
                self.window.at_last = at_last;
                if self.window.append(rows) > 0 {
                    self.goes_on_at(Edge::First);
                }
            }
        }
        self.count_on();
        if let Some(wanted) = self.wanted {
            let found = self.window.rows().iter().position(|row| self.number(&row.head) == wanted);
            if let Some(index) = found {
                self.window.select(index);
                self.window.put_below(self.offset);
                self.wanted = None;
            }
        }
    }

    /// Keeps the row that the user selects while an answer is under way.
    pub(super) fn moved(&mut self) {
        if self.wanted.is_some()
            && let Some(head) = self.selection()
        {
            self.wanted = Some(self.number(head));
        }
    }

    /// Reverses the order. Returns true if this makes the question under way useless, because the edges are swapped.
    pub(super) fn turn(&mut self) -> bool {
        self.newest_first = !self.newest_first;
        self.window.reverse();
        if let Some(search) = &mut self.search {
            std::mem::swap(&mut search.towards_first, &mut search.towards_last);
        }
        matches!(self.pending, Some(Pending::More(_))) && self.pending.take().is_some()
    }

    pub(super) fn fail(&mut self, error: &StoreError) {
        self.give_up();
        self.error = Some(error.to_string());
    }

    /// Handles a question that failed or was stopped. A list that was to be replaced stays, but newer messages may exist: those
    /// that arrive while following may not be all since the count.
    fn give_up(&mut self) {
        if matches!(self.pending.take(), Some(Pending::Fresh(_))) {
            self.newer_exist();
            self.count_roughly();
        }
    }

    /// Marks the newest messages as not loaded, so that scrolling there loads more.
    pub(super) fn newer_exist(&mut self) {
        if self.newest_first {
            self.window.at_first = false;
        } else {
            self.window.at_last = false;
        }
    }

    /// Returns the number of the newest loaded message.
    pub(super) fn newest(&self) -> Option<i64> {
        let row = if self.newest_first { self.window.rows().front() } else { self.window.rows().back() };
        row.map(|row| self.number(&row.head))
    }

    /// Returns true if a message is newer than every loaded one.
    pub(super) fn is_newer(&self, head: &MessageHead) -> bool {
        self.newest().is_none_or(|newest| newest < self.number(head))
    }

    /// Inserts a message that arrived while following, unless it is loaded already. Returns how many rows were unloaded.
    pub(super) fn arrive(&mut self, head: MessageHead, late: bool) -> usize {
        let number = self.number(&head);
        let newer = self.is_newer(&head);
        let row = Row { head, late };
        if newer {
            let (let_go, edge) = if self.newest_first {
                (self.window.prepend([row]), Edge::Last)
            } else {
                (self.window.append([row]), Edge::First)
            };
            if let_go > 0 {
                self.goes_on_at(edge);
            }
            return let_go;
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
        let let_go = self.window.insert(index, row);
        if let_go > 0 {
            self.goes_on_at(Edge::First);
        }
        let_go
    }
}

impl State {
    /// Shows the messages of a scope, as they were left or from the newest one.
    pub(super) fn show(&mut self, place: Place) -> Vec<Effect> {
        if self.browser.messages.place.as_ref() == Some(&place) {
            return Vec::new();
        }
        let mut effects = self.stop_follow();
        // A toast that is shown already matters more.
        if !effects.is_empty() && !self.notices.showing() {
            self.notices.done("Stopped following".to_owned(), self.now);
        }
        let newest_first = self.browser.messages.newest_first;
        let kept = self.browser.places.messages_of(&place);
        let left =
            std::mem::replace(&mut self.browser.messages, kept.unwrap_or_else(|| Messages::new(place, newest_first)));
        self.browser.places.leave_messages(left);
        self.requests.stop(Slot::Messages);
        self.browser.messages.pending = None;
        if self.browser.messages.window.is_empty() {
            effects.extend(self.read_from(PageFrom::End));
        } else {
            // Newer messages may have been written since the list was left.
            self.browser.messages.newer_exist();
        }
        effects.extend(self.estimate());
        effects
    }

    /// Reloads the list from a position or an end.
    pub(super) fn read_from(&mut self, from: PageFrom) -> Option<Effect> {
        let question = self.browser.messages.fresh(from)?;
        Some(self.ask(Slot::Messages, question))
    }

    /// Reloads the list around a number and selects it.
    pub(super) fn read_around(&mut self, number: i64) -> Option<Effect> {
        let around = if self.browser.messages.is_filtered() { PageFrom::At(number) } else { PageFrom::Around(number) };
        let effect = self.read_from(around);
        self.browser.messages.wanted = Some(number);
        self.browser.messages.offset =
            self.browser.messages.window.selected().saturating_sub(self.browser.messages.window.top());
        effect
    }

    /// Loads more rows if the selection is near an edge.
    pub(super) fn read_on(&mut self) -> Option<Effect> {
        let question = self.browser.messages.wanted_page()?;
        Some(self.ask(Slot::Messages, question))
    }

    pub(super) fn page_arrived(&mut self, page: Page) -> Vec<Effect> {
        let Some(pending) = self.browser.messages.pending.take() else { return Vec::new() };
        let (mut at_start, mut at_end) = (page.at_start, page.at_end);
        match pending {
            // A page knows its end only in the direction in which it was read.
            Pending::More(edge) if edge == self.browser.messages.newer_edge() => at_start = false,
            Pending::More(_) => at_end = false,
            Pending::Fresh(_) => {}
        }
        if let Some(Place { namespace, .. }) = self.browser.messages.place.clone() {
            self.side_panes_see(&namespace, page.heads.iter());
        }
        self.browser.messages.take(pending, page.heads, at_start, at_end);
        self.reveal();
        self.read_on().into_iter().collect()
    }

    /// Shows the matches of one step of a filtered search, and asks for the next step until there are enough.
    pub(super) fn search_step(&mut self, step: SearchStep, range: SearchRange) -> Vec<Effect> {
        let (Some(pending), Some(mut search)) = (self.browser.messages.pending.take(), self.browser.messages.search)
        else {
            return Vec::new();
        };
        self.browser.messages.range = Some(range);
        let newer_edge = self.browser.messages.newer_edge();
        let numbers: Vec<i64> = step.heads.iter().map(|head| self.browser.messages.number(head)).collect();
        search.count(&step, &numbers);
        // A new list must later continue on the other side of its start as well.
        let (edge, other_side) = match pending {
            Pending::More(edge) => (edge, None),
            Pending::Fresh(PageFrom::End | PageFrom::Before(_)) => {
                let last = range.last();
                (newer_edge.other(), Some((last < range.highest).then_some(PageFrom::After(last))))
            }
            Pending::Fresh(from) => {
                let first = if let PageFrom::At(number) = from { number } else { range.first() };
                (newer_edge, Some((first > range.lowest).then_some(PageFrom::Before(first))))
            }
        };
        *search.towards(edge) = step.next;
        if let Some(other_side) = other_side {
            *search.towards(edge.other()) = other_side;
        }
        let (at_newest, at_oldest) =
            (search.towards(newer_edge).is_none(), search.towards(newer_edge.other()).is_none());
        search.reached_newest |= at_newest;
        search.reached_oldest |= at_oldest;
        self.browser.messages.search = Some(search);
        self.browser.messages.take(pending, step.heads, at_oldest, at_newest);
        self.reveal();
        if step.next.is_some() && search.run < ENOUGH_MATCHES {
            let question = self.browser.messages.more(edge);
            return question.map(|question| self.ask(Slot::Messages, question)).into_iter().collect();
        }
        self.read_on().into_iter().collect()
    }

    /// Lets a search that had enough matches continue, because the user scrolls.
    pub(super) fn resume_search(&mut self) {
        if let Some(search) = &mut self.browser.messages.search {
            search.run = 0;
        }
    }

    /// Cancels the question of the messages pane and returns the effect that stops it, or none if none is under way.
    pub(super) fn stop_reading(&mut self) -> Option<Effect> {
        if !self.requests.stop(Slot::Messages) {
            return None;
        }
        // Matches stay on screen, and the next key that moves continues the search.
        if self.browser.messages.window.is_empty() && self.browser.messages.search.is_none() {
            self.browser.messages.error = Some("Stopped".to_owned());
        }
        self.browser.messages.give_up();
        Some(Effect::Stop(Slot::Messages))
    }
}
