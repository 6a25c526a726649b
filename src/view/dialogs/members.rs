//! The members of a consumer group side by side, next to the messages that arrive: a column for each, and one for streams without a member.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::State;
use crate::app::browser::layout::Pane;
use crate::app::dialogs::frame::padded;
use crate::app::dialogs::members::{KEYS, Members};
use crate::app::keymap::DialogKind;
use crate::group_load::{Load, hundredths, skew};
use crate::numbers::{count, grouped};
use crate::safe_text::SafeText;
use crate::view::text::{cut, cut_middle, whole_parts};
use crate::view::theme::Theme;
use crate::view::widgets::{boxed_above, line_at};

/// The names of the rows, and the width of their column.
const ROWS: [&str; 6] = ["member", "rate", "messages", "share", "streams", "hottest"];
const NAMES: usize = 9;
/// The least and the greatest width of a member's column.
const COLUMN: (usize, usize) = (11, 20);

/// Draws the members above the footer.
pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, dialog: &Members) {
    let title = format!("Members of {} · group of {}", dialog.category, dialog.size);
    let rows = u16::try_from(ROWS.len() + 2).unwrap_or(0);
    let inner = padded(boxed_above(frame, place(area, state, rows + 2), theme, &title, rows));
    let width = usize::from(inner.width);
    let keys = whole_parts(&state.settings.keymap.hints(DialogKind::Members, &KEYS), width);
    let Some(follow) = &state.following.current else {
        line_at(frame, inner, 0, "Following has stopped", theme.warning);
        line_at(frame, inner, 1, &keys, theme.key);
        return;
    };
    let arrivals = &follow.arrivals;
    let mut loads = arrivals.loads(dialog.size);
    let span = arrivals.span(state.now);
    let members = loads.len() - 1;
    let total = arrivals.messages();
    let said = format!("Skew {} · {} in {} s", skew(&loads[..members]), count(total, "message"), span.as_secs());
    if loads[members].streams == 0 {
        loads.pop();
    }
    let column = (width.saturating_sub(NAMES) / loads.len().max(1)).clamp(COLUMN.0, COLUMN.1);
    let fitting = (width.saturating_sub(NAMES) / column).max(1);
    let selected = usize::try_from(dialog.selected).unwrap_or(0);
    // The selected column is visible, and the last one does not leave room unused.
    let first = (selected + 1).saturating_sub(fitting).max(if selected + 1 == members {
        loads.len().saturating_sub(fitting)
    } else {
        0
    });
    let shown = first..loads.len().min(first + fitting);
    // The keys and the skew stay visible on a low terminal.
    let table = inner.height.saturating_sub(2);
    for (row, name) in (0..table).zip(ROWS) {
        line_at(frame, inner, row, name, theme.dim);
        for index in shown.clone() {
            let text = cell(name, index, members, &loads[index], (total, span.as_millis()), column - 1);
            let x = inner.x + u16::try_from(NAMES + (index - first) * column).unwrap_or(0);
            let style = if index == selected { theme.selected } else { Style::new() };
            let room = Rect { x, width: u16::try_from(column).unwrap_or(0), ..inner };
            let padding = column.saturating_sub(1 + SafeText::line(&text).width());
            line_at(frame, room.intersection(inner), row, &format!("{}{text} ", " ".repeat(padding)), style);
        }
    }
    let hidden = loads.len() - shown.len();
    let more = if hidden > 0 { format!(" · {hidden} more beside") } else { String::new() };
    line_at(frame, inner, table, &whole_parts(&format!("{said}{more}"), width), Style::new());
    line_at(frame, inner, table + 1, &keys, theme.key);
}

/// Returns the area whose lower end the box takes: above the footer, or below the header if it would hide the newest message.
fn place(area: Rect, state: &State, height: u16) -> Rect {
    let layout = state.browser.layout();
    let above_footer = Rect { height: area.height.saturating_sub(layout.footer.height), ..area };
    let hides_the_end = layout.pane(Pane::Messages).bottom() > above_footer.bottom().saturating_sub(height);
    if hides_the_end && !state.browser.messages.newest_first {
        let top = layout.header.bottom();
        return Rect { y: top, height: height.min(above_footer.bottom().saturating_sub(top)), ..area };
    }
    above_footer
}

/// Returns the text of a cell. `of` are all messages and the milliseconds in which they arrived.
fn cell(row: &str, index: usize, members: usize, load: &Load, of: (u64, i128), width: usize) -> String {
    let text = match row {
        "member" if index == members => "no ID".to_owned(),
        "member" => index.to_string(),
        "rate" => {
            let tenths = u128::from(load.messages) * 10_000 / of.1.unsigned_abs().max(1);
            format!("{}.{}/s", tenths / 10, tenths % 10)
        }
        "messages" => grouped(load.messages),
        "share" => format!("{} %", hundredths(load.messages, of.0)),
        "streams" => grouped(load.streams),
        _ => return load.hottest.as_ref().map(|(stream, _)| cut_middle(stream.as_str(), width)).unwrap_or_default(),
    };
    cut(&text, width)
}
