//! The state of the screen and its transitions: events in, effects out. Nothing in here does I/O, draws or reads a clock.
//!
//! [`State::update`] is the only way to change the state. The runtime carries out the [`Effect`]s and reports their results
//! as [`Event`]s. `view` draws the state and changes nothing.

mod administration;
pub mod browse;
pub mod browser;
mod commands;
pub mod connection;
pub mod count;
pub mod dialogs;
mod drafts;
mod filtering;
pub mod find;
pub mod follow;
mod freshness;
pub mod goto;
pub mod input;
pub mod keymap;
pub mod layout;
mod listed_names;
pub mod message;
pub mod messages;
pub mod mouse;
pub mod notices;
pub mod places;
mod random;
pub mod request;
pub mod streams;
pub mod text_search;
pub mod times;
mod trail;
pub mod window;
pub mod wrapped;
mod writing;

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::locator::Locator;
use crate::message::MessageHead;
use crate::store::browse::Scope;
use crate::store::tail::TailBatch;
use crate::store::{Filter, NamespaceInfo, StoreError};
use browser::Browser;
use connection::Connection;
use dialogs::Dialogs;
use dialogs::compose::Draft;
use follow::{Follow, Following};
use keymap::{Action, Context, KeyMap};
use layout::{Layout, Pane};
use notices::Notices;
use random::Random;
use request::{Answer, Outcome, Question, Requests, Slot};
use times::Times;
use window::Window;

/// An input to [`State::update`].
#[derive(Debug)]
pub enum Event {
    Key(KeyEvent),
    Paste(String),
    Mouse(MouseEvent),
    /// The new width and height of the terminal.
    Resize(u16, u16),
    /// Advances spinners, toasts and relative times.
    Tick,
    /// The store answered a question, or failed to.
    Answered {
        slot: Slot,
        generation: u64,
        outcome: Outcome,
    },
    /// A poll while following returned.
    Followed {
        generation: u64,
        batch: TailBatch<MessageHead>,
    },
    /// Following was interrupted. The runtime resumes it by itself if the error can pass.
    FollowFailed {
        generation: u64,
        error: std::sync::Arc<StoreError>,
    },
    /// `$EDITOR` exited: the edited text, or the reason why there is none.
    Edited(Result<String, String>),
    /// A copy finished: the text of its toast, or the reason why it failed.
    Copied(Result<String, String>),
    /// Drafts from an earlier run, oldest first.
    DraftsFound(Vec<Draft>),
    /// A problem for the log and a toast, reported by the runtime.
    Notice(String),
}

/// A request from the state to the runtime.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Asks the store, after a delay. The answer carries the same slot and generation.
    Ask {
        slot: Slot,
        generation: u64,
        question: Question,
        after: Duration,
    },
    /// Cancels the question in a slot, on the server too.
    Stop(Slot),
    /// Follows a scope until stopped or replaced.
    Follow {
        generation: u64,
        namespace: String,
        scope: Scope,
        filter: Filter,
    },
    StopFollowing,
    /// Copies `text` to the clipboard; the toast calls it `what`.
    Copy {
        text: String,
        what: &'static str,
    },
    /// Opens `text` in `$EDITOR`, in a file whose name ends in `suffix`.
    Edit {
        text: String,
        suffix: &'static str,
    },
    /// Replaces the drafts on disk, which survive a crash.
    SaveDrafts(Vec<Draft>),
    /// Stops the program until the shell continues it.
    Suspend,
    Quit,
}

/// The options that the screen starts with, from the command line and the configuration file.
#[derive(Debug, Clone, Default)]
pub struct ScreenSettings {
    /// `user@host/database`.
    pub target: String,
    pub profile: Profile,
    /// `--read-only` was given.
    pub read_only: bool,
    pub keymap: KeyMap,
    /// The location to open first.
    pub locator: Option<Locator>,
    /// Draws with ASCII characters only.
    pub ascii: bool,
    pub no_color: bool,
    /// The format of times.
    pub times: Times,
    /// The seed of IDs and random numbers.
    pub seed: u64,
}

/// An environment, such as production, and the care that it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Shown in the header (`local`, `production`).
    pub name: String,
    /// The name of a terminal colour.
    pub color: Option<String>,
    /// Draws a red frame, and asks for an upper-case `Y` before writing.
    pub production: bool,
}

