//! A hot standby by streaming replication. Covers reading and following on it, refusing writes with the reason, and one
//! URL for both servers, before and after a failover.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use streamscope::message::{ExpectedVersion, Message, NewMessage, StreamName, Written};
use streamscope::store::Filter;
use streamscope::store::browse::Scope;
use streamscope::store::tail::{Delivery, Tail, TailFrom, TailOptions};
use streamscope::store::{Namespace, Options, Store, StoreError};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::agreement::same_answers;
use crate::support::history::check;
use crate::support::pair::{Pair, Server};
use crate::support::program::{Outcome, User};
use crate::support::pty::Screen;
use crate::support::server::{Database, connect};
use crate::support::stores::{Kind, Route, TestStore, settings};

const KINDS: [Kind; 3] = [Kind::OursOnPostgres, Kind::MessageDb, Kind::EventoDb];

/// The timeout of every wait.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

pub(crate) fn message(stream: &str) -> NewMessage {
    NewMessage {
        id: Uuid::now_v7(),
        stream: StreamName::stored(stream),
        message_type: "Happened".to_owned(),
        data: r#"{"some": "data"}"#.to_owned(),
        metadata: None,
        expected_version: ExpectedVersion::Any,
    }
}

async fn write(namespace: &Namespace, stream: &str) -> Written {
    namespace.write(&message(stream)).await.expect("a write")
}

pub(crate) fn options(from: TailFrom, delivery: Delivery) -> TailOptions {
    TailOptions { scope: Scope::Namespace, from, delivery, batch: 100, filter: Filter::default() }
}

