//! The messages pane: a window on the messages of a scope, oldest or newest first, read by pages at both edges, optionally
//! filtered on the server in bounded steps.

use super::count::Tally;
use super::request::{Question, Slot};
use super::window::Window;
use super::{Effect, State};
use crate::message::{Message, MessageHead, Size};
use crate::store::browse::{Count, Page, PageFrom, Scope, SearchRange, SearchStep};
use crate::store::{Filter, StoreError};

/// Heads asked for at once.
const PAGE: usize = 200;
/// Messages that one step of a filtered search looks at.
const SEARCH_WINDOW: u32 = 20_000;
/// Matches after which a search waits for the person to scroll on.
const ENOUGH_MATCHES: u64 = 100;

/// Whose messages are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The namespace's id.
    pub namespace: String,
    /// What of it.
    pub scope: Scope,
}

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The message without its bodies.
    pub head: MessageHead,
    /// It became visible after messages with higher global positions.
    pub late: bool,
}

/// How far a filtered search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Search {
    /// Messages looked at.
    pub searched: u64,
    /// Matches among them.
    pub matches: u64,
    /// Matches since the person last asked for more.
    run: u64,
    /// It got to the oldest message that can match.
    reached_oldest: bool,
    /// It got to the newest message that can match.
    reached_newest: bool,
    /// Where it goes on towards the first row of the screen; none when that end is reached.
    towards_first: Option<PageFrom>,
    /// Where it goes on towards the last row of the screen.
    towards_last: Option<PageFrom>,
    /// The lowest and the highest number up to which was searched: what lies between is not counted again.
    reached: Option<(i64, i64)>,
}

impl Search {
    /// Where it goes on at an edge.
    fn towards(&mut self, edge: Edge) -> &mut Option<PageFrom> {
        match edge {
            Edge::First => &mut self.towards_first,
            Edge::Last => &mut self.towards_last,
        }
    }

    /// Whether everything was searched: then the matches are all there are.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.reached_oldest && self.reached_newest
    }

    /// Whether there is more to search.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        self.towards_first.is_some() || self.towards_last.is_some()
    }

    /// Counts a step, by the numbers of its hits; what was searched before is not counted again.
    fn count(&mut self, step: &SearchStep, numbers: &[i64]) {
        let Some((lowest, highest)) = step.between else { return };
        let (low, high) = self.reached.unwrap_or((i64::MAX, i64::MIN));
        // By the share of the numbers that are new; in a stream that is exact.
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

/// What the question under way is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    /// A new list; which end is looked at, or which number is to be selected.
    Fresh(PageFrom),
    /// More at an edge.
    More(Edge),
}

/// The list and what is known about it.
#[derive(Debug, Default)]
pub struct Messages {
    /// Whose; none before anything is selected.
    pub place: Option<Place>,
    /// The rows.
    pub window: Window<Row>,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
    /// What they must match.
    pub filter: Filter,
    /// The filter as it was typed; empty for none.
    pub filter_text: String,
    /// The number that was selected when the filter was set: where one is again without it, if it has no hit.
    pub(super) before_filter: Option<i64>,
    /// How far the filtered search is.
    pub search: Option<Search>,
    /// Where the filter's times can be, once that is known.
    pub range: Option<SearchRange>,
    /// How far counting what matches is, where it was asked for.
    pub tally: Option<Tally>,
    /// How many there are; none where it is not known.
    pub count: Option<Count>,
    /// The newest number that following told of, in the list or not.
    pub(super) heard: Option<i64>,
    /// The count that is under way was asked for by the person.
    pub counting: bool,
    /// What went wrong.
    pub error: Option<String>,
    pending: Option<Pending>,
    /// The number to select once its page is there.
    wanted: Option<i64>,
    /// Below so many rows in view.
    pub(super) offset: usize,
}

impl Messages {
    /// An empty list of a place.
    #[must_use]
    pub fn new(place: Place, newest_first: bool) -> Self {
        Self { place: Some(place), newest_first, ..Self::default() }
    }

    /// The number that orders a scope: position in a stream, global position elsewhere.
    #[must_use]
    pub fn number(&self, head: &MessageHead) -> i64 {
        if self.is_stream() { head.position } else { head.global_position }
    }

