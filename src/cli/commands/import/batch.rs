//! A batch of messages with their line numbers. Their texts share a few long strings, because thousands of short ones
//! would take more time and memory.

use std::ops::Range;

use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::line::{ParsedLine, Text};
use crate::store::import::{self, Checked, MessageRef, Messages, Placement};

/// Bytes of a string of texts. A longer line is not copied: its memory becomes such a string.
const SHARED: usize = 1 << 16;

pub(super) struct Batch {
    pub messages: BatchMessages,
    pub checked: Checked,
    /// The line number of each message.
    pub lines: Vec<u64>,
    /// Bytes of lines, and of what is kept with each.
    pub size: usize,
    /// Permits for its bytes, returned when the batch is dropped.
    pub _room: OwnedSemaphorePermit,
}

impl Batch {
    /// Returns the line number of a message.
    pub(super) fn line(&self, index: usize) -> u64 {
        self.lines.get(index).copied().unwrap_or_default()
    }

    pub(super) fn last_line(&self) -> u64 {
        self.lines.last().copied().unwrap_or_default()
    }
}

impl import::FollowingBatch for Batch {
    fn messages(&self) -> &dyn Messages {
        &self.messages
    }

    fn checked(&self) -> &Checked {
        &self.checked
    }

    fn size(&self) -> usize {
        self.size
    }
}

#[derive(Default)]
pub(super) struct BatchMessages {
    texts: Vec<String>,
    entries: Vec<Entry>,
}

/// A message without its texts.
struct Entry {
    id: Uuid,
    placement: Placement,
    /// Index of the string that holds its texts.
    text: usize,
    stream: Range<u32>,
    message_type: Range<u32>,
    data: Option<Range<u32>>,
    metadata: Option<Range<u32>>,
}

impl BatchMessages {
    /// Bytes of a message besides its texts.
    pub(super) const OVERHEAD: usize = size_of::<Entry>();

    /// Gives back the memory of further messages.
    pub(super) fn complete(&mut self) {
        self.entries.shrink_to_fit();
    }

    /// Adds the message of a line, and may take the memory of the line. Returns its stream.
    pub(super) fn add(&mut self, line: &mut Vec<u8>, parsed: ParsedLine) -> &str {
        let is_taken = line.len() > SHARED;
        if is_taken {
            self.texts.push(String::from_utf8(std::mem::take(line)).expect("a parsed line is UTF-8"));
        } else if self.texts.last().is_none_or(|last| last.len() + line.len() > SHARED) {
            self.texts.push(String::with_capacity(SHARED));
        }
        let line = std::str::from_utf8(line).expect("a parsed line is UTF-8");
        let text = self.texts.len() - 1;
        let all = &mut self.texts[text];
        let mut add = |part: Text| {
            let begins = all.len();
            match part {
                Text::Part(range) if is_taken => return short(range),
                Text::Part(range) => all.push_str(&line[range]),
                Text::Made(made) => all.push_str(&made),
            }
            short(begins..all.len())
        };
        let entry = Entry {
            id: parsed.id,
            placement: parsed.placement,
            text,
            stream: add(parsed.stream),
            message_type: add(parsed.message_type),
            data: parsed.data.map(&mut add),
            metadata: parsed.metadata.map(&mut add),
        };
        self.entries.push(entry);
        self.get(self.entries.len() - 1).stream
    }
}

impl Messages for BatchMessages {
    fn count(&self) -> usize {
        self.entries.len()
    }

    fn get(&self, index: usize) -> MessageRef<'_> {
        let entry = &self.entries[index];
        let all = self.texts[entry.text].as_str();
        let text = |range: &Range<u32>| &all[range.start as usize..range.end as usize];
        MessageRef {
            id: entry.id,
            stream: text(&entry.stream),
            message_type: text(&entry.message_type),
            data: entry.data.as_ref().map(text),
            metadata: entry.metadata.as_ref().map(text),
            placement: entry.placement,
        }
    }

    fn placement(&self, index: usize) -> Placement {
        self.entries[index].placement
    }
}

/// Returns a range in less space. A line and what is made of it are far shorter than 4 GiB.
fn short(range: Range<usize>) -> Range<u32> {
    let short = |at: usize| u32::try_from(at).expect("a position in a text of less than 4 GiB");
    short(range.start)..short(range.end)
}
