//! The panes and their lists: the selection that leads to the messages on screen, and the locations to return to. A selection
//! is shown at once, Enter goes one pane deeper and Esc one back. The browser knows neither dialogs nor the keys that lead to
//! it, and only returns effects for the runtime.

pub(crate) mod columns;
mod count;
pub(crate) mod extent;
pub(crate) mod find;
pub(super) mod history;
mod kept_lists;
pub(crate) mod layout;
pub(crate) mod list_key;
pub(crate) mod message;
mod message_view;
pub(crate) mod messages;
pub(crate) mod named_list;
pub(crate) mod node;
pub(crate) mod recent;
pub(crate) mod relations;
mod resizing;
pub(crate) mod search;
mod side_refresh;
pub(crate) mod sizes;
pub(crate) mod streams;
pub(crate) mod table;
pub(crate) mod timeline;
pub(crate) mod window;
pub(crate) mod wrapped;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::event::Effect;
use super::request::{Answer, Question, Slot};
use super::requests::Requests;
use crate::message::{Category, GlobalPosition, Message, MessageHead, StreamName, category};
use crate::store::NamespaceInfo;
use crate::store::browse::{CategoryRow, Scope, StreamsFrom};
use crate::store::trace::{DEFAULT_EXTENT, Links, Relations};
use columns::Columns;
use find::Find;
use history::{History, PendingNavigation};
use kept_lists::KeptLists;
use layout::{Pane, SideRoom};
use list_key::ListKey;
use message::MessagePane;
use messages::Messages;
use named_list::{Named, NamedList};
use recent::RecentPlaces;
use search::Edge;
use sizes::Sizes;
use streams::{StreamListKey, Streams};

/// How long the cursor rests on a message before the messages around it are searched.
const REST: Duration = Duration::from_millis(300);
/// The least time between two looks at what is around a message while following. A look can take a second of the server's time.
const RENEWAL: Duration = Duration::from_secs(5);

/// The state of the panes.
#[derive(Debug)]
pub(crate) struct Browser {
    /// The area of the terminal.
    pub area: Rect,
    /// The pane that takes keys.
    pub focus: Pane,
    /// The left pane whose selection the messages pane shows.
    pub active: Pane,
    /// Only the focused pane is shown.
    pub fullscreen: bool,
    /// The sizes that the user gave the panes.
    pub sizes: Sizes,
    /// The room that the side panes need.
    side_room: SideRoom,
    /// The namespace for which the room was measured.
    measured_namespace: Option<String>,
    /// The timeline above the messages is not shown.
    pub hides_timeline: bool,
    pub namespaces: NamedList<NamespaceInfo>,
    /// The categories of the selected namespace.
    pub categories: NamedList<CategoryRow>,
    /// The streams of the selected category.
    pub streams: Streams,
    /// The messages of the active selection.
    pub messages: Messages,
    /// The columns of the messages.
    pub columns: Columns,
    /// The zone of the days between which lines are drawn; none if times are shown as ages.
    pub(super) day_zone: Option<TimeZone>,
    /// The selected message.
    pub message: MessagePane,
    /// Lists that were left, kept for returning to them.
    pub(super) kept_lists: KeptLists,
    pub find: Find,
    /// The navigation under way, started by the omnibox or a link.
    pub(super) navigation: Option<PendingNavigation>,
    /// The locations from which links and the omnibox were used.
    pub(super) history: History,
    /// The lists that were used recently.
    pub recent: RecentPlaces,
    /// The namespace whose categories are listed.
    pub(super) shown_namespace: Option<String>,
    /// The time at which the side panes were last read.
    side_read: Option<Timestamp>,
    /// The namespace to select once the namespaces are loaded.
    pub(super) wanted_namespace: Option<String>,
    /// The category to select once the categories are loaded.
    pub(super) wanted_category: Option<Category>,
    /// The category that was selected before the namespaces were filtered.
    pub(super) category_before_filter: Option<Category>,
    /// The conventions for links between messages.
    pub(super) links: Links,
    /// A message of a namespace that is shown in place of the selected one, while a trace is open.
    pub(super) shown_instead: Option<(String, MessageHead)>,
}

