//! `P`: the pulse of a namespace: rates, consumers, blocking transactions and the doctor's findings. Each part is asked
//! for again while the page is open, and never otherwise. A part that fails shows its error, and the others go on.

mod going;
pub(crate) mod layout;
pub(crate) mod levels;
pub(crate) mod rates;

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp};

use super::choice::moved;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::following::Follow;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::pulse_part::{PulsePart, shown_range};
use crate::app::pulse_view::Pulse;
use crate::config::pulse::PulseLimits;
use crate::store::consumers::Consumer;
use crate::store::consumers::trend::Readings;
use crate::store::doctor::{CheckStatus, Finding};
use crate::store::pulse::{Blocker, CategoryRates, Holdups};
use layout::PulseLayout;

/// The keys, as the last line of the page shows them.
pub(crate) const KEYS: [DialogAction; 5] =
    [DialogAction::Accept, DialogAction::NextField, DialogAction::Refresh, DialogAction::Close, DialogAction::Help];

/// A transaction that is open for less than this is not shown: most end sooner.
const BRIEF: SignedDuration = SignedDuration::from_secs(1);
/// An answer stays fresh for this many times as long as the server took. The four parts together then cost less than a
/// hundredth of the time.
const SHARE: i32 = 400;
/// How long the statement about blocking transactions takes on an ordinary server. The rest of its time is on the way.
const STATEMENT: SignedDuration = SignedDuration::from_millis(5);
/// The longest time that an answer stays fresh.
const LONGEST: SignedDuration = SignedDuration::from_mins(1);
/// The rows that one notch of the wheel moves.
const NOTCH: usize = 3;

/// The open page.
#[derive(Debug)]
pub(crate) struct PulseDialog {
    pub namespace: String,
    pub limits: PulseLimits,
    pub rates: Option<CategoryRates>,
    /// The most urgent ones first, then by delay.
    pub consumers: Option<Vec<Consumer>>,
    pub holdups: Option<Holdups>,
    /// Everything that is not ok, worst first, and how many checks ran.
    pub findings: Option<(Vec<Finding>, usize)>,
    parts: [PartState; PulsePart::ALL.len()],
    /// How long a question and its answer were on the way at least.
    on_the_way: Option<SignedDuration>,
    readings: Readings,
    /// The part with the selection.
    pub part: PulsePart,
    cursors: [Cursor; PulsePart::ALL.len()],
    /// A text in place of the parts.
    pub detail: Option<Detail>,
}

/// When a part was asked for, and what became of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartState {
    /// When the answer came that is shown.
    pub seen: Option<Timestamp>,
    /// Why the last question failed.
    pub problem: Option<String>,
    asked: Option<Timestamp>,
    /// When to ask again; none for as soon as possible.
    due: Option<Timestamp>,
}

/// The selected row of a part. It keeps to its row when others come and go.
#[derive(Debug, Clone, Default)]
struct Cursor {
    index: usize,
    id: Option<String>,
}

impl Cursor {
    fn at(&self, ids: &[String]) -> usize {
        let same = self.id.as_ref().and_then(|id| ids.iter().position(|other| other == id));
        same.unwrap_or(self.index).min(ids.len().saturating_sub(1))
    }
}

/// A text with a title, one paragraph a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    pub title: String,
    pub lines: Vec<String>,
}

impl PulseDialog {
    /// Prepares the page of a namespace.
    #[must_use]
    pub(crate) fn new(namespace: String, limits: PulseLimits) -> Self {
        Self {
            namespace,
            limits,
            rates: None,
            consumers: None,
            holdups: None,
            findings: None,
            parts: Default::default(),
            on_the_way: None,
            readings: Readings::default(),
            part: PulsePart::Consumers,
            cursors: Default::default(),
            detail: None,
        }
    }

    #[must_use]
    pub(crate) fn state(&self, part: PulsePart) -> &PartState {
        &self.parts[part as usize]
    }

    /// Returns the parts to ask for now, and remembers that they are asked for. `waiting` tells which ones wait for an
    /// answer.
    pub(crate) fn take_due(
        &mut self,
        now: Timestamp,
        server_now: Timestamp,
        follow: Option<&Follow>,
        waiting: impl Fn(PulsePart) -> bool,
    ) -> Vec<PulsePart> {
        let mut due = Vec::new();
        for part in PulsePart::ALL {
            let state = &self.parts[part as usize];
            let is_known = part == PulsePart::Rates && self.follows_all_rates(server_now, follow);
            if waiting(part) || is_known || state.due.is_some_and(|due| due > now) {
                continue;
            }
            let state = &mut self.parts[part as usize];
            // A clock that is set back must not delay the next question for long.
            state.due = now.checked_add(LONGEST).ok();
            state.asked = Some(now);
            due.push(part);
        }
        due
    }

