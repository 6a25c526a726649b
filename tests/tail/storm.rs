//! Many writers that pause between taking their position and committing, roll back, insert without the lock and lose their
//! connections; and followers that must be given every message once, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use streamscope::store::browse::Scope;
use streamscope::store::tail::{Settling, TailFrom};

use crate::history::check;
use streamscope::store::Namespace;
use tokio_postgres::Client;

use crate::support::server;
use crate::support::stores::{Kind, TestStore};
use crate::{LIMIT, options};

const WRITERS: u64 = 8;
const CATEGORIES: u64 = 4;

/// A small generator of numbers: the same storm every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What the tasks of a storm need of their store.
struct Target {
    namespace: Namespace,
    schema: String,
    url: String,
}

impl Target {
    async fn client(&self) -> Client {
        server::connect(&self.url).await
    }
}

/// One writer until told to stop; a lost connection is made again.
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
            // The position is taken, the transaction is open: this is when others overtake.
            tokio::time::sleep(pause).await;
            client.batch_execute(if rolled_back { "rollback" } else { "commit" }).await
        }
        .await;
        match outcome {
            Ok(()) if plain && !rolled_back => position += 1,
            Ok(()) => {}
            Err(_) => {
                // Whether it was committed is not known; another position cannot collide.
                position += 1;
                client = store.client().await;
            }
        }
        if round % 16 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

async fn stored(store: &Target) -> Vec<i64> {
    let client = store.client().await;
    let sql = format!("select global_position from \"{}\".messages order by 1", store.schema);
    client.query(&sql, &[]).await.expect("the messages").iter().map(|row| row.get(0)).collect()
}

/// A reader as one is easily written: its cursor is the highest position that it has seen.
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

/// Follows until everything that was stored at the end was given.
async fn follow(store: Arc<Target>, settling: Settling, done: Arc<AtomicBool>) -> Vec<i64> {
    let mut tail = store.namespace.tail(options(Scope::Namespace, TailFrom::Start, settling));
    let mut given = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_secs(2), tail.next()).await {
            Ok(Ok(batch)) => given.extend(batch.messages.iter().map(|tailed| tailed.message.global_position)),
            Err(_) if done.load(Ordering::SeqCst) => return given,
            // A pause, or a backend that was terminated: carry on.
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

async fn storm(kind: Kind, rounds: u64, killing: bool) {
    let fresh = TestStore::new(kind).await;
    let store = Arc::new(Target {
        namespace: fresh.namespace.clone(),
        schema: fresh.schema.clone(),
        url: fresh.database.as_ref().expect("a server").url(),
    });
    let done = Arc::new(AtomicBool::new(false));
    let killed = Arc::new(AtomicU64::new(0));
    let held = tokio::spawn(follow(Arc::clone(&store), Settling::HoldBack, Arc::clone(&done)));
    let shown = tokio::spawn(follow(Arc::clone(&store), Settling::ShowAtOnce, Arc::clone(&done)));
    let naive = (!killing).then(|| tokio::spawn(naive(Arc::clone(&store), Arc::clone(&done))));
    let writers: Vec<_> = (0..WRITERS).map(|number| tokio::spawn(write(Arc::clone(&store), number, rounds))).collect();
    let killer = killing.then(|| {
        let (store, done, killed) = (Arc::clone(&store), Arc::clone(&done), Arc::clone(&killed));
        tokio::spawn(async move {
            let client = store.client().await;
            let mut dice = Dice(42);
            while !done.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(20 + dice.below(60))).await;
                // All of the followers' backends, and now and then a writer's.
                let victims = "select count(*) filter (where application_name = 'streamscope') from (
                    select application_name, pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()
                      and (application_name = 'streamscope' or random() < 0.1)
                    offset 0) t";
                let row = client.query_one(victims, &[]).await.expect("the killer is not killed");
                killed.fetch_add(row.get::<_, i64>(0).unsigned_abs(), Ordering::SeqCst);
            }
        })
    });
    for writer in writers {
        tokio::time::timeout(LIMIT * 5, writer).await.expect("in time").expect("a writer");
    }
    done.store(true, Ordering::SeqCst);
    if let Some(killer) = killer {
        killer.await.expect("the killer");
        assert!(killed.load(Ordering::SeqCst) > 0, "the followers lost their backends");
    }
    let held = held.await.expect("the follower");
    let mut shown = shown.await.expect("the follower");
    let stored = stored(&store).await;
    assert!(stored.len() as u64 > WRITERS * rounds / 2, "most was written");
    assert_eq!(check(&held, &stored), Ok(()), "{kind:?}: held back");
    shown.sort_unstable();
    assert_eq!(check(&shown, &stored), Ok(()), "{kind:?}: shown at once");
    if let Some(naive) = naive {
        let naive = naive.await.expect("the naive reader");
        assert!(check(&naive, &stored).is_err(), "the storm is one that a naive reader does not survive");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_given_once_and_in_order_where_a_naive_reader_misses_some() {
    storm(Kind::MessageDb, 150, false).await;
    storm(Kind::OursOnPostgres, 150, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn following_survives_its_backends_being_terminated_again_and_again() {
    storm(Kind::OursOnPostgres, 150, true).await;
}
