//! Receives what the store returns: lists, pages and bodies that were asked for, and new messages while following.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::event::Effect;
use super::super::request::{Answer, Question, Slot};
use super::super::requests::Requests;
use super::Browser;
use super::layout::Pane;
use crate::message::{Category, GlobalPosition, Message, MessageHead, StreamName};
use crate::store::NamespaceInfo;
use crate::store::browse::CategoryRow;
use crate::store::trace::{DEFAULT_EXTENT, Relations};

/// How long the cursor rests on a message before the messages around it are searched.
const REST: Duration = Duration::from_millis(300);
/// The least time between two searches around a message while following. A search can take a second of the server's
/// time.
const RENEWAL: Duration = Duration::from_secs(5);

impl Browser {
    /// Lists the namespaces. The selection stays, unless another one is wanted, but nothing is shown yet.
    pub(in crate::app) fn namespaces_listed(
        &mut self,
        namespaces: Vec<NamespaceInfo>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        let exists = namespaces.iter().any(|namespace| Some(&namespace.id) == self.shown_namespace.as_ref());
        let effects = if exists { Vec::new() } else { self.leave_namespace(requests) };
        let selected = self.wanted_namespace.take();
        let selected = selected.or_else(|| self.namespaces.selection().map(|namespace| namespace.id.clone()));
        self.namespaces.replace_all(namespaces, selected.as_deref());
        effects
    }

    pub(in crate::app) fn categories_listed(
        &mut self,
        categories: Vec<CategoryRow>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        let selected = self.wanted_category.take();
        let selected = selected.or_else(|| self.categories.selection().map(|row| row.category.clone()));
        self.categories.replace_all(categories, selected.as_ref().map(Category::as_str));
        let mut effects = self.category_selected(requests);
        effects.extend(self.show_if_focused(Pane::Categories, requests));
        effects
    }

    fn streams_listed(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let mut effects = if std::mem::take(&mut self.streams.asked_for) {
            self.stream_selected(requests)
        } else {
            self.streams.load_more(requests).into_iter().collect()
        };
        effects.extend(self.show_if_focused(Pane::Streams, requests));
        effects
    }

    /// Applies an answer for a list or for the message. No other answer reaches this method.
    pub(in crate::app) fn answered(&mut self, answer: Answer, requests: &mut Requests) -> Vec<Effect> {
        match answer {
            Answer::Streams { from, rows, end } => {
                self.streams.insert_page(&from, rows, end);
                self.streams_listed(requests)
            }
            Answer::StreamsContaining(found) => {
                self.streams.insert_containing(found);
                self.streams_listed(requests)
            }
            Answer::RecentStreams { rows, next } => {
                self.streams.insert_recent(rows, next);
                self.streams_listed(requests)
            }
            Answer::Page(page) => {
                self.streams.raise_versions(self.messages.key.as_ref(), &page.heads);
                self.messages.page_arrived(page, requests).into_iter().collect()
            }
            Answer::Search(step, range) => self.messages.search_step(step, range, requests).into_iter().collect(),
            Answer::CountStep(step, range) => {
                self.messages.matches_counted(&step, range, requests).into_iter().collect()
            }
            Answer::Count(count) => {
                self.messages.counted(count);
                Vec::new()
            }
            Answer::Timeline(timeline) => {
                self.messages.timeline_arrived(timeline);
                Vec::new()
            }
            Answer::Message(message) => self.message_arrived(message, requests),
            Answer::Relations(relations) => {
                self.relations_arrived(relations.map(|relations| *relations), requests).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Counts new messages of a namespace in their categories and makes them the last ones of their streams. Estimates
    /// stay estimates.
    pub(in crate::app) fn include_new_messages<'a>(
        &mut self,
        namespace: &str,
        heads: impl Iterator<Item = &'a MessageHead>,
        requests: &mut Requests,
    ) -> Vec<Effect> {
        if self.shown_namespace.as_deref() != Some(namespace) {
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
        let were_empty = !self.categories.has_rows();
        if self.categories.at_last {
            for (category, messages) in new {
                let new = CategoryRow { category, estimate: Some(messages) };
                self.categories.update_or_insert(new, |row| {
                    row.estimate = row.estimate.map(|estimate| estimate.saturating_add(messages));
                });
            }
        }
        if self.streams.of.as_ref().is_some_and(|of| of.namespace == namespace) {
            for head in last.into_values() {
                self.streams.learn(head, true);
            }
        }
        if were_empty && !self.categories.is_empty() { self.category_selected(requests) } else { Vec::new() }
    }

    /// Shows the body that has been read. If the cursor rests on the message, asks for the messages around it.
    fn message_arrived(&mut self, message: Option<Box<Message>>, requests: &mut Requests) -> Vec<Effect> {
        if let Some(message) = &message {
            self.messages.measured(message);
        }
        self.message.arrived(message, &self.links);
        self.ask_for_relations(REST, requests).into_iter().collect()
    }

    /// Asks for the messages around the one on screen after a pause, if it follows a convention.
    fn ask_for_relations(&self, pause: Duration, requests: &mut Requests) -> Option<Effect> {
        let head = self.message.head().filter(|_| self.message.links.is_some())?;
        let (namespace, global_position) = (self.message.namespace().to_owned(), head.global_position);
        Some(requests.ask_later(Slot::Relations, Question::Relations { namespace, global_position }, pause))
    }

    /// Shows what is around the message on screen. Asks again if messages have arrived since.
    fn relations_arrived(&mut self, relations: Option<Relations>, requests: &mut Requests) -> Option<Effect> {
        self.message.relations_found(relations);
        let is_behind = self.message.links.as_mut().is_some_and(|links| std::mem::take(&mut links.is_behind));
        is_behind.then(|| self.ask_for_relations(RENEWAL, requests)).flatten()
    }

    /// Notes how far following has come. If new messages are near the one on screen, asks for the messages around it
    /// again.
    pub(in crate::app) fn renew_relations(
        &mut self,
        newest: GlobalPosition,
        has_messages: bool,
        requests: &mut Requests,
    ) -> Option<Effect> {
        let position = self.message.head()?.global_position;
        let links = self.message.links.as_mut()?;
        if !links.arrived(newest, has_messages) || newest.saturating_sub(position) > DEFAULT_EXTENT {
            return None;
        }
        links.is_behind = requests.since(Slot::Relations).is_some();
        if links.is_behind { None } else { self.ask_for_relations(RENEWAL, requests) }
    }
}
