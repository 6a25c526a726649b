//! `/`: finds text in the loaded rows of the focused pane while the user types; `n` and `N` go to the next and previous
//! match. It never asks the store. A result belongs to the rows that were searched and is not shown for any others.

use super::layout::Pane;
use super::message::Form;
use super::messages::Place;
use super::streams::Of;
use super::text_search::contains;
use super::{Effect, State};
use crate::message::{GlobalPosition, MessageHead};

/// The selected row when the search began, and the number of rows in view above it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Anchor {
    pane: Pane,
    list: List,
    row: Option<RowId>,
    above: usize,
}

/// The list in a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
enum List {
    Namespaces,
    Categories(Option<String>),
    Streams(Option<Of>, bool),
    /// The location and the filter text.
    Messages(Option<Place>, String),
    Message(Option<GlobalPosition>, Form),
}

/// Identifies a row independently of its index.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RowId {
    Name(String),
    Number(i64),
    Line(usize),
}

/// The rows that were searched.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Looked {
    list: List,
    rows: usize,
    first: Option<RowId>,
    last: Option<RowId>,
}

/// The last search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Find {
    /// Empty if there was no search.
    text: String,
    /// The number of matching rows, and the rows that were searched.
    found: Option<(usize, Looked)>,
    /// Where the search began.
    anchor: Option<Anchor>,
}

/// Returns the searchable text of a row in the messages pane.
#[must_use]
pub(crate) fn text_of(head: &MessageHead) -> String {
    let (position, global) = (head.position, head.global_position);
    format!("{position} {global} {} {} {} {}", head.message_type, head.stream, head.preview, head.id)
}

impl State {
    /// Returns the searchable text of each row in a pane.
    fn rows_as_text(&self, pane: Pane) -> Vec<String> {
        match pane {
            Pane::Namespaces => self.browser.namespaces.rows().iter().map(|row| row.id.clone()).collect(),
            Pane::Categories => {
                self.browser.categories.rows().iter().map(|row| row.category.as_str().to_owned()).collect()
            }
            Pane::Streams => {
                self.browser.streams.window.rows().iter().map(|row| row.stream.as_str().to_owned()).collect()
            }
            Pane::Messages => self.browser.messages.window.rows().iter().map(|row| text_of(&row.head)).collect(),
            Pane::Message => Vec::new(),
        }
    }

    fn list_of(&self, pane: Pane) -> List {
        match pane {
            Pane::Namespaces => List::Namespaces,
            Pane::Categories => List::Categories(self.browser.shown_namespace.clone()),
            Pane::Streams => List::Streams(self.browser.streams.of.clone(), self.browser.streams.by_activity),
            Pane::Messages => {
                List::Messages(self.browser.messages.place.clone(), self.browser.messages.filter_text.clone())
            }
            Pane::Message => {
                List::Message(self.browser.message.head().map(|head| head.global_position), self.browser.message.form)
            }
        }
    }

    fn rows_of(&self, pane: Pane) -> usize {
        match pane {
            Pane::Namespaces => self.browser.namespaces.len(),
            Pane::Categories => self.browser.categories.len(),
            Pane::Streams => self.browser.streams.window.len(),
            Pane::Messages => self.browser.messages.window.len(),
            Pane::Message => self.browser.message.lines(),
        }
    }

    fn row_id(&self, pane: Pane, index: usize) -> Option<RowId> {
        match pane {
            Pane::Namespaces => self.browser.namespaces.rows().get(index).map(|row| RowId::Name(row.id.clone())),
            Pane::Categories => {
                self.browser.categories.rows().get(index).map(|row| RowId::Name(row.category.to_string()))
            }
            Pane::Streams => {
                self.browser.streams.window.rows().get(index).map(|row| RowId::Name(row.stream.to_string()))
            }
            Pane::Messages => self
                .browser
                .messages
                .window
                .rows()
                .get(index)
                .map(|row| RowId::Number(self.browser.messages.number(&row.head))),
            Pane::Message => (index < self.browser.message.lines()).then_some(RowId::Line(index)),
        }
    }

    fn looked(&self, pane: Pane) -> Looked {
        let rows = self.rows_of(pane);
        let last = rows.checked_sub(1).and_then(|last| self.row_id(pane, last));
        Looked { list: self.list_of(pane), rows, first: self.row_id(pane, 0), last }
    }

    /// Returns the index of the selected row and of the first row in view.
    fn selected_and_top(&self, pane: Pane) -> (usize, usize) {
        match pane {
            Pane::Namespaces => (self.browser.namespaces.selected(), self.browser.namespaces.top()),
            Pane::Categories => (self.browser.categories.selected(), self.browser.categories.top()),
            Pane::Streams => (self.browser.streams.window.selected(), self.browser.streams.window.top()),
            Pane::Messages => (self.browser.messages.window.selected(), self.browser.messages.window.top()),
            Pane::Message => (self.browser.message.selected(), self.browser.message.top()),
        }
    }

