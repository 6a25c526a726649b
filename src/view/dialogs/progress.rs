//! The last lines of the dialogs that create and delete a namespace: progress, problem or keys.

use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::AdminStage;
use crate::app::keymap::{Chord, DialogAction, DialogKind};
use crate::app::request::Slot;
use crate::view::theme::Theme;
use crate::view::widgets::waiting_for;

/// Returns the progress, the problem or the keys, in this order.
pub(super) fn of(
    state: &State,
    theme: &Theme,
    stage: AdminStage,
    problem: Option<&str>,
    keys: String,
) -> (String, Style) {
    match (stage, problem) {
        (AdminStage::Working, _) => (waiting_for(state, Slot::Admin, "working …", theme.ascii), theme.warning),
        (AdminStage::Confirming, _) => {
            let (name, key) = (&state.settings.profile.name, confirming(state, DialogAction::Production));
            (format!("This is {name}: press {key} to create it, any other key to keep editing."), theme.problem)
        }
        (AdminStage::Typing, Some(problem)) => (problem.to_owned(), theme.problem),
        (AdminStage::Typing, None) => (keys, theme.dim),
    }
}

/// Returns the key that answers a question with yes.
pub(super) fn confirming(state: &State, action: DialogAction) -> String {
    let key = state.settings.keymap.dialog_key(DialogKind::Confirm, action);
    key.map(Chord::spelled_out).unwrap_or_default()
}
