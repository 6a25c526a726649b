//! `T`: the trace of a message, as a tree or as lanes of streams, or the messages of its workflow. The message pane follows the
//! selection. Messages appear as they are found, and new ones while following; closing ends the search.

use std::time::Duration;

use crossterm::event::KeyEvent;

use super::choice::moved;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::request::{Question, Slot, TraceStep, Traces};
use crate::app::trace_view::{TraceRow, TraceView};
use crate::locator::{Destination, Target};
use crate::message::GlobalPosition;
use crate::store::trace::DEFAULT_EXTENT;

/// The keys, as the last line of the dialog shows them.
pub(crate) const KEYS: [DialogAction; 4] =
    [DialogAction::Accept, DialogAction::Lanes, DialogAction::Further, DialogAction::Close];

/// The least time between new messages and the search among them, because they can arrive many times a second.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// The open trace.
#[derive(Debug)]
pub(crate) struct TraceDialog {
    namespace: String,
    start: GlobalPosition,
    pub of: Traces,
    extent: i64,
    /// The newest global position that following has reported.
    newest: GlobalPosition,
    /// A step was asked for and not answered yet.
    waits: bool,
    /// Messages have arrived since it was asked for.
    is_behind: bool,
    /// `None` until the first answer.
    pub view: Option<TraceView>,
    /// Why the search failed.
    pub problem: Option<String>,
    /// The global position of the selected message, because rows move when effects appear above them.
    selected: GlobalPosition,
    /// Streams as columns instead of a tree.
    pub lanes: bool,
}

impl TraceDialog {
    /// Prepares the trace of a message, or the list of its workflow.
    #[must_use]
    pub(crate) fn new(namespace: String, start: GlobalPosition, of: Traces) -> Self {
        Self {
            namespace,
            start,
            of,
            extent: DEFAULT_EXTENT,
            newest: 0,
            waits: true,
            is_behind: false,
            view: None,
            problem: None,
            selected: start,
            lanes: false,
        }
    }

    /// Returns the question for a step.
    #[must_use]
    pub(crate) fn question(&self, step: TraceStep) -> Question {
        Question::Trace {
            namespace: self.namespace.clone(),
            global_position: self.start,
            of: self.of.clone(),
            extent: self.extent,
            step,
        }
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Notes that following has found messages, or a newer global position than before. Returns the question that continues a
    /// finished search. A search under way is continued once it is done.
    pub(crate) fn arrived(&mut self, newest: GlobalPosition, has_messages: bool) -> Option<Question> {
        if newest <= self.newest && !has_messages {
            return None;
        }
        self.newest = self.newest.max(newest);
        if std::mem::replace(&mut self.waits, true) {
            self.is_behind = true;
            return None;
        }
        Some(self.question(TraceStep::Extend))
    }

    /// Takes what was found so far. Returns the command for the next step.
    pub(crate) fn answered(&mut self, view: TraceView) -> Outcome {
        let done = view.done;
        self.problem = None;
        self.view = Some(view);
        if !done {
            return Outcome::Do(vec![Command::Ask(Slot::Trace, self.question(TraceStep::Next))]);
        }
        self.waits = std::mem::take(&mut self.is_behind);
        if !self.waits {
            return Outcome::Stay;
        }
        Outcome::Do(vec![Command::AskLater(Slot::Trace, self.question(TraceStep::Extend), PAUSE)])
    }

    pub(crate) fn failed(&mut self, problem: String) {
        self.problem = Some(problem);
        (self.waits, self.is_behind) = (false, false);
    }

    /// Returns the rows in the order on screen: as a tree, or by global position for lanes and workflows.
    #[must_use]
    pub(crate) fn rows(&self) -> Vec<&TraceRow> {
        let mut rows: Vec<&TraceRow> = self.view.iter().flat_map(|view| &view.rows).collect();
        if self.lanes || self.of != Traces::CausesAndEffects {
            rows.sort_by_key(|row| row.head.global_position);
        }
        rows
    }

    /// Returns the index of the selected row.
    #[must_use]
    pub(crate) fn selection(&self, rows: &[&TraceRow]) -> usize {
        rows.iter().position(|row| row.head.global_position == self.selected).unwrap_or(0)
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let rows = self.rows();
        let selected = self.selection(&rows);
        let last = rows.len().saturating_sub(1);
        let action = context.pressed(DialogKind::Trace, key);
        let to = match action {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::Accept) => return self.go(rows.get(selected).copied()),
            Some(DialogAction::Lanes) => {
                self.lanes = !self.lanes;
                return Outcome::Stay;
            }
            Some(DialogAction::Further) => return self.further(),
            Some(DialogAction::First) => 0,
            Some(DialogAction::Last) => last,
            _ => match moved(selected, rows.len(), action) {
                Some(to) => to,
                None => return Outcome::Stay,
            },
        };
        let Some(head) = rows.get(to).map(|row| row.head.clone()) else { return Outcome::Stay };
        self.selected = head.global_position;
        Outcome::Do(vec![Command::ShowMessage(self.namespace.clone(), Box::new(head))])
    }

    fn go(&self, row: Option<&TraceRow>) -> Outcome {
        let Some(TraceRow { head, .. }) = row else { return Outcome::Stay };
        let place = Target::StreamPosition(head.stream.clone(), head.position);
        let mut commands = self.closed();
        commands.push(Command::Navigate(self.namespace.clone(), Destination::here(place)));
        Outcome::Finish(commands)
    }

    /// Searches ten times as far.
    fn further(&mut self) -> Outcome {
        self.extent = self.extent.saturating_mul(10);
        self.waits = true;
        Outcome::Do(vec![Command::Ask(Slot::Trace, self.question(TraceStep::First))])
    }

    /// Returns the commands that closing causes.
    #[allow(clippy::unused_self, reason = "every dialog has this method")]
    pub(super) fn closed(&self) -> Vec<Command> {
        vec![Command::Cancel(Slot::Trace), Command::ShowSelected]
    }
}
