//! Following: shows new messages of the scope on screen as they are committed. The view is tied to a message: while
//! paused, or while the selection is not on the newest row, nothing moves and new messages are only counted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::browser::Browser;
use super::browser::layout::Pane;
use super::browser::list_key::ListKey;
use super::browser::window::CAPACITY;
use super::event::Effect;
use super::notices::Notices;
use super::rates::{Arrivals, Rates};
use super::requests::Requests;
use super::stream_arrivals::StreamArrivals;
use crate::message::{GlobalPosition, MessageHead};
use crate::store::Filter;
use crate::store::browse::{PageFrom, Scope};
use crate::store::tail::{BlockingTransaction, Doubt, TailBatch, Tailed};

/// The period over which the rate is measured.
const RATE_SECONDS: i64 = 5;

/// A transaction that blocks for longer than this is shown: most transactions end sooner.
const WAITING: SignedDuration = SignedDuration::from_secs(1);
/// A transaction that blocks for longer than this is a problem: no healthy writer takes so long, and consumers make no
/// progress.
const STALLED: SignedDuration = SignedDuration::from_secs(10);

/// The newest message's body is read once no newer message has replaced it for this long. Nobody reads bodies that
/// change faster, and reading each of them would cost a query and a frame.
pub(super) const BODY_PAUSE: Duration = Duration::from_millis(100);

/// How long following has made no progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stall {
    No,
    /// Longer than [`WAITING`].
    Waiting,
    /// Longer than [`STALLED`], which needs attention.
    Stalled,
}

/// Following, if it is on.
#[derive(Debug, Default)]
pub(crate) struct Following {
    pub current: Option<Follow>,
    /// Counts how often following was started.
    pub(super) started: u64,
}

/// The state of following.
#[derive(Debug)]
pub(crate) struct Follow {
    /// Increases with every start. Batches of an older generation are dropped.
    pub generation: u64,
    /// Nothing moves until resumed.
    pub paused: bool,
    /// The selected message, if following is paused only while a view about a message is open.
    held_at: Option<GlobalPosition>,
    /// Messages that arrived while nothing moved.
    pub new: u64,
    /// Rows that were unloaded because the list is bounded. Scrolling reloads them.
    pub unloaded: u64,
    /// Messages that became visible after higher positions.
    pub late: u64,
    /// No message can appear at or below this position any more.
    pub final_to: GlobalPosition,
    /// The blocking transactions.
    pub blocked_by: Vec<BlockingTransaction>,
    /// The reason why messages may still appear below `final_to`, if there is one. A standby shows no locks, for
    /// example.
    pub caveat: Option<String>,
    /// The time between writing and seeing the newest message, by the clock of the server.
    lag: Option<SignedDuration>,
    /// The time at which transactions began to block, by the clock of the server.
    blocked_since: Option<Timestamp>,
    /// When a poll began that the server has not answered, if that is some seconds ago.
    pub unanswered_since: Option<Timestamp>,
    /// The error that interrupted following.
    pub error: Option<String>,
    recent: VecDeque<(Timestamp, u64)>,
    /// When counting began.
    counted_since: Option<Timestamp>,
    /// The streams of what arrived in the last minute.
    pub arrivals: StreamArrivals,
    /// The arrivals of the last minutes.
    pub rates: Rates,
    /// What arrived by category; none if only a part of a category is followed, or if nothing has come yet.
    arrivals_by_category: Option<Arrivals>,
    /// The list is filtered.
    filtered: bool,
    /// The first batch arrived.
    begun: bool,
    /// The list that is followed.
    list: ListKey,
    /// Messages that arrived while the list was loading, at most [`CAPACITY`].
    waiting: Vec<Tailed<MessageHead>>,
    /// The number of older messages that no longer fitted into `waiting`.
    dropped: u64,
}

impl Follow {
    fn new(generation: u64, list: ListKey, filtered: bool) -> Self {
        Self {
            generation,
            paused: false,
            held_at: None,
            new: 0,
            unloaded: 0,
            late: 0,
            final_to: 0,
            blocked_by: Vec::new(),
            caveat: None,
            lag: None,
            blocked_since: None,
            unanswered_since: None,
            error: None,
            recent: VecDeque::new(),
            counted_since: None,
            arrivals: StreamArrivals::new(),
            rates: Rates::default(),
            arrivals_by_category: None,
            filtered,
            begun: false,
            list,
            waiting: Vec::new(),
            dropped: 0,
        }
    }

