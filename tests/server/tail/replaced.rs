//! Stores whose history changes while they are followed: refilled, restored, failed over. New messages are returned
//! once, and messages that stayed the same are not repeated.

use futures_util::{StreamExt as _, TryStreamExt as _};
use streamscope::message::{Category, GlobalPosition, Message};
use streamscope::store::browse::Scope;
use streamscope::store::export::ExportOptions;
use streamscope::store::tail::{Delivery, Tail, TailFrom};
use streamscope::store::{Filter, StoreError};
use tokio_postgres::Client;

use super::late::{client, held_back, insert};
use super::{LIMIT, follow_until, options};
use crate::support::stores::{Kind, TestStore};

/// A store whose messages have been followed to the end.
struct Followed {
    store: TestStore,
    writer: Client,
    tail: Tail<Message>,
}

impl Followed {
    async fn new(kind: Kind, delivery: Delivery, from: TailFrom, messages: i64) -> Self {
        Self::after("", kind, delivery, from, messages).await
    }

    /// Changes the table before it is followed.
    async fn after(sql: &str, kind: Kind, delivery: Delivery, from: TailFrom, messages: i64) -> Self {
        let store = TestStore::new(kind).await;
        let writer = client(&store).await;
        writer.batch_execute(&sql.replace("{}", &format!("\"{}\"", store.schema))).await.expect("changed");
        if from == TailFrom::Start {
            for position in 0..messages {
                insert(&writer, &store, "a-1", position).await;
            }
        }
        let mut tail = store.namespace.tail(options(Scope::Namespace, from, delivery));
        let count = usize::try_from(messages).expect("a few");
        if from == TailFrom::Start {
            follow_until(&mut tail, |positions| positions.len() == count).await;
        } else {
            tail.next().await.expect("the first batch");
            for position in 0..messages {
                insert(&writer, &store, "a-1", position).await;
            }
            follow_until(&mut tail, |positions| positions.len() == count).await;
        }
        Self { store, writer, tail }
    }

    /// Runs SQL in one transaction, so that a follower sees the change between two polls.
    async fn change(&self, sql: &str) {
        let sql = sql.replace("{}", &format!("\"{}\"", self.store.schema));
        self.writer.batch_execute(&format!("begin; {sql}; commit")).await.expect("changed");
    }

    /// Receives a number of messages. Returns their positions and streams, and where the history diverges.
    async fn next(&mut self, messages: usize) -> (Vec<(GlobalPosition, String)>, Option<GlobalPosition>) {
        let (mut given, mut parts) = (Vec::new(), None);
        while given.len() < messages {
            let batch = tokio::time::timeout(LIMIT, self.tail.next()).await.expect("in time").expect("a batch");
            parts = parts.or(batch.diverges_above);
            let pair = |message: &Message| (message.global_position, message.stream.to_string());
            given.extend(batch.messages.iter().map(|tailed| pair(&tailed.message)));
        }
        (given, parts)
    }

    /// Refills the store, and checks that the change is reported and each new message received once.
    async fn sees_a_refill(mut self) {
        self.change(&format!("truncate {{}}.messages restart identity; {}", refill())).await;
        let (given, parts) = self.next(5).await;
        assert_eq!(given, new(1..=5), "{:?}", self.tail);
        assert!(parts.is_some_and(|part| part < 1), "the change is reported: {parts:?}");
        self.goes_on(0).await;
    }

    /// Inserts one more message, and checks that it is the only one received.
    async fn goes_on(&mut self, position: i64) {
        let next = insert(&self.writer, &self.store, "last-1", position).await;
        assert_eq!(self.next(1).await, (vec![(next, "last-1".to_owned())], None));
    }
}

fn new(positions: impl IntoIterator<Item = i64>) -> Vec<(GlobalPosition, String)> {
    positions.into_iter().map(|position| (position, "b-1".to_owned())).collect()
}

const KINDS: [Kind; 3] = [Kind::OursOnPostgres, Kind::MessageDb, Kind::EventoDb];
const REFILL: &str = "insert into {}.messages (stream_name, position, type, data) \
                      select 'b-1', i, 'T', '{}' from generate_series(0, 4) i";

