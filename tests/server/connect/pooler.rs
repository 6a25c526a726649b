//! Behind PgBouncer in transaction mode everything works, and the server still enforces read-only.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use streamscope::message::StreamName;
use streamscope::store::connect::Environment;
use streamscope::store::import::{Import, ImportOptions, ImportedMessage, Placement};
use streamscope::store::session::Sessions;
use streamscope::store::{Options, Settings, Store, StoreError};
use tokio::time::{Instant, sleep};
use tokio_postgres::types::Type;

use crate::support::pooler::Pooler;
use crate::support::program::User;
use crate::support::server::{Database, port};

fn sessions_through(pooler: &Pooler, database: &Database, options: Options) -> Sessions {
    let settings =
        Settings::resolve(Some(&pooler.url_of(database.name())), &Environment::default()).expect("a good URL");
    Sessions::new(settings.expect("a URL was given"), options)
}

#[tokio::test]
async fn queries_of_many_sessions_share_two_pooled_connections() {
    let database = Database::new().await;
    let pooler = Pooler::start(port(), "").await;
    let sessions = sessions_through(&pooler, &database, Options { connections: 8, ..Options::default() });
    let work = (0..200_i64).map(|number| {
        let sessions = &sessions;
        async move {
            let session = sessions.acquire().await?;
            let row = session.query_opt("select $1 + 1", &[(&number, Type::INT8)]).await?.expect("a row");
            assert_eq!(row.get::<_, i64>(0), number + 1);
            Ok::<_, StoreError>(())
        }
    });
    futures_util::future::try_join_all(work).await.expect("all answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_a_pooler_points_to_its_settings() {
    let pooler = Pooler::start(port(), "").await;
    let url = pooler.url_of("postgres") + "?options=-c%20work_mem%3D5MB";
    let told = User::new().run(&["--url", &url, "ns", "list"]).failed(5);
    assert!(told.contains("Check the pooler's databases, users, limits and startup parameters"), "{told}");
}

#[tokio::test]
async fn copy_out_works_repeatedly_through_a_pooler() {
    let database = Database::new().await;
    let pooler = Pooler::start(port(), "").await;
    let sessions = sessions_through(&pooler, &database, Options::default());
    sessions.acquire().await.expect("a session").batch("create table copied (a int)").await.expect("a table");
    for round in 1..=5 {
        // Each round has its own session, like another program.
        let mut session = sessions_through(&pooler, &database, Options::default()).acquire().await.expect("a session");
        let transaction = session.begin().await.expect("a transaction");
        transaction.batch("insert into copied values (1), (2)").await.expect("rows go in");
        transaction.commit().await.expect("a commit");
        let transaction = session.begin_snapshot().await.expect("a transaction");
        let bytes: Vec<_> =
            transaction.copy_out("copy copied to stdout").await.expect("rows").try_collect().await.expect("all");
        assert_eq!(bytes.concat().len(), round * 4);
    }
}

#[tokio::test]
async fn concurrent_imports_work_through_a_pooler() {
    let database = Database::new().await;
    let pooler = Pooler::start(port(), "").await;
    let url = pooler.url_of(database.name());
    let settings =
        Settings::resolve(Some(&url), &Environment::default()).expect("a good URL").expect("a URL was given");
    let store = Store::new(settings, Options::default());
    store.create_namespace("shop", None).await.expect("a namespace");
    let namespace = store.namespace("shop").await.expect("the namespace");
    let work = (0..3).map(|number| {
        let namespace = &namespace;
        async move {
            let options = ImportOptions { keep_global_positions: number == 0, ..ImportOptions::default() };
            let mut import = Import::new(namespace, options)?;
            let mut imported = 0;
            for position in 0..30 {
                let placement = Placement::Kept {
                    position,
                    global_position: Some(100_000 + 1_000 * position),
                    time: jiff::Timestamp::from_second(position)?,
                };
                let message = ImportedMessage {
                    id: uuid::Uuid::now_v7(),
                    stream: StreamName::new(format!("account-{number}"))?,
                    message_type: "Opened".to_owned(),
                    data: Some("{}".to_owned()),
                    metadata: None,
                    placement,
                };
                imported += import.batch(&[message]).await?.imported;
            }
            Ok::<_, Box<dyn std::error::Error>>(imported)
        }
    });
    assert_eq!(futures_util::future::try_join_all(work).await.expect("all imports"), [30, 30, 30]);
}

#[tokio::test]
async fn the_server_behind_a_pooler_refuses_writes_to_a_read_only_store() {
    let database = Database::new().await;
    database.client().await.batch_execute("create table kept (a int)").await.expect("a table");
    // The second pooler accepts the start-up option but ignores it, so the session must not count as read-only.
    for more in ["", "ignore_startup_parameters=options"] {
        let pooler = Pooler::start(port(), more).await;
        let sessions = sessions_through(&pooler, &database, Options { read_only: true, connections: 1 });
        for _ in 0..3 {
            let mut session = sessions.acquire().await.expect("a session");
            let write = session.query("insert into kept values ($1)", &[(&1_i32, Type::INT4)]).await;
            assert!(matches!(write, Err(StoreError::ReadOnly(_))), "{write:?}");
            let write = session.batch("insert into kept values (1); commit; insert into kept values (2)").await;
            assert!(matches!(write, Err(StoreError::ReadOnly(_))), "{write:?}");
            let transaction = session.begin().await.expect("a transaction");
            let write = transaction.query("insert into kept values (1)", &[]).await;
            assert!(matches!(write, Err(StoreError::ReadOnly(_))), "{write:?}");
            transaction.rollback().await.expect("the end");
            let rows = session.query("select a from kept", &[]).await.expect("rows");
            assert!(rows.is_empty());
            let mut rows = session.into_stream("select n from generate_series(1, 50000) n", &[]).await.expect("rows");
            let mut count = 0;
            while let Some(row) = rows.next().await {
                row.expect("a row");
                count += 1;
            }
            assert_eq!(count, 50_000);
        }
    }
}

#[tokio::test]
async fn dropping_a_query_cancels_it_behind_a_pooler() {
    let database = Database::new().await;
    let observer = database.client().await;
    let active = "select count(*) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(600)%' \
                  and pid <> pg_backend_pid() and state = 'active'";
    let until = async |expected: i64| {
        let end = Instant::now() + Duration::from_secs(15);
        while observer.query_one(active, &[]).await.expect("a count").get::<_, i64>(0) != expected {
            assert!(Instant::now() < end, "the server does not run {expected} statements");
            sleep(Duration::from_millis(20)).await;
        }
    };
    let pooler = Pooler::start(port(), "").await;
    let session = sessions_through(&pooler, &database, Options::default()).acquire().await.expect("a session");
    let work = tokio::spawn(async move { session.query("select pg_sleep(600)", &[]).await });
    until(1).await;
    work.abort();
    until(0).await;
}
