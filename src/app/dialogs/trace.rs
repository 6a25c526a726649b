//! `T`: the trace of a message, as a tree or as lanes of streams. The message pane follows the selection. Effects appear as they
//! are found; closing ends the search.

use crossterm::event::KeyEvent;

use super::choice::moved;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::request::{Question, Slot};
use crate::app::trace_view::{TraceRow, TraceView};
use crate::locator::{Destination, Target};
use crate::message::GlobalPosition;
use crate::store::trace::DEFAULT_EXTENT;

/// The keys, as the last line of the dialog shows them.
pub(crate) const KEYS: [DialogAction; 4] =
    [DialogAction::Accept, DialogAction::Lanes, DialogAction::Further, DialogAction::Close];

/// The open trace.
#[derive(Debug)]
pub(crate) struct TraceDialog {
    namespace: String,
    start: GlobalPosition,
    extent: i64,
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
    /// Prepares the trace of a message.
    #[must_use]
    pub(crate) fn new(namespace: String, start: GlobalPosition) -> Self {
        Self { namespace, start, extent: DEFAULT_EXTENT, view: None, problem: None, selected: start, lanes: false }
    }

    /// Returns the question for the first step, or for the next one.
    #[must_use]
    pub(crate) fn question(&self, first: bool) -> Question {
        Question::Trace { namespace: self.namespace.clone(), global_position: self.start, extent: self.extent, first }
    }

    /// Takes what was found so far. Returns the command for the next step.
    pub(crate) fn answered(&mut self, view: TraceView) -> Outcome {
        let done = view.done;
        self.problem = None;
        self.view = Some(view);
        if done { Outcome::Stay } else { Outcome::Do(vec![Command::Ask(Slot::Trace, self.question(false))]) }
    }

    pub(crate) fn failed(&mut self, problem: String) {
        self.problem = Some(problem);
    }

    /// Returns the rows in the order on screen: as a tree, or by global position for lanes.
    #[must_use]
    pub(crate) fn rows(&self) -> Vec<&TraceRow> {
        let mut rows: Vec<&TraceRow> = self.view.iter().flat_map(|view| &view.rows).collect();
        if self.lanes {
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
        Outcome::Do(vec![Command::Ask(Slot::Trace, self.question(true))])
    }

    /// Returns the commands that closing causes.
    #[allow(clippy::unused_self, reason = "every dialog has this method")]
    pub(super) fn closed(&self) -> Vec<Command> {
        vec![Command::Cancel(Slot::Trace), Command::ShowSelected]
    }
}