    /// Returns the lag at a time of the server's clock. While a transaction blocks, this is the time since it began to
    /// block, otherwise the time that the newest message took. That of an old message says nothing about now, and
    /// neither does any while the server does not answer.
    #[must_use]
    pub(crate) fn lag(&self, now: Timestamp) -> Option<SignedDuration> {
        let is_current = !self.recent.is_empty() && self.unanswered_since.is_none();
        self.blocked_since.map(|since| now.duration_since(since)).or(self.lag.filter(|_| is_current))
    }

    /// Returns how long transactions have blocked at a time of the server's clock.
    #[must_use]
    pub(crate) fn stall(&self, now: Timestamp) -> Stall {
        match self.blocked_since.map(|since| now.duration_since(since)) {
            Some(held) if held >= STALLED => Stall::Stalled,
            Some(held) if held >= WAITING => Stall::Waiting,
            _ => Stall::No,
        }
    }

    /// Returns how long the server has not answered a poll.
    #[must_use]
    pub(crate) fn silence(&self, now: Timestamp) -> Stall {
        match self.unanswered_since.map(|since| now.duration_since(since)) {
            Some(silent) if silent >= STALLED => Stall::Stalled,
            Some(_) => Stall::Waiting,
            None => Stall::No,
        }
    }

    /// Returns the messages per second over the last [`RATE_SECONDS`], or since following began.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a rate is shown with one decimal")]
    pub(crate) fn rate(&self, now: Timestamp) -> f64 {
        let longest = SignedDuration::from_secs(RATE_SECONDS);
        let count: u64 = self.recent.iter().filter(|(at, _)| *at >= now - longest).map(|(_, count)| count).sum();
        let counted = self.counted_since.map_or(longest, |since| now.duration_since(since).min(longest));
        count as f64 / counted.as_secs_f64().max(1.0)
    }

    /// Returns true if a list of the namespace is followed.
    #[must_use]
    pub(crate) fn is_of(&self, namespace: &str) -> bool {
        self.list.namespace == namespace
    }

    /// Returns true if every new message of the namespace arrives.
    #[must_use]
    pub(crate) fn is_of_everything(&self) -> bool {
        self.list.scope == Scope::Namespace && !self.filtered
    }

    /// Returns what arrived by category, if whole categories of the namespace are followed.
    #[must_use]
    pub(crate) fn arrivals_in(&self, namespace: &str) -> Option<&Arrivals> {
        self.arrivals_by_category.as_ref().filter(|_| self.is_of(namespace))
    }

    /// Counts the messages of a batch by category.
    fn count_by_category(&mut self, batch: &TailBatch<MessageHead>) {
        let only = match &self.list.scope {
            Scope::Namespace => None,
            Scope::Category(category) => Some(category.clone()),
            Scope::Member(..) | Scope::Stream(_) => return,
        };
        if self.filtered {
            return;
        }
        let now = batch.server_time;
        let arrivals = self.arrivals_by_category.get_or_insert_with(|| Arrivals::new(only, now));
        arrivals.count(batch.messages.iter().map(|tailed| &tailed.message), now);
    }

    /// Returns true while the displayed rate or age changes by itself.
    #[must_use]
    pub(crate) fn is_ageing(&self) -> bool {
        !self.recent.is_empty() || self.blocked_since.is_some() || self.unanswered_since.is_some()
    }

    fn count(&mut self, messages: usize, now: Timestamp) {
        self.counted_since.get_or_insert(now);
        let since = now - SignedDuration::from_secs(RATE_SECONDS);
        while self.recent.front().is_some_and(|(at, _)| *at < since) {
            self.recent.pop_front();
        }
        self.rates.count(messages as u64, now);
        if messages > 0 {
            self.recent.push_back((now, messages as u64));
        }
    }

    /// Drops arrivals outside the measured period, so that the rate falls to zero.
    pub(super) fn age(&mut self, now: Timestamp) {
        self.count(0, now);
        self.arrivals.count([].into_iter(), now);
    }
}

