//! The state of the last search with `/`: its text, its matches and the rows that were searched. A result belongs to
//! these rows and is not shown for any others.

use super::layout::Pane;
use super::list_key::ListKey;
use super::message::Form;
use super::streams::StreamListKey;
use crate::message::GlobalPosition;

/// The selected row when the search began, and the number of rows in view above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct Anchor {
    pub(in crate::app) pane: Pane,
    pub(in crate::app) list: SearchedList,
    pub(in crate::app) row: Option<RowId>,
    pub(in crate::app) above: usize,
}

/// The list in a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum SearchedList {
    Namespaces,
    Categories(Option<String>),
    Streams(Option<StreamListKey>, bool),
    /// The location and the filter text.
    Messages(Option<ListKey>, String),
    Message(Option<GlobalPosition>, Form),
}

/// Identifies a row independently of its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum RowId {
    Name(String),
    Number(i64),
    Line(usize),
}

/// The rows that were searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct SearchedRows {
    pub(in crate::app) list: SearchedList,
    pub(in crate::app) rows: usize,
    pub(in crate::app) first: Option<RowId>,
    pub(in crate::app) last: Option<RowId>,
}

/// The last search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Find {
    /// Empty if there was no search.
    pub(in crate::app) text: String,
    /// The number of matching rows, and the rows that were searched.
    pub(in crate::app) found: Option<(usize, SearchedRows)>,
    /// Enter continues the search on the server.
    pub(in crate::app) offers_server: bool,
    /// Where the search began.
    pub(in crate::app) anchor: Option<Anchor>,
}
