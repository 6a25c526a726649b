//! The list of bookmarks, with their names and the places to which they lead.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::Clear;

use super::choices;
use crate::app::State;
use crate::app::bookmarks::Bookmark;
use crate::app::dialogs::bookmarks::{BookmarkList, SIZE};
use crate::app::keymap::{Action, DialogAction, DialogKind};
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, fitting_hints, line_at, row_of};

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, list: &BookmarkList) {
    let inner = boxed(frame, area, theme, "Bookmarks", SIZE.0, SIZE.1);
    let bookmarks = state.bookmarks.all();
    let keymap = &state.settings.keymap;
    let empty = format!(
        "No bookmarks yet. Press {} to bookmark the list or the message on screen.",
        keymap.key(Action::Bookmark)
    );
    let last = inner.height.saturating_sub(1);
    let rows = bookmarks.iter().map(row);
    choices::draw(frame, BookmarkList::area(inner), theme, rows, (Some(list.selected), state.dialogs.top), &empty);
    let (kind, keys) = if list.renaming.is_some() {
        (DialogKind::Name, keymap.hints(DialogKind::Name, &[DialogAction::Accept, DialogAction::Close]))
    } else {
        let all = [DialogAction::Accept, DialogAction::Rename, DialogAction::Remove, DialogAction::Close];
        let shown = if bookmarks.is_empty() { &all[3..] } else { &all[..] };
        (DialogKind::Bookmarks, keymap.hints(DialogKind::Bookmarks, shown))
    };
    let room = usize::from(inner.width.saturating_sub(1));
    line_at(frame, inner, last, &format!(" {}", fitting_hints(&keys, keymap, kind, room)), theme.dim);
    if let Some(name) = &list.renaming {
        // Without a row for both, the name takes that of the keys.
        let row = row_of(inner, last.saturating_sub(1));
        frame.render_widget(Clear, row);
        typed::line(frame, row, " Name: ", name, true, theme.key);
    }
}

fn row(bookmark: &Bookmark) -> (String, String) {
    let place = bookmark.place_as_text();
    if bookmark.name.is_empty() { (place, String::new()) } else { (bookmark.name.clone(), place) }
}
