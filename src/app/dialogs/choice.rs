//! Moving the selection of a list in a dialog, with keys and with the mouse.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use crate::app::keymap::DialogAction;

/// The rows that a page key moves by.
const PAGE: usize = 10;

/// Returns the row that an action selects in a list of `rows` rows; none if it does not move the selection.
pub(super) fn moved(selected: usize, rows: usize, action: Option<DialogAction>) -> Option<usize> {
    let to = match action? {
        DialogAction::Down => selected + 1,
        DialogAction::Up => selected.saturating_sub(1),
        DialogAction::PageDown => selected + PAGE,
        DialogAction::PageUp => selected.saturating_sub(PAGE),
        _ => return None,
    };
    Some(to.min(rows.saturating_sub(1)))
}

/// Returns the first row in view of a list that is `height` rows high, so that its selection is visible.
#[must_use]
pub(crate) fn first_in_view(selected: usize, height: usize) -> usize {
    (selected + 1).saturating_sub(height.max(1))
}

/// What the mouse does in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pointed {
    Select(usize),
    /// A click on the selected row.
    Accept,
}

/// Returns what the mouse does in a list of `rows` rows that is drawn in an area. The wheel moves the selection by a row.
pub(super) fn pointed(mouse: MouseEvent, list: Rect, rows: usize, selected: Option<usize>) -> Option<Pointed> {
    let row = match mouse.kind {
        MouseEventKind::ScrollDown => selected.map_or(0, |selected| selected + 1).min(rows.checked_sub(1)?),
        MouseEventKind::ScrollUp => selected.unwrap_or(0).saturating_sub(1),
        MouseEventKind::Down(MouseButton::Left) if list.contains((mouse.column, mouse.row).into()) => {
            first_in_view(selected.unwrap_or(0), usize::from(list.height)) + usize::from(mouse.row - list.y)
        }
        _ => return None,
    };
    let is_click = matches!(mouse.kind, MouseEventKind::Down(_));
    (row < rows).then_some(if is_click && selected == Some(row) { Pointed::Accept } else { Pointed::Select(row) })
}
