//! The filter prompt in the last line, the filter in words above it, and the named filters above both.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{choices, prompts};
use crate::app::dialogs::filter::FilterPrompt;
use crate::view::theme::Theme;
use crate::view::widgets::boxed_above;

const HINT: &str =
    "words · type:T · since:-2h · until:TIME · stream:PREFIX · data:JSONPATH · meta:JSONPATH · Ctrl-S save";
const NAMING_HINT: &str = "Enter save the filter under this name · Esc do not save it";
/// The most named filters that are visible at once.
const ROWS: u16 = 8;

pub(super) fn draw(frame: &mut Frame, area: Rect, theme: &Theme, prompt: &FilterPrompt) {
    if let Some(name) = &prompt.naming {
        return prompts::draw(frame, area, theme, "Name of the filter: ", name, &Ok(NAMING_HINT.to_owned()));
    }
    if !prompt.offered.is_empty() {
        let rows = u16::try_from(prompt.offered.len()).unwrap_or(ROWS).min(ROWS);
        let title = if prompt.selected.is_some() {
            "Saved filters · Enter apply · Tab edit · Del remove"
        } else {
            "Saved filters · Down select"
        };
        let above = Rect { height: area.height.saturating_sub(2), ..area };
        let inner = boxed_above(frame, above, theme, title, rows);
        let rows = prompt.offered.iter().map(|filter| (filter.name.clone(), filter.text.clone()));
        choices::draw(frame, inner, theme, rows, prompt.selected, "");
    }
    let note = match &prompt.understood {
        Ok(Some(words)) => Ok(format!("→ {words}")),
        Ok(None) => Ok(HINT.to_owned()),
        Err(problem) => Err(problem.clone()),
    };
    prompts::draw(frame, area, theme, "&", &prompt.input, &note);
}
