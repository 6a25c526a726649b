//! Large messages: the size of a batch is bounded as well as its length.

use streamscope::message::{ExpectedVersion, NewMessage, StreamName};
use streamscope::store::browse::Scope;
use streamscope::store::tail::{Delivery, TailFrom};
use uuid::Uuid;

use super::{LIMIT, options};
use crate::support::for_each_store;
use crate::support::stores::TestStore;

for_each_store!(batches_of_large_messages_are_cut_short_without_loss);

const LARGE: usize = 5_000_000;

async fn write(store: &TestStore, data: String) {
    let message = NewMessage {
        id: Uuid::now_v7(),
        stream: StreamName::stored("account-1"),
        message_type: "T".to_owned(),
        data,
        metadata: None,
        expected_version: ExpectedVersion::Any,
    };
    store.namespace.write(&message).await.expect("a write");
}

async fn batches_of_large_messages_are_cut_short_without_loss(store: &TestStore) {
    for large in [false, true, false, true] {
        for _ in 0..7 {
            let length = if large { LARGE } else { 10 };
            write(store, format!("{{\"text\": \"{}\"}}", "x".repeat(length))).await;
        }
    }
    let mut tail = store.namespace.tail(options(Scope::Namespace, TailFrom::Start, Delivery::WhenFinal));
    let mut positions = Vec::new();
    while positions.len() < 28 {
        let batch = tokio::time::timeout(LIMIT, tail.next()).await.expect("in time").expect("a batch");
        let bytes: usize =
            batch.messages.iter().filter_map(|tailed| tailed.message.data.as_ref()).map(String::len).sum();
        assert!(bytes < 3 * LARGE, "{bytes} bytes at once");
        positions.extend(batch.messages.iter().map(|tailed| tailed.message.position));
    }
    assert_eq!(positions, (0..28).collect::<Vec<_>>());
}
