//! Keeps recently visited lists, so that going back restores cursor, scroll and filter. Memory stays bounded: older
//! lists lose their rows first and their filters last.

use std::collections::VecDeque;

use super::list_key::ListKey;
use super::messages::Messages;
use super::streams::{StreamListKey, Streams};

/// Lists of each kind that keep their rows. A full list takes about half a megabyte.
const KEPT: usize = 6;
/// Lists of messages that keep their filter and order, with or without rows.
const KEPT_FILTERS: usize = 200;

/// The lists that are kept.
#[derive(Debug, Default)]
pub(crate) struct KeptLists {
    messages: VecDeque<Messages>,
    streams: VecDeque<Streams>,
}

impl KeptLists {
    pub(crate) fn leave_messages(&mut self, messages: Messages) {
        if messages.key.is_none() || (messages.window.is_empty() && !messages.is_filtered()) {
            return;
        }
        keep(&mut self.messages, messages, |old, new| old.key == new.key);
        let mut with_rows = 0;
        for kept in self.messages.iter_mut().rev() {
            with_rows += usize::from(!kept.window.is_empty());
            if with_rows > KEPT {
                kept.unload();
            }
        }
        self.drop_excess();
    }

    /// Drops the oldest lists beyond the limit.
    fn drop_excess(&mut self) {
        let excess = self.messages.len().saturating_sub(KEPT_FILTERS);
        self.messages.drain(..excess);
    }

    /// Adds a list of an earlier run.
    pub(in crate::app) fn put(&mut self, messages: Messages) {
        keep(&mut self.messages, messages, |old, new| old.key == new.key);
        self.drop_excess();
    }

    /// Takes the list of messages of a location as it was left.
    pub(crate) fn messages_of(&mut self, wanted: &ListKey) -> Option<Messages> {
        let index = self.messages.iter().position(|kept| kept.key.as_ref() == Some(wanted))?;
        self.messages.remove(index)
    }

    /// Returns the lists of messages, latest first.
    pub(in crate::app) fn latest_messages(&self) -> impl Iterator<Item = &Messages> {
        self.messages.iter().rev()
    }

    pub(crate) fn leave_streams(&mut self, streams: Streams) {
        if streams.of.is_some() && !streams.window.is_empty() {
            keep(&mut self.streams, streams, |old, new| old.of == new.of);
            let excess = self.streams.len().saturating_sub(KEPT);
            self.streams.drain(..excess);
        }
    }

    /// Takes a list of streams as it was left.
    pub(crate) fn streams_of(&mut self, wanted: &StreamListKey) -> Option<Streams> {
        let index = self.streams.iter().position(|kept| kept.of.as_ref() == Some(wanted))?;
        self.streams.remove(index)
    }

    /// Drops all rows after a reload or a reconnect, because they may be outdated. Filters stay.
    pub(crate) fn forget_rows(&mut self) {
        self.streams.clear();
        self.messages.iter_mut().for_each(Messages::unload);
        self.drop_excess();
    }

    /// Drops all lists of a namespace.
    pub(crate) fn forget(&mut self, namespace: &str) {
        self.streams.retain(|kept| kept.of.as_ref().is_none_or(|of| of.namespace != namespace));
        self.messages.retain(|kept| kept.key.as_ref().is_none_or(|key| key.namespace != namespace));
    }
}

fn keep<T>(kept: &mut VecDeque<T>, list: T, same: impl Fn(&T, &T) -> bool) {
    kept.retain(|old| !same(old, &list));
    kept.push_back(list);
}
