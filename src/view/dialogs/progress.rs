//! The last lines of the dialogs that create and delete a namespace: progress, problem or keys.

use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::AdminStage;
use crate::view::theme::Theme;
use crate::view::widgets::spinner;

/// Returns the progress, the problem or the keys, in this order.
pub(super) fn of(
    state: &State,
    theme: &Theme,
    stage: AdminStage,
    problem: Option<&str>,
    keys: &str,
) -> (String, Style) {
    match (stage, problem) {
        (AdminStage::Working, _) => (format!("{} working …", spinner(state, theme.ascii)), theme.warning),
        (AdminStage::Confirming, _) => {
            let name = &state.settings.profile.name;
            (format!("This is {name}: press upper-case Y to create it, any other key to keep editing."), theme.problem)
        }
        (AdminStage::Typing, Some(problem)) => (problem.to_owned(), theme.problem),
        (AdminStage::Typing, None) => (keys.to_owned(), theme.dim),
    }
}
