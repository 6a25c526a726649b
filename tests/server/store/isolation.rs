//! Databases whose default isolation level is stricter than read committed. Writes keep their guarantees.

use streamscope::message::ExpectedVersion;
use streamscope::store::{Namespace, StoreError};

use super::lost_answers::wait_for_waiters;
use super::messages::{expecting, new, of_stream, write, write_many};
use crate::support::for_each_store;
use crate::support::stores::{self, TestStore};

for_each_store! {
    checks_the_version_that_was_committed_while_waiting,
    concurrent_writers_succeed_under_any_isolation_level,
    retries_after_a_deadlock,
    namespaces_are_created_and_deleted_under_any_isolation_level,
}

const LEVELS: [&str; 2] = ["repeatable read", "serializable"];

async fn with_default(store: &TestStore, setting: &str, value: &str) -> Option<Namespace> {
    let client = store.client().await?;
    let database = store.database.as_ref().unwrap();
    client.batch_execute(&format!("alter database {} set {setting} = '{value}'", database.name())).await.unwrap();
    Some(stores::store(database).namespace(&store.namespace.info().id).await.unwrap())
}

async fn checks_the_version_that_was_committed_while_waiting(store: &TestStore) {
    for (number, level) in LEVELS.into_iter().enumerate() {
        let Some(namespace) = with_default(store, "default_transaction_isolation", level).await else { return };
        let name = format!("account-{number}");
        write(&namespace, &name, "First").await;
        for (expected, before) in [(ExpectedVersion::Any, 0), (ExpectedVersion::At(3), 2), (ExpectedVersion::At(9), 4)]
        {
            let winner = store.client().await.unwrap();
            let sql = format!(
                "set search_path = \"{0}\"; begin isolation level read committed; \
                 select \"{0}\".write_message(gen_random_uuid()::text, '{name}', 'Won', '{{}}')",
                store.schema
            );
            winner.batch_execute(&sql).await.unwrap();
            let writer = tokio::spawn({
                let (namespace, message) = (namespace.clone(), expecting(&name, expected));
                async move { namespace.write(&message).await }
            });
            wait_for_waiters(store, 1).await;
            winner.batch_execute("commit").await.unwrap();
            match writer.await.unwrap() {
                Ok(written) => assert_eq!(written.position, before + 2, "{level}, {expected}"),
                Err(StoreError::Conflict { actual, .. }) => {
                    assert_eq!((expected, actual), (ExpectedVersion::At(9), Some(before + 1)), "{level}");
                }
                Err(error) => panic!("{level}, {expected}: {error:?}"),
            }
        }
        let positions: Vec<i64> = of_stream(&namespace, &name).await.iter().map(|message| message.position).collect();
        assert_eq!(positions, (0..6).collect::<Vec<_>>());
    }
}

async fn concurrent_writers_succeed_under_any_isolation_level(store: &TestStore) {
    for (number, level) in LEVELS.into_iter().enumerate() {
        let Some(namespace) = with_default(store, "default_transaction_isolation", level).await else { return };
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..6 {
            let (namespace, name) = (namespace.clone(), format!("c{number}-{}", writer % 2));
            writers.spawn(async move { write_many(&namespace, &name, 10).await });
        }
        writers.join_all().await;
        for name in [format!("c{number}-0"), format!("c{number}-1")] {
            let positions: Vec<i64> = of_stream(&namespace, &name).await.iter().map(|one| one.position).collect();
            assert_eq!(positions, (0..30).collect::<Vec<_>>(), "{level}");
        }
    }
}

async fn retries_after_a_deadlock(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let sql = format!(
        "create table public.counters (id int primary key, n int); insert into public.counters values (1, 0), (2, 0); \
         create function public.counted() returns trigger language plpgsql as $$ begin \
           update public.counters set n = n + 1 where id = 2; \
           update public.counters set n = n + 1 where id = 1; return null; end $$; \
         create trigger counted after insert on \"{}\".messages for each row execute function public.counted()",
        store.schema
    );
    client.batch_execute(&sql).await.unwrap();
    // The writer detects the deadlock first, because the other session waits longer before it checks.
    let namespace = with_default(store, "deadlock_timeout", "4s").await.unwrap();
    let other = "set deadlock_timeout = '60s'; begin; update public.counters set n = n + 1 where id = 1";
    client.batch_execute(other).await.unwrap();
    let writer = tokio::spawn({
        let namespace = namespace.clone();
        async move { namespace.write(&new("account-1", "Opened")).await }
    });
    wait_for_waiters(store, 1).await;
    client.batch_execute("update public.counters set n = n + 1 where id = 2").await.unwrap();
    client.batch_execute("commit").await.unwrap();
    assert_eq!(writer.await.unwrap().unwrap().position, 0);
    let counted = client.query_one("select n from public.counters where id = 1", &[]).await.unwrap();
    assert_eq!(counted.get::<_, i32>(0), 2);
    assert_eq!(of_stream(&namespace, "account-1").await.len(), 1);
}

async fn namespaces_are_created_and_deleted_under_any_isolation_level(store: &TestStore) {
    for level in LEVELS {
        let Some(_) = with_default(store, "default_transaction_isolation", level).await else { return };
        let fresh = stores::store(store.database.as_ref().unwrap());
        let mut makers = tokio::task::JoinSet::new();
        for number in 0..4 {
            let fresh = fresh.clone();
            makers.spawn(async move { fresh.create_namespace(&format!("n{number}"), None).await.unwrap() });
        }
        makers.join_all().await;
        for number in 0..4 {
            let namespace = fresh.namespace(&format!("n{number}")).await.unwrap();
            write(&namespace, "account-1", "Opened").await;
            assert_eq!(fresh.delete_namespace(&format!("n{number}")).await.unwrap(), 1);
        }
    }
}