/// The whole state of the screen.
#[derive(Debug)]
pub struct State {
    pub browser: Browser,
    pub following: Following,
    pub connection: Connection,
    pub requests: Requests,
    pub dialogs: Dialogs,
    pub notices: Notices,
    pub settings: ScreenSettings,
    /// The time of the last event.
    pub now: Timestamp,
    /// The source of IDs and random numbers.
    random: Random,
}

impl State {
    /// Returns the initial state, with nothing loaded, and the first effects.
    #[must_use]
    pub fn new(settings: ScreenSettings, area: Rect, now: Timestamp) -> (Self, Vec<Effect>) {
        let mut state = Self {
            browser: Browser::new(area),
            following: Following::default(),
            connection: Connection::new(now),
            requests: Requests::default(),
            dialogs: Dialogs::default(),
            notices: Notices::default(),
            random: Random::new(settings.seed),
            settings,
            now,
        };
        let effects =
            vec![state.ask(Slot::Server, Question::Server), state.ask(Slot::Namespaces, Question::Namespaces)];
        (state, effects)
    }

    /// Applies an event and returns the effects that follow from it.
    pub fn update(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        match event {
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Resize(width, height) => {
                self.browser.area = Rect::new(0, 0, width, height);
                self.reveal();
                Vec::new()
            }
            Event::Tick => {
                self.notices.expire(now);
                if let Some(follow) = &mut self.following.current {
                    follow.age(now);
                }
                Vec::new()
            }
            Event::Answered { slot, generation, outcome } => {
                if !self.requests.accept(slot, generation) {
                    return Vec::new();
                }
                let mut effects = match outcome {
                    Ok(answer) => self.answered(slot, answer),
                    Err(error) => self.failed(slot, &error),
                };
                self.reveal();
                effects.extend(self.take_held());
                effects.extend(self.follow_selection());
                effects
            }
            Event::Followed { generation, batch } => self.followed(generation, batch),
            Event::FollowFailed { generation, error } => self.follow_failed(generation, &error),
            Event::Edited(text) => self.edited(text),
            Event::Copied(outcome) => {
                match outcome {
                    Ok(how) => self.notices.done(how, now),
                    Err(why) => self.notices.problem(format!("Cannot copy: {why}"), now),
                }
                Vec::new()
            }
            Event::DraftsFound(drafts) => {
                let found = match drafts.len() {
                    1 => "Found a draft from an earlier run. Press w to open it.".to_owned(),
                    more => format!("Found {more} drafts from an earlier run. Press w to open the latest."),
                };
                self.notices.done(found, now);
                self.dialogs.drafts = drafts;
                Vec::new()
            }
            Event::Notice(text) => {
                self.notices.problem(text, now);
                Vec::new()
            }
        }
    }

