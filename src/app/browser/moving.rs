//! Moving within the focused pane and between the panes. Every move that changes a selection shows it.

use super::super::event::Effect;
use super::super::request::Slot;
use super::super::requests::Requests;
use super::Browser;
use super::layout::Pane;
use super::messages::MessageRow;
use super::search::Edge;
use crate::message::{Position, StreamName};
use crate::store::browse::StreamsFrom;

impl Browser {
    /// Moves the selection of the focused pane.
    pub(in crate::app) fn step(&mut self, rows: isize, requests: &mut Requests) -> Vec<Effect> {
        match self.focus {
            Pane::Namespaces => {
                self.namespaces.step(rows);
                self.namespace_selected(requests)
            }
            Pane::Categories => {
                self.categories.step(rows);
                self.category_selected(requests)
            }
            Pane::Streams => {
                self.streams.window.step(rows);
                self.stream_selected(requests)
            }
            Pane::Messages => self.messages.step(rows, requests).into_iter().collect(),
            Pane::Message => {
                self.message.step(rows);
                Vec::new()
            }
        }
    }

    /// Goes to the first or the last row of the focused pane.
    pub(in crate::app) fn go_to_edge(&mut self, edge: Edge, requests: &mut Requests) -> Vec<Effect> {
        let (rows, end) =
            if edge == Edge::First { (isize::MIN, StreamsFrom::Start) } else { (isize::MAX, StreamsFrom::End) };
        match self.focus {
            Pane::Messages => self.messages.go_to_edge(edge, requests).into_iter().collect(),
            Pane::Streams => match self.streams.go_to_end(end, requests) {
                Some(effect) => vec![effect],
                None => self.step(rows, requests),
            },
            _ => self.step(rows, requests),
        }
    }

    /// Selects a message of the list if it is loaded.
    pub(in crate::app) fn select_message(
        &mut self,
        namespace: &str,
        stream: &StreamName,
        position: Position,
        requests: &mut Requests,
    ) -> Option<Effect> {
        self.messages.key.as_ref().filter(|key| key.namespace == namespace)?;
        let window = &self.messages.window;
        let is_it = |row: &MessageRow| row.head.position == position && row.head.stream == *stream;
        let index = window.rows().iter().position(is_it)?;
        let rows = index.checked_signed_diff(window.selected()).filter(|rows| *rows != 0)?;
        self.messages.step(rows, requests)
    }

    pub(in crate::app) fn focus_on(&mut self, pane: Pane, requests: &mut Requests) -> Vec<Effect> {
        self.focus = pane;
        match pane {
            Pane::Namespaces => {
                self.active = pane;
                self.namespace_selected(requests)
            }
            Pane::Categories if !self.categories.is_empty() => {
                self.active = pane;
                self.category_selected(requests)
            }
            Pane::Streams if !self.streams.window.is_empty() => {
                self.active = pane;
                self.stream_selected(requests)
            }
            _ => Vec::new(),
        }
    }

    /// Shows a list that was just loaded, if its pane already has the focus because a key was faster than the list.
    pub(super) fn show_if_focused(&mut self, pane: Pane, requests: &mut Requests) -> Vec<Effect> {
        if self.focus == pane && self.active != pane { self.focus_on(pane, requests) } else { Vec::new() }
    }

    /// Goes one pane to the right. Nothing lies to the right of the message pane.
    pub(in crate::app) fn deeper(&mut self, requests: &mut Requests) -> Vec<Effect> {
        // An empty list is skipped, but not one that is still loading.
        let no_categories = self.categories.is_empty() && self.categories.at_last;
        let no_streams = self.streams.window.is_empty() && self.streams.window.at_last;
        match self.focus {
            Pane::Namespaces if no_categories => self.focus_on(Pane::Messages, requests),
            Pane::Namespaces => self.focus_on(Pane::Categories, requests),
            Pane::Categories if no_streams => self.focus_on(Pane::Messages, requests),
            Pane::Categories => self.focus_on(Pane::Streams, requests),
            Pane::Streams => self.focus_on(Pane::Messages, requests),
            Pane::Messages => {
                if self.messages.selection().is_some() {
                    self.focus = Pane::Message;
                }
                Vec::new()
            }
            Pane::Message => Vec::new(),
        }
    }

    /// Goes one pane to the left; from the messages to the pane whose selection they are.
    pub(in crate::app) fn one_pane_back(&mut self, requests: &mut Requests) -> Vec<Effect> {
        match self.focus {
            Pane::Namespaces => return Vec::new(),
            Pane::Categories => return self.focus_on(Pane::Namespaces, requests),
            Pane::Streams => return self.focus_on(Pane::Categories, requests),
            Pane::Messages => self.focus = self.active,
            Pane::Message => self.focus = Pane::Messages,
        }
        Vec::new()
    }

    /// Cancels whatever the user waits for. Returns none if that is nothing.
    pub(in crate::app) fn cancel(&mut self, requests: &mut Requests) -> Option<Vec<Effect>> {
        if let Some(stop) = self.messages.stop_reading(requests) {
            return Some(vec![stop]);
        }
        // Only a count that the user asked for is cancelled. An estimate loads on its own, so Esc ignores it.
        if self.messages.count.by_user
            && let Some(stop) = requests.stop(Slot::Count)
        {
            return Some([stop].into_iter().chain(self.messages.estimate(requests)).collect());
        }
        // If a page has only just been requested, Esc means going back.
        self.streams.stop_if_slow(requests).map(|stop| vec![stop])
    }

    /// Folds the selected row of the message, selects its parent, or goes one pane back.
    pub(in crate::app) fn collapse(&mut self) {
        if !self.message.collapse() {
            self.focus = Pane::Messages;
        }
    }

    /// Reverses the order of the messages, or lists the streams in their other order.
    pub(in crate::app) fn change_order(&mut self, requests: &mut Requests) -> Vec<Effect> {
        if self.focus == Pane::Streams {
            return self.streams.change_order(requests).into_iter().collect();
        }
        let is_useless = self.messages.turn();
        self.messages.window.center(self.layout().rows(Pane::Messages));
        let next = self.messages.read_on(requests);
        let effect = if is_useless && next.is_none() { requests.stop(Slot::Messages) } else { next };
        effect.into_iter().collect()
    }
}