impl Browser {
    /// Creates empty panes.
    #[must_use]
    pub(crate) fn new(area: Rect) -> Self {
        Self {
            area,
            focus: Pane::Namespaces,
            active: Pane::Namespaces,
            fullscreen: false,
            sizes: Sizes::default(),
            side_room: SideRoom::default(),
            measured_namespace: None,
            hides_timeline: false,
            namespaces: NamedList::default(),
            categories: NamedList::default(),
            streams: Streams::default(),
            messages: Messages::default(),
            columns: Columns::default(),
            day_zone: None,
            message: MessagePane::default(),
            kept_lists: KeptLists::default(),
            find: Find::default(),
            navigation: None,
            history: History::default(),
            recent: RecentPlaces::default(),
            shown_namespace: None,
            side_read: None,
            wanted_namespace: None,
            wanted_category: None,
            category_before_filter: None,
            links: Links::default(),
            shown_instead: None,
        }
    }

    /// Returns the number of rows that a page key moves by.
    pub(super) fn page_rows(&self) -> isize {
        let lines = self.layout().rows(self.focus);
        let days = self.days();
        let rows = match self.focus {
            Pane::Messages => self.messages.window.rows_in_view(lines, |row, next| days.part(row, next)),
            _ => lines,
        };
        isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(isize::MAX)
    }

    /// Gives the panes the room that they need, and keeps the selection of every list visible.
    pub(super) fn reveal(&mut self) {
        self.measure_side();
        let layout = self.layout();
        self.namespaces.reveal(layout.rows(Pane::Namespaces));
        self.categories.reveal(layout.rows(Pane::Categories));
        self.streams.window.reveal(layout.rows(Pane::Streams));
        let days = self.days();
        self.messages.window.reveal_parted(layout.rows(Pane::Messages), |row, next| days.part(row, next));
        self.message.reveal(layout.rows(Pane::Message), layout.columns(Pane::Message));
    }

    /// Shows the selected message in the message pane. If the selection changed, asks for its body after a pause.
    pub(super) fn load_selected_message(&mut self, pause: Duration, requests: &mut Requests) -> Vec<Effect> {
        let (namespace, head) = match (&self.shown_instead, &self.messages.key) {
            (Some((namespace, head)), _) => (namespace.clone(), Some(head.clone())),
            (None, Some(key)) => (key.namespace.clone(), self.messages.selection().cloned()),
            (None, None) => return Vec::new(),
        };
        if !self.message.show(&namespace, head) {
            return Vec::new();
        }
        let mut effects: Vec<Effect> = requests.stop(Slot::Relations).into_iter().collect();
        if let Some(global_position) = self.message.awaited() {
            effects.push(requests.ask_later(Slot::Message, Question::Message { namespace, global_position }, pause));
        }
        effects
    }

    /// Shows the body that has been read. If the cursor rests on the message, asks for the messages around it.
    fn message_arrived(&mut self, message: Option<Box<Message>>, requests: &mut Requests) -> Vec<Effect> {
        if let Some(message) = &message {
            self.messages.measured(message);
        }
        self.message.arrived(message, &self.links);
        self.ask_for_relations(REST, requests).into_iter().collect()
    }

    /// Asks for the messages around the one on screen after a pause, if it follows a convention.
    fn ask_for_relations(&self, pause: Duration, requests: &mut Requests) -> Option<Effect> {
        let head = self.message.head().filter(|_| self.message.links.is_some())?;
        let (namespace, global_position) = (self.message.namespace().to_owned(), head.global_position);
        Some(requests.ask_later(Slot::Relations, Question::Relations { namespace, global_position }, pause))
    }

    /// Shows what is around the message on screen. Asks again if messages have arrived since.
    fn relations_arrived(&mut self, relations: Option<Relations>, requests: &mut Requests) -> Option<Effect> {
        self.message.relations_found(relations);
        let is_behind = self.message.links.as_mut().is_some_and(|links| std::mem::take(&mut links.is_behind));
        is_behind.then(|| self.ask_for_relations(RENEWAL, requests)).flatten()
    }

