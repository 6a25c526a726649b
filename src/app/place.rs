//! A place on the screen: a list, the message selected in it, and the focused pane. The screen returns to places with
//! Esc, from bookmarks and after a restart, so a place can be stored. Nothing in here goes anywhere.

use serde::{Deserialize, Serialize};

use super::browser::layout::Pane;
use super::browser::list_key::ListKey;

/// A place to return to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub list: ListKey,
    /// The position in a stream, the global position elsewhere; none for the newest message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    #[serde(default)]
    pub focus: Pane,
}
