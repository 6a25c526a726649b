//! The places and filters that the user has kept: bookmarks, recent lists and saved filters, as results of the omnibox.

use super::entries::{Entry, Group, Lead};
use super::matching::Matching;

/// The most entries of each group.
const BOOKMARKS: usize = 4;
const RECENT: usize = 4;
/// The most recent lists while nothing is typed.
const RECENT_AT_FIRST: usize = 8;
const FILTERS: usize = 3;

impl Matching<'_> {
    /// Returns bookmarks whose name or place matches.
    pub(super) fn bookmarks(&self) -> Vec<Entry> {
        let rows = self.context.bookmarks.all().iter().map(|bookmark| {
            let place = bookmark.place_as_text();
            let text = if bookmark.name.is_empty() { place } else { format!("{} · {place}", bookmark.name) };
            (text, String::new(), bookmark.clone())
        });
        self.best(BOOKMARKS, self.ranked(Group::Bookmarks, rows, Lead::Open))
    }

    /// Returns lists that were used recently, besides the one on screen.
    pub(super) fn recent(&self) -> Vec<Entry> {
        let on_screen = self.context.browser.messages.key.as_ref();
        let lists = self.context.browser.recent.all().iter().filter(|list| Some(*list) != on_screen);
        let rows = lists.map(|list| (list.as_text(), String::new(), list.clone()));
        let most = if self.meaning.name.is_empty() { RECENT_AT_FIRST } else { RECENT };
        self.best(most, self.ranked(Group::Recent, rows, Lead::Visit))
    }

    /// Returns saved filters, those of the category on screen first. Without a list on screen, there is nothing to
    /// filter.
    pub(super) fn filters(&self) -> Vec<Entry> {
        let list = self.context.browser.messages.key.as_ref();
        let filters = if list.is_some() { self.context.saved_filters.for_list(list) } else { Vec::new() };
        let rows = filters.into_iter().map(|filter| (filter.name.clone(), filter.text.clone(), filter.text.clone()));
        self.best(FILTERS, self.ranked(Group::Filters, rows, Lead::Filter))
    }

    fn best(&self, most: usize, mut entries: Vec<Entry>) -> Vec<Entry> {
        // Places are long texts, in which nearly any letters occur somewhere.
        if !self.meaning.name.is_empty() {
            entries.retain(Entry::is_good);
        }
        entries.truncate(most);
        entries
    }
}
