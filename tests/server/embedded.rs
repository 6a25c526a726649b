//! The embedded store: durability, its directory and cache, and clients that disconnect at a bad moment.

#[cfg(unix)]
mod cache;
#[cfg(unix)]
mod directory;
#[cfg(unix)]
mod first_version;

#[cfg(unix)]
use std::process::Stdio;
use std::time::{Duration, Instant};

use streamscope::store::embedded::Embedded;
use streamscope::store::{Options, Store, StoreError};

#[cfg(unix)]
use crate::support::program::User;

/// Visits every directory and every file, with its bytes, of the template for new stores.
#[cfg(unix)]
fn each_entry_of_the_template(mut visit: impl FnMut(std::path::PathBuf, Option<Vec<u8>>)) {
    let archive = zstd::decode_all(pglite_oxide_assets::pgdata_template_archive().unwrap()).unwrap();
    for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let is_file = entry.header().entry_type().is_file();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        visit(entry.path().unwrap().into_owned(), is_file.then_some(bytes));
    }
}

/// Connects with another client. The task carries its connection.
#[cfg(unix)]
async fn connect(embedded: &Embedded) -> (tokio_postgres::Client, tokio::task::JoinHandle<()>) {
    let (socket_dir, port) = embedded.address();
    let mut config = tokio_postgres::Config::new();
    config.host_path(&socket_dir).port(port).user("postgres").dbname("postgres");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    // Some tests end a connection in the middle of an answer, which is an error that they do not look at.
    (client, tokio::spawn(async move { drop(connection.await) }))
}

fn store(embedded: &Embedded) -> Store {
    Store::new(embedded.settings(), Options::default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_the_program_that_has_the_directory_open() {
    let dir = tempfile::TempDir::new().unwrap();
    let first = Embedded::open(dir.path()).await.unwrap();
    let Err(StoreError::Embedded(reason)) = Embedded::open(dir.path()).await else { panic!("two programs opened it") };
    assert!(reason.contains(&dir.path().display().to_string()), "{reason}");
    assert!(reason.contains(&std::process::id().to_string()), "{reason}");
    drop(first);
    Embedded::open(dir.path()).await.unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_users_cannot_access_the_store() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::TempDir::new().unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (made, there) = (dir.path().join("a/b"), dir.path().join("there"));
    std::fs::create_dir_all(there.join("postgres")).unwrap();
    for store in [&made, &there] {
        drop(Embedded::open(store).await.unwrap());
        assert_eq!(mode(&store.join("postgres")), 0o700, "{}", store.display());
    }
    assert_eq!(mode(&made), 0o700);
    assert_ne!(mode(&there), 0o700, "an existing directory keeps its mode");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_postgresql_17_in_utc() {
    let embedded = Embedded::temporary().await.unwrap();
    let server = store(&embedded).server().await.unwrap();
    assert!(server.version.starts_with("17."), "{server:?}");
    assert_eq!(server.read_only, None);
    assert!(server.clock_ahead_us.abs() < 60_000_000, "the server uses this machine's clock: {server:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_a_namespace_when_the_directory_is_reopened() {
    let dir = tempfile::TempDir::new().unwrap();
    {
        let embedded = Embedded::open(dir.path()).await.unwrap();
        store(&embedded).create_namespace("kept", Some("for later")).await.unwrap();
    }
    let embedded = Embedded::open(dir.path()).await.unwrap();
    let found = store(&embedded).namespaces().await.unwrap();
    assert_eq!(found.iter().map(|info| info.id.as_str()).collect::<Vec<_>>(), ["kept"]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_whose_server_is_still_finishing_a_query_can_be_reopened() {
    let dir = tempfile::TempDir::new().unwrap();
    let embedded = Embedded::open(dir.path()).await.unwrap();
    let (client, _connection) = connect(&embedded).await;
    client.simple_query("create table kept ()").await.unwrap();
    let sent = tokio::time::timeout(Duration::from_millis(300), client.simple_query("select pg_sleep(4)")).await;
    assert!(sent.is_err(), "the query is still running");
    drop(embedded);

    let embedded = Embedded::open(dir.path()).await.unwrap();
    let (client, _connection) = connect(&embedded).await;
    client.simple_query("table kept").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_serving_after_clients_disconnect_at_once() {
    let embedded = Embedded::temporary().await.unwrap();
    for _ in 0..5 {
        let store = store(&embedded);
        let _ = tokio::time::timeout(Duration::from_millis(50), store.server()).await;
    }
    store(&embedded).server().await.unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_serving_after_a_client_abandons_an_answer() {
    let dir = tempfile::TempDir::new().unwrap();
    let embedded = Embedded::open(dir.path()).await.unwrap();
    for query in ["select repeat('x', 1000) from generate_series(1, 20000)", "select pg_sleep(0.5)"] {
        let (client, connection) = connect(&embedded).await;
        let _ = tokio::time::timeout(Duration::from_millis(30), client.simple_query(query)).await;
        connection.abort();
        store(&embedded).server().await.unwrap();
    }
}

/// Kills the program at moments that are spread over the duration of a write.
#[cfg(unix)]
#[test]
fn acknowledged_writes_survive_a_killed_program() {
    const ROUNDS: u32 = 12;
    let user = User::new();
    let run = |arguments: &[&str]| user.run(&[&["--embedded", "store"], arguments].concat());
    assert_eq!(run(&["ns", "create", "test"]).status, 0);
    let begun = Instant::now();
    assert_eq!(run(&["write", "account-0", "Opened"]).status, 0);
    let whole = begun.elapsed();
    let mut acknowledged = vec![];
    for round in 0..ROUNDS {
        let stream = format!("account-{}", round + 1);
        let mut child = user
            .command()
            .args(["--embedded", "store", "write", &stream, "Opened"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * (round + 1) / ROUNDS);
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        if !output.stdout.is_empty() {
            acknowledged.push(stream);
        }
    }
    let outcome = run(&["get", "account", "--batch-size", "-1"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let stored: Vec<String> = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["stream"].as_str().unwrap().to_owned())
        .collect();
    for stream in &acknowledged {
        assert!(stored.contains(stream), "{stream} was acknowledged but is missing: {stored:?}");
    }
    let mut once = stored.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), stored.len(), "a message was stored twice: {stored:?}");
    // The store still accepts writes.
    assert_eq!(run(&["write", "account-0", "Closed", "--expected-version", "0"]).status, 0);
}
