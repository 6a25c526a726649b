//! The lists that the user has worked in, for returning to them. A list counts once its messages have the focus:
//! passing over it in a side pane does not. They survive a restart.

use serde::{Deserialize, Serialize};

use super::list_key::ListKey;

/// The most lists that are remembered.
const MOST: usize = 50;

/// Recently used lists, latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct RecentPlaces(Vec<ListKey>);

impl RecentPlaces {
    #[must_use]
    pub(crate) fn all(&self) -> &[ListKey] {
        &self.0
    }

    /// Moves a list to the front.
    pub(in crate::app) fn visit(&mut self, list: &ListKey) {
        if self.0.first() == Some(list) {
            return;
        }
        self.0.retain(|held| held != list);
        self.0.insert(0, list.clone());
        self.0.truncate(MOST);
    }

    pub(in crate::app) fn bound(&mut self) {
        self.0.truncate(MOST);
    }
}
