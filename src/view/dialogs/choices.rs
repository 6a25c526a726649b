//! The rows of a list in a dialog: a name, and a note at its right. The selected row is always visible.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr as _;

use crate::app::dialogs::choice::first_in_view;
use crate::safe_text::SafeText;
use crate::view::text::{cut, fill};
use crate::view::theme::Theme;
use crate::view::widgets::{line_at, paragraph};

/// Draws rows in an area, or a text if there are none. `top` is the first row in view, as long as the selection stays
/// visible.
pub(super) fn draw(
    frame: &mut Frame,
    area: Rect,
    theme: &Theme,
    rows: impl ExactSizeIterator<Item = (String, String)>,
    (selected, top): (Option<usize>, usize),
    empty: &str,
) {
    if rows.len() == 0 {
        return paragraph(frame, area, empty, theme.dim);
    }
    let first = first_in_view(top, selected.unwrap_or(0), rows.len(), usize::from(area.height));
    let width = usize::from(area.width);
    for (line, (index, (name, note))) in (0..area.height).zip(rows.enumerate().skip(first)) {
        let style = if Some(index) == selected { theme.selected } else { Style::new() };
        // A name takes precedence over its note.
        let room = width.saturating_sub(2);
        let name_width = SafeText::line(&name).width().min(room);
        let note_room = room.saturating_sub(name_width + 2);
        let note = if note_room >= 8 { cut(&note, note_room) } else { String::new() };
        let left = room.saturating_sub(note.width());
        line_at(frame, area, line, &fill(&format!(" {}{note}", fill(&name, left)), width), style);
    }
}
