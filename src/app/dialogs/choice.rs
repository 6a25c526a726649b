//! Moving the selection of a list in a dialog.

use crossterm::event::{KeyCode, KeyEvent};

use super::outcome::is_ctrl;

/// The rows that a page key moves by.
const PAGE: usize = 10;

/// Returns the row that a key selects in a list of `rows` rows; none if the key does not move the selection.
pub(super) fn moved(selected: usize, rows: usize, key: KeyEvent) -> Option<usize> {
    let to = match key.code {
        KeyCode::Down => selected + 1,
        KeyCode::Up => selected.saturating_sub(1),
        KeyCode::PageDown => selected + PAGE,
        KeyCode::PageUp => selected.saturating_sub(PAGE),
        _ if is_ctrl(key, 'n') => selected + 1,
        _ if is_ctrl(key, 'p') => selected.saturating_sub(1),
        _ => return None,
    };
    Some(to.min(rows.saturating_sub(1)))
}
