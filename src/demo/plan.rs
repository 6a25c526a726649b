//! The messages of one namespace before their positions and times are known. A message refers to its cause by its
//! number in the plan.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::random::{SeededRandom, uuid_v7_at};
use crate::message::{GlobalPosition, StreamName, category};
use crate::store::import::{ImportedMessage, Placement};

/// The days that the sample data spans.
pub(super) const DAYS: i64 = 6;

/// The type of the messages in which consumers record their positions.
pub(super) const RECORDED: &str = "Recorded";

/// Returns the data of a message that records a position.
pub(super) fn recorded(position: GlobalPosition) -> String {
    json!({ "position": position }).to_string()
}

#[derive(Debug)]
pub(super) enum Data {
    Json(Value),
    Text(String),
    /// The progress of a consumer in a category: the global position before a number of its last messages.
    Progress {
        category: &'static str,
        unread: usize,
    },
}

#[derive(Debug)]
pub(super) enum Metadata {
    /// Built from the cause, the correlation and the reply stream, as Eventide does.
    Eventide,
    /// JSON text, or NULL without one.
    AsIs(Option<String>),
}

/// A message before its positions are known.
#[derive(Debug)]
pub(super) struct PlannedMessage {
    pub(super) number: usize,
    /// Seconds since the start of the plan.
    pub(super) at: i64,
    pub(super) stream: String,
    pub(super) message_type: String,
    pub(super) data: Data,
    /// Number of the message that caused this one.
    pub(super) cause: Option<usize>,
    pub(super) correlation: Option<String>,
    pub(super) reply: Option<String>,
    pub(super) metadata: Metadata,
}

impl PlannedMessage {
    pub(super) fn data(&self, progress: impl Fn(&str, usize) -> i64) -> String {
        match &self.data {
            Data::Json(value) => value.to_string(),
            Data::Text(text) => text.clone(),
            Data::Progress { category, unread } => recorded(progress(category, *unread)),
        }
    }

    /// Returns metadata with Eventide's keys, or NULL if none applies.
    pub(super) fn metadata(&self, cause: Option<(&str, i64, i64)>) -> Option<String> {
        if let Metadata::AsIs(text) = &self.metadata {
            return text.clone();
        }
        let mut metadata = serde_json::Map::new();
        if let Some((stream, position, global_position)) = cause {
            metadata.insert("causationMessageStreamName".to_owned(), json!(stream));
            metadata.insert("causationMessagePosition".to_owned(), json!(position));
            metadata.insert("causationMessageGlobalPosition".to_owned(), json!(global_position));
        }
        if let Some(correlation) = &self.correlation {
            metadata.insert("correlationStreamName".to_owned(), json!(correlation));
        }
        if let Some(reply) = &self.reply {
            metadata.insert("replyStreamName".to_owned(), json!(reply));
        }
        (!metadata.is_empty()).then(|| Value::Object(metadata).to_string())
    }
}

/// The messages of one namespace.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) messages: Vec<PlannedMessage>,
}

impl Plan {
    /// Adds a message. Returns its number, which the messages that it causes refer to.
    pub(super) fn add(
        &mut self,
        at: i64,
        stream: String,
        message_type: &str,
        data: Value,
        after: Option<usize>,
    ) -> usize {
        let correlation = after.and_then(|cause| self.messages[cause].correlation.clone());
        let number = self.messages.len();
        self.messages.push(PlannedMessage {
            number,
            at,
            stream,
            message_type: message_type.to_owned(),
            data: Data::Json(data),
            cause: after,
            correlation,
            reply: None,
            metadata: Metadata::Eventide,
        });
        number
    }

    /// Adds a record of a consumer that has read all but some messages of a category.
    pub(super) fn progress(&mut self, at: i64, stream: &str, category: &'static str, unread: usize) {
        let number = self.add(at, stream.to_owned(), RECORDED, Value::Null, None);
        self.messages[number].data = Data::Progress { category, unread };
    }

    pub(super) fn sort(&mut self) {
        self.messages.sort_by_key(|message| (message.at, message.number));
    }

    /// Returns the messages in order of global position, which begin at 1 in a new namespace. The last
    /// message is from just before `now`.
    pub(super) fn messages(mut self, now: Timestamp) -> Vec<ImportedMessage> {
        self.sort();
        let end = self.messages.last().map_or(0, |message| message.at);
        let mut versions: HashMap<String, i64> = HashMap::new();
        let mut read: HashMap<String, Vec<i64>> = HashMap::new();
        let mut places: HashMap<usize, (String, i64, i64)> = HashMap::new();
        let mut random = SeededRandom(7);
        let mut made = Vec::with_capacity(self.messages.len());
        for (planned, global_position) in self.messages.iter().zip(1_i64..) {
            let next = versions.entry(planned.stream.clone()).or_default();
            let position = *next;
            *next += 1;
            let ago = SignedDuration::from_secs(end - planned.at) + SignedDuration::from_millis(2);
            let time = now.checked_sub(ago).unwrap_or(now);
            let cause = planned.cause.and_then(|cause| places.get(&cause));
            made.push(ImportedMessage {
                id: uuid_v7_at(time, &mut random),
                stream: StreamName::stored(planned.stream.clone()),
                message_type: planned.message_type.clone(),
                data: Some(planned.data(|of, unread| {
                    read.get(of).and_then(|all| all.iter().rev().nth(unread)).copied().unwrap_or(0)
                })),
                metadata: planned
                    .metadata(cause.map(|(stream, position, global)| (stream.as_str(), *position, *global))),
                placement: Placement::Kept { position, global_position: None, time },
            });
            read.entry(category(&planned.stream).to_owned()).or_default().push(global_position);
            places.insert(planned.number, (planned.stream.clone(), position, global_position));
        }
        made
    }
}
