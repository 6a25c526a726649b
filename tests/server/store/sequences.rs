//! A sequence that has fallen behind its table: the error explains why a write fails and how to repair it.

use streamscope::message::{NewMessage, Written};
use streamscope::store::StoreError;
use streamscope::store::import::{ImportError, ImportedMessage, Placement};
use uuid::Uuid;

use super::messages::{new, stream, write, write_many};
use crate::support::for_each_store;
use crate::support::stores::TestStore;

for_each_store! {
    reports_a_sequence_behind_its_table_with_the_repair,
    a_repeated_write_is_found_although_the_sequence_is_behind,
}

async fn a_repeated_write_is_found_although_the_sequence_is_behind(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let message = new("account-1", "Opened");
    let written = store.namespace.write(&message).await.unwrap();
    let back = format!("select setval('{}.messages_global_position_seq', 1, false)", store.schema);
    client.batch_execute(&back).await.unwrap();
    let again = store.namespace.write(&message).await.unwrap();
    assert_eq!(again, Written { was_stored: true, ..written });
    client.batch_execute(&back).await.unwrap();
    let other = NewMessage { message_type: "Closed".to_owned(), ..message };
    let error = store.namespace.write(&other).await.unwrap_err();
    assert!(matches!(error, StoreError::DuplicateId(id) if id == other.id), "{error}");
}

async fn reports_a_sequence_behind_its_table_with_the_repair(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    write_many(&store.namespace, "account-1", 30).await;
    let sequence = format!("{}.messages_global_position_seq", store.schema);
    let back = format!("select setval('{sequence}', 2)");

    client.batch_execute(&back).await.unwrap();
    let error = store.namespace.write(&new("account-1", "Opened")).await.unwrap_err();
    let text = error.to_string();
    let StoreError::SequenceBehind { sequence: named, last, highest, repair } = error else { panic!("{text}") };
    assert_eq!((named.as_str(), highest), (sequence.as_str(), 30));
    assert!(last < highest && text.contains(&repair), "{text}");
    client.batch_execute(&repair).await.unwrap();
    assert_eq!(write(&store.namespace, "account-1", "Opened").await.global_position, 31);

    // The refused number itself moves the sequence up to the highest one.
    client.batch_execute(&format!("select setval('{sequence}', 30)")).await.unwrap();
    let error = store.namespace.write(&new("account-1", "Opened")).await.unwrap_err();
    assert!(matches!(&error, StoreError::SequenceBehind { last: 31, highest: 31, .. }), "{error}");
    client.batch_execute(&back).await.unwrap();
    let message = ImportedMessage {
        id: Uuid::now_v7(),
        stream: stream("account-2"),
        message_type: "Opened".to_owned(),
        data: None,
        metadata: None,
        placement: Placement::Next { expected: None, generated: true },
    };
    let error = store.namespace.import(std::slice::from_ref(&message)).await.unwrap_err();
    let ImportError::Store(StoreError::SequenceBehind { highest: 31, repair, .. }) = error else { panic!("{error}") };
    client.batch_execute(&repair).await.unwrap();
    assert_eq!(store.namespace.import(&[message]).await.unwrap().imported, 1);
}
