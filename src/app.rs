//! The screen's state and how it changes: events in, effects out. No I/O, no drawing, no clock of its own.
//!
//! [`State::update`] is the only way to change anything. The runtime carries out the [`Effect`]s and sends what comes of
//! them back as [`Event`]s; `view` draws the state and changes nothing.

pub mod browse;
pub mod compose;
pub mod connection;
pub mod copy;
pub mod count;
pub mod dialog;
pub mod filter;
pub mod find;
pub mod follow;
mod freshness;
pub mod goto;
pub mod help;
pub mod input;
pub mod keymap;
pub mod layout;
pub mod message;
pub mod messages;
pub mod mouse;
pub mod namespaces;
pub mod notices;
pub mod palette;
pub mod places;
pub mod request;
pub mod streams;
pub mod times;
mod trail;
pub mod window;
pub mod wrapped;

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::locator::Locator;
use crate::message::{Category, MessageHead};
use crate::store::browse::{CategoryRow, Scope};
use crate::store::tail::TailBatch;
use crate::store::{Filter, NamespaceInfo, StoreError};
use connection::Connection;
use dialog::Dialog;
use follow::Follow;
use keymap::{Action, Context, KeyMap};
use layout::{Layout, Pane, Shares};
use message::MessagePane;
use messages::Messages;
use notices::Notices;
use places::Places;
use request::{Answer, Outcome, Question, Requests, Slot};
use streams::Streams;
use times::Times;
use trail::Trail;
use window::Window;

/// What happens to the screen.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Time went by: spinners, toasts, relative times.
    Tick,
    /// The store answered.
    Answered {
        /// Who waits for it.
        slot: Slot,
        /// Which asking it belongs to.
        generation: u64,
        /// The answer, or why there is none.
        outcome: Outcome,
    },
    /// Following brought something.
    Followed {
        /// Which asking it belongs to.
        generation: u64,
        /// What came in.
        batch: TailBatch<MessageHead>,
    },
    /// Following was interrupted; the runtime carries on by itself where that makes sense.
    FollowFailed {
        /// Which asking it belongs to.
        generation: u64,
        /// What went wrong.
        error: std::sync::Arc<StoreError>,
    },
    /// `$EDITOR` was left; the text, or why there is none.
    Edited(Result<String, String>),
    /// Something was copied; how, or why not.
    Copied(Result<String, String>),
    /// Drafts of an earlier run were found, the oldest first.
    DraftsFound(Vec<compose::Draft>),
    /// A line for the log and a toast, from the runtime.
    Notice(String),
}

/// What the screen wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the store, after a while; the answer comes back with slot and generation.
    Ask {
        /// Who waits for it.
        slot: Slot,
        /// Which asking it belongs to.
        generation: u64,
        /// What is asked.
        question: Question,
        /// Wait so long before.
        after: Duration,
    },
    /// The answer is not wanted any more: end it, on the server too.
    Stop(Slot),
    /// Follow a scope from now on until stopped or replaced.
    Follow {
        /// Which asking it belongs to.
        generation: u64,
        /// The namespace's id.
        namespace: String,
        /// Whose messages.
        scope: Scope,
        /// Which of them.
        filter: Filter,
    },
    /// Follow no longer.
    StopFollowing,
    /// Put text on the clipboard; the second is what it is, for the toast.
    Copy {
        /// The raw text.
        text: String,
        /// What it is.
        what: &'static str,
    },
    /// Open text in `$EDITOR`; `suffix` is the file's.
    Edit {
        /// The text to edit.
        text: String,
        /// Ending of the file's name.
        suffix: &'static str,
    },
    /// Keep these drafts, and no others, where a crash does not reach them.
    SaveDrafts(Vec<compose::Draft>),
    /// Stop until the shell continues the program.
    Suspend,
    /// Leave.
    Quit,
}

