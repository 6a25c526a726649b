//! Lists that were left, kept whole for a while: going back shows cursor, scroll and filter as they were.

use std::collections::VecDeque;

use super::messages::Messages;
use super::streams::Streams;

/// Lists kept of each kind. A full one takes about half a megabyte.
const KEPT: usize = 6;

/// The lists that were left.
#[derive(Debug, Default)]
pub struct Places {
    messages: VecDeque<Messages>,
    streams: VecDeque<Streams>,
}

impl Places {
    /// Keeps a list of messages.
    pub fn leave_messages(&mut self, messages: Messages) {
        if messages.place.is_some() && (!messages.window.is_empty() || messages.is_filtered()) {
            keep(&mut self.messages, messages, |old, new| old.place == new.place);
        }
    }

    /// The list of a place as it was left.
    pub fn messages_of(&mut self, wanted: &super::messages::Place) -> Option<Messages> {
        let index = self.messages.iter().position(|kept| kept.place.as_ref() == Some(wanted))?;
        self.messages.remove(index)
    }

    /// Keeps a list of streams.
    pub fn leave_streams(&mut self, streams: Streams) {
        if streams.of.is_some() && !streams.window.is_empty() {
            keep(&mut self.streams, streams, |old, new| old.of == new.of);
        }
    }

    /// The list of streams as it was left.
    pub fn streams_of(&mut self, wanted: &super::streams::Of) -> Option<Streams> {
        let index = self.streams.iter().position(|kept| kept.of.as_ref() == Some(wanted))?;
        self.streams.remove(index)
    }

    /// Nothing kept is true any more (another server, a refresh).
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

fn keep<T>(kept: &mut VecDeque<T>, list: T, same: impl Fn(&T, &T) -> bool) {
    kept.retain(|old| !same(old, &list));
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(list);
}
