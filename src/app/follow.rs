//! Following: shows new messages of the scope on screen as they are committed. The view is tied to a message: while paused,
//! or while the selection is not on the newest row, nothing moves and new messages are only counted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::layout::Pane;
use super::messages::Place;
use super::window::CAPACITY;
use super::{Effect, State};
use crate::message::{GlobalPosition, MessageHead};
use crate::store::StoreError;
use crate::store::browse::PageFrom;
use crate::store::tail::{BlockingTransaction, Doubt, TailBatch, Tailed};

/// The period over which the rate is measured.
const RATE_SECONDS: i64 = 5;

/// A transaction that blocks for longer than this is shown: most transactions end sooner.
const WAITING: SignedDuration = SignedDuration::from_secs(1);
/// A transaction that blocks for longer than this is a problem: no healthy writer takes so long, and consumers make no progress.
const STALLED: SignedDuration = SignedDuration::from_secs(10);

/// The newest message's body is read once no newer message has replaced it for this long. Nobody reads bodies that change
/// faster, and reading each of them would cost a query and a frame.
const BODY_PAUSE: Duration = Duration::from_millis(100);

/// How long transactions have blocked following.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stall {
    No,
    /// Longer than [`WAITING`].
    Waiting,
    /// Longer than [`STALLED`], which needs attention.
    Stalled,
}

/// Following, if it is on.
#[derive(Debug, Default)]
pub struct Following {
    pub current: Option<Follow>,
    /// Counts how often following was started.
    pub(super) started: u64,
}

/// The state of following.
#[derive(Debug)]
pub struct Follow {
    /// Increases with every start. Batches of an older generation are dropped.
    pub generation: u64,
    /// Nothing moves until resumed.
    pub paused: bool,
    /// Messages that arrived while nothing moved.
    pub new: u64,
    /// Rows that were unloaded because the list is bounded. Scrolling reloads them.
    pub let_go: u64,
    /// Messages that became visible after higher positions.
    pub late: u64,
    /// No message can appear at or below this position any more.
    pub final_to: GlobalPosition,
    /// The last value of the sequence.
    pub last_value: GlobalPosition,
    /// The blocking transactions.
    pub blocked_by: Vec<BlockingTransaction>,
    /// The reason why messages may still appear below `final_to`, if there is one. A standby shows no locks, for example.
    pub caveat: Option<String>,
    /// The time between writing and seeing the newest message, by the clock of the server.
    lag: Option<SignedDuration>,
    /// The time at which transactions began to block, by the clock of the server.
    blocked_since: Option<Timestamp>,
    /// The error that interrupted following.
    pub error: Option<String>,
    arrivals: VecDeque<(Timestamp, u64)>,
    /// The first batch arrived.
    begun: bool,
    /// Messages that arrived while the list was loading, at most [`CAPACITY`].
    held: Vec<Tailed<MessageHead>>,
    /// The number of older messages that no longer fitted into `held`.
    not_held: u64,
}

impl Follow {
    fn new(generation: u64) -> Self {
        Self {
            generation,
            paused: false,
            new: 0,
            let_go: 0,
            late: 0,
            final_to: 0,
            last_value: 0,
            blocked_by: Vec::new(),
            caveat: None,
            lag: None,
            blocked_since: None,
            error: None,
            arrivals: VecDeque::new(),
            begun: false,
            held: Vec::new(),
            not_held: 0,
        }
    }

    /// Returns the lag at a time of the server's clock. While a transaction blocks, this is the time since it began to block,
    /// otherwise the time that the newest message took.
    #[must_use]
    pub fn lag(&self, now: Timestamp) -> Option<SignedDuration> {
        self.blocked_since.map(|since| now.duration_since(since)).or(self.lag)
    }

    /// Returns how long transactions have blocked at a time of the server's clock.
    #[must_use]
    pub fn stall(&self, now: Timestamp) -> Stall {
        match self.blocked_since.map(|since| now.duration_since(since)) {
            Some(held) if held >= STALLED => Stall::Stalled,
            Some(held) if held >= WAITING => Stall::Waiting,
            _ => Stall::No,
        }
    }

