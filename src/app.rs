//! The state of the screen and its transitions: events in, effects out. Nothing in here does I/O, draws or reads a
//! clock.
//!
//! [`State::update`] is the only way to change the state. The runtime carries out the [`Effect`]s and reports their
//! results as [`Event`]s. `view` draws the state and changes nothing.

mod actions;
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
use crate::store::trace::Links;
use bookmarks::Bookmarks;
use browser::Browser;
use browser::columns::Columns;
use connection::Connection;
use connections::Connections;
use dialogs::Dialogs;
use dialogs::compose::Draft;
pub(crate) use event::{Edited, Effect, Event};
use following::{BODY_PAUSE, Follow, Following};
use keymap::{Action, KeyMap};
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

/// The options with which the screen starts, from the command line and the configuration file.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScreenSettings {
    /// `user@host/database`.
    pub target: String,
    /// The options that choose this database on a command line, without a password. Empty if the environment or the
    /// default does, and for the demo, which no other program can open.
    pub to_connect: Vec<String>,
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
    /// The state that an earlier run saved.
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
            Event::FollowUnanswered { generation, since } => {
                self.following.unanswered(generation, since);
                Vec::new()
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
            Event::DraftsSaved(result) => {
                self.drafts_saved(result);
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
        if looks && self.dialogs.front().is_none() {
            effects.extend(self.browser.refresh_side(self.following.current.as_ref(), &mut self.requests));
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
        if let Some(caution) = self.browser.untold_caution.take() {
            self.notices.problem(caution, self.now);
        }
        effects
    }

    fn stop_following_if_left(&mut self) -> Option<Effect> {
        let stop = self.following.stop_if_left(&self.browser)?;
        // A toast that is already shown takes precedence.
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

#[cfg(test)]
pub(crate) mod tests;
