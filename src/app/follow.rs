//! Following: new messages of the scope on screen as they are committed. The view is tied to a message: while paused, or
//! while the selection is not on the newest row, nothing moves and what is new is counted.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::layout::Pane;
use super::messages::Place;
use super::window::CAPACITY;
use super::{Effect, State};
use crate::message::{GlobalPosition, MessageHead};
use crate::store::StoreError;
use crate::store::browse::PageFrom;
use crate::store::tail::{Doubt, Holder, TailBatch, Tailed};

/// The rate is that of the last seconds.
const RATE_SECONDS: i64 = 5;

/// Something is held back for longer than this: most transactions are over by then.
const WAITING: SignedDuration = SignedDuration::from_secs(1);
/// For longer than this: no healthy writer takes so long, and consumers of the store stand still.
const STALLED: SignedDuration = SignedDuration::from_secs(10);

/// Whether transactions hold back what could be final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stall {
    /// Nobody does.
    No,
    /// For a while.
    Waiting,
    /// For so long that somebody should look.
    Stalled,
}

/// What is known while following.
#[derive(Debug)]
pub struct Follow {
    /// Rises with every start; batches of an older one are dropped.
    pub generation: u64,
    /// Nothing moves until resumed.
    pub paused: bool,
    /// Came in while nothing moved.
    pub new: u64,
    /// Rows that the bounded list let go of; they can be read again by scrolling.
    pub let_go: u64,
    /// Became visible after higher positions.
    pub late: u64,
    /// Nothing at or below can appear any more.
    pub complete_to: GlobalPosition,
    /// The sequence's last value.
    pub last_value: GlobalPosition,
    /// Transactions that keep the horizon back.
    pub waiting_for: Vec<Holder>,
    /// Why what is called complete may not be, if so: a standby shows no locks, or numbers are not drawn in order.
    pub caveat: Option<String>,
    /// From the newest message's time to when it was seen, by the server's clock.
    lag: Option<SignedDuration>,
    /// Since when the oldest thing is held back, by the server's clock.
    held_since: Option<Timestamp>,
    /// What interrupts it.
    pub error: Option<String>,
    arrivals: VecDeque<(Timestamp, u64)>,
    /// The first batch was there.
    begun: bool,
    /// Came in while the list waited for an answer, at most as many as a list holds.
    held: Vec<Tailed<MessageHead>>,
    /// How many more came in before those.
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
            complete_to: 0,
            last_value: 0,
            waiting_for: Vec::new(),
            caveat: None,
            lag: None,
            held_since: None,
            error: None,
            arrivals: VecDeque::new(),
            begun: false,
            held: Vec::new(),
            not_held: 0,
        }
    }

    /// How far what is final lies behind, at a moment of the server's clock: while something is held back, as long as that has been
    /// so, else as long as the newest message took.
    #[must_use]
    pub fn lag(&self, now: Timestamp) -> Option<SignedDuration> {
        self.held_since.map(|since| now.duration_since(since)).or(self.lag)
    }

    /// Whether transactions hold something back, and for how long already.
    #[must_use]
    pub fn stall(&self, now: Timestamp) -> Stall {
        match self.held_since.map(|since| now.duration_since(since)) {
            Some(held) if held >= STALLED => Stall::Stalled,
            Some(held) if held >= WAITING => Stall::Waiting,
            _ => Stall::No,
        }
    }

    /// Messages a second over the last seconds before `now`.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a rate is shown with one decimal")]
    pub fn rate(&self, now: Timestamp) -> f64 {
        let since = now - SignedDuration::from_secs(RATE_SECONDS);
        let count: u64 = self.arrivals.iter().filter(|(at, _)| *at >= since).map(|(_, count)| count).sum();
        count as f64 / RATE_SECONDS as f64
    }

    /// Whether the rate on screen still falls, or an age rises.
    #[must_use]
    pub fn is_ageing(&self) -> bool {
        !self.arrivals.is_empty() || self.held_since.is_some()
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

    /// Forgets arrivals that no longer count, so that the rate comes to rest.
    pub(super) fn age(&mut self, now: Timestamp) {
        self.count(0, now);
    }
}

impl State {
    pub(super) fn toggle_follow(&mut self) -> Vec<Effect> {
        if self.follow.is_some() {
            let effects = self.stop_follow();
            self.notices.done("no longer following".to_owned(), self.now);
            return effects;
        }
        self.start_follow()
    }

    /// Follows what is on screen, with its filter, from now on. The list is read again once following has begun, so that nothing
    /// falls between reading and following. Where something was followed already, this takes its place.
    pub(super) fn start_follow(&mut self) -> Vec<Effect> {
        let Some(Place { namespace, scope }) = self.messages.place.clone() else { return Vec::new() };
        self.followings += 1;
        let generation = self.followings;
        self.follow = Some(Follow::new(generation));
        self.focus = Pane::Messages;
        if self.messages.at_end() {
            self.select_newest();
        }
        vec![Effect::Follow { generation, namespace, scope, filter: self.messages.filter.clone() }]
    }

    pub(super) fn stop_follow(&mut self) -> Vec<Effect> {
        if self.follow.take().is_some() { vec![Effect::StopFollowing] } else { Vec::new() }
    }

