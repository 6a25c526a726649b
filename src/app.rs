//! The state of the screen and its transitions: events in, effects out. Nothing in here does I/O, draws or reads a clock.
//!
//! [`State::update`] is the only way to change the state. The runtime carries out the [`Effect`]s and reports their results
//! as [`Event`]s. `view` draws the state and changes nothing.

mod administration;
mod answers;
mod bookmarking;
pub(crate) mod bookmarks;
pub(crate) mod browser;
mod commands;
mod connecting;
pub(crate) mod connection;
pub(crate) mod connections;
pub(crate) mod dialogs;
mod drafts;
pub(crate) mod event;
pub(crate) mod export;
mod exporting;
mod filtering;
pub(crate) mod following;
pub(crate) mod input;
pub(crate) mod list_command;
pub(crate) mod list_filter;
mod listed_names;
mod marking;
pub(crate) mod marks;
mod message_table;
pub(crate) mod mouse;
mod navigation;
pub(crate) mod notices;
pub(crate) mod place;
mod provenance;
mod pulse;
pub(crate) mod pulse_part;
pub(crate) mod pulse_view;
mod random;
mod rates;
mod relevance;
pub(crate) mod request;
pub(crate) mod requests;
mod restoring;
pub(crate) mod saved;
pub(crate) mod saved_filters;
pub(crate) mod search;
mod server_search;
pub(crate) mod state_view;
pub(crate) mod stream_arrivals;
pub(crate) mod text_search;
pub(crate) mod timeline;
pub(crate) mod times;
pub(crate) mod trace_view;
mod writing;

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use ratatui::layout::Rect;

pub(crate) use crate::config::Profile;
use crate::config::colors::Colors;
use crate::config::pulse::PulseLimits;
use crate::config::themes::ThemeName;
use crate::config::type_rules::TypeRules;
pub(crate) use crate::keymap;
use crate::locator::Locator;
use crate::store::NamespaceInfo;
use crate::store::trace::{Links, Named};
use bookmarks::Bookmarks;
use browser::Browser;
use browser::columns::Columns;
use browser::find::Find;
use browser::layout::Pane;
use browser::search::Edge;
use connection::Connection;
use connections::Connections;
use dialogs::Dialogs;
use dialogs::compose::Draft;
pub(crate) use event::{Effect, Event};
use following::{BODY_PAUSE, Follow, Following};
use keymap::{Action, Context, KeyMap};
use marking::ReadMarks;
use marks::Marks;
use mouse::Mouse;
use notices::Notices;
use random::Random;
use request::{Question, Slot};
use requests::Requests;
use restoring::Restoring;
use saved::Saved;
use saved_filters::SavedFilters;
use times::Times;

/// The interval at which the screen changes while something moves.
const TICK: Duration = Duration::from_millis(100);
/// The same while only the rates of the last minutes slide.
const SLOW_TICK: Duration = Duration::from_secs(1);

/// The options that the screen starts with, from the command line and the configuration file.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScreenSettings {
    /// `user@host/database`.
    pub target: String,
    pub profile: Profile,
    /// `--read-only` was given.
    pub read_only: bool,
    pub keymap: KeyMap,
    /// The location to open first.
    pub locator: Option<Locator>,
    pub theme: ThemeName,
    /// Colours in place of the theme's.
    pub colors: Colors,
    /// Draws with ASCII characters only.
    pub ascii: bool,
    pub no_color: bool,
    /// The format of times and the local time zone.
    pub times: Times,
    /// The colours of message types.
    pub types: TypeRules,
    /// The conventions for links between messages.
    pub links: Links,
    /// The limits of the pulse.
    pub pulse: PulseLimits,
    /// The seed of IDs and random numbers.
    pub seed: u64,
    /// The databases that are offered for a connection.
    pub connections: Connections,
    /// What survived from an earlier run.
    pub saved: Saved,
}

