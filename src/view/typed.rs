//! Text that is being edited: made safe like all text, and scrolled sideways so that the cursor stays visible. Keys are
//! handled elsewhere.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui_textarea::{DataCursor, TextArea};

use super::text::right;
use super::theme::Theme;
use super::widgets::line_at;
use crate::app::input::Input;
use crate::safe_text::SafeText;

/// Returns the width of the first `characters` of a line in cells.
fn cells(line: &str, characters: usize) -> usize {
    let before: String = line.chars().take(characters).collect();
    SafeText::line(&before).width()
}

/// Returns the first cell to draw so that the cursor is visible.
fn first_cell(cursor: usize, width: u16) -> usize {
    (cursor + 1).saturating_sub(usize::from(width)).min(cursor)
}

/// Draws a line from its cell `first` on.
fn part(frame: &mut Frame, area: Rect, row: u16, line: &str, first: usize, style: Style) {
    line_at(frame, area, row, SafeText::line(line).skip(first).as_str(), style);
}

/// Places the cursor of the terminal.
fn cursor(frame: &mut Frame, area: Rect, row: u16, cell: usize) {
    let x = u16::try_from(cell).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
    if row < area.height && area.width > 0 {
        frame.set_cursor_position((area.x + x, area.y + row));
    }
}

/// Draws a prefix and the edited line after it, and places the cursor if the line has it.
pub(crate) fn line(frame: &mut Frame, row: Rect, prefix: &str, input: &Input, has_cursor: bool, style: Style) {
    line_at(frame, row, 0, prefix, style);
    let taken = u16::try_from(SafeText::line(prefix).width()).unwrap_or(u16::MAX).min(row.width);
    let area = Rect { x: row.x + taken, width: row.width - taken, ..row };
    if !has_cursor {
        return part(frame, area, 0, input.text(), 0, style);
    }
    let at = cells(input.text(), input.cursor());
    let first = first_cell(at, area.width);
    part(frame, area, 0, input.text(), first, style);
    cursor(frame, area, 0, at - first);
}

/// Draws edited text with line numbers, and places the cursor if the text has it.
pub(crate) fn text(frame: &mut Frame, area: Rect, text: &TextArea<'_>, has_cursor: bool, theme: &Theme) {
    // Tabs are shown as two spaces.
    let lines = text.lines();
    let spaced = |row: usize, characters: usize| -> String {
        lines[row].chars().take(characters).collect::<String>().replace('\t', "  ")
    };
    let cells = |row: usize, characters: usize| SafeText::line(&spaced(row, characters)).width();
    let numbers = u16::try_from(lines.len().to_string().len() + 1).unwrap_or(u16::MAX).min(area.width / 2);
    let inside = Rect { x: area.x + numbers, width: area.width - numbers, ..area };
    let DataCursor(at_row, at_column) = text.cursor();
    let at = cells(at_row, at_column);
    let first = if has_cursor { first_cell(at, inside.width) } else { 0 };
    let top = usize::from(text.scroll_offset().0);
    let selected = text.selection_range();
    for (row, number) in (0..area.height).zip(top..lines.len()) {
        let shown = right(&(number + 1).to_string(), usize::from(numbers.saturating_sub(1)));
        line_at(frame, area, row, &shown, theme.dim);
        part(frame, inside, row, &spaced(number, usize::MAX), first, Style::new());
        if let Some(((from, from_column), (to, to_column))) = selected
            && (from..=to).contains(&number)
        {
            let begin = if number == from { cells(number, from_column) } else { 0 };
            let end = if number == to { cells(number, to_column) } else { usize::MAX };
            let within = |cell: usize| u16::try_from(cell.saturating_sub(first)).unwrap_or(u16::MAX).min(inside.width);
            let (begin, end) = (within(begin), within(end));
            let part = Rect { x: inside.x + begin, y: inside.y + row, width: end - begin, height: 1 };
            frame.buffer_mut().set_style(part, theme.selected);
        }
        if has_cursor && number == at_row {
            cursor(frame, inside, row, at - first);
        }
    }
}
