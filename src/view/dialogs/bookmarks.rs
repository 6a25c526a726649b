//! The list of bookmarks, with their names and the places to which they lead.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::choices;
use crate::app::State;
use crate::app::bookmarks::Bookmark;
use crate::app::dialogs::bookmarks::{BookmarkList, KEYS, RENAMING_KEYS};
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, line_at, row_of};

const EMPTY: &str = "No bookmarks yet. Press b to bookmark the list or the message on screen.";

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, list: &BookmarkList) {
    let inner = boxed(frame, area, theme, "Bookmarks", 78, 18);
    let bookmarks = state.bookmarks.all();
    let last = inner.height.saturating_sub(1);
    let rows = bookmarks.iter().map(row);
    choices::draw(frame, Rect { height: last, ..inner }, theme, rows, Some(list.selected), EMPTY);
    match &list.renaming {
        Some(name) => {
            typed::line(frame, row_of(inner, last), " Name: ", name, true, theme.key);
            if last > 0 {
                line_at(frame, inner, last - 1, &format!(" {RENAMING_KEYS}"), theme.dim);
            }
        }
        None => line_at(
            frame,
            inner,
            last,
            &format!(" {}", if bookmarks.is_empty() { "Esc close" } else { KEYS }),
            theme.dim,
        ),
    }
}

fn row(bookmark: &Bookmark) -> (String, String) {
    let place = bookmark.place_as_text();
    if bookmark.name.is_empty() { (place, String::new()) } else { (bookmark.name.clone(), place) }
}
