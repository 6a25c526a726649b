//! `/`: the prompt of a search in the focused pane. The search itself belongs to the panes.

use crossterm::event::KeyEvent;

use super::outcome::{Command, DialogContext, Outcome};
use crate::app::input::Input;
use crate::app::keymap::{DialogAction, DialogKind};

/// The open prompt.
#[derive(Debug, Default)]
pub(crate) struct FindPrompt {
    pub input: Input,
}

impl FindPrompt {
    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        match context.pressed(DialogKind::Find, key) {
            Some(DialogAction::Close) => Outcome::Close,
            Some(DialogAction::Accept) => Outcome::Finish(vec![Command::ConfirmSearch]),
            _ if self.input.key(key) => self.search(),
            _ => Outcome::Stay,
        }
    }

    pub(super) fn paste(&mut self, text: &str) -> Outcome {
        self.input.paste(text);
        self.search()
    }

    fn search(&self) -> Outcome {
        Outcome::Do(vec![Command::Search(self.input.text().to_owned())])
    }
}
