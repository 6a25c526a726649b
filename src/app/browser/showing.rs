//! Shows the selection of a side pane: the lists below it, and the messages if its pane is the active one. Lists that
//! are left are kept.

use super::super::event::Effect;
use super::super::request::Slot;
use super::super::requests::Requests;
use super::Browser;
use super::layout::Pane;
use super::list_key::ListKey;
use super::messages::Messages;
use super::named_list::NamedList;
use super::streams::{StreamListKey, Streams};
use crate::message::{Category, StreamName};
use crate::store::browse::Scope;

impl Browser {
    /// Shows the categories of the selected namespace, and its messages if its pane is the active one.
    pub(in crate::app) fn namespace_selected(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let Some(info) = self.namespaces.selection() else { return Vec::new() };
        let namespace = info.id.clone();
        let mut effects = Vec::new();
        if self.shown_namespace.as_ref() != Some(&namespace) {
            self.shown_namespace = Some(namespace.clone());
            self.untold_caution = info.caution.as_ref().map(|caution| format!("Namespace {namespace}: {caution}"));
            self.categories = NamedList::default();
            let by_activity = self.streams.by_activity;
            self.replace_streams(Streams::default());
            self.streams.by_activity = by_activity;
            effects.extend(self.streams.load_now(requests));
            effects.extend(self.read_categories(namespace.clone(), requests));
        }
        if self.active == Pane::Namespaces {
            effects.extend(self.show(ListKey { namespace, scope: Scope::Namespace }, requests));
        }
        effects
    }

    /// Shows the streams of the selected category, and its messages if its pane is the active one.
    pub(in crate::app) fn category_selected(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let (Some(namespace), Some(row)) = (self.shown_namespace.clone(), self.categories.selection()) else {
            return Vec::new();
        };
        let category = row.category.clone();
        let mut effects = Vec::new();
        let key = StreamListKey { namespace: namespace.clone(), category: category.clone() };
        if self.streams.of.as_ref() != Some(&key) {
            let by_activity = self.streams.by_activity;
            let kept = self.kept_lists.streams_of(&key);
            let streams = kept.unwrap_or_else(|| Streams::new(key, by_activity));
            self.replace_streams(streams);
            if self.streams.window.is_empty() {
                self.streams.wanted = self.stream_on_screen(&category);
            }
            effects.extend(self.streams.load_now(requests));
        }
        let member_is_shown = matches!(&self.messages.key, Some(ListKey { namespace: shown, scope: Scope::Member(of, _) })
            if *shown == namespace && *of == category);
        if self.active == Pane::Categories && !member_is_shown {
            effects.extend(self.show(ListKey { namespace, scope: Scope::Category(category) }, requests));
        }
        effects.extend(self.show_if_focused(Pane::Streams, requests));
        effects
    }

    /// Shows the messages of the selected stream if its pane is the active one.
    pub(in crate::app) fn stream_selected(&mut self, requests: &mut Requests) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.streams.load_more(requests).into_iter().collect();
        if self.active == Pane::Streams
            && let (Some(of), Some(row)) = (&self.streams.of, self.streams.window.selection())
        {
            let key = ListKey { namespace: of.namespace.clone(), scope: Scope::Stream(row.stream.clone()) };
            effects.extend(self.show(key, requests));
        }
        effects
    }

    /// Shows the messages of a scope, as they were left or from the newest one.
    pub(in crate::app) fn show(&mut self, key: ListKey, requests: &mut Requests) -> Vec<Effect> {
        if self.messages.key.as_ref() == Some(&key) {
            return Vec::new();
        }
        let stop = self.messages.stop_timeline(requests);
        let newest_first = self.messages.newest_first;
        let list = self.kept_lists.messages_of(&key).unwrap_or_else(|| Messages::new(key, newest_first));
        let left = std::mem::replace(&mut self.messages, list);
        self.kept_lists.leave_messages(left);
        let paths = self.columns.paths_of(self.messages.key.as_ref());
        stop.into_iter().chain(self.messages.enter(paths, requests)).collect()
    }

    pub(in crate::app) fn select_stream(&mut self, stream: &StreamName, requests: &mut Requests) -> Option<Effect> {
        self.streams.select_stream(stream, requests)
    }

    /// Returns the stream whose messages are shown, if it belongs to the category.
    fn stream_on_screen(&self, of: &Category) -> Option<StreamName> {
        match self.messages.key.as_ref().map(|key| &key.scope) {
            Some(Scope::Stream(stream)) if stream.category() == *of => Some(stream.clone()),
            _ => None,
        }
    }

    fn replace_streams(&mut self, instead: Streams) {
        let left = std::mem::replace(&mut self.streams, instead);
        self.kept_lists.leave_streams(left);
    }

    /// Clears every list, because the namespace on screen no longer exists.
    pub(super) fn leave_namespace(&mut self, requests: &mut Requests) -> Vec<Effect> {
        if let Some(namespace) = self.shown_namespace.take() {
            self.kept_lists.forget(&namespace);
        }
        self.categories = NamedList::default();
        self.streams = Streams::default();
        let newest_first = self.messages.newest_first;
        self.messages = Messages::default();
        self.messages.newest_first = newest_first;
        self.message.forget();
        let slots = [
            Slot::Categories,
            Slot::FreshCategories,
            Slot::FreshStreams,
            Slot::Streams,
            Slot::Messages,
            Slot::Message,
            Slot::Relations,
            Slot::Count,
            Slot::Timeline,
        ];
        slots.into_iter().filter_map(|slot| requests.stop(slot)).collect()
    }
}