    /// Notes how far following has come. If new messages are near the one on screen, asks for the messages around it again.
    pub(super) fn renew_relations(
        &mut self,
        newest: GlobalPosition,
        has_messages: bool,
        requests: &mut Requests,
    ) -> Option<Effect> {
        let position = self.message.head()?.global_position;
        let links = self.message.links.as_mut()?;
        if !links.arrived(newest, has_messages) || newest.saturating_sub(position) > DEFAULT_EXTENT {
            return None;
        }
        links.is_behind = requests.since(Slot::Relations).is_some();
        if links.is_behind { None } else { self.ask_for_relations(RENEWAL, requests) }
    }
}

/// Moving within and between the panes.
impl Browser {
    /// Moves the selection of the focused pane.
    pub(super) fn step(&mut self, rows: isize, requests: &mut Requests) -> Vec<Effect> {
        match self.focus {
            Pane::Namespaces => {
                self.namespaces.step(rows);
                self.namespace_selected(requests)
            }
            Pane::Categories => {
                self.categories.step(rows);
                self.category_selected(requests)
            }
            Pane::Streams => {
                self.streams.window.step(rows);
                self.stream_selected(requests)
            }
            Pane::Messages => self.messages.step(rows, requests).into_iter().collect(),
            Pane::Message => {
                self.message.step(rows);
                Vec::new()
            }
        }
    }

    /// Goes to the first or the last row of the focused pane.
    pub(super) fn go_to_edge(&mut self, edge: Edge, requests: &mut Requests) -> Vec<Effect> {
        let (rows, end) =
            if edge == Edge::First { (isize::MIN, StreamsFrom::Start) } else { (isize::MAX, StreamsFrom::End) };
        match self.focus {
            Pane::Messages => self.messages.go_to_edge(edge, requests).into_iter().collect(),
            Pane::Streams => match self.streams.go_to_end(end, requests) {
                Some(effect) => vec![effect],
                None => self.step(rows, requests),
            },
            _ => self.step(rows, requests),
        }
    }

    pub(super) fn focus_on(&mut self, pane: Pane, requests: &mut Requests) -> Vec<Effect> {
        self.focus = pane;
        match pane {
            Pane::Namespaces => {
                self.active = pane;
                self.namespace_selected(requests)
            }
            Pane::Categories if !self.categories.is_empty() => {
                self.active = pane;
                self.category_selected(requests)
            }
            Pane::Streams if !self.streams.window.is_empty() => {
                self.active = pane;
                self.stream_selected(requests)
            }
            _ => Vec::new(),
        }
    }

    /// Shows a list that was just loaded, if its pane already has the focus because a key was faster than the list.
    fn show_if_focused(&mut self, pane: Pane, requests: &mut Requests) -> Vec<Effect> {
        if self.focus == pane && self.active != pane { self.focus_on(pane, requests) } else { Vec::new() }
    }

    /// Goes one pane to the right. Nothing lies to the right of the message pane.
    pub(super) fn deeper(&mut self, requests: &mut Requests) -> Vec<Effect> {
        // An empty list is skipped, but not one that is still loading.
        let no_categories = self.categories.is_empty() && self.categories.at_last;
        let no_streams = self.streams.window.is_empty() && self.streams.window.at_last;
        match self.focus {
            Pane::Namespaces if no_categories => self.focus_on(Pane::Messages, requests),
            Pane::Namespaces => self.focus_on(Pane::Categories, requests),
            Pane::Categories if no_streams => self.focus_on(Pane::Messages, requests),
            Pane::Categories => self.focus_on(Pane::Streams, requests),
            Pane::Streams => self.focus_on(Pane::Messages, requests),
            Pane::Messages => {
                if self.messages.selection().is_some() {
                    self.focus = Pane::Message;
                }
                Vec::new()
            }
            Pane::Message => Vec::new(),
        }
    }

    /// Goes one pane to the left; from the messages to the pane whose selection they are.
    pub(super) fn one_pane_back(&mut self, requests: &mut Requests) -> Vec<Effect> {
        match self.focus {
            Pane::Namespaces => return Vec::new(),
            Pane::Categories => return self.focus_on(Pane::Namespaces, requests),
            Pane::Streams => return self.focus_on(Pane::Categories, requests),
            Pane::Messages => self.focus = self.active,
            Pane::Message => self.focus = Pane::Messages,
        }
        Vec::new()
    }

