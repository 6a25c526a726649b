//! Many writers that pause between drawing a position and committing, roll back, insert without the category lock and
//! lose their connections, and followers that must receive every message once and in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use streamscope::message::Category;
use streamscope::store::browse::Scope;
use streamscope::store::tail::{Delivery, TailFrom, TailOptions};
use streamscope::store::{Filter, Namespace};
use tokio_postgres::{Client, NoTls};

use crate::support::history::check;
use crate::support::pair::{Pair, Server};
use crate::support::server;
use crate::support::stores::{self, Kind, TestStore};

/// The timeout for any single step.
const LIMIT: Duration = Duration::from_secs(20);
const WRITERS: u64 = 8;
const CATEGORIES: u64 = 4;

/// A small pseudorandom generator, so that every storm is the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The store as the tasks of a storm use it.
struct Target {
    namespace: Namespace,
    schema: String,
    url: String,
}

impl Target {
    /// Connects as soon as the server accepts connections.
    async fn client(&self) -> Client {
        let limit = Instant::now() + LIMIT * 3;
        loop {
            match tokio_postgres::connect(&self.url, NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return client;
                }
                Err(error) => assert!(Instant::now() < limit, "the server does not come back: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Writes for a number of rounds, and reconnects if the connection is lost.
async fn write(store: Arc<Target>, number: u64, rounds: u64) {
    let mut dice = Dice(0x9e37_79b9 + number * 7_919);
    let mut client = store.client().await;
    let own = format!("alone{number}-1");
    let mut position = 0_i64;
    for round in 0..rounds {
        let category = dice.below(CATEGORIES);
        let plain = dice.below(4) == 0;
        let rolled_back = dice.below(10) == 0;
        let pause = Duration::from_micros(dice.below(4_000));
        let schema = &store.schema;
        let statement = if plain {
            format!(
                "insert into \"{schema}\".messages (stream_name, position, type, data) values ('{own}', {position}, 'P', '{{}}')"
            )
        } else {
            format!(
                "select \"{schema}\".write_message(gen_random_uuid()::varchar, 'c{category}-{number}', 'W', '{{}}'::jsonb)"
            )
        };
        let outcome = async {
            client.batch_execute(&format!("begin; set local search_path = \"{schema}\", pg_temp; {statement}")).await?;
            // The position is drawn and the transaction is open. Now others can overtake it.
            tokio::time::sleep(pause).await;
            client.batch_execute(if rolled_back { "rollback" } else { "commit" }).await
        }
        .await;
        match outcome {
            Ok(()) if plain && !rolled_back => position += 1,
            Ok(()) => {}
            Err(_) => {
                // It may have been committed, so use the next position.
                position += 1;
                client = store.client().await;
            }
        }
        if round % 16 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Returns the stored global positions, optionally of one category.
async fn stored(store: &Target, category: Option<&str>) -> Vec<i64> {
    let client = store.client().await;
    let sql = format!(
        "select global_position from \"{}\".messages
         where $1::text is null or split_part(stream_name, '-', 1) = $1 order by 1",
        store.schema
    );
    client.query(&sql, &[&category]).await.expect("the messages").iter().map(|row| row.get(0)).collect()
}

/// A typical naive reader, which continues after the highest position that it has seen.
async fn naive(store: Arc<Target>, done: Arc<AtomicBool>) -> Vec<i64> {
    let client = store.client().await;
    let sql =
        format!("select global_position from \"{}\".messages where global_position > $1 order by 1", store.schema);
    let mut given: Vec<i64> = Vec::new();
    loop {
        let last_round = done.load(Ordering::SeqCst);
        let cursor = given.last().copied().unwrap_or(0);
        let rows = client.query(&sql, &[&cursor]).await.expect("the messages");
        given.extend(rows.iter().map(|row| row.get::<_, i64>(0)));
        if last_round && rows.is_empty() {
            return given;
        }
    }
}

/// Follows until the writers are done and no more messages arrive.
async fn follow(store: Arc<Target>, scope: Scope, delivery: Delivery, done: Arc<AtomicBool>) -> Vec<i64> {
    let options = TailOptions { scope, from: TailFrom::Start, delivery, batch: 100, filter: Filter::default() };
    let mut tail = store.namespace.tail(options);
    let mut given = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_secs(2), tail.next()).await {
            Ok(Ok(batch)) => given.extend(batch.messages.iter().map(|tailed| tailed.message.global_position)),
            Err(_) if done.load(Ordering::SeqCst) => return given,
            // A quiet moment or a terminated backend: continue.
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

/// The disturbances during a storm.
enum Killing {
    Nothing,
    /// Terminates the followers' backends, and sometimes a writer's.
    Backends,
    /// Kills the server as well.
    Server(Arc<Pair>),
}

/// Kills until the writers are done. Returns the number of kills.
async fn kill(store: Arc<Target>, killing: Killing, done: Arc<AtomicBool>) -> u64 {
    let victims = "select count(*) filter (where application_name = 'streamscope') from (
        select application_name, pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
          and (application_name = 'streamscope' or random() < 0.1)
        offset 0) t";
    let mut dice = Dice(42);
    let mut killed = 0;
    while !done.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(20 + dice.below(60))).await;
        match &killing {
            Killing::Nothing => return 0,
            Killing::Server(pair) if dice.below(40) == 0 => {
                tokio::task::block_in_place(|| {
                    pair.crash(Server::Primary);
                    pair.run(Server::Primary);
                });
                killed += 1;
            }
            Killing::Server(_) if dice.below(8) != 0 => {}
            Killing::Backends | Killing::Server(_) => {
                let row = store.client().await.query_one(victims, &[]).await.expect("the number of victims");
                killed += row.get::<_, i64>(0).unsigned_abs();
            }
        }
    }
    killed
}

async fn storm(store: Target, rounds: u64, killing: Killing) {
    let store = Arc::new(store);
    let done = Arc::new(AtomicBool::new(false));
    let following = |scope, delivery| tokio::spawn(follow(Arc::clone(&store), scope, delivery, Arc::clone(&done)));
    let held = following(Scope::Namespace, Delivery::WhenFinal);
    let shown = following(Scope::Namespace, Delivery::AtOnce);
    let category = Category::new("c1").expect("a category");
    let of_category = following(Scope::Category(category.clone()), Delivery::WhenFinal);
    let undisturbed = matches!(killing, Killing::Nothing);
    let naive = undisturbed.then(|| tokio::spawn(naive(Arc::clone(&store), Arc::clone(&done))));
    let killer = tokio::spawn(kill(Arc::clone(&store), killing, Arc::clone(&done)));
    let writers: Vec<_> = (0..WRITERS).map(|number| tokio::spawn(write(Arc::clone(&store), number, rounds))).collect();
    for writer in writers {
        let limit = LIMIT * 5 + Duration::from_millis(rounds * 100);
        tokio::time::timeout(limit, writer).await.expect("in time").expect("a writer");
    }
    done.store(true, Ordering::SeqCst);
    let killed = killer.await.expect("the killer");
    assert_eq!(killed == 0, undisturbed, "the followers lost their backends");
    let end = async |follower| {
        let given: Result<Vec<i64>, _> = tokio::time::timeout(LIMIT * 5, follower).await.expect("in time");
        given.expect("the follower")
    };
    let (held, mut shown, of_category) = (end(held).await, end(shown).await, end(of_category).await);
    let all = stored(&store, None).await;
    assert!(all.len() as u64 > WRITERS * rounds / 2, "most writes succeeded");
    assert_eq!(check(&held, &all), Ok(()), "final messages only");
    shown.sort_unstable();
    assert_eq!(check(&shown, &all), Ok(()), "shown at once");
    assert_eq!(check(&of_category, &stored(&store, Some(category.as_str())).await), Ok(()), "a category");
    if let Some(naive) = naive {
        let naive = naive.await.expect("the naive reader");
        assert!(check(&naive, &all).is_err(), "the storm defeats a naive reader");
    }
}

fn target(store: &TestStore) -> Target {
    Target {
        namespace: store.namespace.clone(),
        schema: store.schema.clone(),
        url: store.database.as_ref().expect("a server").url(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_every_message_once_and_in_order_while_a_naive_reader_misses_some() {
    for kind in [Kind::MessageDb, Kind::OursOnPostgres] {
        let store = TestStore::new(kind).await;
        storm(target(&store), 150, Killing::Nothing).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn following_survives_repeatedly_terminated_backends() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    storm(target(&store), 150, Killing::Backends).await;
}

/// Writes about 100,000 messages with `tests/run --long`, otherwise a twentieth of that.
#[tokio::test(flavor = "multi_thread")]
async fn following_stays_exact_while_the_server_is_killed_repeatedly() {
    let pair = Arc::new(tokio::task::block_in_place(Pair::start));
    let database = server::Database::create_on(&pair.url_of(Server::Primary, "postgres"), "").await;
    let store = stores::store(&database);
    store.create_namespace("test", None).await.expect("a namespace");
    let namespace = store.namespace("test").await.expect("the namespace");
    let schema = namespace.info().schema.clone();
    let rounds = if server::long() { 14_000 } else { 700 };
    storm(Target { namespace, schema, url: database.url() }, rounds, Killing::Server(Arc::clone(&pair))).await;
}
