//! The thirteen operations of a message store, on every kind of store.

use std::collections::BTreeSet;

use streamscope::message::{ExpectedVersion, NewMessage};
use streamscope::store::StoreError;
use streamscope::store::read::CategoryOptions;

use super::messages::{
    category, collect, expecting, names, new, of_category, of_member, of_stream, other_namespace, stream, write,
    write_many,
};
use crate::support::for_each_route;
use crate::support::stores::TestStore;

for_each_route! {
    writes_to_its_own_schema,
    numbers_messages_by_stream_and_by_namespace,
    accepts_the_expected_version,
    rejects_any_other_version,
    positions_rise_by_one,
    reads_the_messages_of_a_stream_unchanged,
    reads_a_stream_from_a_position_with_a_limit,
    reads_a_category_across_its_streams,
    consumer_group_members_receive_their_streams,
    members_share_a_category_without_overlap_or_loss,
    returns_the_last_message_of_a_stream,
    returns_the_last_message_of_a_type,
    returns_the_version_of_a_stream,
}

pub(super) async fn writes_to_its_own_schema(store: &TestStore) {
    let (one, other) = (&store.namespace, other_namespace(store).await);
    let message = new("account-1", "Opened");
    one.write(&message).await.unwrap();
    assert_eq!(one.message_by_id(message.id).await.unwrap().map(|m| m.id), Some(message.id));
    assert_eq!(other.message_by_id(message.id).await.unwrap(), None);
    assert!(of_category(&other, "account").await.is_empty());
    if let Some(client) = store.client().await {
        let sql = format!("select id from \"{}\".messages", store.schema);
        let ids: Vec<uuid::Uuid> = client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert_eq!(ids, [message.id]);
    }
}

pub(super) async fn numbers_messages_by_stream_and_by_namespace(store: &TestStore) {
    let namespace = &store.namespace;
    let first = write(namespace, "account-1", "Opened").await;
    let elsewhere = write(namespace, "other-1", "Opened").await;
    let second = write(namespace, "account-1", "Deposited").await;
    assert_eq!((first.position, elsewhere.position, second.position), (0, 0, 1));
    assert!(first.global_position < elsewhere.global_position);
    assert!(elsewhere.global_position < second.global_position);
    for written in [first, elsewhere, second] {
        let stored = namespace.message(written.global_position).await.unwrap().unwrap();
        assert_eq!((stored.id, stored.position), (written.id, written.position));
    }
}

pub(super) async fn accepts_the_expected_version(store: &TestStore) {
    let namespace = &store.namespace;
    let first = namespace.write(&expecting("account-1", ExpectedVersion::NoStream)).await.unwrap();
    assert_eq!(first.position, 0);
    let second = namespace.write(&expecting("account-1", ExpectedVersion::At(0))).await.unwrap();
    assert_eq!(second.position, 1);
    let third = namespace.write(&expecting("account-1", ExpectedVersion::Any)).await.unwrap();
    assert_eq!(third.position, 2);
}

pub(super) async fn rejects_any_other_version(store: &TestStore) {
    let namespace = &store.namespace;
    let absent = namespace.write(&expecting("account-1", ExpectedVersion::At(3))).await.unwrap_err();
    match absent {
        StoreError::Conflict { stream, expected, actual } => {
            assert_eq!(stream.as_str(), "account-1");
            assert_eq!((expected, actual), (ExpectedVersion::At(3), None));
        }
        error => panic!("{error:?}"),
    }
    write_many(namespace, "account-1", 3).await;
    for expected in [ExpectedVersion::NoStream, ExpectedVersion::At(1), ExpectedVersion::At(7)] {
        let error = namespace.write(&expecting("account-1", expected)).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Conflict { expected: e, actual: Some(2), .. } if *e == expected),
            "{error:?}"
        );
    }
    assert_eq!(of_stream(namespace, "account-1").await.len(), 3);
}

