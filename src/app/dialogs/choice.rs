//! Moving the selection of a list in a dialog, with keys and with the mouse.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use super::outcome::{DialogContext, Outcome};
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

/// Returns the first row in view of a list with `rows` rows, of which `height` fit. It stays at `top` as long as the
/// selection is visible, so that no row moves away from the pointer.
#[must_use]
pub(crate) fn first_in_view(top: usize, selected: usize, rows: usize, height: usize) -> usize {
    let height = height.max(1);
    top.clamp((selected + 1).saturating_sub(height), selected).min(rows.saturating_sub(height))
}

/// The rows of text that one notch of the wheel scrolls.
const NOTCH: isize = 3;

/// Returns the rows by which the wheel scrolls text; none if it is not the wheel.
pub(super) fn scrolled(mouse: MouseEvent) -> Option<isize> {
    match mouse.kind {
        MouseEventKind::ScrollDown => Some(NOTCH),
        MouseEventKind::ScrollUp => Some(-NOTCH),
        _ => None,
    }
}

/// The list of a dialog as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct List {
    pub area: Rect,
    pub rows: usize,
    pub selected: Option<usize>,
}

impl List {
    /// Returns the first row in view, which stays at `top` if possible.
    pub(in crate::app) fn first(&self, top: usize) -> usize {
        first_in_view(top, self.selected.unwrap_or(0), self.rows, usize::from(self.area.height))
    }
}

/// A dialog with a list, in which one row is selected. The mouse does the same in all of them.
pub(super) trait Choosing {
    /// Returns the list; none while the mouse does nothing in it.
    fn list(&self, context: &DialogContext) -> Option<List>;

    /// Selects a row.
    fn select(&mut self, row: usize, context: &DialogContext) -> Outcome;

    /// Does what the dialog is for with the selected row.
    fn accept(&mut self, context: &DialogContext) -> Outcome;

    /// A click selects a row, a click on the selected row accepts it, and the wheel moves the selection by a row.
    fn mouse(&mut self, mouse: MouseEvent, context: &DialogContext) -> Outcome {
        match self.list(context).and_then(|list| pointed(mouse, &list, context.top)) {
            Some(Pointed::Select(row)) => self.select(row, context),
            Some(Pointed::Accept) => self.accept(context),
            None => Outcome::Stay,
        }
    }
}

/// What the mouse does in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pointed {
    Select(usize),
    /// A click on the selected row.
    Accept,
}

/// Returns what the mouse does in a list.
fn pointed(mouse: MouseEvent, list: &List, top: usize) -> Option<Pointed> {
    let List { area, rows, selected } = *list;
    let row = match mouse.kind {
        MouseEventKind::ScrollDown => selected.map_or(0, |selected| selected + 1).min(rows.checked_sub(1)?),
        MouseEventKind::ScrollUp => selected.unwrap_or(0).saturating_sub(1),
        MouseEventKind::Down(MouseButton::Left) if area.contains((mouse.column, mouse.row).into()) => {
            list.first(top) + usize::from(mouse.row - area.y)
        }
        _ => return None,
    };
    let is_click = matches!(mouse.kind, MouseEventKind::Down(_));
    (row < rows).then_some(if is_click && selected == Some(row) { Pointed::Accept } else { Pointed::Select(row) })
}
