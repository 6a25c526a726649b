//! Searching the loaded rows of the focused pane with `/` while the user types; `n` and `N` go to the next and previous
//! match. It never asks the store for matches.

use std::time::Duration;

use super::browser::Browser;
use super::browser::find::{Anchor, Find, RowId, SearchedList, SearchedRows};
use super::browser::layout::Pane;
use super::event::Effect;
use super::requests::Requests;
use super::text_search::contains;
use crate::message::MessageHead;

/// Returns the searchable text of a row in the messages pane.
#[must_use]
pub(crate) fn text_of(head: &MessageHead) -> String {
    let (position, global) = (head.position, head.global_position);
    format!("{position} {global} {} {} {} {}", head.message_type, head.stream, head.preview, head.id)
}

impl Browser {
    /// Returns the searchable text of each row in a pane.
    fn rows_as_text(&self, pane: Pane) -> Vec<String> {
        match pane {
            Pane::Namespaces => self.namespaces.rows().iter().map(|row| row.id.clone()).collect(),
            Pane::Categories => self.categories.rows().iter().map(|row| row.category.as_str().to_owned()).collect(),
            Pane::Streams => self.streams.window.rows().iter().map(|row| row.stream.as_str().to_owned()).collect(),
            Pane::Messages => self.messages.window.rows().iter().map(|row| text_of(&row.head)).collect(),
            Pane::Message => Vec::new(),
        }
    }

    fn list_of(&self, pane: Pane) -> SearchedList {
        match pane {
            Pane::Namespaces => SearchedList::Namespaces,
            Pane::Categories => SearchedList::Categories(self.shown_namespace.clone()),
            Pane::Streams => SearchedList::Streams(self.streams.of.clone(), self.streams.by_activity),
            Pane::Messages => SearchedList::Messages(self.messages.key.clone(), self.messages.filter_text.clone()),
            Pane::Message => {
                SearchedList::Message(self.message.head().map(|head| head.global_position), self.message.form)
            }
        }
    }

    fn rows_of(&self, pane: Pane) -> usize {
        match pane {
            Pane::Namespaces => self.namespaces.len(),
            Pane::Categories => self.categories.len(),
            Pane::Streams => self.streams.window.len(),
            Pane::Messages => self.messages.window.len(),
            Pane::Message => self.message.lines(),
        }
    }

    fn row_id(&self, pane: Pane, index: usize) -> Option<RowId> {
        match pane {
            Pane::Namespaces => self.namespaces.rows().get(index).map(|row| RowId::Name(row.id.clone())),
            Pane::Categories => self.categories.rows().get(index).map(|row| RowId::Name(row.category.to_string())),
            Pane::Streams => self.streams.window.rows().get(index).map(|row| RowId::Name(row.stream.to_string())),
            Pane::Messages => {
                self.messages.window.rows().get(index).map(|row| RowId::Number(self.messages.number(&row.head)))
            }
            Pane::Message => (index < self.message.lines()).then_some(RowId::Line(index)),
        }
    }

    fn looked(&self, pane: Pane) -> SearchedRows {
        let rows = self.rows_of(pane);
        let last = rows.checked_sub(1).and_then(|last| self.row_id(pane, last));
        SearchedRows { list: self.list_of(pane), rows, first: self.row_id(pane, 0), last }
    }

    /// Returns the index of the selected row and of the first row in view.
    fn selected_and_top(&self, pane: Pane) -> (usize, usize) {
        match pane {
            Pane::Namespaces => (self.namespaces.selected(), self.namespaces.top()),
            Pane::Categories => (self.categories.selected(), self.categories.top()),
            Pane::Streams => (self.streams.window.selected(), self.streams.window.top()),
            Pane::Messages => (self.messages.window.selected(), self.messages.window.top()),
            Pane::Message => (self.message.selected(), self.message.top()),
        }
    }