/// The whole state of the screen.
#[derive(Debug)]
pub(crate) struct State {
    pub browser: Browser,
    pub following: Following,
    pub connection: Connection,
    pub requests: Requests,
    pub dialogs: Dialogs,
    pub notices: Notices,
    pub bookmarks: Bookmarks,
    pub saved_filters: SavedFilters,
    /// The place that the screen returns to, until it is known whether it still exists.
    restoring: Option<Restoring>,
    pub marks: Marks,
    /// The marked messages that are being read.
    reading_marks: Option<ReadMarks>,
    /// The number of exports that were started or cancelled. Reports of older ones are ignored.
    exports: u64,
    mouse: Mouse,
    pub settings: ScreenSettings,
    /// The time of the last event.
    pub now: Timestamp,
    /// The source of IDs and random numbers.
    random: Random,
}

impl State {
    /// Returns the initial state, with nothing loaded, and the first effects.
    #[must_use]
    pub(crate) fn new(mut settings: ScreenSettings, area: Rect, now: Timestamp) -> (Self, Vec<Effect>) {
        let saved = std::mem::take(&mut settings.saved).bounded();
        settings.saved.place.clone_from(&saved.place);
        if let Some(format) = saved.times {
            settings.times.choose(format);
        }
        let mut state = Self {
            browser: Browser::new(area),
            following: Following::default(),
            connection: Connection::new(now),
            requests: Requests::new(now),
            dialogs: Dialogs::default(),
            notices: Notices::default(),
            bookmarks: saved.bookmarks,
            saved_filters: saved.filters,
            restoring: None,
            marks: Marks::default(),
            reading_marks: None,
            exports: 0,
            mouse: Mouse::default(),
            random: Random::new(settings.seed),
            settings,
            now,
        };
        state.browser.recent = saved.recent;
        state.browser.sizes = saved.sizes;
        state.browser.hides_timeline = saved.hides_timeline;
        state.browser.columns = Columns::restored(saved.columns);
        state.dialogs.entered = saved.entered;
        state.browser.streams.by_activity = saved.streams_by_activity;
        state.browser.messages.newest_first = saved.newest_first;
        state.browser.links.clone_from(&state.settings.links);
        for list in saved.lists.into_iter().rev() {
            state.browser.kept_lists.put(list.restored(&state.settings.times, now));
        }
        let requests = &mut state.requests;
        let effects =
            vec![requests.ask(Slot::Server, Question::Server), requests.ask(Slot::Namespaces, Question::Namespaces)];
        (state, effects)
    }

    /// Applies an event and returns the effects that follow from it.
    pub(crate) fn update(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        self.requests.begin_event(now);
        let looks = matches!(event, Event::Key(_) | Event::Mouse(_) | Event::Followed { .. });
        let mut effects = match event {
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Resize(width, height) => {
                self.browser.area = Rect::new(0, 0, width, height);
                self.browser.reveal();
                self.refresh_omnibox();
                self.load_timeline().into_iter().collect()
            }
            Event::Tick => {
                self.tick();
                Vec::new()
            }
            Event::Answered { slot, generation, outcome } => self.outcome(slot, generation, outcome),
            Event::Followed { generation, batch } => {
                let (browser, requests, notices) = (&mut self.browser, &mut self.requests, &mut self.notices);
                let (newest, has_messages) = (batch.newest, !batch.messages.is_empty());
                let effects = self.following.received(generation, batch, browser, requests, notices);
                let mut effects = self.finish(effects, BODY_PAUSE);
                effects.extend(self.renew_provenance(generation, newest, has_messages));
                effects
            }
            Event::FollowFailed { generation, error } => self.following_failed(generation, &error),
            Event::Edited(text) => self.edited(text),
            Event::Copied(outcome) => {
                match outcome {
                    Ok(how) => self.notices.done(how, now),
                    Err(why) => self.notices.problem(format!("Cannot copy: {why}"), now),
                }
                Vec::new()
            }
            Event::Export { generation, report } => {
                self.export_reported(generation, report);
                Vec::new()
            }
            Event::DraftsFound(drafts) => {
                self.drafts_found(drafts);
                Vec::new()
            }
            Event::ConnectingFailed(reason) => {
                self.connecting_failed(&reason);
                Vec::new()
            }
            Event::Notice(text) => {
                self.notices.problem(text, now);
                Vec::new()
            }
        };
        effects.extend(self.stop_following_if_left());
        effects.extend(self.refresh_pulse());
        if looks && self.dialogs.open.is_none() {
            let follows_all = self.following.current.as_ref().is_some_and(Follow::is_of_everything);
            effects.extend(self.browser.refresh_side(follows_all, &mut self.requests));
        }
        self.browser.remember_list();
        self.dialogs.fit(self.browser.area);
        effects
    }

