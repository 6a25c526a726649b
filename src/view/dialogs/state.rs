//! The state of a stream at a message: a row for each value, with the message that set it. `+` marks what this message added, `~` what
//! it changed, and `-` what it removed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::choice::first_in_view;
use crate::app::dialogs::state::{KEYS, Note, StateDialog};
use crate::app::keymap::DialogKind;
use crate::app::request::Slot;
use crate::app::state_view::{Change, StateView};
use crate::view::text::{cut, fill, whole_parts, words};
use crate::view::theme::Theme;
use crate::view::widgets::{boxed, line_at, paragraph, spinner};

/// Draws the state.
pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, dialog: &StateDialog) {
    let waiting = state.requests.since(Slot::State).is_some();
    let sign = if waiting { format!(" · {}", spinner(state, theme.ascii)) } else { String::new() };
    let program = dialog.view.as_ref().and_then(|view| view.program.as_ref());
    let by = program.map(|program| format!(" by {program}")).unwrap_or_default();
    let title = format!("State of {} at {}{by}{sign}", dialog.stream, dialog.position);
    let layout = dialog.layout(area, &state.settings.keymap);
    boxed(frame, area, theme, &cut(&title, 120), layout.size.0, layout.size.1);
    let keys = state.settings.keymap.hints(DialogKind::State, &KEYS);
    line_at(frame, layout.keys, 0, &whole_parts(&keys, usize::from(layout.keys.width)), theme.key);
    match (&dialog.problem, &dialog.view) {
        (Some(problem), _) => paragraph(frame, layout.text, problem, theme.problem),
        (None, Some(view)) => {
            for (row, (line, note)) in (0..layout.text.height).zip(&layout.notes) {
                let style = match note {
                    Note::Missing => theme.warning,
                    Note::Problem => theme.problem,
                };
                line_at(frame, layout.text, row, &words(line, usize::from(layout.text.width)), style);
            }
            rows(frame, layout.values, theme, dialog.selected, view);
        }
        (None, None) => {}
    }
}

fn rows(frame: &mut Frame, area: Rect, theme: &Theme, selected: usize, view: &StateView) {
    let width = usize::from(area.width);
    if view.rows.is_empty() {
        return line_at(frame, area, 0, "The messages up to here have no data", theme.dim);
    }
    let setter_width = 30.min(width / 3);
    let first = first_in_view(selected, usize::from(area.height));
    let path_width = view.rows.iter().map(|row| row.path.chars().count()).max().unwrap_or(0).min(width / 3);
    for (line, (index, row)) in (0..area.height).zip(view.rows.iter().enumerate().skip(first)) {
        let (mark, colour) = match row.change {
            Some(Change::Added) => ("+", theme.done),
            Some(Change::Changed) => ("~", theme.warning),
            None => (" ", Style::new()),
        };
        let setter = row.setter.as_ref().map(|(position, message_type)| format!("← {position} {message_type}"));
        let value_width = width.saturating_sub(path_width + setter_width + 6);
        let (path, value) =
            (fill(&cut(&row.path, path_width), path_width), fill(&cut(&row.value, value_width), value_width));
        let text = format!("{mark} {path}  {value}  {}", cut(&setter.unwrap_or_default(), setter_width));
        line_at(frame, area, line, &fill(&text, width), if index == selected { theme.selected } else { colour });
    }
}