    /// Returns true if following covers all rates since the last answer.
    fn follows_all_rates(&self, server_now: Timestamp, follow: Option<&Follow>) -> bool {
        let Some(arrivals) = follow.and_then(|follow| follow.arrivals_in(&self.namespace)) else { return false };
        let seen = self.state(PulsePart::Rates).seen;
        let is_old = arrivals.since <= shown_range(server_now).start;
        arrivals.covers_everything() && (is_old || seen.is_some_and(|seen| seen >= arrivals.since))
    }

    /// Takes an answer.
    pub(crate) fn answered(&mut self, pulse: Pulse, now: Timestamp) {
        let part = match pulse {
            Pulse::Rates(rates) => {
                self.rates = Some(rates);
                PulsePart::Rates
            }
            Pulse::Consumers(mut consumers) => {
                self.readings.add(&mut consumers);
                consumers.sort_by(|a, b| {
                    let order = |one: &Consumer| (self.limits.level_of(one), one.delay, one.behind);
                    order(b).cmp(&order(a)).then_with(|| (&a.category, &a.name).cmp(&(&b.category, &b.name)))
                });
                self.consumers = Some(consumers);
                PulsePart::Consumers
            }
            Pulse::Holdups(holdups) => {
                self.holdups = Some(holdups);
                PulsePart::Holdups
            }
            Pulse::Findings(mut findings) => {
                let checks = findings.len();
                findings.retain(|finding| finding.status != CheckStatus::Ok);
                findings.sort_by_key(|finding| std::cmp::Reverse(finding.status));
                self.findings = Some((findings, checks));
                PulsePart::Findings
            }
        };
        let state = self.ended(part, now);
        state.seen = Some(now);
        state.problem = None;
    }

    /// Shows why a part cannot be shown.
    pub(crate) fn failed(&mut self, part: PulsePart, problem: String, now: Timestamp) {
        self.ended(part, now).problem = Some(problem);
    }

    /// Decides when to ask again: the longer the answer took, the later.
    fn ended(&mut self, part: PulsePart, now: Timestamp) -> &mut PartState {
        let state = &mut self.parts[part as usize];
        let took = state.asked.map_or(SignedDuration::ZERO, |asked| now.duration_since(asked));
        if part == PulsePart::Holdups {
            let rest = took.saturating_sub(STATEMENT).max(SignedDuration::ZERO);
            self.on_the_way = Some(self.on_the_way.map_or(rest, |least| least.min(rest)));
        }
        let on_the_way = self.on_the_way.unwrap_or_default().saturating_mul(part.round_trips());
        let cost = took.saturating_sub(on_the_way).max(SignedDuration::ZERO);
        let pause = cost.saturating_mul(SHARE).min(LONGEST).max(part.pause());
        state.due = now.checked_add(pause).ok();
        state
    }

    /// Makes every part due, because the user asks for it or because the server answers again: after that, old errors
    /// and old answers prove nothing.
    pub(crate) fn refresh(&mut self) {
        for state in &mut self.parts {
            state.due = None;
        }
    }

    /// Returns the transactions to show: those that are open for a second, the oldest first.
    #[must_use]
    pub(crate) fn blockers(&self) -> Vec<&Blocker> {
        let Some(holdups) = &self.holdups else { return Vec::new() };
        let is_long = |blocker: &&Blocker| holdups.server_time.duration_since(blocker.transaction.since) >= BRIEF;
        holdups.blockers.iter().filter(is_long).collect()
    }

    /// Returns what identifies each row of a part, in the order on screen.
    fn ids(&self, part: PulsePart, follow: Option<&Follow>, server_now: Timestamp) -> Vec<String> {
        match part {
            PulsePart::Rates => {
                self.rate_rows(follow, server_now).into_iter().map(|row| row.category.to_string()).collect()
            }
            PulsePart::Consumers => {
                let id = |one: &Consumer| format!("{:?} {:?} {}", one.convention, one.category, one.name);
                self.consumers.iter().flatten().map(id).collect()
            }
            PulsePart::Holdups => {
                self.blockers().into_iter().map(|blocker| blocker.transaction.transaction.clone()).collect()
            }
            PulsePart::Findings => self
                .findings
                .iter()
                .flat_map(|(findings, _)| findings)
                .map(|finding| finding.check.to_owned())
                .collect(),
        }
    }

