//! The parts that panes and dialogs are drawn with: frames, boxes, lines, wrapped text and the spinner. Nothing in here
//! knows what it draws.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::text::Span;
use ratatui::widgets::{Block, BorderType, Borders, Clear};

use super::text::{cut, whole_parts, words};
use super::theme::Theme;
use crate::app::keymap::{DialogAction, DialogKind, KeyMap};
use crate::app::request::Slot;
use crate::app::{State, dialogs};
use crate::safe_text::SafeText;
use crate::wrapping::{BETWEEN, wrap_parts};

/// The most characters of a text that is wrapped.
const MOST_TEXT: usize = 2_000;

/// ASCII borders for terminals and fonts without line drawing.
const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Returns a frame with a title. The focused one is bold and thick, so that colour never carries the meaning alone.
#[must_use]
pub(crate) fn frame_of<'a>(title: String, focused: bool, theme: &Theme) -> Block<'a> {
    let style = if focused { theme.focused } else { theme.border };
    let block = Block::new().borders(Borders::ALL).border_style(style).title(title).title_style(if focused {
        theme.title
    } else {
        theme.dim
    });
    match (theme.ascii, focused) {
        (true, _) => block.border_set(ASCII),
        (false, true) => block.border_type(BorderType::Thick),
        (false, false) => block,
    }
}

/// Draws an empty box in the middle and returns the area of its text, inside the padding. The size includes the border.
pub(crate) fn boxed(frame: &mut Frame, area: Rect, theme: &Theme, title: &str, width: u16, height: u16) -> Rect {
    let (outer, inner) = dialogs::frame::frame(area, width, height);
    framed(frame, outer, theme, title);
    inner
}

/// Draws the border of a dialog around an empty area.
pub(crate) fn framed(frame: &mut Frame, outer: Rect, theme: &Theme, title: &str) {
    bordered(frame, outer, theme, title, true);
}

/// Draws the border of a box beside what has the focus, around an empty area.
pub(crate) fn framed_beside(frame: &mut Frame, outer: Rect, theme: &Theme, title: &str) {
    bordered(frame, outer, theme, title, false);
}

fn bordered(frame: &mut Frame, outer: Rect, theme: &Theme, title: &str, focused: bool) {
    frame.render_widget(Clear, outer);
    let title = whole_parts(title, usize::from(outer.width.saturating_sub(4)));
    frame.render_widget(frame_of(format!(" {title} "), focused, theme), outer);
}

/// Returns one row of an area, which is empty if the area has too few.
#[must_use]
pub(crate) fn row_of(area: Rect, row: u16) -> Rect {
    Rect { y: area.y.saturating_add(row), height: u16::from(row < area.height), ..area }
}

/// Draws one line of text in a row of an area, cut to its width.
pub(crate) fn line_at(frame: &mut Frame, area: Rect, row: u16, text: &str, style: Style) {
    if row < area.height {
        frame.buffer_mut().set_stringn(area.x, area.y + row, text, usize::from(area.width), style);
    }
}

/// Draws styled texts after each other in the first row of an area, cut to its width. `style` is the style of the whole
/// row.
pub(crate) fn spans_at(frame: &mut Frame, area: Rect, spans: &[Span<'_>], style: Style) {
    let buffer = frame.buffer_mut();
    let row = row_of(area.intersection(buffer.area), 0);
    if style != Style::new() {
        buffer.set_style(row, style);
    }
    let mut x = row.left();
    for span in spans.iter().filter(|_| !row.is_empty()) {
        let room = row.right() - x;
        let text = span.content.as_ref();
        // Nearly all text is plain, and tables are the largest part of most frames: finding graphemes and their widths
        // would take a third of the time of a frame.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            let start = buffer.index_of(row.left(), row.y) + usize::from(x - row.left());
            let cells = buffer.content.iter_mut().skip(start).take(usize::from(room));
            for (cell, character) in cells.zip(text.chars()) {
                cell.set_char(character).set_style(span.style);
                x += 1;
            }
        } else {
            (x, _) = buffer.set_span(x, row.y, span, room);
        }
    }
}

