//! What the dialogs that create and delete a namespace share: their stages, and that they stay open until the answer.

use super::outcome::{Command, Outcome};
use crate::app::keymap::DialogAction;

/// How far creating or deleting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AdminStage {
    #[default]
    Typing,
    /// In production, an upper-case `Y` creates the namespace.
    Confirming,
    /// The request was sent and the answer is pending.
    Working,
}

/// Keeps a dialog open until the answer arrives: only the answer tells whether the request was carried out, and the
/// answer of creating has the token, which is shown only once.
pub(super) fn wait(action: Option<DialogAction>) -> Outcome {
    if action == Some(DialogAction::Close) {
        Outcome::Do(vec![Command::Warn("Already sent. Waiting for the answer.".to_owned())])
    } else {
        Outcome::Stay
    }
}
