//! The parts that panes and dialogs are drawn with: frames, boxes, lines, wrapped text and the spinner. Nothing in here knows
//! what it draws.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::widgets::{Block, BorderType, Borders, Clear};

use super::text::{cut, whole_parts, wrap};
use super::theme::Theme;
use crate::app::State;

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

/// Draws an empty box in the middle and returns its inner area.
pub(crate) fn boxed(frame: &mut Frame, area: Rect, theme: &Theme, title: &str, width: u16, height: u16) -> Rect {
    let width = width.min(area.width);
    let height = height.min(area.height);
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    frame.render_widget(Clear, outer);
    let title = whole_parts(title, usize::from(width.saturating_sub(4)));
    let block = frame_of(format!(" {title} "), true, theme);
    let inner = block.inner(outer);
    frame.render_widget(block, outer);
    inner
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

/// Draws text from the top of an area, wrapped at spaces.
pub(crate) fn paragraph(frame: &mut Frame, area: Rect, text: &str, style: Style) {
    let width = usize::from(area.width);
    for (row, line) in wrap(text, width).into_iter().enumerate() {
        line_at(frame, area, u16::try_from(row).unwrap_or(u16::MAX), &cut(&line, width), style);
    }
}

/// Draws text from a row of an area on, wrapped at spaces.
pub(crate) fn paragraph_from(frame: &mut Frame, area: Rect, row: u16, text: &str, style: Style) {
    let width = usize::from(area.width);
    for (line, text) in wrap(&cut(text, 2_000), width).into_iter().enumerate() {
        line_at(frame, area, row + u16::try_from(line).unwrap_or(u16::MAX - row), &text, style);
    }
}

/// Returns the phase of the spinner at the time of the last event.
#[must_use]
pub(crate) fn spinner(state: &State, ascii: bool) -> char {
    let phases: &[char] =
        if ascii { &['|', '/', '-', '\\'] } else { &['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧'] };
    let tick = usize::try_from(state.now.as_millisecond().unsigned_abs() / 100).unwrap_or(0);
    phases[tick % phases.len()]
}