    /// Cancels whatever the user waits for. Returns none if that is nothing.
    pub(super) fn cancel(&mut self, requests: &mut Requests) -> Option<Vec<Effect>> {
        if let Some(stop) = self.messages.stop_reading(requests) {
            return Some(vec![stop]);
        }
        // Only a count that the user asked for is cancelled. An estimate loads by itself and does not hold Esc up.
        if self.messages.count.by_user
            && let Some(stop) = requests.stop(Slot::Count)
        {
            return Some([stop].into_iter().chain(self.messages.estimate(requests)).collect());
        }
        // If a page has only just been requested, Esc means going back.
        self.streams.stop_if_slow(requests).map(|stop| vec![stop])
    }

    /// Folds the selected row of the message, selects its parent, or goes one pane back.
    pub(super) fn collapse(&mut self) {
        if !self.message.collapse() {
            self.focus = Pane::Messages;
        }
    }

    /// Reverses the order of the messages, or lists the streams in their other order.
    pub(super) fn change_order(&mut self, requests: &mut Requests) -> Vec<Effect> {
        if self.focus == Pane::Streams {
            return self.streams.change_order(requests).into_iter().collect();
        }
        let is_useless = self.messages.turn();
        self.messages.window.center(self.layout().rows(Pane::Messages));
        let next = self.messages.read_on(requests);
        let effect = if is_useless && next.is_none() { requests.stop(Slot::Messages) } else { next };
        effect.into_iter().collect()
    }
}

/// Showing the selection of the left panes.
impl Browser {
    /// Shows the categories of the selected namespace, and its messages if its pane is the active one.
    pub(super) fn namespace_selected(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let Some(namespace) = self.namespaces.selection().map(|namespace| namespace.id.clone()) else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        if self.shown_namespace.as_ref() != Some(&namespace) {
            self.shown_namespace = Some(namespace.clone());
            self.categories = NamedList::default();
            let by_activity = self.streams.by_activity;
            self.replace_streams(Streams::default());
            self.streams.by_activity = by_activity;
            effects.extend(self.streams.load_now(requests));
            effects.extend(self.read_categories(namespace.clone(), requests));
        }
        if self.active == Pane::Namespaces {
            effects.extend(self.show(ListKey { namespace, scope: Scope::Namespace }, requests));
        }
        effects
    }

    /// Shows the streams of the selected category, and its messages if its pane is the active one.
    pub(super) fn category_selected(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let (Some(namespace), Some(row)) = (self.shown_namespace.clone(), self.categories.selection()) else {
            return Vec::new();
        };
        let category = row.category.clone();
        let mut effects = Vec::new();
        let key = StreamListKey { namespace: namespace.clone(), category: category.clone() };
        if self.streams.of.as_ref() != Some(&key) {
            let by_activity = self.streams.by_activity;
            let kept = self.kept_lists.streams_of(&key);
            let streams = kept.unwrap_or_else(|| Streams::new(key, by_activity));
            self.replace_streams(streams);
            if self.streams.window.is_empty() {
                self.streams.wanted = self.stream_on_screen(&category);
            }
            effects.extend(self.streams.load_now(requests));
        }
        let member_is_shown = matches!(&self.messages.key, Some(ListKey { namespace: shown, scope: Scope::Member(of, _) })
            if *shown == namespace && *of == category);
        if self.active == Pane::Categories && !member_is_shown {
            effects.extend(self.show(ListKey { namespace, scope: Scope::Category(category) }, requests));
        }
        effects.extend(self.show_if_focused(Pane::Streams, requests));
        effects
    }

    /// Shows the messages of the selected stream if its pane is the active one.
    pub(super) fn stream_selected(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.streams.load_more(requests).into_iter().collect();
        if self.active == Pane::Streams
            && let (Some(of), Some(row)) = (&self.streams.of, self.streams.window.selection())
        {
            let key = ListKey { namespace: of.namespace.clone(), scope: Scope::Stream(row.stream.clone()) };
            effects.extend(self.show(key, requests));
        }
        effects
    }

