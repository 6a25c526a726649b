//! Sessions: their number is bounded, ended connections are replaced, dropped queries are cancelled on the server, and
//! the server itself enforces read-only.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use streamscope::store::connect::Environment;
use streamscope::store::session::{Session, Sessions};
use streamscope::store::{Options, Settings, StoreError};
use tokio::time::{Instant, sleep};
use tokio_postgres::types::Type;

use crate::support::proxy::Proxy;
use crate::support::server::{port, socket_dir, url};
use crate::support::stores;

fn settings(application: &str) -> Settings {
    let url = format!("{}?application_name={application}", url());
    Settings::resolve(Some(&url), &Environment::default()).expect("a good URL").expect("a URL was given")
}

fn sessions(application: &str, options: Options) -> Sessions {
    Sessions::new(settings(application), options)
}

/// Counts the application's running statements from another connection.
async fn active(application: &str) -> i64 {
    let session = sessions("observer", Options::default()).acquire().await.expect("a connection");
    let sql = "select count(*) from pg_stat_activity where application_name = $1 and state = 'active'";
    let row = session.query_opt(sql, &[(&application, Type::TEXT)]).await.expect("an answer").expect("a row");
    row.get(0)
}

async fn until_active(application: &str, expected: i64) {
    let end = Instant::now() + Duration::from_secs(15);
    loop {
        let count = active(application).await;
        if count == expected {
            return;
        }
        assert!(Instant::now() < end, "{application} runs {count} statements instead of {expected}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_query_sends_its_parameters_and_collects_its_rows() {
    let session = sessions("collects", Options::default()).acquire().await.expect("a connection");
    let sql = "select n from generate_series($1, $2) n";
    let rows = session.query(sql, &[(&1_i64, Type::INT8), (&3_i64, Type::INT8)]).await.expect("rows");
    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i64>>(), [1, 2, 3]);
    assert!(session.query_opt("select 1 where false", &[]).await.expect("an answer").is_none());
}

#[tokio::test]
async fn dropping_a_query_cancels_it_on_the_server() {
    let sessions = sessions("dropped", Options::default());
    let work = {
        let session = sessions.acquire().await.expect("a connection");
        tokio::spawn(async move { session.query("select pg_sleep(600)", &[]).await })
    };
    until_active("dropped", 1).await;
    work.abort();
    until_active("dropped", 0).await;
}

#[tokio::test]
async fn dropping_rows_cancels_their_query_on_the_server() {
    let sessions = sessions("rowsdropped", Options::default());
    let session = sessions.acquire().await.expect("a connection");
    let mut rows =
        session.into_stream("select repeat('x', 1000), generate_series(1, 100000000)", &[]).await.expect("rows begin");
    assert!(rows.next().await.expect("a row").is_ok());
    until_active("rowsdropped", 1).await;
    drop(rows);
    until_active("rowsdropped", 0).await;
}

#[tokio::test]
async fn a_finished_stream_returns_its_connection() {
    let sessions = sessions("given-back", Options { connections: 1, ..Options::default() });
    let pid = |rows: Vec<tokio_postgres::Row>| rows[0].get::<_, i32>(0);
    let first = sessions.acquire().await.expect("a connection");
    let rows = first.into_stream("select pg_backend_pid()", &[]).await.expect("rows begin");
    let first = pid(rows.try_collect().await.expect("rows"));
    let second = sessions.acquire().await.expect("a connection");
    assert_eq!(first, pid(second.query("select pg_backend_pid()", &[]).await.expect("rows")));
}

#[tokio::test]
async fn a_query_is_cancelled_after_its_timeout() {
    let sessions = sessions("limited", Options::default());
    let mut session = sessions.acquire().await.expect("a connection");
    session.set_timeout(Some(Duration::from_millis(200)));
    let outcome = session.query("select pg_sleep(600)", &[]).await;
    assert!(matches!(outcome, Err(StoreError::TimedOut { .. })), "{outcome:?}");
    until_active("limited", 0).await;
}

#[tokio::test]
async fn opens_no_more_connections_than_allowed() {
    let sessions = sessions("bounded", Options { connections: 2, ..Options::default() });
    let first = sessions.acquire().await.expect("a connection");
    let _second = sessions.acquire().await.expect("a connection");
    let third = tokio::time::timeout(Duration::from_millis(300), sessions.acquire()).await;
    assert!(third.is_err(), "the pool opened a third connection");
    drop(first);
    sessions.acquire().await.expect("the first connection again");
}

#[tokio::test]
async fn the_first_queries_use_the_connections_opened_in_advance() {
    let sessions = sessions("ahead", Options { connections: 3, ..Options::default() });
    let observer = self::sessions("observer", Options::default()).acquire().await.expect("a connection");
    let open = async || -> i64 {
        let sql = "select count(*) from pg_stat_activity where application_name = 'ahead'";
        observer.query_opt(sql, &[]).await.expect("an answer").expect("a row").get(0)
    };
    sessions.open_ahead(2);
    let _first = sessions.acquire().await.expect("a connection");
    let _second = sessions.acquire().await.expect("a connection");
    assert_eq!(open().await, 2);
    sessions.open_ahead(5);
    let _third = sessions.acquire().await.expect("a connection");
    assert_eq!(open().await, 3, "as many as the pool may have");
}

#[tokio::test]
async fn uses_a_connection_that_is_put_back_before_a_new_one_is_open() {
    let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], port()))).await;
    let url = format!("postgres://postgres@{}/postgres?sslmode=disable", proxy.address());
    let sessions = Sessions::new(stores::settings(&url), Options { connections: 2, ..Options::default() });
    let pid = async |session: &Session| -> i32 {
        session.query_opt("select pg_backend_pid()", &[]).await.expect("an answer").expect("a row").get(0)
    };
    let first = sessions.acquire().await.expect("a connection");
    let first_pid = pid(&first).await;
    proxy.silence(true);
    let mut second = Box::pin(sessions.acquire());
    let waited = tokio::time::timeout(Duration::from_millis(100), &mut second).await;
    assert!(waited.is_err(), "a connection was opened through a silent proxy");
    drop(first);
    let second = tokio::time::timeout(Duration::from_secs(5), second).await.expect("in time").expect("a connection");
    proxy.silence(false);
    assert_eq!(pid(&second).await, first_pid);
    let third = sessions.acquire().await.expect("the connection that was being opened");
    assert_ne!(pid(&third).await, first_pid);
}