    /// Returns the messages per second over the last [`RATE_SECONDS`].
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a rate is shown with one decimal")]
    pub fn rate(&self, now: Timestamp) -> f64 {
        let since = now - SignedDuration::from_secs(RATE_SECONDS);
        let count: u64 = self.arrivals.iter().filter(|(at, _)| *at >= since).map(|(_, count)| count).sum();
        count as f64 / RATE_SECONDS as f64
    }

    /// Returns true while the displayed rate or age changes by itself.
    #[must_use]
    pub fn is_ageing(&self) -> bool {
        !self.arrivals.is_empty() || self.blocked_since.is_some()
    }

    fn count(&mut self, messages: usize, now: Timestamp) {
        let since = now - SignedDuration::from_secs(RATE_SECONDS);
        while self.arrivals.front().is_some_and(|(at, _)| *at < since) {
            self.arrivals.pop_front();
        }
        if messages > 0 {
            self.arrivals.push_back((now, messages as u64));
        }
    }

    /// Drops arrivals outside the measured period, so that the rate falls to zero.
    pub(super) fn age(&mut self, now: Timestamp) {
        self.count(0, now);
    }
}

impl State {
    pub(super) fn toggle_follow(&mut self) -> Vec<Effect> {
        if self.following.current.is_some() {
            let effects = self.stop_follow();
            self.notices.done("Stopped following".to_owned(), self.now);
            return effects;
        }
        self.start_follow()
    }

    /// Follows the scope on screen with its filter, in place of any earlier following. The list is reloaded once following has
    /// begun, so that no message falls between reading and following.
    pub(super) fn start_follow(&mut self) -> Vec<Effect> {
        let Some(Place { namespace, scope }) = self.browser.messages.place.clone() else { return Vec::new() };
        self.following.started += 1;
        let generation = self.following.started;
        self.following.current = Some(Follow::new(generation));
        self.browser.focus = Pane::Messages;
        if self.browser.messages.at_end() {
            self.select_newest();
        }
        vec![Effect::Follow { generation, namespace, scope, filter: self.browser.messages.filter.clone() }]
    }

    pub(super) fn stop_follow(&mut self) -> Vec<Effect> {
        if self.following.current.take().is_some() { vec![Effect::StopFollowing] } else { Vec::new() }
    }

    pub(super) fn toggle_pause(&mut self) -> Vec<Effect> {
        let Some(follow) = &mut self.following.current else { return Vec::new() };
        follow.paused = !follow.paused;
        if follow.paused { Vec::new() } else { self.go_live() }
    }

    /// Returns to the newest message, and reloads the end of the list if messages arrived that it did not take in.
    pub(super) fn go_live(&mut self) -> Vec<Effect> {
        let Some(follow) = &mut self.following.current else { return Vec::new() };
        follow.paused = false;
        let missed = std::mem::take(&mut follow.new);
        if missed > 0 || !self.browser.messages.at_end() {
            return self.read_from(PageFrom::End).into_iter().collect();
        }
        self.select_newest();
        Vec::new()
    }

    fn select_newest(&mut self) {
        let newest = if self.browser.messages.newest_first { 0 } else { usize::MAX };
        self.browser.messages.window.select(newest);
        self.reveal();
    }

    /// Returns true if the selection is on the newest message of the scope.
    pub(super) fn is_on_newest(&self) -> bool {
        let window = &self.browser.messages.window;
        let on_edge = if self.browser.messages.newest_first {
            window.selected() == 0
        } else {
            window.selected() + 1 == window.len()
        };
        self.browser.messages.at_end() && (window.is_empty() || on_edge)
    }

