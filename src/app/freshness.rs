//! Keeps the side panes current: updates categories and streams from the messages that following or a page brings. It asks
//! the server nothing, and estimates stay estimates.

use std::collections::BTreeMap;

use super::streams::Streams;
use super::window::Window;
use super::{Effect, State};
use crate::message::{Category, MessageHead, StreamName};
use crate::store::browse::{CategoryRow, StreamRow};

impl State {
    /// Counts new messages in their categories and makes them the last ones of their streams.
    pub(super) fn side_panes_follow<'a>(
        &mut self,
        namespace: &str,
        heads: impl Iterator<Item = &'a MessageHead>,
    ) -> Vec<Effect> {
        if self.browser.shown_namespace.as_deref() != Some(namespace) {
            return Vec::new();
        }
        let mut last: BTreeMap<&StreamName, &MessageHead> = BTreeMap::new();
        let mut new: BTreeMap<Category, u64> = BTreeMap::new();
        for head in heads {
            *new.entry(head.stream.category()).or_default() += 1;
            let newest = last.entry(&head.stream).or_insert(head);
            if newest.position < head.position {
                *newest = head;
            }
        }
        let were_empty = self.browser.categories.is_empty();
        if self.browser.categories.at_last {
            for (category, messages) in new {
                count_in(&mut self.browser.categories, category, messages);
            }
        }
        if self.browser.streams.of.as_ref().is_some_and(|of| of.namespace == namespace) {
            for head in last.into_values() {
                self.browser.streams.learn(head, true);
            }
        }
        self.reveal();
        if were_empty && !self.browser.categories.is_empty() { self.category_selected() } else { Vec::new() }
    }

    /// Raises the versions of listed streams to those that the messages of a page show.
    pub(super) fn side_panes_see<'a>(&mut self, namespace: &str, heads: impl Iterator<Item = &'a MessageHead>) {
        if self.browser.streams.of.as_ref().is_some_and(|of| of.namespace == namespace) {
            for head in heads {
                self.browser.streams.learn(head, false);
            }
        }
    }
}

/// Adds new messages to the estimate of a category, which is inserted if it is new.
fn count_in(categories: &mut Window<CategoryRow>, category: Category, messages: u64) {
    match categories.rows().binary_search_by(|row| row.category.as_str().cmp(category.as_str())) {
        Ok(index) => {
            if let Some(row) = categories.row_mut(index) {
                row.estimate = row.estimate.map(|estimate| estimate.saturating_add(messages));
            }
        }
        Err(index) => categories.place(index, CategoryRow { category, estimate: Some(messages) }),
    }
}

impl Streams {
    /// Updates the stream of a message. A new message may also insert a new stream.
    fn learn(&mut self, head: &MessageHead, new: bool) {
        if self.of.as_ref().is_none_or(|of| of.category != head.stream.category()) {
            return;
        }
        let row = StreamRow {
            stream: head.stream.clone(),
            version: head.position,
            last_global_position: head.global_position,
            last_time: head.time,
        };
        let held = self.window.rows().iter().position(|held| held.stream == head.stream);
        if let Some(held) = held.and_then(|index| self.window.row_mut(index)) {
            if held.version >= row.version {
                return;
            }
            *held = row;
        } else if new {
            let Some(index) = self.place_of(&row) else { return };
            self.window.place(index, row);
        } else {
            return;
        }
        if self.by_activity {
            self.window.sort_by_key(|row| std::cmp::Reverse(row.last_global_position));
        }
    }

    /// Returns the index at which to insert an unloaded stream. Returns none if it belongs outside the loaded rows, or if the
    /// server sorts names in an order that is unknown here.
    fn place_of(&self, row: &StreamRow) -> Option<usize> {
        let rows = self.window.rows();
        if self.by_activity {
            return Some(0);
        }
        if !rows.iter().is_sorted_by(|one, next| one.stream.as_str() <= next.stream.as_str()) {
            return None;
        }
        let index = rows.partition_point(|held| held.stream.as_str() < row.stream.as_str());
        let is_inside = (index > 0 || self.window.at_first) && (index < rows.len() || self.window.at_last);
        is_inside.then_some(index)
    }
}
