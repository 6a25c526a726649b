//! The scrollbar of a pane or a dialog: a thumb on the right border. There is none if the whole list is in view or its
//! length is unknown.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::theme::Theme;
use crate::app::browser::extent::Extent;

/// Draws the thumb on the right border of a frame.
pub(crate) fn draw(frame: &mut Frame, area: Rect, extent: Option<Extent>, theme: &Theme) {
    let track = area.height.saturating_sub(2);
    let Some((start, length)) = extent.and_then(|extent| extent.thumb(track)).filter(|_| area.width > 2) else {
        return;
    };
    let symbol = if theme.ascii { "#" } else { "█" };
    for row in start..start + length {
        if let Some(cell) = frame.buffer_mut().cell_mut((area.right() - 1, area.y + 1 + row)) {
            cell.set_symbol(symbol).set_style(Style::reset()).set_style(theme.scrollbar);
        }
    }
}
