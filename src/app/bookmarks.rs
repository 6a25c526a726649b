//! Bookmarks: lists, with their filter, and single messages to which the user wants to return. They survive a restart.
//! Keys and the dialog are handled elsewhere.

use serde::{Deserialize, Serialize};

use super::browser::list_key::ListKey;

/// The most bookmarks of a database. The oldest one makes room for a new one.
const MOST: usize = 500;

/// A bookmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bookmark {
    /// The name that the user gave it; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub list: ListKey,
    /// The filter of the list as it was typed; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// The number of the bookmarked message in the list; none if the whole list is bookmarked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
}

impl Bookmark {
    /// Returns the place to which it leads, as in `shop › account-1 @ 4 · type:Opened`.
    #[must_use]
    pub(crate) fn place_as_text(&self) -> String {
        let mut text = self.list.as_text();
        if let Some(number) = self.number {
            text = format!("{text} @ {number}");
        }
        if !self.filter.is_empty() {
            text = format!("{text} · {}", self.filter);
        }
        text
    }

    /// Returns true if both lead to the same list with the same filter, or to the same message.
    fn leads_where(&self, other: &Self) -> bool {
        self.list == other.list && self.filter == other.filter && self.number == other.number
    }
}

/// All bookmarks of a database, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Bookmarks(Vec<Bookmark>);

impl Bookmarks {
    #[must_use]
    pub(crate) fn all(&self) -> &[Bookmark] {
        &self.0
    }

    /// Adds a bookmark, or removes the one that leads to the same place. Returns true if it was added.
    pub(crate) fn toggle(&mut self, bookmark: Bookmark) -> bool {
        let before = self.0.len();
        self.0.retain(|held| !held.leads_where(&bookmark));
        if self.0.len() < before {
            return false;
        }
        self.0.insert(0, bookmark);
        self.0.truncate(MOST);
        true
    }

    pub(super) fn rename(&mut self, bookmark: &Bookmark, name: String) {
        if let Some(held) = self.0.iter_mut().find(|held| held.leads_where(bookmark)) {
            held.name = name;
        }
    }

    pub(super) fn remove(&mut self, bookmark: &Bookmark) {
        self.0.retain(|held| !held.leads_where(bookmark));
    }

    pub(super) fn bound(&mut self) {
        self.0.truncate(MOST);
    }
}