/// Returns the URL of the standby and the URL of both servers, for the same database of the shared pair.
fn urls(store: &TestStore) -> (String, String) {
    let name = store.database.as_ref().expect("on the pair").name();
    let pair = Pair::shared();
    (pair.url_of(Server::Standby, name), pair.url_of_both(name, "primary"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_gives_the_same_answers_as_its_primary() {
    for kind in KINDS {
        let store = TestStore::by_route(kind, Route::Pair).await;
        let standby = store.on_the_standby().await;
        for number in 0..60 {
            write(&store.namespace, ["account", "order-item", "account:command"][number % 3]).await;
            write(&store.namespace, &format!("account-{}", number % 7)).await;
        }
        assert_eq!(same_answers(&store.namespace, &standby).await, 120, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_refuses_writes_and_says_why() {
    for kind in KINDS {
        let store = TestStore::by_route(kind, Route::Pair).await;
        write(&store.namespace, "account-1").await;
        let (url, _) = urls(&store);
        let on_standby = Store::new(settings(&url), Options::default());
        let server = on_standby.server().await.expect("an answer");
        assert!(server.standby);
        assert_eq!(server.read_only.as_deref(), Some("the server is a standby"));
        let namespace = store.on_the_standby().await;
        let error = namespace.write(&message("account-1")).await.expect_err("a standby accepts no writes");
        assert!(matches!(error, StoreError::ReadOnly(_)), "{kind:?}: {error:?}");
        let error = on_standby.create_namespace("another", None).await.expect_err("a standby accepts no writes");
        assert!(matches!(error, StoreError::ReadOnly(_)), "{kind:?}: {error:?}");

        let told = |outcome: Outcome| {
            assert_eq!((outcome.status, outcome.stdout.as_str()), (7, ""), "{kind:?}: {outcome:?}");
            assert!(outcome.stderr.contains("read-only"), "{kind:?}: {outcome:?}");
        };
        let user = User::new();
        told(user.run(&["--url", &url, "-n", &namespace.info().id, "write", "account-1", "Opened"]));
        told(user.run(&["--url", &url, "ns", "create", "another"]));
        assert_eq!(user.run(&["--url", &url, "-n", &namespace.info().id, "version", "account-1"]).stdout, "0\n");
        assert_eq!(store.namespace.stream_version(&message("account-1").stream).await.expect("a version"), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_on_a_standby_follows_and_says_why_it_cannot_write() {
    let store = TestStore::by_route(Kind::MessageDb, Route::Pair).await;
    write(&store.namespace, "account-1").await;
    let (url, _) = urls(&store);
    let user = User::new();
    let mut screen = Screen::start(&user, &["--url", &url, "account"]);
    screen.shows("READ-ONLY").shows("› account").keys("w").shows("the server is a standby");
    assert!(!screen.contents().contains("Write a message"));
    screen.keys("F").shows("FOLLOWING").shows("standby: waits 2 s at gaps");
    let late = NewMessage { message_type: "CameIn".to_owned(), ..message("account-1") };
    store.namespace.write(&late).await.expect("a write");
    screen.shows("CameIn").keys("q");
    assert_eq!(screen.end().status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_through_a_url_of_both_servers_reach_the_primary() {
    let store = TestStore::by_route(Kind::MessageDb, Route::Pair).await;
    let pair = Pair::shared();
    let name = store.database.as_ref().expect("on the pair").name();
    let user = User::new();
    for (position, wanted) in (0..).zip(["primary", "read-write"]) {
        let url = pair.url_of_both(name, wanted);
        let through = Store::new(settings(&url), Options::default());
        let server = through.server().await.expect("an answer");
        assert_eq!((server.standby, server.read_only), (false, None), "{wanted}");
        let namespace = through.namespace("message_store").await.expect("the namespace");
        assert_eq!(write(&namespace, "account-1").await.position, position * 2, "{wanted}");
        let outcome = user.run(&["--url", &url, "write", "account-1", "Opened"]);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{wanted}: {outcome:?}");
    }
    for wanted in ["standby", "prefer-standby", "read-only", "any"] {
        let through = Store::new(settings(&pair.url_of_both(name, wanted)), Options::default());
        assert!(through.server().await.expect("an answer").standby, "{wanted}");
        let namespace = through.namespace("message_store").await.expect("the namespace");
        assert_eq!(namespace.stream_version(&message("account-1").stream).await.expect("a version"), Some(3));
    }
}

/// Writes transactions that hold their position for a while. Each pauses on the server, so that a busy client does not
/// prolong it. Every tenth is rolled back, and every fourth inserts without the category lock.
async fn writer(client: Client, schema: String, number: u32) {
    let mut position = 0;
    for round in 0..40_u32 {
        let dice = round.wrapping_mul(7).wrapping_add(number.wrapping_mul(3));
        let statement = if dice % 4 == 0 {
            format!(
                "insert into \"{schema}\".messages (stream_name, position, type, data) values ('alone{number}-1', {position}, 'P', '{{}}')"
            )
        } else {
            format!(
                "select \"{schema}\".write_message(gen_random_uuid()::varchar, 'c{}-{number}', 'W', '{{}}'::jsonb)",
                dice % 3
            )
        };
        let rolled_back = dice % 10 == 0;
        let end = if rolled_back { "rollback" } else { "commit" };
        let pause = f64::from(dice % 23) / 1_000.0;
        let sql = format!(
            "begin; set local search_path = \"{schema}\", pg_temp; {statement}; select pg_sleep({pause}); {end}"
        );
        client.batch_execute(&sql).await.expect("a transaction");
        if dice % 4 == 0 && !rolled_back {
            position += 1;
        }
    }
}

async fn stored(client: &Client, schema: &str) -> Vec<i64> {
    let sql = format!("select global_position from \"{schema}\".messages order by 1");
    client.query(&sql, &[]).await.expect("the messages").iter().map(|row| row.get(0)).collect()
}

/// Follows until no message arrives any more after `done` is set.
async fn follow(namespace: Namespace, delivery: Delivery, done: Arc<AtomicBool>) -> Vec<i64> {
    let mut tail = namespace.tail(options(TailFrom::Start, delivery));
    let mut given = Vec::new();
    let mut standby = false;
    loop {
        // Longer than following waits at a gap.
        match tokio::time::timeout(Duration::from_secs(5), tail.next()).await {
            Ok(Ok(batch)) => {
                standby |= batch.standby;
                given.extend(batch.messages.iter().map(|tailed| tailed.message.global_position));
            }
            Err(_) if done.load(Ordering::SeqCst) => break,
            // A pause, or a server that went away.
            Ok(Err(_)) | Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    assert!(standby, "the batches say that waiting at a gap is limited");
    given
}

#[tokio::test(flavor = "multi_thread")]
async fn following_on_a_standby_gives_each_message_once_and_in_order() {
    for kind in KINDS {
        let store = TestStore::by_route(kind, Route::Pair).await;
        let done = Arc::new(AtomicBool::new(false));
        let standby = store.on_the_standby().await;
        let held = tokio::spawn(follow(standby.clone(), Delivery::WhenFinal, Arc::clone(&done)));
        let shown = tokio::spawn(follow(standby, Delivery::AtOnce, Arc::clone(&done)));
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..6 {
            writers.spawn(writer(store.client().await.expect("the primary"), store.schema.clone(), number));
        }
        while let Some(written) = writers.join_next().await {
            written.expect("a writer");
        }
        done.store(true, Ordering::SeqCst);
        let stored = stored(&store.client().await.expect("the primary"), &store.schema).await;
        assert!(stored.len() > 150, "most messages were written");
        let held = tokio::time::timeout(LIMIT, held).await.expect("in time").expect("the follower");
        assert_eq!(check(&held, &stored), Ok(()), "{kind:?}: held back");
        let mut shown = tokio::time::timeout(LIMIT, shown).await.expect("in time").expect("the follower");
        shown.sort_unstable();
        assert_eq!(check(&shown, &stored), Ok(()), "{kind:?}: shown at once");
    }
}

fn store(url: &str) -> Store {
    Store::new(settings(url), Options::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn following_on_a_standby_waits_for_a_lower_position_that_commits_late() {
    for kind in KINDS {
        let store = TestStore::by_route(kind, Route::Pair).await;
        let first = write(&store.namespace, "a-0").await.global_position;
        let standby = store.on_the_standby().await;
        let mut screen = standby.tail(options(TailFrom::After(first), Delivery::AtOnce));
        let mut headless = standby.tail(options(TailFrom::After(first), Delivery::WhenFinal));
        let slow = store.client().await.expect("the primary");
        let insert = format!(
            "insert into \"{}\".messages (stream_name, position, type, data) values ('slow-1', 0, 'T', '{{}}') returning global_position",
            store.schema
        );
        slow.batch_execute("begin").await.expect("begin");
        let lower: i64 = slow.query_one(&insert, &[]).await.expect("an insert").get(0);
        let higher = write(&store.namespace, "b-1").await.global_position;
        assert!(lower < higher);
        let shown = loop {
            let batch = tokio::time::timeout(LIMIT, screen.next()).await.expect("in time").expect("a batch");
            assert!(batch.standby && batch.final_to < lower, "{kind:?}");
            if let Some(tailed) = batch.messages.first() {
                break tailed.message.global_position;
            }
        };
        assert_eq!(shown, higher, "{kind:?}: shown at once");
        // Following has begun. A follower that does not wait would return the message within this time.
        let begun = tokio::time::timeout(LIMIT, headless.next()).await.expect("in time").expect("a batch");
        assert!(begun.messages.is_empty(), "{kind:?}: {begun:?}");
        let early = tokio::time::timeout(Duration::from_millis(300), headless.next()).await;
        assert!(early.is_err(), "{kind:?}: {early:?}");
        slow.batch_execute("commit").await.expect("commit");
        let mut given = Vec::new();
        while given.len() < 2 {
            let batch = tokio::time::timeout(LIMIT, headless.next()).await.expect("in time").expect("a batch");
            given.extend(batch.messages.iter().map(|tailed| tailed.message.global_position));
        }
        assert_eq!(given, [lower, higher], "{kind:?}");
    }
}

/// A database with one namespace, on a pair of servers that only one test uses.
pub(crate) struct OwnPair {
    // Must be dropped before the pair.
    pub database: Database,
    pub pair: Pair,
}

impl OwnPair {
    pub(crate) async fn new() -> Self {
        let pair = tokio::task::block_in_place(Pair::start);
        let database = Database::create_on(&pair.url_of(Server::Primary, "postgres"), "").await;
        let own = Self { database, pair };
        store(&own.pair.url_of(Server::Primary, own.database.name()))
            .create_namespace("test", None)
            .await
            .expect("a namespace");
        own.pair.caught_up().await;
        own
    }

    /// Opens the namespace through a URL of both servers.
    async fn through_both(&self, wanted: &str) -> Namespace {
        let url = self.pair.url_of_both(self.database.name(), wanted);
        store(&url).namespace("test").await.expect("the namespace")
    }

    async fn client(&self, server: Server) -> Client {
        connect(&self.pair.url_of(server, self.database.name())).await
    }
}

/// Follows until this many messages were given, even if servers fail in the meantime.
async fn follow_to(tail: &mut Tail<Message>, given: &mut Vec<i64>, count: usize) {
    let limit = Instant::now() + LIMIT;
    while given.len() < count {
        assert!(Instant::now() < limit, "{} of {count} messages arrived: {given:?}", given.len());
        match tokio::time::timeout(LIMIT, tail.next()).await.expect("in time") {
            Ok(batch) => given.extend(batch.messages.iter().map(|tailed| tailed.message.global_position)),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn following_survives_crashes_of_the_standby() {
    let own = OwnPair::new().await;
    let primary = own.through_both("primary").await;
    let mut tail = own.through_both("standby").await.tail(options(TailFrom::Start, Delivery::WhenFinal));
    let mut given = Vec::new();
    let mut written = Vec::new();
    for round in 0..3 {
        for number in 0..20 {
            written.push(write(&primary, &format!("account-{number}")).await.global_position);
        }
        follow_to(&mut tail, &mut given, written.len()).await;
        tokio::task::block_in_place(|| own.pair.crash(Server::Standby));
        let error = loop {
            if let Err(error) = tokio::time::timeout(LIMIT, tail.next()).await.expect("in time") {
                break error;
            }
        };
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        // The standby receives this message when it is back.
        written.push(write(&primary, &format!("away-{round}")).await.global_position);
        tokio::task::block_in_place(|| own.pair.run(Server::Standby));
    }
    follow_to(&mut tail, &mut given, written.len()).await;
    // A repeated message would be given before this last one.
    written.push(write(&primary, "last-1").await.global_position);
    follow_to(&mut tail, &mut given, written.len()).await;
    assert_eq!(check(&given, &written), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_of_both_servers_writes_and_follows_after_a_failover() {
    let own = OwnPair::new().await;
    let namespace = own.through_both("read-write").await;
    let mut tail = namespace.tail(options(TailFrom::Start, Delivery::WhenFinal));
    let mut given = Vec::new();
    let mut stored_then = Vec::new();
    for number in 0..20 {
        stored_then.push(write(&namespace, &format!("account-{number}")).await.global_position);
    }
    follow_to(&mut tail, &mut given, 10).await;
    own.pair.caught_up().await;
    tokio::task::block_in_place(|| own.pair.crash(Server::Primary));
    let error = namespace.write(&message("account-1")).await.expect_err("no server accepts writes now");
    assert!(matches!(error, StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. }), "{error:?}");
    tokio::task::block_in_place(|| own.pair.promote());
    for number in 0..20 {
        stored_then.push(write(&namespace, &format!("account-{number}")).await.global_position);
    }
    let stored = stored(&own.client(Server::Standby).await, "eventodb_test").await;
    assert_eq!(stored, stored_then, "all acknowledged messages and no others");
    follow_to(&mut tail, &mut given, stored.len()).await;
    assert_eq!(check(&given, &stored), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_reconnects_to_a_lagging_server_skips_nothing() {
    let own = OwnPair::new().await;
    let name = own.database.name();
    // The primary comes first and any server will do, so the follower moves to the standby when the primary fails.
    let (primary, standby) = (own.pair.url_of(Server::Primary, name), own.pair.url_of(Server::Standby, name));
    let port = standby.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/')).expect("a port").0.to_owned();
    let both = primary.replace(&format!("/{name}"), &format!(",127.0.0.1:{port}/{name}"));
    let namespace = store(&both).namespace("test").await.expect("the namespace");
    let mut tail = namespace.tail(options(TailFrom::Start, Delivery::WhenFinal));

    let replay = own.client(Server::Standby).await;
    replay.batch_execute("select pg_wal_replay_pause()").await.expect("paused");
    let slow = own.client(Server::Primary).await;
    let insert =
        "begin; insert into eventodb_test.messages (stream_name, position, type, data) values ('slow-1', 0, 'T', '{}')";
    slow.batch_execute(insert).await.expect("an open transaction");
    let written = write(&namespace, "account-1").await;
    // The follower has seen the message and holds it back because of the open transaction below it.
    loop {
        let batch = tokio::time::timeout(LIMIT, tail.next()).await.expect("in time").expect("a batch");
        assert!(batch.messages.is_empty());
        if batch.newest == written.global_position && !batch.blocked_by.is_empty() {
            break;
        }
    }
    // The standby has received the message, but does not show it yet.
    let received = "select pg_last_wal_receive_lsn() >= $1::text::pg_lsn";
    let end: String = slow.query_one("select pg_current_wal_lsn()::text", &[]).await.expect("a position").get(0);
    let limit = Instant::now() + LIMIT;
    while !replay.query_one(received, &[&end]).await.expect("an answer").get::<_, bool>(0) {
        assert!(Instant::now() < limit, "the standby receives nothing");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::task::block_in_place(|| own.pair.crash(Server::Primary));
    // The follower reconnects to the standby and stays there longer than it would wait at a gap.
    let early = tokio::time::timeout(Duration::from_secs(6), async {
        loop {
            if let Ok(batch) = tail.next().await
                && !batch.messages.is_empty()
            {
                return batch;
            }
        }
    });
    assert!(early.await.is_err(), "the standby does not show the message yet");
    assert!(tail.resume_position() < written.global_position, "the follower has not passed the message");
    replay.batch_execute("select pg_wal_replay_resume()").await.expect("resumed");
    loop {
        let batch = tokio::time::timeout(LIMIT, tail.next()).await.expect("in time");
        let Ok(batch) = batch else { continue };
        if let Some(first) = batch.messages.first() {
            assert_eq!(first.message.global_position, written.global_position);
            break;
        }
    }
}
