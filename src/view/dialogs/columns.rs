//! The chooser of columns: the columns in their order, with a mark if they are shown, and the input of a path.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::State;
use crate::app::browser::columns::ColumnKind;
use crate::app::browser::layout::Pane;
use crate::app::dialogs::choice::first_in_view;
use crate::app::dialogs::columns::ColumnChooser;
use crate::view::text::{fill, words};
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, line_at, row_of};

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, chooser: &ColumnChooser) {
    let layout = chooser.layout(area, &state.settings.keymap);
    boxed(frame, area, theme, "Columns", layout.size.0, layout.size.1);
    draw_list(frame, layout.list, state, theme, chooser);
    if let (Some(input), Some(understood)) = (&chooser.path, chooser.understood()) {
        typed::line(frame, row_of(layout.typed, 0), " Path: ", input, true, Style::new());
        let (text, style) = match understood {
            Ok(path) => (format!("→ {path}"), theme.dim),
            Err(problem) => (problem, theme.problem),
        };
        let width = usize::from(layout.typed.width).saturating_sub(2);
        line_at(frame, layout.typed, 1, &format!(" {}", words(&text, width)), style);
    }
    for (row, hint) in (0..layout.keys.height).zip(layout.hints) {
        line_at(frame, layout.keys, row, &format!(" {hint}"), theme.dim);
    }
}

/// Draws the columns in their order.
fn draw_list(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, chooser: &ColumnChooser) {
    let width = usize::from(area.width);
    let first = first_in_view(state.dialogs.top, chooser.selected, chooser.columns.len(), usize::from(area.height));
    let table = state.browser.table(&state.settings.times, state.browser.layout().columns(Pane::Messages));
    for (row, (index, column)) in (0..area.height).zip(chooser.columns.iter().enumerate().skip(first)) {
        let placed = table.placed.iter().find(|placed| *placed.kind == column.kind);
        let in_stream = column.kind == ColumnKind::Stream && state.browser.messages.is_stream();
        let mark = match (column.shown, placed) {
            (false, _) => "[ ]",
            (true, None) if !in_stream => "[-]",
            (true, _) => "[x]",
        };
        let note = match (placed, column.width) {
            (None, _) if in_stream => "not in a stream".to_owned(),
            (Some(placed), Some(_)) => format!("width {}", placed.width),
            _ => String::new(),
        };
        let room = width.saturating_sub(note.len() + 8);
        let text = format!(" {mark} {} {note} ", fill(&words(&column.kind.to_string(), room), room));
        let style = if index == chooser.selected { theme.selected } else { Style::new() };
        line_at(frame, area, row, &fill(&text, width), style);
    }
}
