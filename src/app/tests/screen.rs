//! A screen over a store in memory, driven by keys. Effects are carried out at once, but answers can be held.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;

use super::fake::{Fake, belongs, head, matches, noon, values};
use crate::app::keymap::Action;
use crate::app::request::{Outcome, Slot};
use crate::app::{Effect, Event, ScreenSettings, State};
use crate::message::{BodyPath, Message, MessageHead};
use crate::store::Filter;
use crate::store::browse::Scope;
use crate::store::tail::{BlockingTransaction, Doubt, TailBatch, Tailed};

/// A screen over a store in memory. Effects are carried out at once, but answers can be held.
pub(crate) struct Screen {
    pub state: State,
    pub fake: Fake,
    /// All effects except questions.
    pub outside: Vec<Effect>,
    /// Answers are computed at once but do not arrive until released.
    pub hold: bool,
    /// Every question that was asked, with the delay before it is sent.
    pub asked: Vec<(Slot, Duration)>,
    pub held: VecDeque<(Slot, u64, Outcome)>,
    /// The followed scope and filter, with the generation.
    pub followed: Option<(u64, Scope, Filter)>,
    /// The paths whose values come with followed messages.
    pub followed_paths: Arc<[BodyPath]>,
    pub now: Timestamp,
}

fn settings() -> ScreenSettings {
    ScreenSettings { target: "postgres@localhost/shop".to_owned(), ..ScreenSettings::default() }
}

impl Screen {
    pub(crate) fn new(fake: Fake) -> Self {
        Self::with(fake, settings(), 160, 45)
    }

    /// Creates a screen that holds all answers from the first question on.
    pub(crate) fn starting(fake: Fake) -> Self {
        Self::begin(fake, settings(), 160, 45, true)
    }

    pub(crate) fn with(fake: Fake, setup: ScreenSettings, width: u16, height: u16) -> Self {
        Self::begin(fake, setup, width, height, false)
    }

    fn begin(fake: Fake, setup: ScreenSettings, width: u16, height: u16, hold: bool) -> Self {
        let (state, effects) = State::new(setup, Rect::new(0, 0, width, height), noon());
        let mut screen = Self {
            state,
            fake,
            outside: Vec::new(),
            hold,
            asked: Vec::new(),
            held: VecDeque::new(),
            followed: None,
            followed_paths: Arc::default(),
            now: noon(),
        };
        screen.carry_out(effects);
        screen
    }

    pub(crate) fn send(&mut self, event: Event) {
        let effects = self.state.update(event, self.now);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut waiting: VecDeque<Effect> = effects.into();
        while let Some(effect) = waiting.pop_front() {
            match effect {
                Effect::Ask { slot, generation, question, after } => {
                    self.asked.push((slot, after));
                    let outcome = self.fake.answer(slot, &question);
                    if self.hold {
                        self.held.push_back((slot, generation, outcome));
                    } else {
                        waiting.extend(self.state.update(Event::Answered { slot, generation, outcome }, self.now));
                    }
                }
                Effect::Follow { generation, ref namespace, ref scope, ref filter, ref paths } => {
                    self.followed_paths = Arc::clone(paths);
                    // No messages are written to the other namespace.
                    self.followed = (namespace == "shop").then(|| (generation, scope.clone(), filter.clone()));
                    self.outside.push(effect);
                    // Following begins with an empty batch.
                    let begun = Event::Followed { generation, batch: batch(Vec::new(), self.now) };
                    waiting.extend(self.state.update(begun, self.now));
                }
                other => {
                    match &other {
                        Effect::StopFollowing => self.followed = None,
                        Effect::FollowPaths(paths) => self.followed_paths = Arc::clone(paths),
                        _ => {}
                    }
                    self.outside.push(other);
                }
            }
        }
    }

    /// Delivers all held answers, oldest first, and those to the questions that follow.
    pub(crate) fn release(&mut self) {
        self.hold = false;
        while self.release_one() {}
    }

    /// Delivers the oldest held answer. Returns false if there is none.
    pub(crate) fn release_one(&mut self) -> bool {
        let Some((slot, generation, outcome)) = self.held.pop_front() else { return false };
        self.send(Event::Answered { slot, generation, outcome });
        true
    }

