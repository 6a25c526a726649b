//! Moving the selection of a list in a dialog.

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
