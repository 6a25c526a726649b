//! The members of a consumer group side by side, next to the messages that arrive: a column for each, and one for
//! streams without a member.

use ratatui::Frame;
use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::members::layout::{MembersLayout, ROWS};
use crate::app::dialogs::members::{KEYS, Members};
use crate::app::keymap::DialogKind;
use crate::group_load::{Load, hundredths, skew};
use crate::message::Category;
use crate::numbers::{count, grouped};
use crate::safe_text::SafeText;
use crate::view::text::{cut, cut_middle, whole_parts};
use crate::view::theme::Theme;
use crate::view::widgets::{fitting_hints, framed, line_at};

/// Draws the members above the footer.
pub(super) fn draw(frame: &mut Frame, state: &State, theme: &Theme, dialog: &Members) {
    let title = format!("Members of {} · group of {}", dialog.category, dialog.size);
    let loads = state.following.current.as_ref().map(|follow| follow.arrivals.loads(dialog.size));
    let layout = MembersLayout::of(dialog, &state.browser, loads.as_ref().map_or(0, Vec::len));
    let inner = layout.inner;
    framed(frame, layout.outer, theme, &title);
    let width = usize::from(inner.width);
    let keymap = &state.settings.keymap;
    let keys = fitting_hints(&keymap.hints(DialogKind::Members, &KEYS), keymap, DialogKind::Members, width);
    let Some((follow, loads)) = state.following.current.as_ref().zip(loads) else {
        line_at(frame, inner, 0, "Following has stopped", theme.warning);
        line_at(frame, inner, 1, &keys, theme.key);
        return;
    };
    let arrivals = &follow.arrivals;
    let span = arrivals.span(state.now);
    let members = usize::try_from(dialog.size).unwrap_or(0);
    let selected = usize::try_from(dialog.selected).unwrap_or(0);
    let total = arrivals.messages();
    let skew = skew(&loads[..members.min(loads.len())]);
    let said = format!("Skew {skew} · {} in {} s", count(total, "message"), span.as_secs());
    // The keys and the skew stay visible on a low terminal.
    let table = inner.height.saturating_sub(2);
    for (row, name) in (0..table).zip(ROWS) {
        line_at(frame, inner, row, name, theme.dim);
        for index in layout.shown.clone() {
            let column = layout.column(index);
            let width = usize::from(layout.column).saturating_sub(1);
            let text = cell(name, index, (members, &dialog.category), &loads[index], (total, span.as_millis()), width);
            let style = if index == selected { theme.selected } else { Style::new() };
            let padding = width.saturating_sub(SafeText::line(&text).width());
            line_at(frame, column, row, &format!("{}{text} ", " ".repeat(padding)), style);
        }
    }
    let hidden = loads.len() - layout.shown.len();
    let more = if hidden > 0 { format!(" · {hidden} more hidden") } else { String::new() };
    line_at(frame, inner, table, &whole_parts(&format!("{said}{more}"), width), Style::new());
    line_at(frame, inner, table + 1, &keys, theme.key);
}

/// Returns the text of a cell. `of` are all messages and the milliseconds in which they arrived.
fn cell(
    row: &str,
    index: usize,
    (members, category): (usize, &Category),
    load: &Load,
    of: (u64, i128),
    width: usize,
) -> String {
    let text = match row {
        "member" if index == members => "no ID".to_owned(),
        "member" => index.to_string(),
        "rate" => {
            let millis = of.1.unsigned_abs().max(1);
            let tenths = (u128::from(load.messages) * 10_000 + millis / 2) / millis;
            format!("{}.{}/s", tenths / 10, tenths % 10)
        }
        "messages" => grouped(load.messages),
        "share" => format!("{}%", hundredths(load.messages, of.0)),
        "streams" => grouped(load.streams),
        _ => {
            let stream = load.hottest.as_ref().map_or("", |(stream, _)| stream.as_str());
            // Without room for both, the ID says more than the category, which is in the title.
            let is_long = SafeText::line(stream).width() > width;
            return cut_middle(if is_long { category.left_out_of(stream) } else { stream }, width);
        }
    };
    cut(&text, width)
}
