//! `S`: the state of a stream at a message, over the message pane, with the message that set each value. `[` and `]`
//! step to the message before and after, and the cursor of the list follows. `{` and `}` choose where the fold begins.

use crossterm::event::KeyEvent;
use ratatui::layout::{Margin, Rect};

use super::choice::{Choosing, List, moved};
use super::frame::padded;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::browser::Browser;
use crate::app::browser::layout::Pane;
use crate::app::keymap::{DialogAction, DialogKind, KeyMap};
use crate::app::request::{Question, Slot};
use crate::app::state_view::{MOST_FOLDED, StateView};
use crate::locator::{Destination, Target};
use crate::message::{Position, StreamName};
use crate::numbers::grouped;
use crate::wrapping::{wrap, wrap_parts};

/// The keys, as the last lines of the dialog show them.
const KEYS: [DialogAction; 5] =
    [DialogAction::Previous, DialogAction::Next, DialogAction::Accept, DialogAction::Close, DialogAction::Help];
/// The keys that choose where the fold begins, for a stream that is too long.
const BEGIN_KEYS: [DialogAction; 2] = [DialogAction::Earlier, DialogAction::BeginHere];

/// The least size of a message pane that has room for values.
const ROOM: (u16, u16) = (40, 8);

/// What a note above the values is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    /// The values are incomplete.
    Missing,
    Problem,
}

/// The parts of the dialog.
#[derive(Debug)]
pub(crate) struct StateLayout {
    /// Everything, with the border.
    pub outer: Rect,
    /// Everything above the keys.
    pub text: Rect,
    /// The lines above the values.
    pub notes: Vec<(String, Note)>,
    pub values: Rect,
    /// The lines that name the keys.
    pub hints: Vec<String>,
    pub keys: Rect,
}

/// The open state.
#[derive(Debug)]
pub(crate) struct StateDialog {
    pub namespace: String,
    pub stream: StreamName,
    /// The wanted position.
    pub position: Position,
    /// Where to begin; none for the start of the stream, or later if it is too long.
    from: Option<Position>,
    /// `None` until the first answer. It can be of the position before.
    pub view: Option<StateView>,
    /// Why the state could not be computed.
    pub problem: Option<String>,
    pub selected: usize,
}

impl StateDialog {
    /// Prepares the state of a stream at a position.
    #[must_use]
    pub(crate) fn new(namespace: String, stream: StreamName, position: Position) -> Self {
        Self { namespace, stream, position, from: None, view: None, problem: None, selected: 0 }
    }

    #[must_use]
    pub(crate) fn question(&self, first: bool) -> Question {
        Question::State {
            namespace: self.namespace.clone(),
            stream: self.stream.clone(),
            position: self.position,
            from: self.from,
            first,
        }
    }

    /// Takes the state and keeps the selected path.
    pub(crate) fn answered(&mut self, view: StateView) {
        let path = self.view.as_ref().and_then(|view| view.rows.get(self.selected)).map(|row| row.path.clone());
        let same = path.and_then(|path| view.rows.iter().position(|row| row.path == path));
        self.selected = same.unwrap_or(self.selected).min(view.rows.len().saturating_sub(1));
        // Past the end, the last message is the nearest.
        self.position = view.position;
        self.problem = None;
        self.view = Some(view);
    }

    pub(crate) fn failed(&mut self, problem: String) {
        self.problem = Some(problem);
    }

    /// Lays out the state over the message pane, or over all panes if that one is too small. The notes take at most
    /// half of it.
    #[must_use]
    pub(crate) fn layout(&self, browser: &Browser, keymap: &KeyMap) -> StateLayout {
        let pane = browser.layout().pane(Pane::Message);
        let outer = if pane.width < ROOM.0 || pane.height < ROOM.1 { browser.body() } else { pane };
        let inner = padded(outer.inner(Margin::new(1, 1)));
        let hints = wrap_parts(&keymap.hints(DialogKind::State, &KEYS), usize::from(inner.width));
        let height = u16::try_from(hints.len()).unwrap_or(u16::MAX).min(inner.height / 2);
        let keys = Rect { y: inner.bottom() - height, height, ..inner };
        let text = Rect { height: inner.height - height, ..inner };
        let mut notes = self.notes(usize::from(text.width), keymap);
        notes.truncate(usize::from(text.height / 2));
        let above = u16::try_from(notes.len()).unwrap_or(text.height);
        let values = Rect { y: text.y + above, height: text.height - above, ..text };
        StateLayout { outer, text, notes, values, hints, keys }
    }