pub(super) async fn positions_rise_by_one(store: &TestStore) {
    let namespace = &store.namespace;
    let written = write_many(namespace, "account-1", 10).await;
    assert_eq!(written.iter().map(|w| w.position).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert!(written.windows(2).all(|pair| pair[0].global_position < pair[1].global_position));
}

pub(super) async fn reads_the_messages_of_a_stream_unchanged(store: &TestStore) {
    let namespace = &store.namespace;
    let message = NewMessage {
        data: r#"{"amount": 12345678901234567890123, "rate": 1.10, "name": "Zoë"}"#.to_owned(),
        metadata: Some(r#"{"correlationStreamName": "order-7"}"#.to_owned()),
        ..new("account-1", "Opened")
    };
    let written = namespace.write(&message).await.unwrap();
    write(namespace, "account-1", "Closed").await;
    write(namespace, "account-2", "Opened").await;

    let messages = of_stream(namespace, "account-1").await;
    assert_eq!(messages.len(), 2);
    let first = &messages[0];
    assert_eq!(first.id, message.id);
    assert_eq!(first.stream.as_str(), "account-1");
    assert_eq!(first.message_type, "Opened");
    assert_eq!((first.position, first.global_position), (written.position, written.global_position));
    assert_eq!(
        first.data.as_deref(),
        Some(r#"{"name": "Zoë", "rate": 1.10, "amount": 12345678901234567890123}"#),
        "numbers keep their digits"
    );
    assert_eq!(first.metadata, message.metadata);
    let age = jiff::Timestamp::now().duration_since(first.time);
    assert!(age.abs() < jiff::SignedDuration::from_hours(1), "the time is UTC: {}", first.time);
    assert_eq!(messages[1].metadata, None);
}

pub(super) async fn reads_a_stream_from_a_position_with_a_limit(store: &TestStore) {
    let namespace = &store.namespace;
    write_many(namespace, "account-1", 7).await;
    let positions = async |position, batch_size| {
        let messages = collect(namespace.stream_messages(&stream("account-1"), position, batch_size).await).await;
        messages.iter().map(|m| m.position).collect::<Vec<_>>()
    };
    assert_eq!(positions(0, 3).await, [0, 1, 2]);
    assert_eq!(positions(3, 2).await, [3, 4]);
    assert_eq!(positions(5, 1_000).await, [5, 6]);
    assert_eq!(positions(5, -1).await, [5, 6]);
    assert!(positions(7, -1).await.is_empty());
    assert!(positions(0, 0).await.is_empty());
    let error = namespace.stream_messages(&stream("account-1"), 0, -2).await.err().unwrap();
    assert!(matches!(error, StoreError::Invalid { field: "batch size", .. }), "{error:?}");
}

pub(super) async fn reads_a_category_across_its_streams(store: &TestStore) {
    let namespace = &store.namespace;
    let mut expected = Vec::new();
    for name in ["account-1", "account-2", "account:command-1", "account-1", "other-account-1", "account-3-4"] {
        let written = write(namespace, name, "Happened").await;
        if name.starts_with("account-") {
            expected.push(written.global_position);
        }
    }
    let messages = of_category(namespace, "account").await;
    assert_eq!(messages.iter().map(|m| m.global_position).collect::<Vec<_>>(), expected);
    assert_eq!(names(&messages), ["account-1", "account-2", "account-1", "account-3-4"]);
    assert_eq!(names(&of_category(namespace, "account:command").await), ["account:command-1"]);
    assert!(of_category(namespace, "nothing").await.is_empty());

    let options = CategoryOptions::default();
    let some = collect(namespace.category_messages(&category("account"), expected[1], 2, &options).await).await;
    assert_eq!(some.iter().map(|m| m.global_position).collect::<Vec<_>>(), expected[1..3]);
    let past = collect(namespace.category_messages(&category("account"), expected[3] + 1, 2, &options).await).await;
    assert!(past.is_empty());

    let mut correlated = new("account-9", "Happened");
    correlated.metadata = Some(r#"{"correlationStreamName": "order-1"}"#.to_owned());
    namespace.write(&correlated).await.unwrap();
    let options = CategoryOptions { correlation: Some(category("order")), consumer_group: None };
    let found = collect(namespace.category_messages(&category("account"), 0, 1_000, &options).await).await;
    assert_eq!(names(&found), ["account-9"]);
    let options = CategoryOptions { correlation: Some(category("ord")), consumer_group: None };
    assert!(collect(namespace.category_messages(&category("account"), 0, -1, &options).await).await.is_empty());
}

pub(super) async fn consumer_group_members_receive_their_streams(store: &TestStore) {
    let namespace = &store.namespace;
    for number in 0..10 {
        write_many(namespace, &format!("account-{number}"), 2).await;
    }
    write(namespace, "account", "Happened").await;
    for member in 0..3 {
        let messages = of_member(namespace, "account", member, 3).await;
        let group = streamscope::message::ConsumerGroup::new(member, 3).unwrap();
        assert!(messages.iter().all(|m| group.has(m.stream.as_str())), "{:?}", names(&messages));
        assert!(messages.windows(2).all(|pair| pair[0].global_position < pair[1].global_position));
    }
    assert_eq!(of_member(namespace, "account", 0, 1).await.len(), 20, "a stream without an ID belongs to no member");
}

pub(super) async fn members_share_a_category_without_overlap_or_loss(store: &TestStore) {
    let namespace = &store.namespace;
    for number in 0..20 {
        write(namespace, &format!("account-{number}"), "Happened").await;
        write(namespace, &format!("account-{number}+compound"), "Happened").await;
    }
    let all: BTreeSet<_> = of_category(namespace, "account").await.iter().map(|m| m.global_position).collect();
    let mut seen = BTreeSet::new();
    for member in 0..4 {
        let messages = of_member(namespace, "account", member, 4).await;
        for message in &messages {
            assert!(seen.insert(message.global_position), "two members received {}", message.stream);
        }
        let ids: Vec<_> = messages.iter().filter_map(|m| m.stream.cardinal_id()).collect();
        for id in &ids {
            assert_eq!(ids.iter().filter(|other| *other == id).count(), 2, "compound IDs stay together");
        }
    }
    assert_eq!(seen, all);
}

pub(super) async fn returns_the_last_message_of_a_stream(store: &TestStore) {
    let namespace = &store.namespace;
    assert_eq!(namespace.last_stream_message(&stream("account-1"), None).await.unwrap(), None);
    let written = write_many(namespace, "account-1", 3).await;
    write(namespace, "account-2", "Happened").await;
    let last = namespace.last_stream_message(&stream("account-1"), None).await.unwrap().unwrap();
    assert_eq!((last.id, last.position), (written[2].id, 2));
}

pub(super) async fn returns_the_last_message_of_a_type(store: &TestStore) {
    let namespace = &store.namespace;
    for message_type in ["Opened", "Deposited", "Deposited", "Closed"] {
        write(namespace, "account-1", message_type).await;
    }
    let last = async |message_type| {
        let last = namespace.last_stream_message(&stream("account-1"), Some(message_type)).await.unwrap();
        last.map(|message| message.position)
    };
    assert_eq!(last("Deposited").await, Some(2));
    assert_eq!(last("Opened").await, Some(0));
    assert_eq!(last("Never").await, None);
}

pub(super) async fn returns_the_version_of_a_stream(store: &TestStore) {
    let namespace = &store.namespace;
    assert_eq!(namespace.stream_version(&stream("account-1")).await.unwrap(), None);
    write_many(namespace, "account-1", 3).await;
    assert_eq!(namespace.stream_version(&stream("account-1")).await.unwrap(), Some(2));
    assert_eq!(namespace.stream_version(&stream("account-12")).await.unwrap(), None);
}
