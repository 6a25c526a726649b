//! The state of a stream at a message: a row for each value, with the message that set it. `+` marks what this message set, and
//! `-` what it removed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::choice::first_in_view;
use crate::app::dialogs::state::{BEGIN_KEYS, KEYS, StateDialog};
use crate::app::keymap::DialogKind;
use crate::app::request::Slot;
use crate::app::state_view::StateView;
use crate::numbers::grouped;
use crate::view::text::{cut, fill, whole_parts, wrap};
use crate::view::theme::Theme;
use crate::view::widgets::{boxed, line_at, paragraph, spinner};

/// Draws the state.
pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, dialog: &StateDialog) {
    let waiting = state.requests.since(Slot::State).is_some();
    let sign = if waiting { format!(" · {}", spinner(state, theme.ascii)) } else { String::new() };
    let program = dialog.view.as_ref().and_then(|view| view.program.as_ref());
    let by = program.map(|program| format!(" by {program}")).unwrap_or_default();
    let title = format!("State of {} at {}{by}{sign}", dialog.stream, dialog.position);
    let inner =
        boxed(frame, area, theme, &cut(&title, 120), area.width.saturating_sub(4), area.height.saturating_sub(4));
    let last = inner.height.saturating_sub(1);
    line_at(
        frame,
        inner,
        last,
        &whole_parts(&state.settings.keymap.hints(DialogKind::State, &KEYS), usize::from(inner.width)),
        theme.key,
    );
    let body = Rect { height: last, ..inner };
    match (&dialog.problem, &dialog.view) {
        (Some(problem), _) => paragraph(frame, body, problem, theme.problem),
        (None, Some(view)) => rows(frame, body, state, theme, dialog, view),
        (None, None) => {}
    }
}

fn rows(frame: &mut Frame, body: Rect, state: &State, theme: &Theme, dialog: &StateDialog, view: &StateView) {
    let width = usize::from(body.width);
    let mut notes: Vec<(String, Style)> = Vec::new();
    if let Some(from) = view.from {
        let keys = state.settings.keymap.hints(DialogKind::State, &BEGIN_KEYS);
        let from = grouped(from.unsigned_abs());
        notes.push((
            format!("Computed from position {from} on, without the messages before it · {keys}"),
            theme.warning,
        ));
    }
    if let Some(problem) = &view.problem {
        notes.extend(wrap(problem, width).into_iter().map(|line| (line, theme.problem)));
    }
    notes.extend(view.removed.iter().map(|path| (format!("- {path}"), theme.warning)));
    let height = usize::from(body.height);
    notes.truncate(height / 2);
    let setter_width = 30.min(width / 3);
    let room = height - notes.len();
    let first = first_in_view(dialog.selected, room);
    let path_width = view.rows.iter().map(|row| row.path.chars().count()).max().unwrap_or(0).min(width / 3);
    let mut lines = notes;
    for (index, row) in view.rows.iter().enumerate().skip(first).take(room) {
        let (mark, setter) = match &row.setter {
            Some((position, message_type)) => {
                (if *position == view.position { "+" } else { " " }, format!("← {position} {message_type}"))
            }
            None => (" ", String::new()),
        };
        let value_width = width.saturating_sub(path_width + setter_width + 6);
        let (path, value) =
            (fill(&cut(&row.path, path_width), path_width), fill(&cut(&row.value, value_width), value_width));
        let line = format!("{mark} {path}  {value}  {}", cut(&setter, setter_width));
        let style = match (index == dialog.selected, mark) {
            (true, _) => theme.selected,
            (false, "+") => theme.done,
            (false, _) => Style::new(),
        };
        lines.push((fill(&line, width), style));
    }
    if view.rows.is_empty() {
        lines.push(("The messages up to here have no data".to_owned(), theme.dim));
    }
    for (row, (line, style)) in (0..body.height).zip(lines) {
        line_at(frame, body, row, &cut(&line, width), style);
    }
}
