//! Writers without a lock on the table itself, and tables whose numbering no lock covers.

use streamscope::store::browse::Scope;
use streamscope::store::tail::{Delivery, Doubt, TailFrom};
use tokio_postgres::Client;

use super::late::{client, held_back, insert};
use super::{batch_where, follow_until, options};
use crate::support::place::Place;
use crate::support::stores::{Kind, TestStore};

/// Commits a message above the number drawn by the open transaction `slow`, and checks that it is returned only after
/// `slow` has run `rest` and committed, together with the lower one and in order.
async fn is_waited_for(store: &TestStore, slow: &Client, lower: i64, rest: Option<String>) {
    let fast = client(store).await;
    let mut headless = store.namespace.tail(options(Scope::Namespace, TailFrom::Start, Delivery::WhenFinal));
    let higher = insert(&fast, store, "b-1", 0).await;
    assert!(lower < higher);
    let waiting = held_back(&mut headless).await;
    assert!(waiting.blocked_by[0].pid.is_some() && waiting.final_to < lower && waiting.blocked_since.is_some());
    slow.batch_execute(&format!("{}; commit", rest.unwrap_or_default())).await.expect("committed");
    assert_eq!(follow_until(&mut headless, |positions| positions.len() == 2).await, [lower, higher]);
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_for_inserts_into_partitions_and_child_tables() {
    let partition = "create table {}.parted (like {}.messages including defaults) partition by range (global_position); \
         alter sequence {}.messages_global_position_seq owned by none; \
         drop table {}.messages; alter table {}.parted rename to messages; \
         create table {}.half partition of {}.messages for values from (minvalue) to (maxvalue) \
           partition by list (type); \
         create table {}.part partition of {}.half default";
    let child = "create table {}.half () inherits ({}.messages); create table {}.part () inherits ({}.half)";
    for (made, kind) in [(partition, Kind::EventoDb), (child, Kind::OursOnPostgres), (child, Kind::MessageDb)] {
        let store = TestStore::new(kind).await;
        let schema = format!("\"{}\"", store.schema);
        let slow = client(&store).await;
        slow.batch_execute(&made.replace("{}", &schema)).await.expect("made");
        slow.batch_execute("begin").await.expect("begin");
        let sql = format!(
            "insert into {schema}.part (stream_name, position, type, data) values ('a-1', 0, 'T', '{{}}') \
             returning global_position"
        );
        let lower: i64 = slow.query_one(&sql, &[]).await.expect("an insert").get(0);
        is_waited_for(&store, &slow, lower, None).await;

        // A message that brings its number, as in a restore, locks only the partition.
        let store = TestStore::new(kind).await;
        let schema = format!("\"{}\"", store.schema);
        let slow = client(&store).await;
        let sequence = format!("select setval('{schema}.messages_global_position_seq', 9)");
        slow.batch_execute(&format!("{}; {sequence}", made.replace("{}", &schema))).await.expect("made");
        let sql = format!(
            "begin; insert into {schema}.part (global_position, stream_name, position, type, data) \
             values (5, 'a-1', 0, 'T', '{{}}')"
        );
        slow.batch_execute(&sql).await.expect("an insert");
        is_waited_for(&store, &slow, 5, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_for_a_number_drawn_before_its_insert() {
    for kind in [Kind::OursOnPostgres, Kind::MessageDb, Kind::EventoDb] {
        let store = TestStore::new(kind).await;
        let slow = client(&store).await;
        slow.batch_execute("begin").await.expect("begin");
        let draw = format!("select nextval('\"{}\".messages_global_position_seq')", store.schema);
        let lower: i64 = slow.query_one(&draw, &[]).await.expect("a number").get(0);
        let insert = format!(
            "insert into \"{}\".messages (global_position, stream_name, position, type, data) \
             values ({lower}, 'a-1', 0, 'T', '{{}}')",
            store.schema
        );
        is_waited_for(&store, &slow, lower, Some(insert)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_numbering_that_locks_do_not_cover_when_following_begins() {
    let trigger = "create function {}.renumber() returns trigger language plpgsql as \
         'begin new.global_position := new.global_position * 2; return new; end'; \
         create trigger renumbers before insert on {}.messages for each row execute procedure {}.renumber()";
    let harmless = "create function {}.check() returns trigger language plpgsql as 'begin return new; end'; \
         create trigger checks before insert on {}.messages for each row execute procedure {}.check()";
    // A subscription without a publisher, with the catalog entry that an apply worker would make.
    let subscription = "create subscription s connection 'dbname=nowhere' publication p with (connect = false); \
         insert into pg_subscription_rel (srsubid, srrelid, srsubstate) \
           select oid, '{}.messages'::regclass, 'r' from pg_subscription where subname = 's'";
    // By default, the subscription of a partitioned table names its partitions.
    let partitioned = "create table {}.parted (like {}.messages including defaults) partition by list (type); \
         alter sequence {}.messages_global_position_seq owned by none; \
         drop table {}.messages; alter table {}.parted rename to messages; \
         create table {}.half partition of {}.messages default partition by list (type); \
         create table {}.part partition of {}.half default";
    let own_numbers = "create sequence {}.own; alter table {}.part alter global_position set default nextval('{}.own')";
    let own_numbers = format!("{partitioned}; {own_numbers}");
    let subscribed_partition = format!("{partitioned}; {}", subscription.replace("messages", "part"));
    let default =
        "alter table {}.messages alter global_position set default (extract(epoch from now()) * 1000)::bigint";
    let none = "alter table {}.messages alter global_position drop default";
    for (made, doubts) in [
        (trigger, vec![Doubt::Trigger("renumbers".to_owned())]),
        (harmless, Vec::new()),
        (subscription, vec![Doubt::Subscribed]),
        (partitioned, Vec::new()),
        (&subscribed_partition, vec![Doubt::Subscribed]),
        (&own_numbers, vec![Doubt::Part("{}.part".to_owned())]),
        (default, vec![Doubt::Default]),
        (none, vec![Doubt::Default]),
    ] {
        let store = TestStore::new(Kind::EventoDb).await;
        let client = client(&store).await;
        client.batch_execute(&made.replace("{}", &format!("\"{}\"", store.schema))).await.expect("made");
        let named = |doubt: Doubt| match doubt {
            Doubt::Part(name) => Doubt::Part(name.replace("{}", &store.schema)),
            doubt => doubt,
        };
        let doubts: Vec<Doubt> = doubts.into_iter().map(named).collect();
        for delivery in [Delivery::AtOnce, Delivery::WhenFinal] {
            let mut tail = store.namespace.tail_heads(options(Scope::Namespace, TailFrom::Now, delivery));
            assert_eq!(batch_where(&mut tail, |_| true).await.doubts, doubts, "{made}");
        }
        assert_eq!(store.namespace.final_end(|_| {}).await.expect("an answer").doubts, doubts, "{made}");
        if made.contains("create subscription") {
            let drop = "alter subscription s set (slot_name = none); drop subscription s";
            for sql in drop.split("; ") {
                client.batch_execute(sql).await.expect("dropped");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_report_such_numbering_on_standard_error() {
    let place = Place::new(Kind::EventoDb).await;
    let told =
        "streamscope: global_position does not default to the next number of a sequence, so a message can appear below";
    let report = |command: &[&str]| {
        let outcome = place.run(command);
        assert_eq!(outcome.status, 0, "{command:?}: {outcome:?}");
        outcome.stderr.matches(told).count()
    };
    let commands: [&[&str]; 2] = [&["tail", "--from", "start", "--until", "now"], &["export"]];
    assert_eq!(commands.map(report), [0, 0]);
    let listed = place.run(&["ns", "list", "--format", "json"]).done();
    let schema = serde_json::from_str::<serde_json::Value>(&listed).expect("JSON")["schema"].clone();
    let default = format!(
        "alter table \"{}\".messages alter global_position set default (extract(epoch from now()) * 1000)::bigint",
        schema.as_str().expect("a name")
    );
    place.database.as_ref().expect("on the server").client().await.batch_execute(&default).await.expect("changed");
    assert_eq!(commands.map(report), [1, 1]);
}