    /// Shows the messages of a scope, as they were left or from the newest one.
    pub(super) fn show(&mut self, key: ListKey, requests: &mut Requests) -> Vec<Effect> {
        if self.messages.key.as_ref() == Some(&key) {
            return Vec::new();
        }
        let stop = self.messages.stop_timeline(requests);
        let newest_first = self.messages.newest_first;
        let list = self.kept_lists.messages_of(&key).unwrap_or_else(|| Messages::new(key, newest_first));
        let left = std::mem::replace(&mut self.messages, list);
        self.kept_lists.leave_messages(left);
        let paths = self.columns.paths_of(self.messages.key.as_ref());
        stop.into_iter().chain(self.messages.enter(paths, requests)).collect()
    }

    pub(super) fn select_stream(&mut self, stream: &StreamName, requests: &mut Requests) -> Option<Effect> {
        self.streams.select_stream(stream, requests)
    }

    /// Returns the stream whose messages are shown, if it belongs to the category.
    fn stream_on_screen(&self, of: &Category) -> Option<StreamName> {
        match self.messages.key.as_ref().map(|key| &key.scope) {
            Some(Scope::Stream(stream)) if stream.category() == *of => Some(stream.clone()),
            _ => None,
        }
    }

    fn replace_streams(&mut self, instead: Streams) {
        let left = std::mem::replace(&mut self.streams, instead);
        self.kept_lists.leave_streams(left);
    }

    /// Clears every list, because the namespace on screen no longer exists.
    fn leave_namespace(&mut self, requests: &mut Requests) -> Vec<Effect> {
        if let Some(namespace) = self.shown_namespace.take() {
            self.kept_lists.forget(&namespace);
        }
        self.categories = NamedList::default();
        self.streams = Streams::default();
        let newest_first = self.messages.newest_first;
        self.messages = Messages::default();
        self.messages.newest_first = newest_first;
        self.message.forget();
        let slots = [
            Slot::Categories,
            Slot::FreshCategories,
            Slot::FreshStreams,
            Slot::Streams,
            Slot::Messages,
            Slot::Message,
            Slot::Relations,
            Slot::Count,
            Slot::Timeline,
        ];
        slots.into_iter().filter_map(|slot| requests.stop(slot)).collect()
    }
}

/// Taking in answers of the store.
impl Browser {
    /// Lists the namespaces. The selection stays, unless another one is wanted, but nothing is shown yet.
    pub(super) fn namespaces_listed(&mut self, namespaces: Vec<NamespaceInfo>, requests: &mut Requests) -> Vec<Effect> {
        let exists = namespaces.iter().any(|namespace| Some(&namespace.id) == self.shown_namespace.as_ref());
        let effects = if exists { Vec::new() } else { self.leave_namespace(requests) };
        let selected = self.wanted_namespace.take();
        let selected = selected.or_else(|| self.namespaces.selection().map(|namespace| namespace.id.clone()));
        self.namespaces.replace_all(namespaces, selected.as_deref());
        effects
    }

    pub(super) fn categories_listed(&mut self, categories: Vec<CategoryRow>, requests: &mut Requests) -> Vec<Effect> {
        let selected = self.wanted_category.take();
        let selected = selected.or_else(|| self.categories.selection().map(|row| row.category.clone()));
        self.categories.replace_all(categories, selected.as_ref().map(Category::as_str));
        let mut effects = self.category_selected(requests);
        effects.extend(self.show_if_focused(Pane::Categories, requests));
        effects
    }

    fn streams_listed(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let mut effects = if std::mem::take(&mut self.streams.asked_for) {
            self.stream_selected(requests)
        } else {
            self.streams.load_more(requests).into_iter().collect()
        };
        effects.extend(self.show_if_focused(Pane::Streams, requests));
        effects
    }

