//! The prompt in the last line, with a note in the line above: `/`, and what `&` shares with it. Keys are handled
//! elsewhere.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;

use crate::app::State;
use crate::app::browser::layout::Pane;
use crate::app::dialogs::find::FindPrompt;
use crate::app::dialogs::list_filter::ListFilterPrompt;
use crate::app::input::Input;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::numbers::count;
use crate::view::text::{fill, whole_parts};
use crate::view::theme::Theme;
use crate::view::widgets::line_at;
use crate::view::{footer, lists, typed};

pub(super) fn find(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, prompt: &FindPrompt) {
    let note = match state.browser.matches_in(state.browser.focus) {
        Some((0, rows)) if state.browser.focus == Pane::Messages => {
            let key = state.settings.keymap.hint_as(DialogKind::Find, DialogAction::Accept, "search the server");
            let none = format!("No match in the {}", count(rows as u64, "loaded message"));
            key.map_or_else(|| none.clone(), |key| format!("{none} · {key}"))
        }
        _ => footer::find_said(state).unwrap_or_default(),
    };
    draw(frame, area, theme, "/", &prompt.input, &Ok(note));
}

pub(super) fn list_filter(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, prompt: &ListFilterPrompt) {
    let keys = [(DialogAction::Accept, "keep"), (DialogAction::Close, "show all")];
    let hint = |(action, text)| state.settings.keymap.hint_as(DialogKind::ListFilter, action, text);
    let keys = keys.into_iter().filter_map(hint).collect::<Vec<_>>().join(" · ");
    let note = match state.browser.filtered(prompt.pane) {
        Some(filtered) => format!("{} · {keys}", lists::found(&filtered)),
        None => keys,
    };
    draw(frame, area, theme, "/", &prompt.input, &Ok(note));
}

/// Draws a prompt in the last line, and a note or a problem in the line above.
pub(super) fn draw(
    frame: &mut Frame,
    area: Rect,
    theme: &Theme,
    prefix: &str,
    input: &Input,
    note: &Result<String, String>,
) {
    if area.height == 0 {
        return;
    }
    let width = usize::from(area.width);
    let line = Rect { y: area.y + area.height - 1, height: 1, ..area };
    frame.render_widget(Clear, line);
    typed::line(frame, line, prefix, input, true, theme.key);
    if area.height >= 2 {
        let above = Rect { y: line.y - 1, ..line };
        let (text, style) = match note {
            Ok(text) => (text, theme.dim),
            Err(text) => (text, theme.problem),
        };
        frame.render_widget(Clear, above);
        line_at(frame, above, 0, &fill(&format!(" {}", whole_parts(text, width.saturating_sub(1))), width), style);
    }
}