/// How the screen was asked to be.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// `user@host/database`.
    pub target: String,
    /// A name and how much care it needs.
    pub profile: Profile,
    /// The program was told not to write.
    pub read_only: bool,
    /// The key map.
    pub keymap: KeyMap,
    /// Where to begin.
    pub locator: Option<Locator>,
    /// What `$EDITOR` and so on would open; for the footer.
    pub ascii: bool,
    /// No colours.
    pub no_color: bool,
    /// How times are shown at first.
    pub times: Times,
}

/// Which environment this is.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Shown in the header (`local`, `production`).
    pub name: String,
    /// One of the terminal's sixteen, by name.
    pub color: Option<String>,
    /// Red frame; writing asks for an upper-case `Y`.
    pub production: bool,
}

/// Everything that the screen shows.
#[derive(Debug)]
pub struct State {
    /// The terminal's area.
    pub area: Rect,
    /// The pane that takes keys.
    pub focus: Pane,
    /// The left pane whose selection the messages pane shows.
    pub active: Pane,
    /// Only the focused pane is shown.
    pub fullscreen: bool,
    /// How columns share the width.
    pub shares: Shares,
    /// The pane whose left border the mouse holds.
    dragged: Option<Pane>,
    /// How it was asked to be.
    pub setup: Setup,
    /// Whether the server answers.
    pub connection: Connection,
    /// Which answers are waited for.
    pub requests: Requests,
    /// The time of the last event.
    pub now: Timestamp,
    /// The namespaces.
    pub namespaces: Window<NamespaceInfo>,
    /// The categories of the selected namespace.
    pub categories: Window<CategoryRow>,
    /// The streams of the selected category.
    pub streams: Streams,
    /// The messages of what is selected.
    pub messages: Messages,
    /// The selected message.
    pub message: MessagePane,
    /// Following, where it is on.
    pub follow: Option<Follow>,
    /// Lists left behind, to come back to.
    pub places: Places,
    /// What is in front of the panes.
    pub dialog: Option<Dialog>,
    /// The drafts that are put aside; the last is the next to be opened.
    pub drafts: Vec<compose::Draft>,
    /// Toasts and the log.
    pub notices: Notices,
    /// What `/` looked for.
    pub find: find::Find,
    /// How times are shown.
    pub times: Times,
    /// Where the go-to box or a link is taking the screen.
    journey: Option<goto::Journey>,
    /// Where links and the go-to box were used.
    trail: Trail,
    /// The namespace whose categories are listed.
    shown_namespace: Option<String>,
    /// The namespace to select once the namespaces are there.
    wanted_namespace: Option<String>,
    /// The category to select once the categories are there.
    wanted_category: Option<Category>,
    /// The message that is open in `$EDITOR`, as a draft and as the text that was opened.
    in_editor: Option<(compose::Draft, String)>,
    /// How often following was started.
    followings: u64,
    /// When text was pasted last.
    pasted: Option<Timestamp>,
}

impl State {
    /// The first state: nothing loaded, nothing connected; and what is to be done first.
    #[must_use]
    pub fn new(setup: Setup, area: Rect, now: Timestamp) -> (Self, Vec<Effect>) {
        let mut state = Self {
            area,
            focus: Pane::Namespaces,
            active: Pane::Namespaces,
            fullscreen: false,
            shares: Shares::default(),
            dragged: None,
            times: setup.times,
            setup,
            connection: Connection::new(now),
            requests: Requests::default(),
            now,
            namespaces: Window::default(),
            categories: Window::default(),
            streams: Streams::default(),
            messages: Messages::default(),
            message: MessagePane::default(),
            follow: None,
            places: Places::default(),
            dialog: None,
            drafts: Vec::new(),
            notices: Notices::default(),
            find: find::Find::default(),
            journey: None,
            trail: Trail::default(),
            shown_namespace: None,
            wanted_namespace: None,
            wanted_category: None,
            in_editor: None,
            followings: 0,
            pasted: None,
        };
        let effects =
            vec![state.ask(Slot::Server, Question::Server), state.ask(Slot::Namespaces, Question::Namespaces)];
        (state, effects)
    }

