//! The frame of a dialog: its place on the terminal and the padding inside its border. Drawing uses it, and so do the
//! text editors, whose keys depend on the rows that are visible.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Margin, Rect};

/// The width inside the border from which the text keeps a distance of one column.
const PADDED: u16 = 20;

/// Returns the rectangle of a dialog and the one of its text. The wanted size includes the border. There is one column
/// of padding, and one row if the terminal has room for it.
#[must_use]
pub(crate) fn frame(area: Rect, width: u16, height: u16) -> (Rect, Rect) {
    let (padded_width, padded_height) = (width.saturating_add(2), height.saturating_add(2));
    let (width, height) = (padded_width.min(area.width), padded_height.min(area.height));
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    let inside = outer.inner(Margin::new(1, 1));
    let rows = u16::from(height == padded_height);
    (outer, inside.inner(Margin::new(u16::from(inside.width >= PADDED), rows)))
}

/// Returns the rectangle of text inside a border that is as wide as a pane: with a column of padding on each side if
/// that leaves room.
#[must_use]
pub(crate) fn padded(inside: Rect) -> Rect {
    inside.inner(Margin::new(u16::from(inside.width > 2), 0))
}

/// Returns the rectangle of a box with room for some rows at the bottom of an area.
#[must_use]
pub(crate) fn frame_above(area: Rect, rows: u16) -> Rect {
    let height = rows.saturating_add(2).min(area.height);
    Rect { y: area.y + area.height - height, height, ..area }
}

/// Returns the row of the scrollbar at which the left button is held, and the number of its rows. The scrollbar is the
/// right border of the dialog; the pointer may be a column beside it.
#[must_use]
pub(super) fn held_row(outer: Rect, mouse: MouseEvent) -> Option<(usize, usize)> {
    let is_held =
        matches!(mouse.kind, MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left));
    let track = outer.inner(Margin::new(0, 1));
    let is_on_track = outer.right().abs_diff(mouse.column + 1) <= 1 && (track.y..track.bottom()).contains(&mouse.row);
    (is_held && is_on_track).then(|| (usize::from(mouse.row - track.y), usize::from(track.height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_a_distance_from_the_border_if_there_is_room() {
        let inner = |width, height| frame(Rect::new(0, 0, width, height), 60, 10).1;
        assert_eq!(inner(80, 24), Rect::new(11, 6, 58, 8));
        assert_eq!(inner(40, 10), Rect::new(2, 1, 36, 8), "rows of text matter more than padding");
        assert_eq!(inner(12, 3), Rect::new(1, 1, 10, 1));
        assert_eq!(inner(1, 1).area(), 0);
    }
}