    /// Returns true if the passing of time alone changes the screen.
    #[must_use]
    pub fn animated(&self) -> bool {
        self.requests.any()
            || self.notices.showing()
            || self.connection.is_down()
            || self.settings.times == Times::Relative
            || self.following.current.as_ref().is_some_and(Follow::is_ageing)
    }

    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout::new(self.browser.area, self.browser.focus, self.browser.fullscreen, self.browser.shares)
    }

    /// The namespace whose categories and messages are shown.
    #[must_use]
    pub fn namespace(&self) -> Option<&NamespaceInfo> {
        self.browser.namespaces.selection()
    }

    fn ask(&mut self, slot: Slot, question: Question) -> Effect {
        self.ask_later(slot, question, Duration::ZERO)
    }

    fn ask_later(&mut self, slot: Slot, question: Question, after: Duration) -> Effect {
        let generation = self.requests.ask(slot, self.now);
        Effect::Ask { slot, generation, question, after }
    }

    fn context(&self) -> Context {
        match self.browser.focus {
            Pane::Namespaces => Context::Namespaces,
            Pane::Categories => Context::Anywhere,
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

    /// Carries out an action, whether it comes from a key, the palette or the mouse.
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        let mut effects = match action {
            Action::Down => self.step(1),
            Action::Up => self.step(-1),
            Action::PageDown => self.step(self.page_rows()),
            Action::PageUp => self.step(-self.page_rows()),
            Action::HalfDown => self.step(self.page_rows() / 2),
            Action::HalfUp => self.step(-(self.page_rows() / 2)),
            Action::First => self.go_first(),
            Action::Last => self.go_last(),
            Action::Deeper => self.deeper(),
            Action::Back => self.back(),
            Action::NextPane => self.focus_on(self.browser.focus.next()),
            Action::PreviousPane => self.focus_on(self.browser.focus.previous()),
            Action::PaneNamespaces => self.focus_on(Pane::Namespaces),
            Action::PaneCategories => self.focus_on(Pane::Categories),
            Action::PaneStreams => self.focus_on(Pane::Streams),
            Action::PaneMessages => self.focus_on(Pane::Messages),
            Action::PaneMessage => self.focus_on(Pane::Message),
            Action::Fullscreen => {
                self.browser.fullscreen = !self.browser.fullscreen;
                Vec::new()
            }
            Action::Find => self.open_find(),
            Action::FindNext => self.find_again(true),
            Action::FindPrevious => self.find_again(false),
            Action::Filter => self.open_filter(),
            Action::GoTo => self.open_goto(),
            Action::Member => self.open_member(),
            Action::Order => self.change_order(),
            Action::Count => self.count_exactly(),
            Action::Follow => self.toggle_follow(),
            Action::Pause => self.toggle_pause(),
            Action::Fold => self.browser.message.toggle(),
            Action::FoldAll => self.browser.message.fold_all(),
            Action::UnfoldAll => self.browser.message.unfold_all(),
            Action::Collapse => self.collapse(),
            Action::Expand => self.expand(),
            Action::RawText => self.browser.message.next_form(),
            Action::PreviousMessage => self.step_message(-1),
            Action::NextMessage => self.step_message(1),
            Action::Write => self.open_compose(),
            Action::CloneMessage => self.clone_message(),
            Action::FollowUp => self.follow_up(),
            Action::Edit => self.edit_shown(),
            Action::Copy => self.open_copy(),
            Action::Times => {
                self.settings.times = self.settings.times.next();
                Vec::new()
            }
            Action::CreateNamespace => self.open_create_namespace(),
            Action::DeleteNamespace => self.open_delete_namespace(),
            Action::Refresh => self.refresh(),
            Action::Log => self.open_log(),
            Action::Palette => self.open_palette(),
            Action::Help => self.open_help(),
            Action::Suspend => vec![Effect::Suspend],
            Action::Quit => vec![Effect::Quit],
        };
        self.reveal();
        effects.extend(self.take_held());
        effects.extend(self.follow_selection());
        effects
    }

    fn answered(&mut self, slot: Slot, answer: Answer) -> Vec<Effect> {
        match (slot, answer) {
            (_, Answer::Completions(found)) => {
                if let Some(compose) = self.dialogs.compose() {
                    compose.offer(found);
                }
                Vec::new()
            }
            (_, Answer::Version(version)) => {
                if let Some(compose) = self.dialogs.compose() {
                    compose.version_answered(version);
                }
                Vec::new()
            }
            (Slot::Write, answer) => self.write_answered(answer),
            (Slot::Admin, answer) => self.admin_answered(answer),
            (_, Answer::Server(info)) => self.connected(info),
            (_, Answer::Namespaces(namespaces)) => self.namespaces_listed(namespaces),
            (_, Answer::Categories(categories)) => self.categories_listed(categories),
            (_, Answer::Streams { from, rows, end }) => self.streams_listed(&from, rows, end),
            (_, Answer::RecentStreams { rows, next }) => self.recent_streams_listed(rows, next),
            (_, Answer::Page(page)) => self.page_arrived(page),
            (_, Answer::Search(step, range)) => self.search_step(step, range),
            (_, Answer::CountStep(step, range)) => self.matches_counted(step, range),
            (_, Answer::Message(message)) => self.message_arrived(message),
            (_, Answer::Count(count)) => self.counted(count),
            (_, Answer::Found(head)) => self.found(head),
            // Only the slots above ask for these.
            (_, Answer::Written(_) | Answer::Since { .. } | Answer::Created(_) | Answer::Deleted { .. }) => Vec::new(),
        }
    }
}

#[cfg(test)]
pub mod tests;