    /// Returns true if the view moves along with new messages.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.following.current.as_ref().is_some_and(|follow| !follow.paused) && self.is_on_newest()
    }

    pub(super) fn followed(&mut self, generation: u64, batch: TailBatch<MessageHead>) -> Vec<Effect> {
        let now = self.now;
        let Some(follow) = self.following.current.as_mut().filter(|follow| follow.generation == generation) else {
            return Vec::new();
        };
        follow.error = None;
        follow.final_to = batch.final_to;
        follow.last_value = batch.newest;
        follow.blocked_by = batch.blocked_by;
        follow.blocked_since = batch.blocked_since;
        let doubts: Vec<&str> = batch.doubts.iter().map(Doubt::short).collect();
        follow.caveat = match (doubts.is_empty(), batch.standby) {
            (false, _) => Some(format!("{}: late messages may be missed", doubts.join(", "))),
            (true, true) => Some("standby: waits 2 s at gaps".to_owned()),
            (true, false) => None,
        };
        follow.count(batch.messages.len(), now);
        if let Some(newest) = batch.messages.last() {
            follow.lag = Some(batch.server_time.duration_since(newest.message.time));
            follow.late += batch.messages.iter().filter(|tailed| tailed.late).count() as u64;
        }
        let begins = !std::mem::replace(&mut follow.begun, true);
        let namespace = self.browser.messages.place.as_ref().map(|place| place.namespace.clone()).unwrap_or_default();
        let mut aside = self.side_panes_follow(&namespace, batch.messages.iter().map(|tailed| &tailed.message));
        let Some(follow) = &mut self.following.current else { return aside };
        follow.held.extend(batch.messages);
        if let Some(part) = batch.diverges_above {
            let above = if part > 0 { format!(" above position {part}") } else { String::new() };
            self.notices.problem(
                format!("The store was emptied, restored or failed over. Its messages{above} are different now."),
                now,
            );
        } else if let Some(before) = batch.receded_from {
            let newest = batch.newest;
            self.notices.problem(
                format!("Messages were deleted or lost: the newest global position fell from {before} to {newest}."),
                now,
            );
        }
        let other = batch.receded_from.is_some() || batch.diverges_above.is_some();
        if other {
            // Nothing tells which messages have disappeared.
            aside.extend(self.reread_side_panes());
        }
        if begins || other {
            aside.extend(self.read_from(PageFrom::End));
            return aside;
        }
        aside.extend(self.take_held());
        aside.extend(self.follow_selection_after(BODY_PAUSE));
        aside
    }

    /// Puts the messages that arrived into the list. While the list is loading newer messages, they are held: the answer may be
    /// older than they are and would replace them.
    pub(super) fn take_held(&mut self) -> Vec<Effect> {
        let (live, on_newest) = (self.is_live(), self.is_on_newest());
        let Some(follow) = &mut self.following.current else { return Vec::new() };
        if on_newest {
            // The user has moved to the newest message and so has seen them all, even while paused.
            follow.new = 0;
        }
        if follow.held.is_empty() {
            return Vec::new();
        }
        if self.browser.messages.awaits_newer() {
            let excess = follow.held.len().saturating_sub(CAPACITY);
            follow.held.drain(..excess);
            follow.not_held += excess as u64;
            return Vec::new();
        }
        let held = std::mem::take(&mut follow.held);
        let not_held = std::mem::take(&mut follow.not_held);
        if not_held > 0 && live {
            return self.read_from(PageFrom::End).into_iter().collect();
        }
        let (mut new, mut let_go) = (not_held, 0);
        for Tailed { message, late } in held {
            self.browser.messages.count_one(&message, late);
            self.browser.messages.found_one(&message, late);
            if live || !self.browser.messages.is_newer(&message) {
                let_go += self.browser.messages.arrive(message, late) as u64;
            } else {
                new += 1;
                self.browser.messages.newer_exist();
            }
        }
        let follow = self.following.current.as_mut().expect("following was checked above");
        follow.let_go += let_go;
        follow.new += new;
        if live {
            self.select_newest();
        }
        Vec::new()
    }

    pub(super) fn follow_failed(&mut self, generation: u64, error: &Arc<StoreError>) -> Vec<Effect> {
        let Some(follow) = self.following.current.as_mut().filter(|follow| follow.generation == generation) else {
            return Vec::new();
        };
        follow.error = Some(error.to_string());
        if let StoreError::Unavailable { reason, obstacle, .. } = &**error
            && obstacle.is_passing()
        {
            self.lost(reason.clone())
        } else {
            self.notices.problem(format!("Following interrupted: {error}"), self.now);
            Vec::new()
        }
    }
}