fn refill() -> String {
    REFILL.replace("'{}'", "'[]'")
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_a_refilled_store_from_its_new_beginning() {
    for kind in KINDS {
        for delivery in [Delivery::WhenFinal, Delivery::AtOnce] {
            for from in [TailFrom::Start, TailFrom::Now] {
                Followed::new(kind, delivery, from, 3).await.sees_a_refill().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_a_refilled_store_whose_ids_are_not_uuids() {
    let ids = "alter table {}.messages alter id drop default, alter id type text;
               alter table {}.messages alter id set default 'no-' || gen_random_uuid()";
    for delivery in [Delivery::WhenFinal, Delivery::AtOnce] {
        for from in [TailFrom::Start, TailFrom::Now] {
            Followed::after(ids, Kind::OursOnPostgres, delivery, from, 3).await.sees_a_refill().await;
        }
    }
}

/// Like a failover after which the last lost message was written again and got its old number.
#[tokio::test(flavor = "multi_thread")]
async fn returns_replaced_messages_below_a_newest_one_that_stayed_the_same() {
    for delivery in [Delivery::WhenFinal, Delivery::AtOnce] {
        let mut followed = Followed::new(Kind::MessageDb, delivery, TailFrom::Start, 6).await;
        let replace = "create temporary table kept on commit drop as table {}.messages; truncate {}.messages;
             insert into {}.messages select * from kept where global_position not in (3, 4);
             insert into {}.messages (global_position, stream_name, position, type, data)
               select number, 'b-1', number, 'T', '[]' from generate_series(3, 4) number";
        followed.change(replace).await;
        assert_eq!(followed.next(2).await, (new([3, 4]), Some(2)), "{delivery:?}");
        followed.goes_on(0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_for_late_messages_of_a_table_that_was_restored() {
    let mut followed = Followed::new(Kind::MessageDb, Delivery::WhenFinal, TailFrom::Start, 3).await;
    let restore = "create table {}.restored (like {}.messages including all);
         create sequence {}.numbers owned by {}.restored.global_position;
         alter table {}.restored alter global_position set default nextval('{}.numbers');
         insert into {}.restored select * from {}.messages; select setval('{}.numbers', 3);
         drop table {}.messages cascade; alter table {}.restored rename to messages";
    followed.change(restore).await;
    let late = client(&followed.store).await;
    late.batch_execute("begin; select nextval('message_store.numbers')").await.expect("number 4");
    insert(&followed.writer, &followed.store, "b-1", 0).await;
    held_back(&mut followed.tail).await;
    let insert = "insert into message_store.messages (global_position, stream_name, position, type)
                  values (4, 'b-2', 0, 'T'); commit";
    late.batch_execute(insert).await.expect("late");
    assert_eq!(followed.next(2).await, (vec![(4, "b-2".to_owned()), (5, "b-1".to_owned())], None));
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_columns_whose_types_change_meanwhile() {
    let mut followed = Followed::new(Kind::OursOnPostgres, Delivery::WhenFinal, TailFrom::Start, 3).await;
    followed.change("alter table {}.messages alter id drop default, alter id type text, alter data type text").await;
    let odd = "insert into {}.messages (id, stream_name, position, type, data) values ('zz', 'b-1', 0, 'T', '{broken')";
    let batch = async {
        followed.change(odd).await;
        loop {
            let batch = followed.tail.next().await.expect("a batch");
            if let Some(tailed) = batch.messages.into_iter().next() {
                return tailed.message;
            }
        }
    };
    let message = tokio::time::timeout(LIMIT, batch).await.expect("in time");
    assert_eq!((message.global_position, message.data.as_deref()), (4, Some("\"{broken\"")));
    assert!(message.flaw.is_some_and(|flaw| flaw.contains("its ID zz is not a UUID")));
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_a_table_dropped_and_restored_in_one_transaction() {
    let mut followed = Followed::new(Kind::EventoDb, Delivery::WhenFinal, TailFrom::Start, 3).await;
    let restore = "create table {}.restored (like {}.messages including all); \
         create sequence {}.numbers owned by {}.restored.global_position; \
         alter table {}.restored alter global_position set default nextval('{}.numbers'); \
         drop table {}.messages; alter table {}.restored rename to messages";
    followed.change(&format!("{restore}; {}", refill())).await;
    let (given, parts) = followed.next(5).await;
    assert_eq!(given, new(1..=5));
    assert!(parts.is_some());
    followed.goes_on(0).await;
}

/// Like a failover that lost the last commits, or a `setval` to a lower number.
#[tokio::test(flavor = "multi_thread")]
async fn returns_messages_at_reused_positions_once_and_repeats_no_others() {
    for kind in KINDS {
        for delivery in [Delivery::WhenFinal, Delivery::AtOnce] {
            let mut followed = Followed::new(kind, delivery, TailFrom::Start, 6).await;
            let lose = "delete from {}.messages where global_position > 4; \
                        select setval('{}.messages_global_position_seq', 4)";
            followed.change(&format!("{lose}; {}", refill())).await;
            assert_eq!(followed.next(5).await, (new(5..=9), Some(4)), "{kind:?}, {delivery:?}");
            followed.goes_on(0).await;
        }
    }
}

/// None of the positions that were seen exists any more.
#[tokio::test(flavor = "multi_thread")]
async fn returns_all_messages_of_a_store_refilled_at_other_positions() {
    let mut followed = Followed::new(Kind::OursOnPostgres, Delivery::WhenFinal, TailFrom::Start, 3).await;
    followed.change("select setval('{}.messages_global_position_seq', 100); delete from {}.messages").await;
    insert(&followed.writer, &followed.store, "a-1", 3).await;
    assert_eq!(followed.next(1).await.0, [(101, "a-1".to_owned())]);
    // Fewer messages than were seen, at lower positions.
    followed.change(&format!("truncate {{}}.messages restart identity; {}", refill())).await;
    assert_eq!(followed.next(5).await.0, new(1..=5));
    followed.goes_on(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_messages_is_not_a_replacement_and_repeats_nothing() {
    for delivery in [Delivery::WhenFinal, Delivery::AtOnce] {
        let mut followed = Followed::new(Kind::OursOnPostgres, delivery, TailFrom::Start, 6).await;
        for deleted in ["2", "3, 6"] {
            let sql = format!("delete from {{}}.messages where global_position in ({deleted})");
            let one = "insert into {}.messages (stream_name, position, type, data) values ('b-1', {n}, 'T', '[]')";
            followed.change(&format!("{sql}; {}", one.replace("{n}", &deleted.len().to_string()))).await;
            let (given, parts) = followed.next(1).await;
            assert_eq!((given.len(), given[0].1.as_str(), parts), (1, "b-1", None));
        }
        followed.goes_on(0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_a_category_of_a_refilled_store() {
    let store = TestStore::new(Kind::MessageDb).await;
    let writer = client(&store).await;
    for (position, stream) in (0..).zip(["a-1", "b-1", "a-1", "b-1"]) {
        insert(&writer, &store, stream, position).await;
    }
    let scope = Scope::Category(Category::new("b").expect("a category"));
    let mut tail = store.namespace.tail(options(scope, TailFrom::Start, Delivery::WhenFinal));
    assert_eq!(follow_until(&mut tail, |positions| positions.len() == 2).await, [2, 4]);
    let sql = format!("begin; truncate {{}}.messages restart identity; {}; commit", refill());
    writer.batch_execute(&sql.replace("{}", "message_store")).await.expect("replaced");
    assert_eq!(follow_until(&mut tail, |positions| positions.len() == 5).await, [1, 2, 3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_a_beginning_above_every_message() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let writer = client(&store).await;
    let newest = insert(&writer, &store, "a-1", 0).await;
    for (from, above) in [(newest, false), (newest + 1, true)] {
        let from = TailFrom::After(from);
        let mut tail = store.namespace.tail(options(Scope::Namespace, from, Delivery::WhenFinal));
        let batch = tail.next().await.expect("a batch");
        assert_eq!(batch.begins_above, above);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_two_histories_fails_and_deleted_messages_do_not_matter() {
    /// More than one statement reads.
    const MESSAGES: usize = 10_050;
    let fill = |stream: &str| {
        format!(
            "insert into {{}}.messages (stream_name, position, type, data)
             select '{stream}', i, 'T', '[]' from generate_series(0, {MESSAGES}) i;"
        )
    };
    let refill = format!("truncate {{}}.messages restart identity; {}", fill("b-1"));
    let reuse =
        format!("delete from {{}}.messages; alter sequence {{}}.messages_global_position_seq restart; {}", fill("b-1"));
    let emptied = "truncate {}.messages".to_owned();
    let deleted = "delete from {}.messages where global_position <= 10020".to_owned();
    for (change, fails) in [(refill, true), (reuse, true), (emptied, true), (deleted, false)] {
        let followed = Followed::new(Kind::MessageDb, Delivery::WhenFinal, TailFrom::Start, 0).await;
        followed.change(&fill("a-1")).await;
        let options = ExportOptions { names: Vec::new(), filter: Filter::default(), above: 0, up_to: i64::MAX };
        let mut messages = followed.store.namespace.export(options);
        for _ in 0..10_000 {
            messages.next().await.expect("a message").expect("read");
        }
        followed.change(&change).await;
        let rest: Result<Vec<Message>, StoreError> = messages.try_collect().await;
        match rest {
            Err(StoreError::HistoryChanged { above: Some(10_000) }) if fails => {}
            Ok(rest) if !fails => assert_eq!(rest.len(), MESSAGES + 1 - 10_020),
            other => panic!("{change}: {other:?}"),
        }
    }
}