impl Following {
    /// Follows the list on screen with its filter, in place of any earlier following. The list is reloaded once
    /// following has begun, so that no message falls between reading and following.
    pub(super) fn start(&mut self, browser: &mut Browser) -> Option<Effect> {
        let list = browser.messages.key.clone()?;
        self.started += 1;
        let generation = self.started;
        let filtered = browser.messages.filter != Filter::default();
        self.current = Some(Follow::new(generation, list.clone(), filtered));
        browser.focus = Pane::Messages;
        if browser.messages.at_end() {
            browser.messages.select_newest();
        }
        let ListKey { namespace, scope } = list;
        let (filter, paths) = (browser.messages.filter.clone(), Arc::clone(&browser.messages.paths));
        Some(Effect::Follow { generation, namespace, scope, filter, paths })
    }

    pub(super) fn stop(&mut self) -> Option<Effect> {
        self.current.take().map(|_| Effect::StopFollowing)
    }

    /// Stops if another list is on screen than the one that is followed.
    pub(super) fn stop_if_left(&mut self, browser: &Browser) -> Option<Effect> {
        self.current.as_ref().filter(|follow| browser.messages.key.as_ref() != Some(&follow.list))?;
        self.stop()
    }

    pub(super) fn toggle_pause(&mut self, browser: &mut Browser, requests: &mut Requests) -> Option<Effect> {
        let follow = self.current.as_mut()?;
        follow.paused = !follow.paused;
        if follow.paused { None } else { self.go_live(browser, requests) }
    }

    /// Pauses while a view about a message is open, if the list moves along with new messages.
    pub(super) fn hold(&mut self, browser: &Browser) {
        if !self.is_live(browser) {
            return;
        }
        if let Some((follow, head)) = self.current.as_mut().zip(browser.messages.selection()) {
            (follow.paused, follow.held_at) = (true, Some(head.global_position));
        }
    }

    /// Ends such a pause. With `returns`, goes back to the newest message if the selection has not moved.
    pub(super) fn end_hold(&mut self, returns: bool, browser: &mut Browser, requests: &mut Requests) -> Option<Effect> {
        let follow = self.current.as_mut()?;
        let held_at = follow.held_at.take()?;
        follow.paused = false;
        let selected = browser.messages.selection().map(|head| head.global_position);
        if returns && selected == Some(held_at) { self.go_live(browser, requests) } else { None }
    }

    /// Returns to the newest message, and reloads the end of the list if messages arrived that it did not take in.
    pub(super) fn go_live(&mut self, browser: &mut Browser, requests: &mut Requests) -> Option<Effect> {
        let follow = self.current.as_mut()?;
        follow.paused = false;
        let missed = std::mem::take(&mut follow.new);
        if missed > 0 || !browser.messages.at_end() {
            return browser.messages.read_from(PageFrom::End, requests);
        }
        browser.messages.select_newest();
        None
    }

    /// Returns true if the view moves along with new messages.
    #[must_use]
    pub(crate) fn is_live(&self, browser: &Browser) -> bool {
        self.current.as_ref().is_some_and(|follow| !follow.paused) && browser.messages.is_on_newest()
    }

    /// Receives a batch. Its messages wait until [`Following::insert_arrivals`].
    pub(super) fn received(
        &mut self,
        generation: u64,
        batch: TailBatch<MessageHead>,
        browser: &mut Browser,
        requests: &mut Requests,
        notices: &mut Notices,
    ) -> Vec<Effect> {
        let Some(follow) = self.current.as_mut().filter(|follow| follow.generation == generation) else {
            return Vec::new();
        };
        let begins = !std::mem::replace(&mut follow.begun, true);
        let lost_messages = lost_messages(&batch);
        follow.update_status(&batch, requests.now());
        let namespace = follow.list.namespace.clone();
        let heads = batch.messages.iter().map(|tailed| &tailed.message);
        let mut effects = browser.include_new_messages(&namespace, heads, requests);
        if browser.messages.key.as_ref() != Some(&follow.list) {
            return effects;
        }
        follow.waiting.extend(batch.messages);
        let is_different = lost_messages.is_some();
        if let Some(problem) = lost_messages {
            notices.problem(problem, requests.now());
            // It is unknown which messages have disappeared.
            effects.extend(browser.reload_side_panes(requests));
        }
        if begins || is_different {
            effects.extend(browser.messages.read_from(PageFrom::End, requests));
            effects.extend(browser.messages.renew_estimate(requests));
        }
        effects
    }

