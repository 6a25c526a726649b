//! Helpers that create messages and collect results.

use futures_util::TryStreamExt as _;
use streamscope::message::{Category, ConsumerGroup, ExpectedVersion, Message, NewMessage, StreamName, Written};
use streamscope::store::read::{CategoryOptions, Messages};
use streamscope::store::{Namespace, StoreError};
use uuid::Uuid;

use crate::support::stores::TestStore;

pub(crate) fn stream(name: &str) -> StreamName {
    StreamName::new(name).expect("a stream name")
}

pub(crate) fn category(name: &str) -> Category {
    Category::new(name).expect("a category")
}

/// Creates a message with a new ID.
pub(crate) fn new(stream_name: &str, message_type: &str) -> NewMessage {
    NewMessage {
        id: Uuid::now_v7(),
        stream: StreamName::stored(stream_name),
        message_type: message_type.to_owned(),
        data: r#"{"some": "data"}"#.to_owned(),
        metadata: None,
        expected_version: ExpectedVersion::Any,
    }
}

/// Creates a message with an expected version.
pub(crate) fn expecting(stream_name: &str, expected_version: ExpectedVersion) -> NewMessage {
    NewMessage { expected_version, ..new(stream_name, "Happened") }
}

/// Creates a second namespace in the same database.
pub(crate) async fn other_namespace(store: &TestStore) -> Namespace {
    store.store.create_namespace("another", None).await.expect("a second namespace");
    store.store.namespace("another").await.expect("the new namespace")
}

/// Writes a new message.
pub(crate) async fn write(namespace: &Namespace, stream_name: &str, message_type: &str) -> Written {
    namespace.write(&new(stream_name, message_type)).await.expect("a write")
}

/// Writes `count` new messages to a stream.
pub(crate) async fn write_many(namespace: &Namespace, stream_name: &str, count: usize) -> Vec<Written> {
    let mut written = Vec::new();
    for _ in 0..count {
        written.push(write(namespace, stream_name, "Happened").await);
    }
    written
}

pub(crate) async fn collect(messages: Result<Messages, StoreError>) -> Vec<Message> {
    messages.expect("an answer").try_collect().await.expect("messages")
}

pub(crate) async fn of_stream(namespace: &Namespace, name: &str) -> Vec<Message> {
    collect(namespace.stream_messages(&StreamName::stored(name), 0, -1).await).await
}

pub(crate) async fn of_category(namespace: &Namespace, name: &str) -> Vec<Message> {
    collect(namespace.category_messages(&category(name), 0, -1, &CategoryOptions::default()).await).await
}

pub(crate) async fn of_member(namespace: &Namespace, name: &str, member: i64, size: i64) -> Vec<Message> {
    let consumer_group = Some(ConsumerGroup::new(member, size).expect("a member"));
    let options = CategoryOptions { correlation: None, consumer_group };
    collect(namespace.category_messages(&category(name), 0, -1, &options).await).await
}

/// Returns the stream name of each message.
pub(crate) fn names(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.stream.as_str()).collect()
}