#[tokio::test]
async fn replaces_an_idle_connection_that_has_ended() {
    let sessions = sessions("replaced", Options { connections: 1, ..Options::default() });
    drop(sessions.acquire().await.expect("a connection"));
    let observer = self::sessions("observer", Options::default()).acquire().await.expect("a connection");
    let kill = "select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = 'replaced'";
    assert_eq!(observer.query(kill, &[]).await.expect("rows").len(), 1);
    let session = sessions.acquire().await.expect("another connection");
    assert_eq!(session.query("select 1", &[]).await.expect("rows").len(), 1);
}

#[tokio::test]
async fn the_server_refuses_writes_to_a_read_only_store() {
    let sessions = sessions("readonly", Options { read_only: true, ..Options::default() });
    let session = sessions.acquire().await.expect("a connection");
    let outcome = session.batch("create table public.never (a int)").await;
    assert!(matches!(outcome, Err(StoreError::ReadOnly(_))), "{outcome:?}");
    assert!(session.server_info().await.expect("an answer").read_only.is_some());
}

#[tokio::test]
async fn dropping_a_transaction_rolls_it_back() {
    let sessions = sessions("rolledback", Options { connections: 1, ..Options::default() });
    let mut session = sessions.acquire().await.expect("a connection");
    session.batch("create temporary table kept (a int)").await.expect("a table");
    {
        let transaction = session.begin().await.expect("a transaction");
        transaction.query("insert into kept values ($1)", &[(&1_i32, Type::INT4)]).await.expect("a row");
    }
    let transaction = session.begin().await.expect("a transaction");
    transaction.query("insert into kept values ($1)", &[(&2_i32, Type::INT4)]).await.expect("a row");
    transaction.commit().await.expect("a commit");
    let rows = session.query("select a from kept", &[]).await.expect("rows");
    assert_eq!(rows.iter().map(|row| row.get(0)).collect::<Vec<i32>>(), [2]);
}

#[tokio::test]
async fn a_single_connection_survives_an_abandoned_query() {
    let settings = Settings::embedded(&socket_dir().display().to_string(), port(), "postgres", "postgres");
    let sessions = Sessions::new(settings, Options::default());
    let session = sessions.acquire().await.expect("the connection");
    let pid: i32 = session.query("select pg_backend_pid()", &[]).await.expect("rows")[0].get(0);
    let mut rows = session.into_stream("select n from generate_series(1, 300000) n", &[]).await.expect("rows begin");
    assert!(rows.next().await.expect("a row").is_ok());
    drop(rows);
    let session = sessions.acquire().await.expect("the connection");
    assert_eq!(pid, session.query("select pg_backend_pid()", &[]).await.expect("rows")[0].get::<_, i32>(0));
}
