//! Lists that were left, kept whole for a while: going back shows cursor, scroll and filter as they were. A filter is kept longer
//! than the rows.

use std::collections::VecDeque;

use super::messages::Messages;
use super::streams::Streams;

/// Lists kept of each kind. A full one takes about half a megabyte.
const KEPT: usize = 6;
/// Lists of messages whose filter is kept, with rows or without.
const KEPT_FILTERS: usize = 200;

/// The lists that were left.
#[derive(Debug, Default)]
pub struct Places {
    messages: VecDeque<Messages>,
    streams: VecDeque<Streams>,
}

impl Places {
    /// Keeps a list of messages.
    pub fn leave_messages(&mut self, messages: Messages) {
        if messages.place.is_none() || (messages.window.is_empty() && !messages.is_filtered()) {
            return;
        }
        keep(&mut self.messages, messages, |old, new| old.place == new.place);
        let mut with_rows = 0;
        for kept in self.messages.iter_mut().rev() {
            with_rows += usize::from(!kept.window.is_empty());
            if with_rows > KEPT {
                kept.unload();
            }
        }
        self.let_go();
    }

    /// Lists without rows are kept for their filters.
    fn let_go(&mut self) {
        self.messages.retain(|kept| kept.is_filtered() || !kept.window.is_empty());
        let excess = self.messages.len().saturating_sub(KEPT_FILTERS);
        self.messages.drain(..excess);
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
            let excess = self.streams.len().saturating_sub(KEPT);
            self.streams.drain(..excess);
        }
    }

    /// The list of streams as it was left.
    pub fn streams_of(&mut self, wanted: &super::streams::Of) -> Option<Streams> {
        let index = self.streams.iter().position(|kept| kept.of.as_ref() == Some(wanted))?;
        self.streams.remove(index)
    }

    /// No row that is kept is true any more (another server, a refresh). The filters stay.
    pub fn forget_rows(&mut self) {
        self.streams.clear();
        self.messages.iter_mut().for_each(Messages::unload);
        self.let_go();
    }

    /// Nothing of a namespace is kept.
    pub fn forget(&mut self, namespace: &str) {
        self.streams.retain(|kept| kept.of.as_ref().is_none_or(|of| of.namespace != namespace));
        self.messages.retain(|kept| kept.place.as_ref().is_none_or(|place| place.namespace != namespace));
    }
}

fn keep<T>(kept: &mut VecDeque<T>, list: T, same: impl Fn(&T, &T) -> bool) {
    kept.retain(|old| !same(old, &list));
    kept.push_back(list);
}