/// Draws text from the top of an area, wrapped between its parts and words. If there is not enough room, it ends in
/// `…`.
pub(crate) fn paragraph(frame: &mut Frame, area: Rect, text: &str, style: Style) {
    explain(frame, area, text, "", style);
}

/// Draws text from a row of an area on, wrapped like a [`paragraph`].
pub(crate) fn paragraph_from(frame: &mut Frame, area: Rect, row: u16, text: &str, style: Style) {
    let row = row.min(area.height);
    paragraph(frame, Rect { y: area.y + row, height: area.height - row, ..area }, text, style);
}

/// Draws a text like a [`paragraph`], and the next keys after it. The keys stay visible if the text does not fit.
pub(crate) fn explain(frame: &mut Frame, area: Rect, text: &str, keys: &str, style: Style) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let text = cut(text, MOST_TEXT);
    let mut lines = wrap_parts(&if keys.is_empty() { text.clone() } else { format!("{text} · {keys}") }, width);
    if lines.len() > height {
        let mut keys = if keys.is_empty() { Vec::new() } else { wrap_parts(keys, width) };
        keys.truncate(height.saturating_sub(1));
        lines = wrap_parts(&text, width);
        let room = height - keys.len();
        // A part that is cut after its first word says nothing.
        let mut parts: Vec<&str> = text.split(BETWEEN).collect();
        while lines.len() > room && parts.len() > 1 {
            parts.pop();
            lines = wrap_parts(&parts.join(BETWEEN), width);
        }
        if lines.len() > room && room > 0 {
            let rest = lines.split_off(room - 1).join(" ");
            lines.push(words(&rest, width));
        }
        lines.append(&mut keys);
    }
    for (row, line) in (0..area.height).zip(lines) {
        line_at(frame, area, row, &line, style);
    }
}

/// Returns as many whole hints of a dialog as fit, from the left. The key that closes the dialog stays as long as it
/// fits, because a user who knows no other key needs this one.
#[must_use]
pub(crate) fn fitting_hints(hints: &str, keymap: &KeyMap, kind: DialogKind, width: usize) -> String {
    let close = keymap.dialog_key(kind, DialogAction::Close).map(|key| format!("{key} "));
    let closes = |hint: &str| close.as_ref().is_some_and(|close| hint.starts_with(close.as_str()));
    let mut parts: Vec<&str> = hints.split(BETWEEN).collect();
    while SafeText::line(&parts.join(BETWEEN)).width() > width && parts.len() > 1 {
        let close = parts.iter().position(|hint| closes(hint));
        match close.and_then(|at| Some((at, parts[at].split_once(" (")?))) {
            // The first key matters more than the text in parentheses.
            Some((at, (brief, _))) if parts.len() == 2 => parts[at] = brief,
            _ => {
                let last = parts.iter().rposition(|hint| !closes(hint)).unwrap_or(parts.len() - 1);
                parts.remove(last);
            }
        }
    }
    whole_parts(&parts.join(BETWEEN), width)
}

/// Returns the spinner and, after a second, how long the question in a slot has been waiting: `⠋ 5s`.
#[must_use]
pub(crate) fn spinner_of(state: &State, slot: Slot, ascii: bool) -> String {
    format!("{}{}", spinner(state, ascii), waited(state, slot))
}

/// Describes what a question in a slot is for, with a spinner and, after a second, how long it has been waiting: `⠋
/// reading … 5s`.
#[must_use]
pub(crate) fn waiting_for(state: &State, slot: Slot, what: &str, ascii: bool) -> String {
    format!("{} {what}{}", spinner(state, ascii), waited(state, slot))
}

fn waited(state: &State, slot: Slot) -> String {
    let seconds = state.requests.since(slot).map_or(0, |since| state.now.duration_since(since).as_secs());
    if seconds > 0 { format!(" {seconds}s") } else { String::new() }
}

/// Returns the phase of the spinner at the time of the last event.
#[must_use]
pub(crate) fn spinner(state: &State, ascii: bool) -> char {
    let phases: &[char] =
        if ascii { &['|', '/', '-', '\\'] } else { &['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧'] };
    let tick = usize::try_from(state.now.as_millisecond().unsigned_abs() / 100).unwrap_or(0);
    phases[tick % phases.len()]
}
