//! `T`: the trace of a message, as a tree or as lanes of streams, or the messages of its workflow. The message pane
//! follows the selection. Messages appear as they are found, and new ones while following; closing ends the search.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::{Margin, Rect};

use super::choice::{Choosing, List, moved};
use super::frame::padded;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::browser::Browser;
use crate::app::browser::layout::Pane;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::request::{Question, Slot, TraceStep, Traces};
use crate::app::trace_view::{TraceRow, TraceView};
use crate::locator::{Destination, Target};
use crate::message::GlobalPosition;
use crate::store::trace::DEFAULT_EXTENT;
use crate::wrapping::wrap;

/// The keys, as the last line of the dialog shows them.
pub(crate) const KEYS: [DialogAction; 5] =
    [DialogAction::Accept, DialogAction::Lanes, DialogAction::Further, DialogAction::Close, DialogAction::Help];

/// The least time between new messages and the search among them, because they can arrive many times a second.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// The lines of the report that stay below the messages if there are too many to show all.
const REPORT: usize = 3;

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    Problem(String),
    Searched(String),
}

/// The parts of the trace, from top to bottom.
#[derive(Debug)]
pub(crate) struct TraceLayout {
    /// The rectangle with the border.
    pub outer: Rect,
    /// What stays visible above the messages: the names of the lanes, or the absent cause of the tree.
    pub heading: Rect,
    pub messages: Rect,
    /// The lines of the report.
    pub report: Vec<Report>,
    pub notes: Rect,
    pub keys: Rect,
}

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
    pub waits: bool,
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

    /// Notes that following has found messages, or a newer global position than before. Returns the question that
    /// continues a finished search. A search under way is continued once it is done.
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

    /// Lays out the trace over the lists.
    #[must_use]
    pub(crate) fn layout(&self, browser: &Browser) -> TraceLayout {
        let outer = place(browser);
        let inner = padded(outer.inner(Margin::new(1, 1)));
        let report = self.report(usize::from(inner.width));
        let keys_height = u16::from(inner.height > 1);
        let has_heading = self.lanes || self.missing().is_some();
        // The report takes what the messages leave, or a few lines. On a small terminal, the messages keep at least
        // half of the rows.
        let height = usize::from(inner.height - keys_height);
        let rows = usize::from(has_heading) + self.view.as_ref().map_or(0, |view| view.rows.len());
        let notes_height = report.len().min(height.saturating_sub(rows).max(REPORT.min(height / 2)));
        let notes_height = u16::try_from(notes_height).unwrap_or(0);
        let above = u16::from(has_heading && inner.height - keys_height - notes_height > 1);
        let mut y = inner.y;
        let mut take = |height: u16| {
            let taken = Rect { y, height, ..inner };
            y += height;
            taken
        };
        let heading = take(above);
        let messages = take(inner.height - above - notes_height - keys_height);
        let (notes, keys) = (take(notes_height), take(keys_height));
        TraceLayout { outer, heading, messages, report, notes, keys }
    }

    /// Returns the cause that the first message names but that does not exist.
    #[must_use]
    pub(crate) fn missing(&self) -> Option<&str> {
        self.view.as_ref().and_then(|view| view.missing.as_deref())
    }

    /// Returns the lines below the messages.
    fn report(&self, width: usize) -> Vec<Report> {
        let problem = self.problem.iter().flat_map(|problem| wrap(problem, width)).map(Report::Problem);
        let searched = self.view.iter().flat_map(|view| &view.report).flat_map(|line| wrap(line, width));
        problem.chain(searched.map(Report::Searched)).collect()
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let rows = self.rows();
        let (rows, selected) = (rows.len(), self.selection(&rows));
        let action = context.pressed(DialogKind::Trace, key);
        match action {
            Some(DialogAction::Close) => Outcome::Close,
            Some(DialogAction::Accept) => self.accept(context),
            Some(DialogAction::Lanes) => {
                self.lanes = !self.lanes;
                Outcome::Stay
            }
            Some(DialogAction::Further) => self.further(),
            Some(DialogAction::First) => self.select(0, context),
            Some(DialogAction::Last) => self.select(rows.saturating_sub(1), context),
            _ => moved(selected, rows, action).map_or(Outcome::Stay, |to| self.select(to, context)),
        }
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
        vec![Command::Cancel(Slot::Trace), Command::Resume]
    }
}

impl Choosing for TraceDialog {
    fn list(&self, context: &DialogContext) -> Option<List> {
        let rows = self.rows();
        let area = self.layout(context.browser).messages;
        Some(List { area, rows: rows.len(), selected: Some(self.selection(&rows)) })
    }

    fn select(&mut self, row: usize, _: &DialogContext) -> Outcome {
        let Some(head) = self.rows().get(row).map(|row| row.head.clone()) else { return Outcome::Stay };
        self.selected = head.global_position;
        Outcome::Do(vec![Command::ShowMessage(self.namespace.clone(), Box::new(head))])
    }

    /// Goes to the selected message in its stream.
    fn accept(&mut self, _: &DialogContext) -> Outcome {
        let rows = self.rows();
        let Some(TraceRow { head, .. }) = rows.get(self.selection(&rows)) else { return Outcome::Stay };
        let place = Target::StreamPosition(head.stream.clone(), head.position);
        let go = Command::Navigate(self.namespace.clone(), Destination::here(place));
        Outcome::Finish(vec![Command::Cancel(Slot::Trace), Command::EndHold, go])
    }
}

/// Returns the area of the lists: all of the screen but the message pane, the header and the footer.
fn place(browser: &Browser) -> Rect {
    let (body, message) = (browser.body(), browser.layout().pane(Pane::Message));
    if message.area() == 0 || message == body {
        body
    } else if message.height == body.height {
        Rect { width: message.x - body.x, ..body }
    } else {
        Rect { height: message.y - body.y, ..body }
    }
}