    /// Returns true if the passing of time alone changes the screen.
    #[must_use]
    pub(crate) fn animated(&self) -> bool {
        self.requests.any()
            || self.notices.showing()
            || self.dialogs.connecting()
            || self.connection.is_down()
            || self.settings.times.is_relative()
            || self.browser.shows_ages()
            || self.following.current.as_ref().is_some_and(Follow::is_ageing)
    }

    /// Returns how long the screen may rest until time alone changes it; none if it does not.
    #[must_use]
    pub(crate) fn tick_after(&self) -> Option<Duration> {
        let slides = self.following.current.as_ref().is_some_and(|follow| !follow.rates.is_empty())
            || self.dialogs.shows_pulse();
        if self.animated() { Some(TICK) } else { slides.then_some(SLOW_TICK) }
    }

    /// The namespace whose categories and messages are shown.
    #[must_use]
    pub(crate) fn namespace(&self) -> Option<&NamespaceInfo> {
        self.browser.shown_namespace.as_ref().and_then(|id| self.browser.namespaces.named(id))
    }

    /// Returns true if the view moves along with new messages.
    #[must_use]
    pub(crate) fn is_live(&self) -> bool {
        self.following.is_live(&self.browser)
    }

    /// Returns the reason why nothing can be written, if there is one.
    #[must_use]
    pub(crate) fn read_only(&self) -> Option<&str> {
        if self.settings.read_only {
            return Some("streamscope was started with --read-only");
        }
        self.connection.server().and_then(|info| info.read_only.as_deref())
    }

    /// Brings the parts of the screen in line with each other after a change.
    fn finish(&mut self, mut effects: Vec<Effect>, body_pause: Duration) -> Vec<Effect> {
        effects.extend(self.stop_following_if_left());
        effects.extend(self.following.insert_arrivals(&mut self.browser, &mut self.requests));
        self.browser.day_zone = self.settings.times.day_zone();
        self.browser.reveal();
        effects.extend(self.browser.load_selected_message(body_pause, &mut self.requests));
        effects.extend(self.load_timeline());
        effects
    }

    fn stop_following_if_left(&mut self) -> Option<Effect> {
        let stop = self.following.stop_if_left(&self.browser)?;
        // A toast that is shown already matters more.
        if !self.notices.showing() {
            self.notices.done("Stopped following".to_owned(), self.now);
        }
        Some(stop)
    }

    fn tick(&mut self) {
        self.notices.expire(self.now);
        if let Some(follow) = &mut self.following.current {
            follow.age(self.now);
        }
    }

    fn drafts_found(&mut self, drafts: Vec<Draft>) {
        let key = self.settings.keymap.key(Action::Write);
        let found = match drafts.len() {
            1 => format!("Found a draft from an earlier run. Press {key} to open it."),
            more => format!("Found {more} drafts from an earlier run. Press {key} to open the latest."),
        };
        self.notices.done(found, self.now);
        self.dialogs.drafts = drafts;
    }
}

/// Keys and the mouse.
impl State {
    fn context(&self) -> Context {
        match self.browser.focus {
            Pane::Namespaces => Context::Namespaces,
            Pane::Categories => Context::Categories,
            Pane::Streams => Context::Streams,
            Pane::Messages => Context::Messages,
            Pane::Message => Context::Message,
        }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if self.dialogs.open.is_some() {
            return self.dialog_key(key);
        }
        match self.settings.keymap.action(self.context(), key) {
            Some(action) => self.act(action),
            None => Vec::new(),
        }
    }

    fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        if self.dialogs.open.is_some() {
            return self.dialog_mouse(mouse);
        }
        self.click_title(mouse);
        if let Some(effects) = self.click_relation(mouse) {
            return self.finish(effects, Duration::ZERO);
        }
        self.browser.find.offers_server = false;
        let effects = self
            .timeline_mouse(mouse)
            .unwrap_or_else(|| self.mouse.handle(mouse, &mut self.browser, &mut self.requests));
        self.finish(effects, Duration::ZERO)
    }

    /// Carries out an action, whether it comes from a key or the palette.
    pub(crate) fn act(&mut self, action: Action) -> Vec<Effect> {
        let effects = self
            .answer_offer(action)
            .or_else(|| self.move_selection(action))
            .or_else(|| self.change_pane(action))
            .or_else(|| self.change_list(action))
            .or_else(|| self.change_timeline(action))
            .or_else(|| self.change_message(action))
            .or_else(|| self.change_columns(action))
            .or_else(|| self.write(action))
            .unwrap_or_else(|| self.act_on_screen(action));
        self.finish(effects, Duration::ZERO)
    }

    fn move_selection(&mut self, action: Action) -> Option<Vec<Effect>> {
        let (browser, requests) = (&mut self.browser, &mut self.requests);
        let page = browser.page_rows();
        Some(match action {
            Action::Down => browser.step(1, requests),
            Action::Up => browser.step(-1, requests),
            Action::PageDown => browser.step(page, requests),
            Action::PageUp => browser.step(-page, requests),
            Action::HalfDown => browser.step(page / 2, requests),
            Action::HalfUp => browser.step(-(page / 2), requests),
            Action::First => self.go_to_edge(Edge::First),
            Action::Last => self.go_to_edge(Edge::Last),
            Action::PreviousMessage => browser.messages.step(-1, requests).into_iter().collect(),
            Action::NextMessage => browser.messages.step(1, requests).into_iter().collect(),
            Action::FindNext => self.find_again(true),
            Action::FindPrevious => self.find_again(false),
            _ => return None,
        })
    }

    /// Goes to an edge of the focused pane. While following, the newest message is reached by going live.
    fn go_to_edge(&mut self, edge: Edge) -> Vec<Effect> {
        let (browser, requests) = (&mut self.browser, &mut self.requests);
        let is_newest = browser.focus == Pane::Messages && edge == browser.messages.newer_edge();
        if is_newest && self.following.current.is_some() {
            return self.following.go_live(browser, requests).into_iter().collect();
        }
        browser.go_to_edge(edge, requests)
    }

    fn change_pane(&mut self, action: Action) -> Option<Vec<Effect>> {
        let (browser, requests) = (&mut self.browser, &mut self.requests);
        Some(match action {
            Action::Deeper if browser.focus == Pane::Message => self.open_link(),
            Action::Deeper => browser.deeper(requests),
            Action::Back => self.back(),
            Action::NextPane => browser.focus_on(browser.focus.next(), requests),
            Action::PreviousPane => browser.focus_on(browser.focus.previous(), requests),
            Action::PaneNamespaces => browser.focus_on(Pane::Namespaces, requests),
            Action::PaneCategories => browser.focus_on(Pane::Categories, requests),
            Action::PaneStreams => browser.focus_on(Pane::Streams, requests),
            Action::PaneMessages => browser.focus_on(Pane::Messages, requests),
            Action::PaneMessage => browser.focus_on(Pane::Message, requests),
            Action::Fullscreen => {
                browser.fullscreen = !browser.fullscreen;
                Vec::new()
            }
            _ => return browser.resize(action, requests),
        })
    }

    /// Goes one step back: first cancels or closes whatever is in progress, then moves one pane to the left.
    fn back(&mut self) -> Vec<Effect> {
        if let Some(effects) = self.browser.cancel(&mut self.requests) {
            return effects;
        }
        if self.browser.fullscreen {
            self.browser.fullscreen = false;
            return Vec::new();
        }
        if self.browser.find_in(self.browser.focus).is_some() {
            self.browser.find = Find::default();
            self.notices.dismiss();
            return Vec::new();
        }
        if let Some(effects) = self.browser.clear_list_filter(&mut self.requests) {
            return effects;
        }
        if self.browser.focus == Pane::Messages && self.browser.messages.is_filtered() {
            return self.clear_filter();
        }
        if self.notices.dismiss() {
            return Vec::new();
        }
        if self.browser.focus == Pane::Messages
            && let Some(effects) = self.browser.go_back(&mut self.requests)
        {
            return effects;
        }
        self.browser.one_pane_back(&mut self.requests)
    }

    fn change_list(&mut self, action: Action) -> Option<Vec<Effect>> {
        let (browser, requests) = (&mut self.browser, &mut self.requests);
        Some(match action {
            Action::Order => browser.change_order(requests),
            Action::Count => browser.messages.count_exactly(requests).into_iter().collect(),
            Action::Follow => self.toggle_following(),
            Action::Pause => self.following.toggle_pause(browser, requests).into_iter().collect(),
            Action::Refresh => {
                let server = requests.ask(Slot::Server, Question::Server);
                [server].into_iter().chain(browser.reload(requests)).collect()
            }
            Action::Find => self.open_find_or_filter(),
            Action::Filter => self.open_filter(),
            Action::GoTo => self.open_omnibox(),
            Action::Bookmark => self.toggle_bookmark(),
            Action::Bookmarks => self.open_bookmarks(),
            Action::Member => self.open_member(),
            _ => return None,
        })
    }

    fn toggle_following(&mut self) -> Vec<Effect> {
        if let Some(stop) = self.following.stop() {
            self.notices.done("Stopped following".to_owned(), self.now);
            return vec![stop];
        }
        self.following.start(&mut self.browser).into_iter().collect()
    }

    fn change_message(&mut self, action: Action) -> Option<Vec<Effect>> {
        let message = &mut self.browser.message;
        match action {
            Action::Fold => message.toggle(),
            Action::FoldAll => message.fold_all(),
            Action::UnfoldAll => message.unfold_all(),
            Action::Collapse => self.browser.collapse(),
            Action::Expand => message.expand(),
            Action::RawText => message.next_form(),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Follows the link on the selected row of the message, or folds the row.
    fn open_link(&mut self) -> Vec<Effect> {
        let message = &mut self.browser.message;
        if let Some(relation) = message.selected_relation() {
            return self.open_relation(relation);
        }
        let line = message.selected();
        let workflow = match message.named_at(line) {
            Some(Named::Cause(_)) => return self.open_cause(),
            Some(Named::Workflow(workflow)) => Some(workflow.clone()),
            None => None,
        };
        match (message.link_at(line), workflow) {
            (Some(link), workflow) => self.go_to_stream(&link.name, link.position, workflow),
            (None, Some(workflow)) => self.open_workflow(workflow),
            (None, None) => {
                message.toggle();
                Vec::new()
            }
        }
    }

    fn write(&mut self, action: Action) -> Option<Vec<Effect>> {
        Some(match action {
            Action::Write => self.open_compose(),
            Action::CloneMessage => self.clone_message(),
            Action::FollowUp => self.follow_up(),
            Action::Edit => self.edit_shown(),
            Action::CreateNamespace => self.open_create_namespace(),
            Action::DeleteNamespace => self.open_delete_namespace(),
            _ => return None,
        })
    }

    fn act_on_screen(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Copy => self.open_copy(),
            Action::Connections => self.open_connections(),
            Action::Mark => self.toggle_mark(),
            Action::RemoveMarks => self.remove_marks(),
            Action::Compare => self.compare_marked(),
            Action::CloneMarked => self.clone_marked(),
            Action::Export => self.open_export(),
            Action::Times => {
                self.settings.times.switch();
                Vec::new()
            }
            Action::Trace => self.open_trace(),
            Action::State => self.open_state(),
            Action::Pulse => self.open_pulse(),
            Action::Log => self.open_log(),
            Action::Palette => self.open_palette(),
            Action::Help => self.open_help(),
            Action::Suspend => vec![Effect::Suspend],
            Action::Quit => vec![Effect::Quit],
            // All other actions were carried out before.
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