    /// Whether they are those of one stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self.place.as_ref().map(|place| &place.scope), Some(Scope::Stream(_)))
    }

    /// Whether the filter lets only some messages through.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.filter != Filter::default()
    }

    /// The selected message.
    #[must_use]
    pub fn selection(&self) -> Option<&MessageHead> {
        self.window.selection().map(|row| &row.head)
    }

    /// The number of the selected message.
    pub(super) fn selected_number(&self) -> Option<i64> {
        self.selection().map(|head| self.number(head))
    }

    /// Another filter, or none. What is shown is not what it lets through, so nothing is until the answer is there.
    pub(super) fn set_filter(&mut self, filter: Filter, text: String) {
        self.before_filter = self.selected_number().or(self.before_filter);
        self.filter = filter;
        self.filter_text = text;
        self.range = None;
        self.tally = None;
        self.window.replace([]);
    }

    /// A message is there whole: its row knows its size now.
    pub(super) fn measured(&mut self, message: &Message) {
        let row = self.window.rows_mut().find(|row| row.head.global_position == message.global_position);
        if let Some(row) = row {
            row.head.size = Size::of(message.data.as_deref());
        }
    }

    /// Lets the rows go, and with them all that was found. The filter stays.
    pub(super) fn unload(&mut self) {
        let (place, filter) = (self.place.take(), std::mem::take(&mut self.filter));
        let (filter_text, newest_first) = (std::mem::take(&mut self.filter_text), self.newest_first);
        let before_filter = self.selected_number().or(self.before_filter);
        *self = Self { place, newest_first, filter, filter_text, before_filter, ..Self::default() };
    }

    /// Whether the last (by number) message that there was is in the window.
    #[must_use]
    pub fn at_end(&self) -> bool {
        if self.newest_first { self.window.at_first } else { self.window.at_last }
    }

    /// The edge where newer messages come in.
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

    /// Whether what is under way may bring newer messages than there are.
    pub(super) fn awaits_newer(&self) -> bool {
        match self.pending {
            Some(Pending::Fresh(_)) => true,
            Some(Pending::More(edge)) => edge == self.newer_edge(),
            None => false,
        }
    }

    /// What to ask for a list that begins elsewhere; what is shown stays until the answer is there.
    fn fresh(&mut self, from: PageFrom) -> Option<Question> {
        self.pending = Some(Pending::Fresh(from));
        self.wanted = None;
        self.error = None;
        self.search = self.is_filtered().then(Search::default);
        self.question(from)
    }

    /// Where an edge goes on.
    fn beyond(&mut self, edge: Edge) -> Option<PageFrom> {
        match &mut self.search {
            Some(search) => *search.towards(edge),
            None => self.beyond_row(edge),
        }
    }

    /// What lies beyond the row at an edge.
    fn beyond_row(&self, edge: Edge) -> Option<PageFrom> {
        let row = if edge == Edge::First { self.window.rows().front() } else { self.window.rows().back() };
        let number = self.number(&row?.head);
        Some(if edge == self.newer_edge() { PageFrom::After(number) } else { PageFrom::Before(number) })
    }

    /// Following brought a message, which in a filtered list is a match.
    pub(super) fn found_one(&mut self, head: &MessageHead, late: bool) {
        let number = self.number(head);
        match &mut self.tally {
            // Whether it was there when its place was counted is not known.
            tally @ Some(_) if late => *tally = None,
            Some(tally) if tally.is_complete && tally.through < Some(number) => tally.matches += 1,
            _ => {}
        }
        if let Some(search) = &mut self.search {
            search.matches += 1;
        }
    }

    /// Rows were let go at an edge: a search goes on at the row that is there now.
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

    /// More at the edge that the selection is near to, unless something is under way.
    fn wanted_page(&mut self) -> Option<Question> {
        if self.pending.is_some() || self.error.is_some() {
            return None;
        }
        if self.window.is_empty() {
            // A search that was stopped before its first hit, or that has none on the side it looked at.
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

    /// Puts rising rows into the window as the pending question wanted them.
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

    /// The selection was moved by the person: that is what an answer under way shall leave selected.
    pub(super) fn moved(&mut self) {
        if self.wanted.is_some()
            && let Some(head) = self.selection()
        {
            self.wanted = Some(self.number(head));
        }
    }

    /// Newest first becomes oldest first and back; gives whether an answer under way was for an edge that is elsewhere now.
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

    /// What was asked for does not come. A list that was to be read anew stays as it was, and what is newer is not known: what
    /// following brings may not be all that there is since the count.
    fn give_up(&mut self) {
        if matches!(self.pending.take(), Some(Pending::Fresh(_))) {
            self.newer_exist();
            self.count_roughly();
        }
    }

    /// The end of the window is the end no longer; scrolling there reads on.
    pub(super) fn newer_exist(&mut self) {
        if self.newest_first {
            self.window.at_first = false;
        } else {
            self.window.at_last = false;
        }
    }

    /// The number of the newest message in the window.
    pub(super) fn newest(&self) -> Option<i64> {
        let row = if self.newest_first { self.window.rows().front() } else { self.window.rows().back() };
        row.map(|row| self.number(&row.head))
    }

    /// Whether a message is newer than all that is in the window.
    pub(super) fn is_newer(&self, head: &MessageHead) -> bool {
        self.newest().is_none_or(|newest| newest < self.number(head))
    }

    /// Puts a message that following brought where it belongs, once; gives how many rows were let go.
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
    /// Shows the messages of a scope: as they were left, or from the end.
    pub(super) fn show(&mut self, place: Place) -> Vec<Effect> {
        if self.messages.place.as_ref() == Some(&place) {
            return Vec::new();
        }
        let mut effects = self.stop_follow();
        // What was done just now tells more.
        if !effects.is_empty() && !self.notices.showing() {
            self.notices.done("no longer following".to_owned(), self.now);
        }
        let newest_first = self.messages.newest_first;
        let kept = self.places.messages_of(&place);
        let left = std::mem::replace(&mut self.messages, kept.unwrap_or_else(|| Messages::new(place, newest_first)));
        self.places.leave_messages(left);
        self.requests.stop(Slot::Messages);
        self.messages.pending = None;
        if self.messages.window.is_empty() {
            effects.extend(self.read_from(PageFrom::End));
        } else {
            // What was the end when it was left may be the end no longer.
            self.messages.newer_exist();
        }
        effects.extend(self.estimate());
        effects
    }

    /// Reads the list anew from somewhere.
    pub(super) fn read_from(&mut self, from: PageFrom) -> Option<Effect> {
        let question = self.messages.fresh(from)?;
        Some(self.ask(Slot::Messages, question))
    }

    /// Reads the list anew around a number, which is selected.
    pub(super) fn read_around(&mut self, number: i64) -> Option<Effect> {
        let around = if self.messages.is_filtered() { PageFrom::At(number) } else { PageFrom::Around(number) };
        let effect = self.read_from(around);
        self.messages.wanted = Some(number);
        self.messages.offset = self.messages.window.selected().saturating_sub(self.messages.window.top());
        effect
    }

    /// Asks for what the selection is near to.
    pub(super) fn read_on(&mut self) -> Option<Effect> {
        let question = self.messages.wanted_page()?;
        Some(self.ask(Slot::Messages, question))
    }

    pub(super) fn page_arrived(&mut self, page: Page) -> Vec<Effect> {
        let Some(pending) = self.messages.pending.take() else { return Vec::new() };
        let (mut at_start, mut at_end) = (page.at_start, page.at_end);
        match pending {
            // A page says nothing of the side that it was not read towards; the other edge is as it was.
            Pending::More(edge) if edge == self.messages.newer_edge() => at_start = false,
            Pending::More(_) => at_end = false,
            Pending::Fresh(_) => {}
        }
        if let Some(Place { namespace, .. }) = self.messages.place.clone() {
            self.side_panes_see(&namespace, page.heads.iter());
        }
        self.messages.take(pending, page.heads, at_start, at_end);
        self.reveal();
        self.read_on().into_iter().collect()
    }

    /// One step of a filtered search: matches are shown as they come, and the next step follows until there are enough.
    pub(super) fn search_step(&mut self, step: SearchStep, range: SearchRange) -> Vec<Effect> {
        let (Some(pending), Some(mut search)) = (self.messages.pending.take(), self.messages.search) else {
            return Vec::new();
        };
        self.messages.range = Some(range);
        let newer_edge = self.messages.newer_edge();
        let numbers: Vec<i64> = step.heads.iter().map(|head| self.messages.number(head)).collect();
        search.count(&step, &numbers);
        // A new list also leaves out what lies on the other side of where it begins.
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
        self.messages.search = Some(search);
        self.messages.take(pending, step.heads, at_oldest, at_newest);
        self.reveal();
        if step.next.is_some() && search.run < ENOUGH_MATCHES {
            let question = self.messages.more(edge);
            return question.map(|question| self.ask(Slot::Messages, question)).into_iter().collect();
        }
        self.read_on().into_iter().collect()
    }

    /// The person scrolls on: a search that had enough hits takes up again.
    pub(super) fn resume_search(&mut self) {
        if let Some(search) = &mut self.messages.search {
            search.run = 0;
        }
    }

    /// Ends what the messages pane waits for; true where something was under way.
    pub(super) fn stop_reading(&mut self) -> Option<Effect> {
        if !self.requests.stop(Slot::Messages) {
            return None;
        }
        // What was searched stays on screen, and a search goes on with the next key that moves.
        if self.messages.window.is_empty() && self.messages.search.is_none() {
            self.messages.error = Some("stopped".to_owned());
        }
        self.messages.give_up();
        Some(Effect::Stop(Slot::Messages))
    }
}
