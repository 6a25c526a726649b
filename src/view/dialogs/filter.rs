//! The filter prompt in the last line, the filter in words above it, and the saved filters above both.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{choices, prompts};
use crate::app::State;
use crate::app::dialogs::filter::FilterPrompt;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::view::theme::Theme;
use crate::view::widgets::framed_beside;

const HINT: &str = "words · type:T · since:-2h · until:TIME · stream:PREFIX · data:JSONPATH · meta:JSONPATH";

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, prompt: &FilterPrompt) {
    let keymap = &state.settings.keymap;
    if let Some(name) = &prompt.naming {
        let keys = [(DialogAction::Accept, "save the filter under this name"), (DialogAction::Close, "do not save it")];
        let hints = keys.into_iter().filter_map(|(action, text)| keymap.hint_as(DialogKind::Name, action, text));
        let hints = hints.collect::<Vec<_>>().join(" · ");
        return prompts::draw(frame, area, theme, "Name of the filter: ", name, &Ok(hints));
    }
    if !prompt.offered.is_empty() {
        let hints = if prompt.selected.is_some() {
            keymap.hints(DialogKind::Filter, &[DialogAction::Accept, DialogAction::Edit, DialogAction::Remove])
        } else {
            keymap.hint_as(DialogKind::Filter, DialogAction::Down, "select").unwrap_or_default()
        };
        let title = format!("Saved filters · {hints}");
        let (outer, inner) = prompt.offers(area);
        framed_beside(frame, outer, theme, &title);
        let rows = prompt.offered.iter().map(|filter| (filter.name.clone(), filter.text.clone()));
        choices::draw(frame, inner, theme, rows, (prompt.selected, state.dialogs.top), "");
    }
    let note = match &prompt.understood {
        Ok(Some(words)) => Ok(format!("→ {words}")),
        Ok(None) => {
            let save = keymap.hint(DialogKind::Filter, DialogAction::Save);
            Ok([HINT.to_owned()].into_iter().chain(save).collect::<Vec<_>>().join(" · "))
        }
        Err(problem) => Err(problem.clone()),
    };
    prompts::draw(frame, area, theme, "&", &prompt.input, &note);
}
