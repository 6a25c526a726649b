//! The place of the columns of members on the terminal, which drawing and the mouse share.

use std::ops::Range;

use ratatui::layout::{Margin, Rect};

use super::Members;
use crate::app::browser::Browser;
use crate::app::browser::layout::Pane;
use crate::app::dialogs::frame::{frame_above, padded};

/// The names of the rows, and the width of their column.
pub(crate) const ROWS: [&str; 6] = ["member", "rate", "messages", "share", "streams", "hottest"];
const NAMES: usize = 9;
/// The least and the greatest width of a member's column. The greatest one shows a whole UUID.
const COLUMN: (usize, usize) = (11, 38);

/// The places of the names and of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MembersLayout {
    pub outer: Rect,
    pub inner: Rect,
    /// The width of a member's column.
    pub column: u16,
    /// The members in view.
    pub shown: Range<usize>,
}

impl MembersLayout {
    /// Lays out the columns of the members and, if it has one, of the streams without a member.
    #[must_use]
    pub(crate) fn of(dialog: &Members, browser: &Browser, columns: usize) -> Self {
        let rows = u16::try_from(ROWS.len() + 2).unwrap_or(0);
        let outer = frame_above(place(browser, rows + 2), rows);
        let inner = padded(outer.inner(Margin::new(1, 1)));
        let width = usize::from(inner.width).saturating_sub(NAMES);
        let column = (width / columns.max(1)).clamp(COLUMN.0, COLUMN.1);
        let fitting = (width / column).max(1);
        let selected = usize::try_from(dialog.selected).unwrap_or(0);
        // The selected column is visible, and the last one does not leave room unused.
        let is_last = dialog.selected + 1 == dialog.size;
        let unused = if is_last { columns.saturating_sub(fitting) } else { 0 };
        let first = (selected + 1).saturating_sub(fitting).max(unused);
        let shown = first..columns.min(first + fitting);
        Self { outer, inner, column: u16::try_from(column).unwrap_or(u16::MAX), shown }
    }

    /// Returns the column of a member, or of the streams without one.
    #[must_use]
    pub(crate) fn column(&self, index: usize) -> Rect {
        let before = u16::try_from(index.saturating_sub(self.shown.start)).unwrap_or(u16::MAX);
        let names = u16::try_from(NAMES).unwrap_or(0);
        let x = self.inner.x.saturating_add(names).saturating_add(before.saturating_mul(self.column));
        Rect { x, width: self.column, ..self.inner }.intersection(self.inner)
    }
}

/// Returns the area whose lower end the box takes: above the footer, or below the header if it would hide the newest
/// message.
fn place(browser: &Browser, height: u16) -> Rect {
    let (area, layout) = (browser.area, browser.layout());
    let above_footer = Rect { height: area.height.saturating_sub(layout.footer.height), ..area };
    let hides_the_end = layout.pane(Pane::Messages).bottom() > above_footer.bottom().saturating_sub(height);
    if hides_the_end && !browser.messages.newest_first {
        let top = layout.header.bottom();
        return Rect { y: top, height: height.min(above_footer.bottom().saturating_sub(top)), ..area };
    }
    above_footer
}