    fn select_row(&mut self, pane: Pane, index: usize) -> Vec<Effect> {
        let effects = match pane {
            Pane::Namespaces => {
                self.browser.namespaces.select(index);
                self.namespace_selected()
            }
            Pane::Categories => {
                self.browser.categories.select(index);
                self.category_selected()
            }
            Pane::Streams => {
                self.browser.streams.window.select(index);
                self.stream_selected()
            }
            Pane::Messages => {
                self.browser.messages.window.select(index);
                self.browser.messages.moved();
                Vec::new()
            }
            Pane::Message => {
                self.browser.message.select(index);
                Vec::new()
            }
        };
        self.reveal();
        effects
    }

    fn anchor(&self, pane: Pane) -> Anchor {
        let (selected, top) = self.selected_and_top(pane);
        let row = self.row_id(pane, selected);
        Anchor { pane, list: self.list_of(pane), row, above: selected.saturating_sub(top) }
    }

    /// Selects the row at which a search began, if it still exists.
    fn return_to(&mut self, pane: Pane, row: Option<&RowId>, above: usize) -> Vec<Effect> {
        let index = (0..self.rows_of(pane)).find(|index| self.row_id(pane, *index).as_ref() == row);
        let Some(index) = index else { return Vec::new() };
        let effects = self.select_row(pane, index);
        match pane {
            Pane::Namespaces => self.browser.namespaces.put_below(above),
            Pane::Categories => self.browser.categories.put_below(above),
            Pane::Streams => self.browser.streams.window.put_below(above),
            Pane::Messages => self.browser.messages.window.put_below(above),
            Pane::Message => self.browser.message.put_below(above),
        }
        self.reveal();
        effects
    }

    /// Returns the text whose matches are highlighted in a pane.
    #[must_use]
    pub(crate) fn find_in(&self, pane: Pane) -> Option<&str> {
        let (_, looked) = self.browser.find.found.as_ref()?;
        (looked.list == self.list_of(pane)).then_some(self.browser.find.text.as_str())
    }

    /// Returns the number of matches and of rows in a pane; none if other rows were searched.
    #[must_use]
    pub(crate) fn matches_in(&self, pane: Pane) -> Option<(usize, usize)> {
        let (matches, looked) = self.browser.find.found.as_ref()?;
        (*looked == self.looked(pane)).then_some((*matches, looked.rows))
    }

    /// Begins a search in the focused pane.
    pub(super) fn begin_search(&mut self) {
        let anchor = self.anchor(self.browser.focus);
        self.browser.find = Find { anchor: Some(anchor), ..Find::default() };
    }

    /// Selects the nearest match from where the search began. Without a match, selects the row at which it began.
    pub(super) fn search(&mut self, text: String) -> Vec<Effect> {
        let Some(anchor) = self.browser.find.anchor.take() else { return Vec::new() };
        let pane = anchor.pane;
        // If the list was replaced in the meantime, the search begins at the new selection.
        let anchor = if anchor.list == self.list_of(pane) { anchor } else { self.anchor(pane) };
        let mut effects = self.return_to(pane, anchor.row.as_ref(), anchor.above);
        self.browser.find = Find { text, found: None, anchor: Some(anchor) };
        if !self.browser.find.text.is_empty() {
            let (selected, _) = self.selected_and_top(pane);
            effects.extend(self.find_from(pane, selected, true));
        }
        effects
    }

    /// Ends the search and selects the row at which it began.
    pub(super) fn cancel_search(&mut self) -> Vec<Effect> {
        let Some(Anchor { pane, list, row, above }) = std::mem::take(&mut self.browser.find).anchor else {
            return Vec::new();
        };
        if list != self.list_of(pane) {
            return Vec::new();
        }
        let mut effects = self.return_to(pane, row.as_ref(), above);
        effects.extend(self.follow_selection());
        effects
    }

    pub(super) fn find_again(&mut self, forwards: bool) -> Vec<Effect> {
        if self.browser.find.text.is_empty() {
            return self.open_find();
        }
        let (pane, selected) = (self.browser.focus, self.selected_and_top(self.browser.focus).0);
        if pane == Pane::Message {
            let matches = self.browser.message.find_again(&self.browser.find.text, forwards);
            self.browser.find.found = Some((matches, self.looked(pane)));
            return Vec::new();
        }
        let rows = self.rows_of(pane).max(1);
        let start = if forwards { (selected + 1) % rows } else { (selected + rows - 1) % rows };
        self.find_from(pane, start, forwards)
    }

    fn find_from(&mut self, pane: Pane, start: usize, forwards: bool) -> Vec<Effect> {
        if pane == Pane::Message {
            let matches = self.browser.message.find(&self.browser.find.text, start);
            self.browser.find.found = Some((matches, self.looked(pane)));
            self.reveal();
            return Vec::new();
        }
        let rows = self.rows_as_text(pane);
        let matching: Vec<usize> =
            (0..rows.len()).filter(|index| contains(&rows[*index], &self.browser.find.text)).collect();
        let looked = self.looked(pane);
        self.browser.find.found = Some((matching.len(), looked));
        let next = if forwards {
            matching.iter().find(|index| **index >= start).or(matching.first())
        } else {
            matching.iter().rev().find(|index| **index <= start).or(matching.last())
        };
        match next {
            Some(index) => self.select_row(pane, *index),
            None => Vec::new(),
        }
    }

    /// Returns the text of the last search; empty if there was none.
    #[must_use]
    pub(crate) fn find_text(&self) -> &str {
        &self.browser.find.text
    }
}
