//! The temporary PostgreSQL server that `tests/run` starts, and databases on it that live as long as one test.

use std::path::PathBuf;

use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Returns the value of a variable that `tests/run` sets.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set. Run all tests with tests/run, or one test with: tests/run -- cargo test NAME")
    })
}

/// Returns the superuser's URL of the database `postgres`.
pub(crate) fn url() -> String {
    variable("STREAMSCOPE_TEST_URL")
}

/// Returns the superuser's URL of another database on the same server.
pub(crate) fn url_of(database: &str) -> String {
    with_database(&url(), database)
}

/// Replaces the database in a URL.
fn with_database(url: &str, database: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("the URL ends with a database");
    format!("{server}/{database}")
}

/// Returns the port of the server, which is also part of the socket's name.
pub(crate) fn port() -> u16 {
    port_of(&url())
}

/// Returns the port in a URL that names one server.
pub(crate) fn port_of(url: &str) -> u16 {
    let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/')).map(|(port, _)| port);
    port.and_then(|port| port.parse().ok()).expect("the URL names a port")
}

/// Returns the directory of the server's Unix socket.
pub(crate) fn socket_dir() -> PathBuf {
    variable("STREAMSCOPE_TEST_SOCKET_DIR").into()
}

/// Returns the directory of `initdb`, `pg_ctl` and `postgres`.
pub(crate) fn pg_bin() -> PathBuf {
    variable("STREAMSCOPE_TEST_PG_BIN").into()
}

/// Returns the directory of the unpacked npm package `@eventide/message-db`.
pub(crate) fn message_db_package() -> PathBuf {
    variable("STREAMSCOPE_TEST_MESSAGE_DB").into()
}

/// Returns whether the tests that take minutes are requested (`tests/run --long`).
pub(crate) fn long() -> bool {
    std::env::var_os("STREAMSCOPE_TEST_LONG").is_some()
}

/// Connects independently of the program under test.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .unwrap_or_else(|error| panic!("cannot connect to the server of tests/run at {url}: {error:?}"));
    tokio::spawn(connection);
    client
}

/// A database for one test. It is dropped with this value, even if clients are still connected.
#[derive(Debug)]
pub(crate) struct Database {
    name: String,
    /// The superuser's URL of the server's database `postgres`.
    server: String,
}

impl Database {
    /// Creates an empty database.
    pub(crate) async fn new() -> Self {
        Self::create("").await
    }

    /// Creates a database. `how` follows `create database NAME`, for example `template template0 locale 'en_US.UTF-8'`.
    pub(crate) async fn create(how: &str) -> Self {
        Self::create_on(&url(), how).await
    }

    /// Creates a database on another server, named by the URL of its database `postgres`.
    pub(crate) async fn create_on(server: &str, how: &str) -> Self {
        let name = format!("t_{}", Uuid::now_v7().simple());
        let admin = connect(server).await;
        admin.batch_execute(&format!("create database {name} {how}")).await.unwrap();
        Self { name, server: server.to_owned() }
    }

    /// Returns the name, which contains only letters, digits and `_`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the superuser's URL.
    pub(crate) fn url(&self) -> String {
        with_database(&self.server, &self.name)
    }

    /// Connects as superuser, independently of the program under test.
    pub(crate) async fn client(&self) -> Client {
        connect(&self.url()).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (name, url) = (self.name.clone(), self.server.clone());
        // A thread with its own runtime, because a test cannot wait for its own runtime. A failure leaves a database
        // behind on a temporary server, so it does not fail the test.
        let dropper = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                let Ok((client, connection)) = tokio_postgres::connect(&url, NoTls).await else { return };
                tokio::spawn(connection);
                let _ = client.batch_execute(&format!("drop database if exists {name} with (force)")).await;
            });
        });
        let _ = dropper.join();
    }
}