    /// Takes in an answer for a list or for the message. Answers for others do not get here.
    pub(super) fn answered(&mut self, answer: Answer, requests: &mut Requests) -> Vec<Effect> {
        match answer {
            Answer::Categories(categories) => self.categories_listed(categories, requests),
            Answer::Streams { from, rows, end } => {
                self.streams.insert_page(&from, rows, end);
                self.streams_listed(requests)
            }
            Answer::StreamsContaining(found) => {
                self.streams.insert_containing(found);
                self.streams_listed(requests)
            }
            Answer::RecentStreams { rows, next } => {
                self.streams.insert_recent(rows, next);
                self.streams_listed(requests)
            }
            Answer::Page(page) => {
                self.streams.raise_versions(self.messages.key.as_ref(), &page.heads);
                self.messages.page_arrived(page, requests).into_iter().collect()
            }
            Answer::Search(step, range) => self.messages.search_step(step, range, requests).into_iter().collect(),
            Answer::CountStep(step, range) => {
                self.messages.matches_counted(&step, range, requests).into_iter().collect()
            }
            Answer::Count(count) => {
                self.messages.counted(count);
                Vec::new()
            }
            Answer::Timeline(timeline) => {
                self.messages.timeline_arrived(timeline);
                Vec::new()
            }
            Answer::Message(message) => self.message_arrived(message, requests),
            Answer::Relations(relations) => {
                self.relations_arrived(relations.map(|relations| *relations), requests).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Counts new messages of a namespace in their categories and makes them the last ones of their streams. Estimates stay
    /// estimates.
    pub(super) fn include_new_messages<'a>(
        &mut self,
        namespace: &str,
        heads: impl Iterator<Item = &'a MessageHead>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        if self.shown_namespace.as_deref() != Some(namespace) {
            return Vec::new();
        }
        let mut last: BTreeMap<&StreamName, &MessageHead> = BTreeMap::new();
        let mut new: BTreeMap<Category, u64> = BTreeMap::new();
        for head in heads {
            *new.entry(head.stream.category()).or_default() += 1;
            let newest = last.entry(&head.stream).or_insert(head);
            if newest.position < head.position {
                *newest = head;
            }
        }
        let were_empty = self.categories.all().next().is_none();
        if self.categories.at_last {
            for (category, messages) in new {
                let new = CategoryRow { category, estimate: Some(messages) };
                self.categories.update_or_insert(new, |row| {
                    row.estimate = row.estimate.map(|estimate| estimate.saturating_add(messages));
                });
            }
        }
        if self.streams.of.as_ref().is_some_and(|of| of.namespace == namespace) {
            for head in last.into_values() {
                self.streams.learn(head, true);
            }
        }
        if were_empty && !self.categories.is_empty() { self.category_selected(requests) } else { Vec::new() }
    }
}

/// Loading again.
impl Browser {
    /// Loads everything on screen again. Location and selection stay.
    pub(super) fn reload(&mut self, requests: &mut Requests) -> Vec<Effect> {
        self.kept_lists.forget_rows();
        self.message.forget();
        let mut effects = vec![requests.ask(Slot::Namespaces, Question::Namespaces)];
        effects.extend(self.reload_side_panes(requests));
        effects.extend(self.messages.reload(requests));
        effects.extend(self.messages.estimate(requests));
        self.messages.timeline.outdate();
        effects
    }

    /// Loads the listed categories and streams again.
    pub(super) fn reload_side_panes(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let namespace = self.shown_namespace.clone();
        let categories = namespace.map(|namespace| self.read_categories(namespace, requests)).unwrap_or_default();
        categories.into_iter().chain(self.streams.reload(requests)).collect()
    }

    /// Loads the listed streams again if `stream` belongs to their category, because it may be new.
    pub(super) fn reload_streams_of(&mut self, stream: &str, requests: &mut Requests) -> Option<Effect> {
        let category = category(stream);
        if self.streams.of.as_ref().is_some_and(|of| of.category.as_str() == category) {
            self.streams.reload(requests)
        } else {
            None
        }
    }
}

impl Named for NamespaceInfo {
    fn name(&self) -> &str {
        &self.id
    }
}

impl Named for CategoryRow {
    fn name(&self) -> &str {
        self.category.as_str()
    }
}
