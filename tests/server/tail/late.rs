//! Late commits at lower positions, permanent gaps, and writers that hang.

use streamscope::message::Message;
use streamscope::store::browse::Scope;
use streamscope::store::tail::{Delivery, Tail, TailBatch, TailFrom};
use tokio_postgres::Client;

use super::{LIMIT, batch_where, follow_until, options};
use crate::support::stores::{Kind, TestStore};

const KINDS: [Kind; 3] = [Kind::OursOnPostgres, Kind::MessageDb, Kind::EventoDb];

pub(super) async fn insert(client: &Client, store: &TestStore, stream: &str, position: i64) -> i64 {
    let sql = format!(
        "insert into \"{}\".messages (stream_name, position, type, data) values ($1, $2, 'T', '{{}}') returning global_position",
        store.schema
    );
    client.query_one(&sql, &[&stream, &position]).await.expect("an insert").get(0)
}

pub(super) async fn client(store: &TestStore) -> Client {
    store.client().await.expect("a server")
}

/// Returns the batch that reports the blocking transaction, and checks that no message comes before it.
pub(super) async fn held_back(headless: &mut Tail<Message>) -> TailBatch<Message> {
    loop {
        let batch = tokio::time::timeout(LIMIT, headless.next()).await.expect("in time").expect("a batch");
        assert!(batch.messages.is_empty(), "no message is returned before it is final");
        if !batch.blocked_by.is_empty() {
            return batch;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_lower_position_is_waited_for_by_commands_and_marked_on_screen() {
    for kind in KINDS {
        let store = TestStore::new(kind).await;
        let (slow, fast) = (client(&store).await, client(&store).await);
        let first = insert(&fast, &store, "a-0", 0).await;
        let from = TailFrom::After(first);
        let mut screen = store.namespace.tail_heads(options(Scope::Namespace, from, Delivery::AtOnce));
        let mut headless = store.namespace.tail(options(Scope::Namespace, from, Delivery::WhenFinal));

        slow.batch_execute("begin").await.expect("begin");
        let lower = insert(&slow, &store, "a-1", 0).await;
        let higher = insert(&fast, &store, "b-1", 0).await;
        assert!(lower < higher);

        let shown = batch_where(&mut screen, |batch| !batch.messages.is_empty()).await;
        assert_eq!(shown.messages[0].message.global_position, higher, "{kind:?}: shown at once");
        assert!(shown.final_to < lower, "{kind:?}: but not final");
        let waiting = held_back(&mut headless).await;
        assert!(waiting.blocked_by[0].pid.is_some() && waiting.final_to < lower);
        assert!(waiting.blocked_by[0].query.is_some(), "{kind:?}: the query of a session of the same role is visible");

        slow.batch_execute("commit").await.expect("commit");
        let late = batch_where(&mut screen, |batch| !batch.messages.is_empty()).await;
        assert_eq!(late.messages[0].message.global_position, lower, "{kind:?}");
        assert!(late.messages[0].late, "{kind:?}: marked");
        let order = follow_until(&mut headless, |positions| positions.len() == 2).await;
        assert_eq!(order, [lower, higher], "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_a_gap_once_its_writer_has_rolled_back() {
    for kind in KINDS {
        let store = TestStore::new(kind).await;
        let (failing, fine) = (client(&store).await, client(&store).await);
        let mut headless = store.namespace.tail(options(Scope::Namespace, TailFrom::Start, Delivery::WhenFinal));
        failing.batch_execute("begin").await.expect("begin");
        let lost = insert(&failing, &store, "a-1", 0).await;
        let kept = insert(&fine, &store, "b-1", 0).await;
        failing.batch_execute("rollback").await.expect("rollback");
        assert_eq!(follow_until(&mut headless, |positions| !positions.is_empty()).await, [kept], "{kind:?}");
        assert!(lost < kept);
    }
}

/// A prepared transaction has no process and survives a restart of the server.
#[tokio::test(flavor = "multi_thread")]
async fn waits_for_prepared_transactions_and_names_them() {
    for kind in KINDS {
        let store = TestStore::new(kind).await;
        let (slow, fast) = (client(&store).await, client(&store).await);
        let mut headless = store.namespace.tail(options(Scope::Namespace, TailFrom::Start, Delivery::WhenFinal));
        slow.batch_execute("begin").await.expect("begin");
        let lower = insert(&slow, &store, "a-1", 0).await;
        let name = uuid::Uuid::now_v7();
        slow.batch_execute(&format!("prepare transaction '{name}'")).await.expect("prepared");
        let higher = insert(&fast, &store, "b-1", 0).await;
        let holder = held_back(&mut headless).await.blocked_by.swap_remove(0);
        assert_eq!((holder.pid, holder.application, holder.query), (None, Some(name.to_string()), None), "{kind:?}");
        fast.batch_execute(&format!("commit prepared '{name}'")).await.expect("committed");
        let order = follow_until(&mut headless, |positions| positions.len() == 2).await;
        assert_eq!(order, [lower, higher], "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn following_from_now_still_returns_late_messages() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let (slow, fast) = (client(&store).await, client(&store).await);
    slow.batch_execute("begin").await.expect("begin");
    let lower = insert(&slow, &store, "a-1", 0).await;
    insert(&fast, &store, "b-1", 0).await;
    let now = |delivery| options(Scope::Namespace, TailFrom::Now, delivery);
    let mut screen = store.namespace.tail_heads(now(Delivery::AtOnce));
    let mut headless = store.namespace.tail(now(Delivery::WhenFinal));
    // Once the blocking transaction is reported, the first poll is over.
    batch_where(&mut screen, |batch| !batch.blocked_by.is_empty()).await;
    held_back(&mut headless).await;
    slow.batch_execute("commit").await.expect("commit");
    let late = batch_where(&mut screen, |batch| !batch.messages.is_empty()).await;
    let positions: Vec<i64> = late.messages.iter().map(|tailed| tailed.message.global_position).collect();
    assert_eq!(positions, [lower]);
    assert_eq!(follow_until(&mut headless, |positions| !positions.is_empty()).await, [lower]);
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_only_messages_of_the_scope() {
    use streamscope::message::{Category, ConsumerGroup, StreamName};
    for kind in KINDS {
        let store = TestStore::new(kind).await;
        let writer = client(&store).await;
        for stream in ["a-1", "a-2", "b-1", "a-3"] {
            insert(&writer, &store, stream, 0).await;
        }
        let category = Category::new("a").expect("a category");
        let scopes = [
            (Scope::Category(category.clone()), vec!["a-1", "a-2", "a-3"]),
            (Scope::Stream(StreamName::new("a-2").expect("a stream")), vec!["a-2"]),
        ];
        for (scope, expected) in scopes {
            let mut tail = store.namespace.tail(options(scope, TailFrom::Start, Delivery::WhenFinal));
            let batch = tail.next().await.expect("a batch");
            let streams: Vec<&str> = batch.messages.iter().map(|tailed| tailed.message.stream.as_str()).collect();
            assert_eq!(streams, expected, "{kind:?}");
        }
        let mut seen = Vec::new();
        for member in 0..2 {
            let group = ConsumerGroup::new(member, 2).expect("a member");
            let scope = Scope::Member(category.clone(), group);
            let mut tail = store.namespace.tail(options(scope, TailFrom::Start, Delivery::WhenFinal));
            let batch = tail.next().await.expect("a batch");
            for tailed in batch.messages {
                assert!(group.has(tailed.message.stream.as_str()));
                seen.push(tailed.message.stream.to_string());
            }
        }
        seen.sort();
        assert_eq!(seen, ["a-1", "a-2", "a-3"], "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_and_writes_the_embedded_store_over_its_one_connection() {
    let store = TestStore::new(Kind::OursEmbedded).await;
    let mut tail = store.namespace.tail(options(Scope::Namespace, TailFrom::Start, Delivery::WhenFinal));
    for number in 0..3 {
        let message = streamscope::message::NewMessage {
            id: uuid::Uuid::now_v7(),
            stream: streamscope::message::StreamName::new("a-1").expect("a stream"),
            message_type: "T".to_owned(),
            data: "{}".to_owned(),
            metadata: None,
            expected_version: streamscope::message::ExpectedVersion::Any,
        };
        let written = store.namespace.write(&message).await.expect("a write");
        assert_eq!(written.position, number);
        let positions = follow_until(&mut tail, |positions| !positions.is_empty()).await;
        assert_eq!(positions, [written.global_position]);
    }
}
