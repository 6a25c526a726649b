//! `S`: the state of a stream at a message, with the message that set each value. `[` and `]` step to the message before and
//! after, and `{` and `}` choose where the fold begins.

use crossterm::event::KeyEvent;

use super::choice::moved;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::request::{Question, Slot};
use crate::app::state_view::{MOST_FOLDED, StateView};
use crate::locator::{Destination, Target};
use crate::message::{Position, StreamName};

/// The keys, as the last line of the dialog shows them.
pub(crate) const KEYS: [DialogAction; 4] =
    [DialogAction::Previous, DialogAction::Next, DialogAction::Accept, DialogAction::Close];
/// The keys that choose where the fold begins, for a stream that is too long.
pub(crate) const BEGIN_KEYS: [DialogAction; 2] = [DialogAction::Earlier, DialogAction::BeginHere];

/// The open state.
#[derive(Debug)]
pub(crate) struct StateDialog {
    namespace: String,
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

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let rows = self.view.as_ref().map_or(0, |view| view.rows.len());
        let action = context.pressed(DialogKind::State, key);
        match action {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::Accept) => return self.blame(),
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

    /// Goes to the message that set the selected value.
    fn blame(&self) -> Outcome {
        let row = self.view.as_ref().and_then(|view| view.rows.get(self.selected));
        let Some((position, _)) = row.and_then(|row| row.setter.clone()) else { return Outcome::Stay };
        let place = Target::StreamPosition(self.stream.clone(), position);
        let mut commands = self.closed();
        commands.push(Command::Navigate(self.namespace.clone(), Destination::here(place)));
        Outcome::Finish(commands)
    }

    /// Returns the commands that closing causes.
    #[allow(clippy::unused_self, reason = "every dialog has this method")]
    pub(super) fn closed(&self) -> Vec<Command> {
        vec![Command::Cancel(Slot::State)]
    }
}
