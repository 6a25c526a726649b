//! `/` in a list of names: the prompt of its filter. The list shrinks while the user types; the lists themselves belong
//! to the panes.

use crossterm::event::KeyEvent;

use super::outcome::{Command, DialogContext, Outcome};
use crate::app::browser::layout::Pane;
use crate::app::input::Input;
use crate::app::keymap::{Action, DialogAction, DialogKind};

/// The open prompt.
#[derive(Debug)]
pub(crate) struct ListFilterPrompt {
    pub input: Input,
    /// The pane whose list is filtered.
    pub pane: Pane,
}

impl ListFilterPrompt {
    /// Opens the prompt with the filter of the list; an empty text if it has none.
    #[must_use]
    pub(crate) fn new(pane: Pane, text: &str) -> Self {
        Self { input: Input::new(text), pane }
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let moves = match context.pressed(DialogKind::ListFilter, key) {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::Accept) => return Outcome::Finish(vec![Command::KeepListFilter(self.pane)]),
            Some(DialogAction::Down) => Some(Action::Down),
            Some(DialogAction::Up) => Some(Action::Up),
            Some(DialogAction::PageDown) => Some(Action::PageDown),
            Some(DialogAction::PageUp) => Some(Action::PageUp),
            _ => None,
        };
        match moves {
            Some(action) => Outcome::Do(vec![Command::Run(action)]),
            None if self.input.key(key) => self.filter(),
            None => Outcome::Stay,
        }
    }

    pub(super) fn paste(&mut self, text: &str) -> Outcome {
        self.input.paste(text);
        self.filter()
    }

    fn filter(&self) -> Outcome {
        Outcome::Do(vec![Command::FilterList(self.pane, self.input.text().to_owned())])
    }
}
