//! What survives a restart, per database: the place, filters and orders of lists, the format of times, bookmarks, saved
//! filters and recent places. It contains neither secrets nor anything from a message besides its number. The runtime
//! keeps it in a file.
//!
//! To let something else survive, add a field here and set it in [`State::saved`] and [`State::new`]. Use a type that
//! owns its serde attributes, bound what it holds, and store lists as arrays: two programs that save at once merge
//! arrays by element. Everything else is replaced as a whole by the program that changed it last.

use serde::{Deserialize, Serialize};

use super::State;
use super::bookmarks::Bookmarks;
use super::browser::columns::ColumnChoice;
use super::browser::list_key::ListKey;
use super::browser::messages::Messages;
use super::browser::recent::RecentPlaces;
use super::browser::sizes::Sizes;
use super::dialogs::filter;
use super::dialogs::omnibox::history::Entered;
use super::place::Place;
use super::saved_filters::SavedFilters;
use super::times::{TimeFormat, Times};
use jiff::Timestamp;

/// The most lists whose filter and order survive.
const LISTS: usize = 100;
/// The longest filter that survives, in bytes.
const LONGEST: usize = 4_096;

/// The part of the state that survives. Every field has a default, so that files of older versions can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Saved {
    /// The place on screen.
    pub place: Option<Place>,
    /// The lists with a filter, or with another order than new lists, latest first.
    pub lists: Vec<SavedList>,
    /// New lists show the newest message first.
    pub newest_first: bool,
    /// The sizes of the panes.
    pub sizes: Sizes,
    /// The timeline is hidden.
    pub hides_timeline: bool,
    /// The columns of the messages, latest change first.
    pub columns: Vec<ColumnChoice>,
    /// Streams are listed by activity.
    pub streams_by_activity: bool,
    /// The format of times, if it is not the configured one.
    pub times: Option<TimeFormat>,
    pub bookmarks: Bookmarks,
    pub filters: SavedFilters,
    pub recent: RecentPlaces,
    /// What was entered in the omnibox.
    pub entered: Entered,
}

/// A list with its filter and order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedList {
    pub list: ListKey,
    #[serde(default)]
    pub newest_first: bool,
    /// The filter as it was typed; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
}

impl SavedList {
    fn of(messages: &Messages) -> Option<Self> {
        let filter = Some(&messages.filter_text).filter(|text| text.len() <= LONGEST);
        Some(Self {
            list: messages.key.clone()?,
            newest_first: messages.newest_first,
            filter: filter.cloned().unwrap_or_default(),
        })
    }

    /// Creates the list without rows. Times such as `since:-2h` are relative to `now`.
    pub(super) fn restored(self, times: &Times, now: Timestamp) -> Messages {
        let mut messages = Messages::new(self.list, self.newest_first);
        if let Ok(filter) = filter::parse(&self.filter, now, &times.time_zone()) {
            messages.set_filter(filter, self.filter);
        }
        messages
    }
}

impl Saved {
    /// Drops what is beyond the limits, because the file may have been edited.
    pub(super) fn bounded(mut self) -> Self {
        self.lists.truncate(LISTS);
        self.bookmarks.bound();
        self.filters.bound();
        self.recent.bound();
        self
    }
}

impl State {
    /// Returns what survives a restart.
    #[must_use]
    pub(crate) fn saved(&self) -> Saved {
        let messages = &self.browser.messages;
        let newest_first = messages.newest_first;
        let lists = std::iter::once(messages).chain(self.browser.kept_lists.latest_messages());
        let lists = lists.filter(|list| list.is_filtered() || list.newest_first != newest_first);
        Saved {
            // Before a list is shown, the place of the last run stays saved.
            place: self.browser.place().or_else(|| self.settings.saved.place.clone()),
            lists: lists.filter_map(SavedList::of).take(LISTS).collect(),
            newest_first,
            sizes: self.browser.sizes,
            hides_timeline: self.browser.hides_timeline,
            columns: self.browser.columns.choices().to_vec(),
            streams_by_activity: self.browser.streams.by_activity,
            times: self.settings.times.chosen(),
            bookmarks: self.bookmarks.clone(),
            filters: self.saved_filters.clone(),
            recent: self.browser.recent.clone(),
            entered: self.dialogs.entered.clone(),
        }
    }
}
