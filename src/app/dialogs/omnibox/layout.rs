//! The rectangles of the box, for drawing it and for finding the entry under the pointer.

use ratatui::layout::Rect;

use crate::app::dialogs::frame::frame;

/// The largest size of the box.
const WIDTH: u16 = 100;
const HEIGHT: u16 = 24;
/// From this height on, the first and the last line of the screen stay visible.
const TALL: u16 = 16;

/// The parts of the box, from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BoxLayout {
    /// The size of the box with its border, without padding.
    pub size: (u16, u16),
    pub input: Rect,
    /// A problem, a hint or the progress of the search.
    pub note: Rect,
    /// The entries.
    pub list: Rect,
    /// The keys of the box.
    pub keys: Rect,
}

impl BoxLayout {
    #[must_use]
    pub(crate) fn of(area: Rect) -> Self {
        let height = if area.height < TALL { HEIGHT } else { HEIGHT.min(area.height - 4) };
        let inner = frame(area, WIDTH, height).1;
        let rows = |from: u16, height: u16| Rect {
            y: inner.y + from.min(inner.height),
            height: height.min(inner.height.saturating_sub(from)),
            ..inner
        };
        let list = inner.height.saturating_sub(3);
        Self {
            size: (WIDTH, height),
            input: rows(0, 1),
            note: rows(1, 1),
            list: rows(2, list),
            keys: rows(2 + list, 1),
        }
    }

    /// Returns the row of the list at a place on the screen.
    #[must_use]
    pub(crate) fn row_at(&self, column: u16, row: u16) -> Option<usize> {
        self.list.contains((column, row).into()).then(|| usize::from(row - self.list.y))
    }
}