    /// Puts the messages that arrived into the list. While the list is loading newer messages, they wait: the answer
    /// may be older than they are and would replace them.
    pub(super) fn insert_arrivals(&mut self, browser: &mut Browser, requests: &mut Requests) -> Option<Effect> {
        let live = self.is_live(browser);
        let follow = self.current.as_mut()?;
        if browser.messages.is_on_newest() {
            // The user has moved to the newest message and so has seen them all, even while paused.
            follow.new = 0;
        }
        if follow.waiting.is_empty() {
            return None;
        }
        if browser.messages.awaits_newer() {
            let excess = follow.waiting.len().saturating_sub(CAPACITY);
            follow.waiting.drain(..excess);
            follow.dropped += excess as u64;
            return None;
        }
        let waiting = std::mem::take(&mut follow.waiting);
        let dropped = std::mem::take(&mut follow.dropped);
        // A poll that began before a column was added does not bring its values.
        let paths = &browser.messages.paths;
        let lacks_values = waiting.iter().any(|tailed| !tailed.message.values.has(paths));
        if (dropped > 0 || lacks_values) && live {
            return browser.messages.read_from(PageFrom::End, requests);
        }
        follow.new += dropped;
        for Tailed { message, late } in waiting {
            browser.messages.count_arrival(&message, late);
            if live || !browser.messages.is_newer(&message) {
                follow.unloaded += browser.messages.arrive(message, late) as u64;
            } else {
                follow.new += 1;
                browser.messages.newer_exist();
            }
        }
        if live {
            browser.messages.select_newest();
        }
        None
    }

    /// Shows that the server does not answer a poll, or has answered it.
    pub(super) fn unanswered(&mut self, generation: u64, since: Option<Timestamp>) {
        if let Some(follow) = self.current.as_mut().filter(|follow| follow.generation == generation) {
            follow.unanswered_since = since;
        }
    }

    /// Shows the error that interrupted following. Returns whether the last attempt ended otherwise; `None` if the
    /// error belongs to an earlier following.
    pub(super) fn failed(&mut self, generation: u64, error: String) -> Option<bool> {
        let follow = self.current.as_mut().filter(|follow| follow.generation == generation)?;
        follow.unanswered_since = None;
        let is_new = follow.error.as_ref() != Some(&error);
        follow.error = Some(error);
        Some(is_new)
    }
}

impl Follow {
    /// Takes over everything but the messages of a batch.
    fn update_status(&mut self, batch: &TailBatch<MessageHead>, now: Timestamp) {
        self.error = None;
        self.unanswered_since = None;
        self.final_to = batch.final_to;
        self.blocked_by.clone_from(&batch.blocked_by);
        self.blocked_since = batch.blocked_since;
        let doubts: Vec<&str> = batch.doubts.iter().map(Doubt::short).collect();
        self.caveat = match (doubts.is_empty(), batch.standby) {
            (false, _) => Some(format!("{}: late messages may be missed", doubts.join(", "))),
            (true, true) => Some("standby: waits 2 s at gaps".to_owned()),
            (true, false) => None,
        };
        self.count(batch.messages.len(), now);
        self.count_by_category(batch);
        self.arrivals.count(batch.messages.iter().map(|tailed| &tailed.message.stream), now);
        if let Some(newest) = batch.messages.last() {
            self.lag = Some(batch.server_time.duration_since(newest.message.time));
            self.late += batch.messages.iter().filter(|tailed| tailed.late).count() as u64;
        }
    }
}

/// Explains why messages that were seen have disappeared, if a batch reports it.
fn lost_messages(batch: &TailBatch<MessageHead>) -> Option<String> {
    if let Some(position) = batch.diverges_above {
        let above = if position > 0 { format!(" above position {position}") } else { String::new() };
        return Some(format!("The store was emptied, restored or failed over. Its messages{above} are different now."));
    }
    let (before, newest) = (batch.receded_from?, batch.newest);
    Some(format!("Messages were deleted or lost: the newest global position fell from {before} to {newest}."))
}
