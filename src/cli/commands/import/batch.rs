//! A batch of messages with their line numbers, and its packed form, which is kept until its commit is answered in case it must be
//! sent again. A packed batch keeps all texts in one string and takes a third of the memory. Nothing is compressed or changed.

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::message::StreamName;
use crate::store::import::{self, Checked, ImportedMessage, Placement};

/// Stands for the length of a NULL body.
const NULL: u32 = u32::MAX;

pub(super) struct Batch {
    pub messages: Vec<ImportedMessage>,
    pub checked: Checked,
    /// The line number of each message.
    pub lines: Vec<u64>,
    /// Bytes of lines.
    pub size: usize,
    /// Permits for its memory, returned when the batch is dropped.
    _room: Vec<OwnedSemaphorePermit>,
}

impl Batch {
    pub(super) fn new(
        messages: Vec<ImportedMessage>,
        checked: Checked,
        lines: Vec<u64>,
        size: usize,
        room: Vec<OwnedSemaphorePermit>,
    ) -> Self {
        Self { messages, checked, lines, size, _room: room }
    }

    /// Returns the line number of a message.
    pub(super) fn line(&self, index: usize) -> u64 {
        self.lines.get(index).copied().unwrap_or_default()
    }

    pub(super) fn last_line(&self) -> u64 {
        self.lines.last().copied().unwrap_or_default()
    }
}

impl import::FollowingBatch for Batch {
    /// The server need not wait until thousands of texts are copied and freed.
    type Packed = JoinHandle<Packed>;

    fn messages(&self) -> &[ImportedMessage] {
        &self.messages
    }

    fn checked(&self) -> &Checked {
        &self.checked
    }

    fn size(&self) -> usize {
        self.size
    }

    fn pack(self) -> JoinHandle<Packed> {
        tokio::task::spawn_blocking(move || Packed::new(self))
    }
}

pub(super) struct Packed {
    texts: String,
    messages: Vec<Entry>,
    checked: Checked,
    lines: Vec<u64>,
    size: usize,
}

struct Entry {
    id: Uuid,
    placement: Placement,
    /// Bytes of stream, type, data and metadata.
    lengths: [u32; 4],
}

impl Packed {
    fn new(batch: Batch) -> Self {
        let Batch { messages, checked, lines, size, .. } = batch;
        let mut texts = String::with_capacity(messages.iter().map(ImportedMessage::length).sum());
        let mut add = |text: &str| {
            texts.push_str(text);
            // Lines are shorter than 4 GiB.
            u32::try_from(text.len()).unwrap_or(NULL)
        };
        let messages = messages.iter().map(|message| Entry {
            id: message.id,
            placement: message.placement,
            lengths: [
                add(message.stream.as_str()),
                add(&message.message_type),
                message.data.as_deref().map_or(NULL, &mut add),
                message.metadata.as_deref().map_or(NULL, &mut add),
            ],
        });
        let messages = messages.collect();
        Self { texts, messages, checked, lines, size }
    }

    /// Restores the batch, without permits.
    pub(super) fn unpack(self) -> Batch {
        let mut rest = self.texts.as_str();
        let mut take = |length: u32| {
            let (text, after) = rest.split_at(length as usize);
            rest = after;
            text.to_owned()
        };
        let messages = self.messages.iter().map(|entry| {
            let [stream, message_type, data, metadata] = entry.lengths;
            ImportedMessage {
                id: entry.id,
                stream: StreamName::stored(take(stream)),
                message_type: take(message_type),
                data: (data != NULL).then(|| take(data)),
                metadata: (metadata != NULL).then(|| take(metadata)),
                placement: entry.placement,
            }
        });
        Batch::new(messages.collect(), self.checked, self.lines, self.size, Vec::new())
    }

    pub(super) fn last_line(&self) -> u64 {
        self.lines.last().copied().unwrap_or_default()
    }

    /// Returns the line number of a message.
    pub(super) fn line(&self, index: usize) -> u64 {
        self.lines.get(index).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::import::ImportOptions;

    #[test]
    fn unpack_restores_the_batch() {
        let message = |stream: &str, data: Option<&str>, metadata: Option<&str>| ImportedMessage {
            id: Uuid::now_v7(),
            stream: StreamName::stored(stream),
            message_type: format!("Type of {stream}"),
            data: data.map(str::to_owned),
            metadata: metadata.map(str::to_owned),
            placement: Placement::Kept { position: 3, global_position: Some(7), time: jiff::Timestamp::UNIX_EPOCH },
        };
        let messages = vec![
            message("a-1", Some("{\"ä\": 1}"), None),
            message("", None, Some("{}")),
            message("漢-2", Some(""), Some("null")),
        ];
        let checked = Checked::new(&messages, ImportOptions::default()).expect("valid messages");
        let packed = Packed::new(Batch::new(messages.clone(), checked, vec![4, 5, 9], 100, Vec::new()));
        assert_eq!((packed.last_line(), packed.line(1)), (9, 5));
        let batch = packed.unpack();
        assert_eq!((batch.messages, batch.lines), (messages, vec![4, 5, 9]));
    }
}
