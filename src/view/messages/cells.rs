//! The cells of a row. Grey is only for what the row above already says; colours only repeat what the text says.

use ratatui::style::Style;
use ratatui::text::Span;

use super::data;
use super::server_now;
use crate::app::State;
use crate::app::browser::columns::ColumnKind;
use crate::app::browser::messages::MessageRow;
use crate::app::browser::table::{Placed, TimeStyle, shown_stream};
use crate::app::times::age;
use crate::message::{BodyPath, MessageHead, PathValue, Size};
use crate::view::text::{fill, fill_middle, right, size};
use crate::view::theme::Theme;

/// Returns the text of a column in a row, in exactly the width of the column.
pub(super) fn cell(
    row: &MessageRow,
    above: Option<&MessageRow>,
    column: &Placed<'_>,
    times: TimeStyle,
    state: &State,
    theme: &Theme,
) -> Vec<Span<'static>> {
    let (head, width) = (&row.head, column.width);
    let one = |text: String, style: Style| vec![Span::styled(text, style)];
    let unless_repeated = |is_same: bool| if is_same { theme.repeated } else { Style::new() };
    match column.kind {
        ColumnKind::Position => one(right(&head.position.to_string(), width), Style::new()),
        ColumnKind::GlobalPosition => one(right(&head.global_position.to_string(), width), Style::new()),
        ColumnKind::Time => time(row, above, times, width, state, theme),
        ColumnKind::Age => one(right(&age_of(head, state), width), Style::new()),
        ColumnKind::Stream => {
            let scope = state.browser.messages.key.as_ref().map(|list| &list.scope);
            let is_same = above.is_some_and(|above| above.head.stream == head.stream);
            one(fill_middle(shown_stream(head.stream.as_str(), scope), width), unless_repeated(is_same))
        }
        ColumnKind::Type => {
            let is_same = above.is_some_and(|above| above.head.message_type == head.message_type);
            let style = theme.type_style(state.settings.types.look(&head.message_type));
            one(fill_middle(&head.message_type, width), style.unwrap_or_else(|| unless_repeated(is_same)))
        }
        ColumnKind::Size => one(right(&size(head.size), width), Style::new()),
        ColumnKind::Data => data::cell(head, width, theme),
        ColumnKind::Path(path) => vec![path_value(row, path, width, theme)],
    }
}

fn age_of(head: &MessageHead, state: &State) -> String {
    let stored = head.stored_instead_of_time().map(str::to_owned);
    stored.unwrap_or_else(|| age(server_now(state).duration_since(head.time)))
}

/// Returns the time. If every row has its date, a repeated date is grey.
fn time(
    row: &MessageRow,
    above: Option<&MessageRow>,
    style: TimeStyle,
    width: usize,
    state: &State,
    theme: &Theme,
) -> Vec<Span<'static>> {
    /// The width of a date.
    const DATE: usize = 10;
    let times = &state.settings.times;
    if let Some(stored) = row.head.stored_instead_of_time().filter(|_| style != TimeStyle::Age) {
        return vec![Span::raw(fill(stored, width))];
    }
    match style {
        TimeStyle::Age => vec![Span::raw(right(&age_of(&row.head, state), width))],
        TimeStyle::Time { millis } => vec![Span::raw(fill(&times.of_day(row.head.time, millis), width))],
        TimeStyle::DateAndTime { millis } => {
            let date = times.date(row.head.time);
            let is_same = above.is_some_and(|above| times.date(above.head.time) == date);
            let time = times.of_day(row.head.time, millis);
            vec![
                Span::styled(fill(&date, width.min(DATE)), if is_same { theme.repeated } else { Style::new() }),
                Span::raw(fill(&format!(" {time}"), width.saturating_sub(DATE))),
            ]
        }
    }
}

/// Returns the value of a path: numbers at the right, everything else at the left.
fn path_value(row: &MessageRow, path: &BodyPath, width: usize, theme: &Theme) -> Span<'static> {
    let json = &theme.json;
    match row.head.values.get(path) {
        Some(PathValue::Number(text)) => Span::styled(right(text, width), json.number),
        Some(PathValue::String(text)) => Span::styled(fill(text, width), json.string),
        Some(PathValue::Literal(text)) => Span::styled(fill(text, width), json.literal),
        Some(PathValue::Object(members)) => Span::raw(fill(&format!("{{{members}}}"), width)),
        Some(PathValue::Array(elements)) => Span::raw(fill(&format!("[{elements}]"), width)),
        Some(PathValue::NotRead(stored)) => Span::styled(right(&not_read(*stored), width), theme.dim),
        Some(PathValue::Absent) => Span::raw(" ".repeat(width)),
        // The column was just added, and its values are being read.
        None => Span::styled(fill("…", width), theme.dim),
    }
}

/// Returns the size of a body that was not read, in brackets.
fn not_read(stored: Size) -> String {
    let text = size(stored);
    format!("({})", text.strip_prefix("stored ").unwrap_or(&text))
}