    /// One event; gives what is to be done because of it.
    pub fn update(&mut self, event: Event, now: Timestamp) -> Vec<Effect> {
        self.now = now;
        match event {
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Resize(width, height) => {
                self.area = Rect::new(0, 0, width, height);
                self.reveal();
                Vec::new()
            }
            Event::Tick => {
                self.notices.expire(now);
                if let Some(follow) = &mut self.follow {
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
                    Err(why) => self.notices.problem(format!("not copied: {why}"), now),
                }
                Vec::new()
            }
            Event::DraftsFound(drafts) => {
                self.notices.done("a draft of an earlier run was kept: w opens it".to_owned(), now);
                self.drafts = drafts;
                Vec::new()
            }
            Event::Notice(text) => {
                self.notices.problem(text, now);
                Vec::new()
            }
        }
    }

    /// Whether time passing changes what is on screen.
    #[must_use]
    pub fn animated(&self) -> bool {
        self.requests.any()
            || self.notices.showing()
            || self.connection.is_down()
            || self.times == Times::Relative
            || self.follow.as_ref().is_some_and(Follow::is_ageing)
    }

    /// Where the panes lie.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout::new(self.area, self.focus, self.fullscreen, self.shares)
    }

    /// The namespace whose categories and messages are shown.
    #[must_use]
    pub fn namespace(&self) -> Option<&NamespaceInfo> {
        self.namespaces.selection()
    }

    fn ask(&mut self, slot: Slot, question: Question) -> Effect {
        self.ask_later(slot, question, Duration::ZERO)
    }

    fn ask_later(&mut self, slot: Slot, question: Question, after: Duration) -> Effect {
        let generation = self.requests.ask(slot, self.now);
        Effect::Ask { slot, generation, question, after }
    }

    fn context(&self) -> Context {
        match self.focus {
            Pane::Namespaces => Context::Namespaces,
            Pane::Categories => Context::Anywhere,
            Pane::Streams => Context::Streams,
            Pane::Messages => Context::Messages,
            Pane::Message => Context::Message,
        }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if self.dialog.is_some() {
            return self.dialog_key(key);
        }
        match self.setup.keymap.action(self.context(), key) {
            Some(action) => self.act(action),
            None => Vec::new(),
        }
    }

    /// Carries an action out, whether a key, the palette or the mouse asked for it.
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
            Action::NextPane => self.focus_on(self.focus.next()),
            Action::PreviousPane => self.focus_on(self.focus.previous()),
            Action::PaneNamespaces => self.focus_on(Pane::Namespaces),
            Action::PaneCategories => self.focus_on(Pane::Categories),
            Action::PaneStreams => self.focus_on(Pane::Streams),
            Action::PaneMessages => self.focus_on(Pane::Messages),
            Action::PaneMessage => self.focus_on(Pane::Message),
            Action::Fullscreen => {
                self.fullscreen = !self.fullscreen;
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
            Action::Fold => self.message.toggle(),
            Action::FoldAll => self.message.fold_all(),
            Action::UnfoldAll => self.message.unfold_all(),
            Action::Collapse => self.collapse(),
            Action::Expand => self.expand(),
            Action::RawText => self.message.next_form(),
            Action::PreviousMessage => self.step_message(-1),
            Action::NextMessage => self.step_message(1),
            Action::Write => self.open_compose(),
            Action::CloneMessage => self.clone_message(),
            Action::FollowUp => self.follow_up(),
            Action::Edit => self.edit_shown(),
            Action::Copy => self.open_copy(),
            Action::Times => {
                self.times = self.times.next();
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
            (Slot::Complete, answer) => self.completed(answer),
            (_, Answer::Version(version)) => self.version_answered(version),
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
            // Asked for only in the slots above.
            (
                _,
                Answer::Completions(_)
                | Answer::Written(_)
                | Answer::Since { .. }
                | Answer::Created(_)
                | Answer::Deleted { .. },
            ) => Vec::new(),
        }
    }
}
