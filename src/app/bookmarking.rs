//! Bookmarks what is on screen, and goes to bookmarks. The bookmarks themselves are in `bookmarks`.

use super::bookmarks::Bookmark;
use super::browser::layout::Pane;
use super::place::Place;
use super::{Effect, State};

impl State {
    /// Bookmarks the list on screen with its filter, or in the message pane the message; removes the bookmark if there
    /// is one.
    pub(super) fn toggle_bookmark(&mut self) -> Vec<Effect> {
        let messages = &self.browser.messages;
        let Some(list) = messages.key.clone() else {
            self.notices.problem("Nothing to bookmark: no list is on screen".to_owned(), self.now);
            return Vec::new();
        };
        let number = messages.selected_number().filter(|_| self.browser.focus == Pane::Message);
        let filter = messages.filter_text.clone();
        let bookmark = Bookmark { name: String::new(), list, filter, number };
        let place = bookmark.place_as_text();
        let said = if self.bookmarks.toggle(bookmark) {
            format!("Bookmarked {place}. {} lists the bookmarks.", self.settings.keymap.key(super::Action::Bookmarks))
        } else {
            format!("Removed the bookmark {place}")
        };
        self.notices.done(said, self.now);
        Vec::new()
    }

    /// Goes to a bookmark and filters its list as it was.
    pub(super) fn open_bookmark(&mut self, bookmark: Bookmark) -> Vec<Effect> {
        let Bookmark { list, filter, number, .. } = bookmark;
        let focus = if number.is_some() { Pane::Message } else { Pane::Messages };
        let effects = self.visit(Place { list, number, focus }, Some(&filter));
        self.finish(effects, std::time::Duration::ZERO)
    }
}
