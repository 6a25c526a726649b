//! Global positions that are reused, far apart or out of order, and connections that are lost while following.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use streamscope::store::Filter;
use streamscope::store::browse::Scope;
use streamscope::store::tail::{Delivery, Doubt, TailFrom};

use super::late::{client, insert};
use super::{LIMIT, batch_where, follow_until, options};
use crate::support::program::User;
use crate::support::round_trips::RoundTrips;
use crate::support::server;
use crate::support::stores::{Kind, TestStore};

#[tokio::test(flavor = "multi_thread")]
async fn follows_a_truncated_table_from_its_new_beginning() {
    for delivery in [Delivery::WhenFinal, Delivery::AtOnce] {
        let store = TestStore::new(Kind::MessageDb).await;
        let writer = client(&store).await;
        for position in 0..3 {
            insert(&writer, &store, "a-1", position).await;
        }
        let mut tail = store.namespace.tail(options(Scope::Namespace, TailFrom::Start, delivery));
        assert_eq!(follow_until(&mut tail, |positions| positions.len() == 3).await, [1, 2, 3]);
        // As clear-messages.sh of Message DB does.
        writer.batch_execute("truncate message_store.messages restart identity").await.expect("emptied");
        loop {
            let batch = tokio::time::timeout(LIMIT, tail.next()).await.expect("in time").expect("a batch");
            if batch.receded_from == Some(3) {
                assert_eq!((batch.newest, batch.final_to), (0, 0));
                break;
            }
        }
        insert(&writer, &store, "a-1", 0).await;
        assert_eq!(follow_until(&mut tail, |positions| !positions.is_empty()).await, [1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_a_sequence_with_a_cache() {
    for (cache, unordered) in [(1, false), (10, true)] {
        for kind in [Kind::OursOnPostgres, Kind::MessageDb, Kind::EventoDb] {
            let store = TestStore::new(kind).await;
            let sequence = format!("\"{}\".messages_global_position_seq", store.schema);
            let sql = format!("alter sequence {sequence} cache {cache}");
            client(&store).await.batch_execute(&sql).await.expect("another cache");
            let mut tail = store.namespace.tail_heads(options(Scope::Namespace, TailFrom::Now, Delivery::AtOnce));
            assert_eq!(batch_where(&mut tail, |_| true).await.unordered, unordered, "{kind:?}");
            assert_eq!(
                store.namespace.final_end(|_| {}).await.expect("an answer").doubts.contains(&Doubt::Unordered),
                unordered,
                "{kind:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn skips_unused_numbers() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let writer = client(&store).await;
    let first = insert(&writer, &store, "a-1", 0).await;
    let sequence = format!("\"{}\".messages_global_position_seq", store.schema);
    writer.batch_execute(&format!("alter sequence {sequence} restart with 1000000000000")).await.expect("moved");
    let far = insert(&writer, &store, "a-1", 1).await;
    let filter = Filter { types: vec!["T".to_owned()], ..Filter::default() };
    let mut tail = store.namespace.tail(streamscope::store::tail::TailOptions {
        filter,
        ..options(Scope::Namespace, TailFrom::Start, Delivery::WhenFinal)
    });
    assert_eq!(follow_until(&mut tail, |positions| positions.len() == 2).await, [first, far]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_recovery_after_an_interruption_without_new_messages() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let database = store.database.as_ref().expect("a database").name();
    let other = server::connect(&server::url()).await;
    let mut tail = store.namespace.tail(options(Scope::Namespace, TailFrom::Start, Delivery::WhenFinal));
    tail.next().await.expect("the first batch");
    let open = |open: bool| format!("alter database \"{database}\" allow_connections {open}");
    other.batch_execute(&open(false)).await.expect("closed");
    let terminate = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
    other.query(terminate, &[&database]).await.expect("terminated");
    tokio::time::timeout(LIMIT, tail.next()).await.expect("in time").expect_err("connections are refused");
    other.batch_execute(&open(true)).await.expect("opened");
    let goes_on = tokio::time::timeout(LIMIT, tail.next()).await.expect("in time").expect("a batch");
    assert!(goes_on.messages.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_poll_is_one_statement_in_one_round_trip() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let line = RoundTrips::before(server::port()).await;
    let url = line.url_of(&store.database.as_ref().expect("on the server").url()) + "?sslmode=disable";
    let user = User::new();
    let mut command = user.command();
    let follower = command.args(["--url", &url, "-n", &store.namespace.info().id, "tail", "--from", "start"]);
    let mut follower = follower.stdout(Stdio::piped()).spawn().expect("started");
    let writer = client(&store).await;
    let mut lines = BufReader::new(follower.stdout.take().expect("piped")).lines();
    for position in 0..5 {
        insert(&writer, &store, "a-1", position).await;
        lines.next().expect("a line").expect("read");
        if position == 0 {
            line.take();
            line.take_statements();
        }
    }
    follower.kill().expect("ended");
    follower.wait().expect("ended");
    let (rounds, statements) = (line.take(), line.take_statements());
    assert!(rounds >= 4, "{rounds}");
    assert!(statements.len().abs_diff(rounds) <= 1, "{} statements in {rounds} round trips", statements.len());
    // Any other query would be one more.
    let other = statements.iter().find(|statement| !statement.contains("n.newest"));
    assert_eq!(other, None);
}
