//! The token of a new namespace, which is shown only once. Only Enter closes it, because Esc is easily pressed by
//! mistake.

use crossterm::event::KeyEvent;

use super::outcome::{Command, DialogContext, Outcome};
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::request::Created;

/// The open dialog.
#[derive(Debug)]
pub(crate) struct TokenDialog {
    pub created: Created,
}

impl TokenDialog {
    pub(super) fn key(&self, key: KeyEvent, context: &DialogContext) -> Outcome {
        match context.pressed(DialogKind::Token, key) {
            Some(DialogAction::Token) => Outcome::Do(vec![Command::Copy(self.created.token.clone(), "token")]),
            Some(DialogAction::Close) => Outcome::Close,
            _ => Outcome::Stay,
        }
    }
}
