//! The chooser of columns: the columns in their order, with a mark if they are shown, and the input of a path.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::State;
use crate::app::browser::columns::ColumnKind;
use crate::app::browser::layout::Pane;
use crate::app::dialogs::choice::first_in_view;
use crate::app::dialogs::columns::ColumnChooser;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::safe_text::SafeText;
use crate::view::text::{fill, words};
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, line_at, row_of};

/// The keys that the box shows.
const KEYS: [DialogAction; 10] = [
    DialogAction::Toggle,
    DialogAction::MoveDown,
    DialogAction::MoveUp,
    DialogAction::Narrower,
    DialogAction::Wider,
    DialogAction::Fit,
    DialogAction::AddPath,
    DialogAction::Remove,
    DialogAction::Reset,
    DialogAction::Close,
];
/// The width of the box.
const WIDTH: u16 = 60;
/// The rows of the input of a path: the path, and how it is understood.
const TYPED: u16 = 2;

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, chooser: &ColumnChooser) {
    let keymap = &state.settings.keymap;
    let text = match chooser.path {
        Some(_) => keymap.hints(DialogKind::ColumnPath, &[DialogAction::Accept, DialogAction::Close]),
        None => format!("{} · [-] no room", keymap.hints(DialogKind::Columns, &KEYS)),
    };
    let hints = hints(&text, usize::from(WIDTH.min(area.width)).saturating_sub(6));
    let columns = chooser.columns.len();
    let wanted = columns + usize::from(TYPED) + hints.len() + 4;
    let inner = boxed(frame, area, theme, "Columns", WIDTH, u16::try_from(wanted).unwrap_or(u16::MAX));
    // If there is too little room, some columns and the input stay, and the list scrolls.
    let typed = if chooser.path.is_some() { TYPED } else { 0 };
    let room = inner.height.saturating_sub(typed);
    let below = u16::try_from(hints.len() + 1).unwrap_or(u16::MAX);
    let below = if room >= below + 4 { below } else { 0 };
    let height = usize::from(room - below).clamp(1, columns.max(1));
    draw_list(frame, Rect { height: room - below, ..inner }, state, theme, chooser, height);
    let rest = u16::try_from(height).unwrap_or(u16::MAX);
    if let (Some(input), Some(understood)) = (&chooser.path, chooser.understood()) {
        typed::line(frame, row_of(inner, rest), " Path: ", input, true, Style::new());
        let (text, style) = match understood {
            Ok(path) => (format!("→ {path}"), theme.dim),
            Err(problem) => (problem, theme.problem),
        };
        let width = usize::from(inner.width).saturating_sub(2);
        line_at(frame, inner, rest + 1, &format!(" {}", words(&text, width)), style);
    }
    if below > 0 {
        for (row, hint) in (rest + typed + 1..).zip(hints) {
            line_at(frame, inner, row, &format!(" {hint}"), theme.dim);
        }
    }
}

/// Draws the columns in their order.
fn draw_list(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, chooser: &ColumnChooser, height: usize) {
    let width = usize::from(area.width);
    let first = first_in_view(chooser.selected, height);
    let table = state.browser.table(&state.settings.times, state.browser.layout().columns(Pane::Messages));
    for (row, (index, column)) in (0..area.height).zip(chooser.columns.iter().enumerate().skip(first).take(height)) {
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

/// Breaks hints into lines at their separators.
fn hints(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for hint in text.split(" · ") {
        match lines.last_mut() {
            Some(line) if SafeText::line(line).width() + 3 + SafeText::line(hint).width() <= width => {
                line.push_str(" · ");
                line.push_str(hint);
            }
            _ => lines.push(hint.to_owned()),
        }
    }
    lines
}