    fn select_row(&mut self, pane: Pane, index: usize, requests: &mut Requests) -> Vec<Effect> {
        let effects = match pane {
            Pane::Namespaces => {
                self.namespaces.select(index);
                self.namespace_selected(requests)
            }
            Pane::Categories => {
                self.categories.select(index);
                self.category_selected(requests)
            }
            Pane::Streams => {
                self.streams.window.select(index);
                self.stream_selected(requests)
            }
            Pane::Messages => {
                self.messages.window.select(index);
                self.messages.moved();
                Vec::new()
            }
            Pane::Message => {
                self.message.select(index);
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
    fn return_to(&mut self, pane: Pane, row: Option<&RowId>, above: usize, requests: &mut Requests) -> Vec<Effect> {
        let index = (0..self.rows_of(pane)).find(|index| self.row_id(pane, *index).as_ref() == row);
        let Some(index) = index else { return Vec::new() };
        let effects = self.select_row(pane, index, requests);
        match pane {
            Pane::Namespaces => self.namespaces.put_below(above),
            Pane::Categories => self.categories.put_below(above),
            Pane::Streams => self.streams.window.put_below(above),
            Pane::Messages => self.messages.window.put_below(above),
            Pane::Message => self.message.put_below(above),
        }
        self.reveal();
        effects
    }

    /// Returns the text whose matches are highlighted in a pane.
    #[must_use]
    pub(crate) fn find_in(&self, pane: Pane) -> Option<&str> {
        let (_, looked) = self.find.found.as_ref()?;
        (looked.list == self.list_of(pane)).then_some(self.find.text.as_str())
    }

    /// Returns the number of matches and of rows in a pane; none if other rows were searched.
    #[must_use]
    pub(crate) fn matches_in(&self, pane: Pane) -> Option<(usize, usize)> {
        let (matches, looked) = self.find.found.as_ref()?;
        (*looked == self.looked(pane)).then_some((*matches, looked.rows))
    }

    /// Begins a search in the focused pane.
    pub(super) fn begin_search(&mut self) {
        let anchor = self.anchor(self.focus);
        self.find = Find { anchor: Some(anchor), ..Find::default() };
    }

    /// Selects the nearest match from where the search began. Without a match, selects the row at which it began.
    pub(super) fn search(&mut self, text: String, requests: &mut Requests) -> Vec<Effect> {
        let Some(anchor) = self.find.anchor.take() else { return Vec::new() };
        let pane = anchor.pane;
        // If the list was replaced in the meantime, the search begins at the new selection.
        let anchor = if anchor.list == self.list_of(pane) { anchor } else { self.anchor(pane) };
        let mut effects = self.return_to(pane, anchor.row.as_ref(), anchor.above, requests);
        self.find = Find { text, anchor: Some(anchor), ..Find::default() };
        if !self.find.text.is_empty() {
            let (selected, _) = self.selected_and_top(pane);
            effects.extend(self.find_from(pane, selected, true, requests));
        }
        effects
    }

    /// Ends the search and selects the row at which it began.
    pub(super) fn cancel_search(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let Some(Anchor { pane, list, row, above }) = std::mem::take(&mut self.find).anchor else {
            return Vec::new();
        };
        if list != self.list_of(pane) {
            return Vec::new();
        }
        let mut effects = self.return_to(pane, row.as_ref(), above, requests);
        effects.extend(self.load_selected_message(Duration::ZERO, requests));
        effects
    }

    /// Counts the matches in a pane again, and returns their indices.
    fn matching_rows(&mut self, pane: Pane) -> Vec<usize> {
        let rows = self.rows_as_text(pane);
        let matching: Vec<usize> = (0..rows.len()).filter(|index| contains(&rows[*index], &self.find.text)).collect();
        self.find.found = Some((matching.len(), self.looked(pane)));
        matching
    }

    /// Returns true if the loaded messages have no further match in a direction.
    pub(super) fn is_on_last_match(&mut self, forwards: bool) -> bool {
        if self.focus != Pane::Messages {
            return false;
        }
        let selected = self.messages.window.selected();
        let beyond = |index: &usize| if forwards { *index > selected } else { *index < selected };
        !self.matching_rows(Pane::Messages).iter().any(beyond)
    }

    pub(super) fn find_again(&mut self, forwards: bool, requests: &mut Requests) -> Vec<Effect> {
        let (pane, selected) = (self.focus, self.selected_and_top(self.focus).0);
        if pane == Pane::Message {
            let matches = self.message.find_again(&self.find.text, forwards);
            self.find.found = Some((matches, self.looked(pane)));
            return Vec::new();
        }
        let rows = self.rows_of(pane).max(1);
        let start = if forwards { (selected + 1) % rows } else { (selected + rows - 1) % rows };
        self.find_from(pane, start, forwards, requests)
    }

    fn find_from(&mut self, pane: Pane, start: usize, forwards: bool, requests: &mut Requests) -> Vec<Effect> {
        if pane == Pane::Message {
            let matches = self.message.find(&self.find.text, start);
            self.find.found = Some((matches, self.looked(pane)));
            self.reveal();
            return Vec::new();
        }
        let matching = self.matching_rows(pane);
        let next = if forwards {
            matching.iter().find(|index| **index >= start).or(matching.first())
        } else {
            matching.iter().rev().find(|index| **index <= start).or(matching.last())
        };
        match next {
            Some(index) => self.select_row(pane, *index, requests),
            None => Vec::new(),
        }
    }

    /// Returns the text of the last search; empty if there was none.
    #[must_use]
    pub(crate) fn find_text(&self) -> &str {
        &self.find.text
    }
}