    /// Writes a message as another program, and delivers it if it is followed.
    pub(crate) fn arrive(&mut self, stream: &str, kind: &str) -> Message {
        let message = self.fake.push(stream, kind, r#"{"amount": 1}"#, None);
        self.deliver(&message, false);
        message
    }

    /// Delivers a message through following, if it belongs to the followed scope.
    pub(crate) fn deliver(&mut self, message: &Message, late: bool) {
        let Some((generation, scope, filter)) = &self.followed else { return };
        let generation = *generation;
        if belongs(message, scope) && matches(filter, &head(message)) {
            let message = MessageHead { values: values(message, &self.followed_paths), ..head(message) };
            let batch = batch(vec![Tailed { message, late }], self.now);
            self.send(Event::Followed { generation, batch });
        }
    }

    /// Reports through following that a transaction has blocked for some seconds, or that none does.
    pub(crate) fn held_back(&mut self, holder: Option<BlockingTransaction>, seconds: i64) {
        let Some((generation, ..)) = &self.followed else { return };
        let generation = *generation;
        let blocked_since = holder.as_ref().map(|_| self.now - SignedDuration::from_secs(seconds));
        let batch = TailBatch {
            final_to: 30,
            newest: 31,
            blocked_by: holder.into_iter().collect(),
            blocked_since,
            ..batch(Vec::new(), self.now)
        };
        self.send(Event::Followed { generation, batch });
    }

    /// Reports through following why late messages may be missed.
    pub(crate) fn doubted(&mut self, doubts: Vec<Doubt>) {
        let Some((generation, ..)) = &self.followed else { return };
        let generation = *generation;
        let batch = TailBatch { doubts, ..batch(Vec::new(), self.now) };
        self.send(Event::Followed { generation, batch });
    }

    /// Reports through following that the store was replaced and has these messages now.
    pub(crate) fn replaced(&mut self, messages: &[Message]) {
        let Some((generation, ..)) = &self.followed else { return };
        let generation = *generation;
        let messages = messages.iter().map(|message| Tailed { message: head(message), late: false }).collect();
        let batch = TailBatch { diverges_above: Some(0), ..batch(messages, self.now) };
        self.send(Event::Followed { generation, batch });
    }

    pub(crate) fn key(&mut self, code: KeyCode) {
        self.send(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    pub(crate) fn ctrl(&mut self, letter: char) {
        self.send(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)));
    }

    /// Carries out an action, as its key or the palette would.
    pub(crate) fn act(&mut self, action: Action) {
        let effects = self.state.act(action);
        self.carry_out(effects);
    }

    pub(crate) fn keys(&mut self, letters: &str) {
        for letter in letters.chars() {
            self.key(KeyCode::Char(letter));
        }
    }

    pub(crate) fn enter(&mut self) {
        self.key(KeyCode::Enter);
    }

    pub(crate) fn esc(&mut self) {
        self.key(KeyCode::Esc);
    }

    pub(crate) fn down(&mut self) {
        self.key(KeyCode::Down);
    }

    /// Enters a target into the omnibox.
    pub(crate) fn go_to(&mut self, target: &str) {
        self.keys(":");
        self.keys(target);
        self.enter();
    }

    /// Goes to a stream and holds the answers as soon as its list is on screen.
    pub(crate) fn go_to_stream_and_hold(&mut self, target: &str) {
        self.hold = true;
        self.go_to(target);
        let arrived = |state: &State| {
            state.browser.messages.key.as_ref().is_some_and(|list| matches!(list.scope, Scope::Stream(_)))
        };
        while !arrived(&self.state) {
            assert!(self.release_one(), "the stream exists");
        }
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.send(Event::Tick);
    }

    /// Returns the selected message as `stream@position`.
    pub(crate) fn selected(&self) -> String {
        self.state
            .browser
            .messages
            .selection()
            .map_or_else(String::new, |head| format!("{}@{}", head.stream, head.position))
    }

    pub(crate) fn terminal(&self) -> Terminal<TestBackend> {
        let area = self.state.browser.area;
        let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).expect("a test back end");
        terminal.draw(|frame| crate::view::draw(frame, &self.state)).expect("drawing to memory");
        terminal
    }

    /// Returns the text on screen.
    pub(crate) fn text(&self) -> String {
        let terminal = self.terminal();
        let buffer = terminal.backend().buffer();
        let line = |row: u16| -> String {
            (0..buffer.area.width)
                .map(|column| buffer[(column, row)].symbol())
                .collect::<String>()
                .trim_end()
                .to_owned()
        };
        (0..buffer.area.height).map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Returns a batch of final messages.
fn batch(messages: Vec<Tailed<MessageHead>>, now: Timestamp) -> TailBatch<MessageHead> {
    let newest = messages.iter().map(|tailed| tailed.message.global_position).max().unwrap_or(0);
    TailBatch {
        messages,
        final_to: newest,
        newest,
        blocked_by: Vec::new(),
        server_time: now,
        standby: false,
        unordered: false,
        has_more: false,
        receded_from: None,
        blocked_since: None,
        doubts: Vec::new(),
        diverges_above: None,
        continues_after: None,
        begins_above: false,
    }
}
