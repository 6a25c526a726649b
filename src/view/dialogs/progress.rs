//! The last lines of the dialogs that create and delete a namespace: progress, problem or keys.

use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::namespaces::Stage;
use crate::view::theme::Theme;
use crate::view::widgets::spinner;

/// Returns the progress, the problem or the keys, in this order.
pub fn of(state: &State, theme: &Theme, stage: Stage, problem: Option<&str>, keys: &str) -> (String, Style) {
    match (stage, problem) {
        (Stage::Working, _) => (format!("{} working …", spinner(state, theme.ascii)), theme.warning),
        (Stage::Confirming, _) => {
            let name = &state.settings.profile.name;
            (format!("This is {name}: press upper-case Y to create it, any other key to keep editing."), theme.problem)
        }
        (Stage::Typing, Some(problem)) => (problem.to_owned(), theme.problem),
        (Stage::Typing, None) => (keys.to_owned(), theme.dim),
    }
}
