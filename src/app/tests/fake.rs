//! A store in memory that answers at once. How it answers each question is in `answers`; the other files are parts of
//! it.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a test")]

mod answers;
mod links;
mod names;
mod reading;
pub(crate) mod vitals;

use std::ops::Range;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::app::request::Slot;
use crate::json::path::BodyText;
use crate::message::{BodyPath, Message, MessageHead, PathValues, Size, StreamName, category};
use crate::store::browse::Scope;
use crate::store::{Filter, Flavour, NamespaceInfo, StoreError};
use vitals::Vitals;

/// Returns noon on 1 March 2026, the time at which the tests begin.
pub(crate) fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}

/// A store in memory. Global positions begin at 1.
#[derive(Default)]
pub(crate) struct Fake {
    pub messages: Vec<Message>,
    /// Namespaces that were created in addition to the two initial ones.
    pub created: Vec<String>,
    /// The two initial namespaces do not exist.
    pub without_namespaces: bool,
    /// Row security policies apply to the namespace `shop`.
    pub hides_rows: bool,
    /// A warning about the namespace `shop`.
    pub caution: Option<String>,
    /// Errors to answer with, each of them once.
    pub fail: Vec<(Slot, StoreError)>,
    /// The number of messages that one step of a search examines, if not the one in the question.
    pub search_window: Option<usize>,
    /// The scopes and ranges of the timelines that were asked for.
    pub timelines: Vec<(Scope, Option<Range<Timestamp>>)>,
    /// The number of messages that searches and counts have examined.
    pub looked_at: u64,
    /// What the pulse shows.
    pub vitals: Vitals,
}

impl Fake {
    /// Creates a store with `streams` accounts and as many orders, of five messages each.
    pub(crate) fn shop(streams: usize) -> Self {
        let mut fake = Self::default();
        for position in 0..5 {
            for stream in 0..streams {
                for category in ["account", "order"] {
                    let kind = ["Opened", "Deposited", "Withdrawn", "HoldPlaced", "Closed"][position];
                    let data = format!(
                        r#"{{"amount": {}, "items": [1, {{"sku": "A-{stream}"}}], "exact": 12345678901234567890123, "price": 1.10}}"#,
                        stream * 10 + position
                    );
                    let metadata = format!(
                        r#"{{"correlationStreamName": "order-{stream}", "causationMessageStreamName": "account-{stream}", "causationMessagePosition": {position}}}"#
                    );
                    fake.store(&format!("{category}-{stream}"), position as i64, kind, &data, Some(&metadata));
                }
            }
        }
        fake
    }

    /// Appends a message to the only stream of the store.
    pub(crate) fn append(&mut self, stream: &str, kind: &str) {
        let position = self.messages.len() as i64;
        self.store(stream, position, kind, "{}", None);
    }

    pub(crate) fn push(&mut self, stream: &str, kind: &str, data: &str, metadata: Option<&str>) -> Message {
        let position = self.messages.iter().filter(|message| message.stream.as_str() == stream).count() as i64;
        self.store(stream, position, kind, data, metadata)
    }

    fn store(&mut self, stream: &str, position: i64, kind: &str, data: &str, metadata: Option<&str>) -> Message {
        let global_position = self.messages.len() as i64 + 1;
        let message = Message {
            id: Uuid::from_u128(global_position as u128),
            stream: StreamName::stored(stream),
            message_type: kind.to_owned(),
            position,
            global_position,
            data: Some(data.to_owned()),
            metadata: metadata.map(str::to_owned),
            time: noon() - SignedDuration::from_mins(60) + SignedDuration::from_secs(global_position),
            flaw: None,
        };
        self.messages.push(message.clone());
        message
    }

    pub(crate) fn of(&self, scope: &Scope) -> Vec<MessageHead> {
        self.messages_of(scope).into_iter().map(head).collect()
    }

    pub(super) fn messages_of(&self, scope: &Scope) -> Vec<&Message> {
        self.messages.iter().filter(|message| belongs(message, scope)).collect()
    }

    /// Finds the values of paths in small messages, as the real store does.
    fn find_values(&self, heads: &mut [MessageHead], paths: &Arc<[BodyPath]>) {
        if paths.is_empty() {
            return;
        }
        for head in heads {
            let message = self.messages.iter().find(|message| message.global_position == head.global_position);
            if let Some(message) = message {
                head.values = values(message, paths);
            }
        }
    }
}

/// Returns true if a message belongs to a list.
pub(super) fn belongs(message: &Message, scope: &Scope) -> bool {
    match scope {
        Scope::Namespace => true,
        Scope::Category(name) => category(message.stream.as_str()) == name.as_str(),
        Scope::Member(name, group) => {
            category(message.stream.as_str()) == name.as_str() && group.has(message.stream.as_str())
        }
        Scope::Stream(name) => message.stream == *name,
    }
}

pub(crate) fn head(message: &Message) -> MessageHead {
    MessageHead {
        id: message.id,
        stream: message.stream.clone(),
        message_type: message.message_type.clone(),
        position: message.position,
        global_position: message.global_position,
        time: message.time,
        size: match message.data.as_deref() {
            // The real store does the same for compressed data.
            Some(data) if data.len() > 8_192 => Size::Stored(data.len() as u64 / 11),
            data => Size::of(data),
        },
        preview: message.data.clone().unwrap_or_default().chars().take(200).collect(),
        values: PathValues::default(),
        flaw: message.flaw.clone(),
    }
}

/// Returns the values of paths; those in data of more than 8 KiB are not read.
pub(super) fn values(message: &Message, paths: &Arc<[BodyPath]>) -> PathValues {
    let data = match head(message).size {
        size @ Size::Stored(_) => BodyText::NotRead(size),
        Size::Text(_) => message.data.as_deref().into(),
    };
    PathValues::read(paths, data, message.metadata.as_deref().into())
}

pub(crate) fn namespace(id: &str) -> NamespaceInfo {
    NamespaceInfo {
        id: id.to_owned(),
        schema: format!("eventodb_{id}"),
        flavour: Flavour::Streamscope,
        registered: true,
        description: None,
        created_at: None,
        version: Some("1".to_owned()),
        outdated: false,
        hides_rows: false,
        closed: None,
        caution: None,
    }
}

pub(super) fn matches(filter: &Filter, head: &MessageHead) -> bool {
    (filter.types.is_empty() || filter.types.contains(&head.message_type))
        && filter.since.is_none_or(|since| head.time >= since)
        && filter.until.is_none_or(|until| head.time < until)
}

/// Returns the number that orders a scope.
pub(crate) fn number(scope: &Scope, head: &MessageHead) -> i64 {
    if matches!(scope, Scope::Stream(_)) { head.position } else { head.global_position }
}