    /// Returns the number of rows of a part and the index of the selected one.
    #[must_use]
    pub(crate) fn selection(&self, part: PulsePart, follow: Option<&Follow>, server_now: Timestamp) -> (usize, usize) {
        let ids = self.ids(part, follow, server_now);
        (ids.len(), self.cursors[part as usize].at(&ids))
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let action = context.pressed(DialogKind::Pulse, key);
        if self.detail.is_some() {
            if matches!(action, Some(DialogAction::Close | DialogAction::Accept)) {
                self.detail = None;
            }
            return Outcome::Stay;
        }
        match action {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::Accept) => return self.go(context),
            Some(DialogAction::Stream) => return self.go_to_positions(context),
            Some(DialogAction::NextField) => self.turn(1),
            Some(DialogAction::PreviousField) => self.turn(PulsePart::ALL.len() - 1),
            Some(DialogAction::Refresh) => self.refresh(),
            Some(DialogAction::First) => self.select(0, context),
            Some(DialogAction::Last) => self.select(usize::MAX, context),
            _ => self.step(action, context),
        }
        Outcome::Stay
    }

    /// Moves to another part.
    fn turn(&mut self, by: usize) {
        self.part = PulsePart::ALL[(self.part as usize + by) % PulsePart::ALL.len()];
    }

    /// Moves the selection. Beyond the last row of a part, it goes on in the next part with rows.
    fn step(&mut self, action: Option<DialogAction>, context: &DialogContext) {
        let (rows, selected) = self.selection(self.part, context.follow, context.server_now);
        let at = self.part as usize;
        let is_at_end = rows == 0 || selected + 1 == rows;
        let others: Option<(Vec<PulsePart>, usize)> = match action {
            Some(DialogAction::Down) if is_at_end => Some((PulsePart::ALL[at + 1..].to_vec(), 0)),
            Some(DialogAction::Up) if selected == 0 => {
                Some((PulsePart::ALL[..at].iter().rev().copied().collect(), usize::MAX))
            }
            _ => None,
        };
        if let Some((others, to)) = others {
            let has_rows = |part: &PulsePart| self.selection(*part, context.follow, context.server_now).0 > 0;
            if let Some(part) = others.into_iter().find(has_rows) {
                self.part = part;
                self.select(to, context);
            }
        } else if let Some(to) = moved(selected, rows, action) {
            self.select(to, context);
        }
    }

    fn select(&mut self, index: usize, context: &DialogContext) {
        let ids = self.ids(self.part, context.follow, context.server_now);
        let index = index.min(ids.len().saturating_sub(1));
        self.cursors[self.part as usize] = Cursor { index, id: ids.get(index).cloned() };
    }

    /// A click selects, a click on the selected row opens it, and the wheel moves the selection of the part under the
    /// pointer.
    pub(super) fn mouse(&mut self, mouse: MouseEvent, context: &DialogContext) -> Outcome {
        if self.detail.is_some() {
            if mouse.kind == MouseEventKind::Down(MouseButton::Left) {
                self.detail = None;
            }
            return Outcome::Stay;
        }
        let layout = PulseLayout::of(self, context.browser, context.follow, context.server_now);
        let Some((part, row)) = layout.at(mouse.column, mouse.row) else { return Outcome::Stay };
        let (rows, selected) = self.selection(part, context.follow, context.server_now);
        let to = match mouse.kind {
            MouseEventKind::ScrollDown => selected.saturating_add(NOTCH),
            MouseEventKind::ScrollUp => selected.saturating_sub(NOTCH),
            MouseEventKind::Down(MouseButton::Left) => match row {
                Some(row) if row < rows => {
                    if (self.part, selected) == (part, row) {
                        return self.go(context);
                    }
                    row
                }
                _ => selected,
            },
            _ => return Outcome::Stay,
        };
        self.part = part;
        self.select(to, context);
        Outcome::Stay
    }

    /// Returns the commands that closing causes.
    #[allow(clippy::unused_self, reason = "every dialog has this method")]
    pub(super) fn closed(&self) -> Vec<Command> {
        PulsePart::ALL.map(|part| Command::Cancel(part.slot())).into()
    }
}
