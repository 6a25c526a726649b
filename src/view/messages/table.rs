//! Draws the table: the heading, the rows in view, and a line before each row that begins another day. Only visible
//! rows are formatted.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

use super::cells::cell;
use super::server_now;
use crate::app::State;
use crate::app::browser::columns::ColumnKind;
use crate::app::browser::layout::Pane;
use crate::app::browser::messages::MessageRow;
use crate::app::browser::table::{MARKS, Table, TimeStyle};
use crate::app::search::text_of;
use crate::app::text_search::contains;
use crate::message::PathValue;
use crate::view::text::{cut, cut_middle, fill, right};
use crate::view::theme::Theme;
use crate::view::widgets::{line_at, spans_at};

/// Draws the titles of the columns. At the right, a number tells how many columns have no room.
pub(super) fn heading(frame: &mut Frame, area: Rect, table: &Table<'_>, state: &State, theme: &Theme) {
    let mut spans = vec![Span::raw(" ".repeat(MARKS))];
    for column in &table.placed {
        let title = match column.kind {
            ColumnKind::Time => time_title(table.times, state, column.width),
            ColumnKind::Data if column.width < 4 => String::new(),
            kind => kind.title(),
        };
        let is_number = match column.kind {
            ColumnKind::Position | ColumnKind::GlobalPosition | ColumnKind::Size | ColumnKind::Age => true,
            ColumnKind::Path(_) => holds_numbers(state, column.kind),
            _ => false,
        };
        // The last step of a path says more than its beginning.
        let title = cut_middle(&title, column.width);
        let title = if is_number { right(&title, column.width) } else { fill(&title, column.width) };
        let is_current = state.browser.columns.selected() == Some(column.kind);
        spans.push(Span::styled(title, if is_current { theme.title } else { theme.dim }));
        spans.push(Span::raw(" "));
    }
    spans_at(frame, area, &spans, Style::new());
    let without_room = table.without_room.len();
    if without_room > 0 {
        let note = format!(" +{without_room}");
        let width = u16::try_from(note.len()).unwrap_or(u16::MAX).min(area.width);
        let corner = Rect { x: area.x + area.width - width, width, ..area };
        line_at(frame, corner, 0, &note, theme.dim);
    }
}

/// Returns true if the first value of a column in view is a number, so that its title stands above the digits.
fn holds_numbers(state: &State, kind: &ColumnKind) -> bool {
    let ColumnKind::Path(path) = kind else { return false };
    let window = &state.browser.messages.window;
    let mut values = window.rows().iter().skip(window.top()).take(60).filter_map(|row| row.head.values.get(path));
    let first = values.find(|value| !matches!(value, PathValue::Absent | PathValue::NotRead(_)));
    matches!(first, Some(PathValue::Number(_)))
}

/// Returns the title of the times: the date of the first row in view unless that is today, or else the zone if it fits.
/// The header of the screen always names the zone.
fn time_title(times: TimeStyle, state: &State, width: usize) -> String {
    let settings = &state.settings.times;
    let first = state.browser.messages.window.rows().get(state.browser.messages.window.top());
    let first = first.filter(|row| row.head.stored_instead_of_time().is_none());
    let date = first.map(|row| settings.date(row.head.time)).filter(|date| *date != settings.date(server_now(state)));
    let title = match (times, date) {
        (TimeStyle::Age, _) => return "age".to_owned(),
        (TimeStyle::Time { .. }, Some(date)) if date.len() <= width => date,
        // The century does not fit above a time without milliseconds.
        (TimeStyle::Time { .. }, Some(date)) => date.chars().skip(2).collect(),
        _ => format!("time {}", settings.zone(state.now)),
    };
    if title.chars().count() <= width { title } else { "time".to_owned() }
}

/// Draws the rows in view.
pub(super) fn rows(frame: &mut Frame, area: Rect, table: &Table<'_>, state: &State, theme: &Theme, focused: bool) {
    let window = &state.browser.messages.window;
    let find = state.browser.find_in(Pane::Messages).filter(|_| focused);
    let days = state.browser.days();
    let mut line = 0;
    let mut above: Option<&MessageRow> = None;
    for (index, row) in window.rows().iter().enumerate().skip(window.top()) {
        if above.is_some_and(|above| days.part(above, row)) {
            day(frame, area, line, row, state, theme);
            line += 1;
        }
        if line >= area.height {
            break;
        }
        let at = Rect { y: area.y + line, height: 1, ..area };
        let selected = index == window.selected();
        let matched = find.is_some_and(|find| contains(&text_of(&row.head), find));
        let style = match (selected, focused) {
            (true, true) => theme.selected,
            (true, false) => theme.selected_elsewhere,
            _ if matched => theme.matched,
            _ => Style::new(),
        };
        spans_at(frame, at, &row_spans(row, above, table, state, theme, selected), style);
        above = Some(row);
        line += 1;
    }
}

/// Draws the line that begins the day of a row.
fn day(frame: &mut Frame, area: Rect, line: u16, row: &MessageRow, state: &State, theme: &Theme) {
    let width = usize::from(area.width);
    let zone = state.settings.times.time_zone();
    let date = match row.head.stored_instead_of_time() {
        Some(stored) => stored.to_owned(),
        None => zone.to_datetime(row.head.time).strftime("%a %Y-%m-%d").to_string(),
    };
    let text = format!("── {date} {}", "─".repeat(width.saturating_sub(date.len() + 4)));
    line_at(frame, area, line, &cut(&text, width), theme.dim);
}

/// Returns a row: the marker of the selection, the state of the message, and the cells.
fn row_spans(
    row: &MessageRow,
    above: Option<&MessageRow>,
    table: &Table<'_>,
    state: &State,
    theme: &Theme,
    selected: bool,
) -> Vec<Span<'static>> {
    let may_change = state.following.current.as_ref().is_some_and(|follow| row.head.global_position > follow.final_to);
    let list = state.browser.messages.key.as_ref();
    let marked = list.is_some_and(|list| state.marks.contains(&list.namespace, &row.head));
    let marker = match (marked, selected, theme.ascii) {
        (true, _, false) => "◆",
        (true, _, true) => "*",
        (false, true, false) => "▌",
        (false, true, true) => ">",
        (false, false, _) => " ",
    };
    let (state_mark, mark_style) = match (row.late, may_change) {
        (true, _) => ("+", theme.warning),
        (false, true) => ("?", theme.dim),
        (false, false) => (" ", Style::new()),
    };
    let marker_style = match (selected, marked) {
        // A reversed row has one colour.
        (true, _) if state.browser.focus == Pane::Messages => Style::new(),
        (_, true) => theme.marked,
        (true, false) => theme.marker,
        (false, false) => Style::new(),
    };
    let mut spans = vec![Span::styled(marker, marker_style), Span::styled(state_mark, mark_style)];
    for column in &table.placed {
        spans.extend(cell(row, above, column, table.times, state, theme));
        spans.push(Span::raw(" "));
    }
    if selected {
        // Grey on a reversed row would be hard to read.
        for span in &mut spans {
            span.style = span.style.remove_modifier(Modifier::DIM);
        }
    }
    spans
}
