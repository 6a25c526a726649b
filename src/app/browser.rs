//! The panes and their lists: the selection that leads to the messages on screen, and the locations to return to. A
//! selection is shown at once, Enter goes one pane deeper and Esc one back. The browser knows neither dialogs nor the
//! keys that lead to it, and only returns effects for the runtime.

mod arrivals;
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
mod moving;
pub(crate) mod named_list;
pub(crate) mod node;
pub(crate) mod recent;
pub(crate) mod relations;
mod resizing;
pub(crate) mod search;
mod showing;
mod side_refresh;
pub(crate) mod sizes;
pub(crate) mod streams;
pub(crate) mod table;
pub(crate) mod timeline;
pub(crate) mod window;
pub(crate) mod wrapped;

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::event::Effect;
use super::request::{Question, Slot};
use super::requests::Requests;
use crate::message::{Category, MessageHead, category};
use crate::store::NamespaceInfo;
use crate::store::browse::CategoryRow;
use crate::store::trace::Links;
use columns::Columns;
use find::Find;
use history::{History, PendingNavigation};
use kept_lists::KeptLists;
use layout::{Pane, SideRoom};
use message::MessagePane;
use messages::Messages;
use named_list::{Named, NamedList};
use recent::RecentPlaces;
use sizes::Sizes;
use streams::Streams;

/// The state of the panes.
#[derive(Debug)]
pub(crate) struct Browser {
    /// The area of the terminal.
    pub area: Rect,
    /// The pane that takes keys.
    pub focus: Pane,
    /// The side pane whose selection the messages pane shows.
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
    /// The caution about that namespace, until it has been reported.
    pub(super) untold_caution: Option<String>,
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
            untold_caution: None,
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