    /// Returns the lines above the values: where the fold begins if that is not the start, why it failed, and what was
    /// removed.
    fn notes(&self, width: usize, keymap: &KeyMap) -> Vec<(String, Note)> {
        let Some(view) = &self.view else { return Vec::new() };
        let begin = view.from.map(|from| {
            let (from, keys) = (grouped(from.unsigned_abs()), keymap.hints(DialogKind::State, &BEGIN_KEYS));
            wrap_parts(&format!("Computed from position {from} on, without the messages before it · {keys}"), width)
        });
        let problem = view.problem.as_ref().map(|problem| wrap(problem, width));
        let removed = view.removed.iter().map(|path| format!("- {path}"));
        let begin = begin.into_iter().flatten().map(|line| (line, Note::Missing));
        let problem = problem.into_iter().flatten().map(|line| (line, Note::Problem));
        begin.chain(problem).chain(removed.map(|line| (line, Note::Missing))).collect()
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let rows = self.view.as_ref().map_or(0, |view| view.rows.len());
        let action = context.pressed(DialogKind::State, key);
        match action {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::Accept) => return self.accept(context),
            Some(DialogAction::Previous) => return self.step(-1),
            Some(DialogAction::Next) => return self.step(1),
            Some(DialogAction::Earlier) => {
                let from = self.view.as_ref().and_then(|view| view.from).unwrap_or(0);
                return self.begin_at(from.saturating_sub(MOST_FOLDED).max(0));
            }
            Some(DialogAction::BeginHere) => return self.begin_at(self.position),
            Some(DialogAction::First) => self.selected = 0,
            Some(DialogAction::Last) => self.selected = rows.saturating_sub(1),
            _ => self.selected = moved(self.selected, rows, action).unwrap_or(self.selected),
        }
        Outcome::Stay
    }

    fn step(&mut self, by: Position) -> Outcome {
        let position = self.position.saturating_add(by);
        if position < 0 {
            return Outcome::Stay;
        }
        self.position = position;
        Outcome::Do(vec![Command::Ask(Slot::State, self.question(false))])
    }

    /// Computes the state from another position on.
    fn begin_at(&mut self, from: Position) -> Outcome {
        self.from = Some(from);
        Outcome::Do(vec![Command::Ask(Slot::State, self.question(false))])
    }

    /// Returns the commands that closing causes.
    #[allow(clippy::unused_self, reason = "every dialog has this method")]
    pub(super) fn closed(&self) -> Vec<Command> {
        vec![Command::Cancel(Slot::State), Command::Resume]
    }
}

impl Choosing for StateDialog {
    fn list(&self, context: &DialogContext) -> Option<List> {
        let rows = self.view.as_ref().filter(|_| self.problem.is_none())?.rows.len();
        let area = self.layout(context.browser, context.keymap).values;
        Some(List { area, rows, selected: Some(self.selected) })
    }

    fn select(&mut self, row: usize, _: &DialogContext) -> Outcome {
        self.selected = row;
        Outcome::Stay
    }

    /// Goes to the message that set the selected value.
    fn accept(&mut self, _: &DialogContext) -> Outcome {
        let row = self.view.as_ref().and_then(|view| view.rows.get(self.selected));
        let Some((position, _)) = row.and_then(|row| row.setter.clone()) else { return Outcome::Stay };
        let place = Target::StreamPosition(self.stream.clone(), position);
        let go = Command::Navigate(self.namespace.clone(), Destination::here(place));
        Outcome::Finish(vec![Command::Cancel(Slot::State), Command::EndHold, go])
    }
}
