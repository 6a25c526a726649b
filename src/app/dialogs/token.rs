//! The token of a new namespace, which is shown only once. Only Enter closes it, because Esc is easily pressed by mistake.

use crossterm::event::{KeyCode, KeyEvent};

use super::outcome::{Command, Outcome};
use crate::app::request::Created;

/// The open dialog.
#[derive(Debug)]
pub(crate) struct TokenDialog {
    pub created: Created,
}

impl TokenDialog {
    pub(super) fn key(&self, key: KeyEvent) -> Outcome {
        match key.code {
            KeyCode::Char('y') => Outcome::Do(vec![Command::Copy(self.created.token.clone(), "token")]),
            KeyCode::Enter => Outcome::Close,
            _ => Outcome::Stay,
        }
    }
}