    pub(super) fn toggle_pause(&mut self) -> Vec<Effect> {
        let Some(follow) = &mut self.follow else { return Vec::new() };
        follow.paused = !follow.paused;
        if follow.paused { Vec::new() } else { self.go_live() }
    }

    /// Back to the newest message; what came in meanwhile is read where it did not fit.
    pub(super) fn go_live(&mut self) -> Vec<Effect> {
        let Some(follow) = &mut self.follow else { return Vec::new() };
        follow.paused = false;
        let missed = std::mem::take(&mut follow.new);
        if missed > 0 || !self.messages.at_end() {
            return self.read_from(PageFrom::End).into_iter().collect();
        }
        self.select_newest();
        Vec::new()
    }

    fn select_newest(&mut self) {
        let newest = if self.messages.newest_first { 0 } else { usize::MAX };
        self.messages.window.select(newest);
        self.reveal();
    }

    /// Whether the selection is on the newest message there is.
    pub(super) fn is_on_newest(&self) -> bool {
        let window = &self.messages.window;
        let on_edge =
            if self.messages.newest_first { window.selected() == 0 } else { window.selected() + 1 == window.len() };
        self.messages.at_end() && (window.is_empty() || on_edge)
    }

    /// Whether the view goes along with what comes in.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.follow.as_ref().is_some_and(|follow| !follow.paused) && self.is_on_newest()
    }

    pub(super) fn followed(&mut self, generation: u64, batch: TailBatch<MessageHead>) -> Vec<Effect> {
        let now = self.now;
        let Some(follow) = self.follow.as_mut().filter(|follow| follow.generation == generation) else {
            return Vec::new();
        };
        follow.error = None;
        follow.complete_to = batch.complete_to;
        follow.last_value = batch.last_value;
        follow.waiting_for = batch.waiting_for;
        follow.held_since = batch.held_since;
        let doubts: Vec<&str> = batch.doubts.iter().map(Doubt::short).collect();
        follow.caveat = match (doubts.is_empty(), batch.standby) {
            (false, _) => Some(format!("{}: late messages can be missed", doubts.join(", "))),
            (true, true) => Some("standby: bounded wait".to_owned()),
            (true, false) => None,
        };
        follow.count(batch.messages.len(), now);
        if let Some(newest) = batch.messages.last() {
            follow.lag = Some(batch.server_time.duration_since(newest.message.time));
            follow.late += batch.messages.iter().filter(|tailed| tailed.late).count() as u64;
        }
        let begins = !std::mem::replace(&mut follow.begun, true);
        let namespace = self.messages.place.as_ref().map(|place| place.namespace.clone()).unwrap_or_default();
        let mut aside = self.side_panes_follow(&namespace, batch.messages.iter().map(|tailed| &tailed.message));
        let Some(follow) = &mut self.follow else { return aside };
        follow.held.extend(batch.messages);
        if let Some(part) = batch.parts_above {
            let what = if part > 0 { format!("above {part} it holds") } else { "it holds".to_owned() };
            self.notices.problem(
                format!("the store was emptied, restored or failed over: {what} other messages than before"),
                now,
            );
        } else if let Some(before) = batch.went_back_from {
            let newest = batch.last_value;
            self.notices.problem(
                format!(
                    "messages were removed, or the server lost them: the newest was at {before} and is at {newest} now"
                ),
                now,
            );
        }
        let other = batch.went_back_from.is_some() || batch.parts_above.is_some();
        if other {
            // What is gone is not known.
            aside.extend(self.reread_side_panes());
        }
        if begins || other {
            aside.extend(self.read_from(PageFrom::End));
            return aside;
        }
        aside.extend(self.take_held());
        aside.extend(self.follow_selection());
        aside
    }

    /// Puts what came in into the list. While the list itself waits for newer messages it waits too: the answer may be older than
    /// what came, and would push it out.
    pub(super) fn take_held(&mut self) -> Vec<Effect> {
        let (live, on_newest) = (self.is_live(), self.is_on_newest());
        let Some(follow) = &mut self.follow else { return Vec::new() };
        if on_newest {
            // Paused or not: they were gone to, and are seen.
            follow.new = 0;
        }
        if follow.held.is_empty() {
            return Vec::new();
        }
        if self.messages.awaits_newer() {
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
            self.messages.count_one(&message, late);
            self.messages.found_one(&message, late);
            if live || !self.messages.is_newer(&message) {
                let_go += self.messages.arrive(message, late) as u64;
            } else {
                new += 1;
                self.messages.newer_exist();
            }
        }
        let follow = self.follow.as_mut().expect("following was checked above");
        follow.let_go += let_go;
        follow.new += new;
        if live {
            self.select_newest();
        }
        Vec::new()
    }

    pub(super) fn follow_failed(&mut self, generation: u64, error: &Arc<StoreError>) -> Vec<Effect> {
        let Some(follow) = self.follow.as_mut().filter(|follow| follow.generation == generation) else {
            return Vec::new();
        };
        follow.error = Some(error.to_string());
        if let StoreError::Unavailable { reason, obstacle, .. } = &**error
            && obstacle.is_passing()
        {
            self.lost(reason.clone())
        } else {
            self.notices.problem(format!("following: {error}"), self.now);
            Vec::new()
        }
    }
}
