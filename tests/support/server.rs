//! The throw-away PostgreSQL server that `tests/run` started, and databases on it that live as long as one test.

use std::path::PathBuf;

use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// A variable that `tests/run` sets.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests with tests/run, or one of them with: tests/run -- cargo test NAME")
    })
}

/// Superuser's URL of the database `postgres`.
pub fn url() -> String {
    variable("STREAMSCOPE_TEST_URL")
}

/// Superuser's URL of another database of the same server.
pub fn url_of(database: &str) -> String {
    beside(&url(), database)
}

/// The URL of another database of the server of a URL.
fn beside(url: &str, database: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("the URL ends with a database");
    format!("{server}/{database}")
}

/// Port of the server, TCP on 127.0.0.1 and in the socket's name.
pub fn port() -> u16 {
    port_of(&url())
}

/// Port in a URL of one server.
pub fn port_of(url: &str) -> u16 {
    let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/')).map(|(port, _)| port);
    port.and_then(|port| port.parse().ok()).expect("the URL names a port")
}

/// Directory of the server's Unix socket.
pub fn socket_dir() -> PathBuf {
    variable("STREAMSCOPE_TEST_SOCKET_DIR").into()
}

/// Directory of `initdb`, `pg_ctl` and `postgres`.
pub fn pg_bin() -> PathBuf {
    variable("STREAMSCOPE_TEST_PG_BIN").into()
}

/// Directory of the unpacked npm package `@eventide/message-db`.
pub fn message_db_package() -> PathBuf {
    variable("STREAMSCOPE_TEST_MESSAGE_DB").into()
}

/// Whether the rows that take minutes are asked for (`tests/run --long`).
pub fn long() -> bool {
    std::env::var_os("STREAMSCOPE_TEST_LONG").is_some()
}

/// A connection that knows nothing of the program under test.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .unwrap_or_else(|error| panic!("cannot connect to the server of tests/run at {url}: {error:?}"));
    tokio::spawn(connection);
    client
}

/// A database for one test; dropped with it, whoever is still connected.
#[derive(Debug)]
pub struct Database {
    name: String,
    /// Superuser's URL of the server's database `postgres`.
    server: String,
}

impl Database {
    /// An empty one.
    pub async fn new() -> Self {
        Self::create("").await
    }

    /// With a locale of its own, for instance `template template0 locale 'en_US.UTF-8'`; what follows `create database NAME`.
    pub async fn create(how: &str) -> Self {
        Self::create_on(&url(), how).await
    }

    /// On another server, named by the URL of its database `postgres`.
    pub async fn create_on(server: &str, how: &str) -> Self {
        let name = format!("t_{}", Uuid::now_v7().simple());
        let admin = connect(server).await;
        admin.batch_execute(&format!("create database {name} {how}")).await.unwrap();
        Self { name, server: server.to_owned() }
    }

    /// Its name: letters, digits and `_`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Superuser's URL.
    pub fn url(&self) -> String {
        beside(&self.server, &self.name)
    }

    /// A connection as superuser that knows nothing of the program under test.
    pub async fn client(&self) -> Client {
        connect(&self.url()).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (name, url) = (self.name.clone(), self.server.clone());
        // A thread with a runtime of its own: a test's runtime cannot be waited for inside itself. What goes wrong here
        // leaves a database behind on a server that is itself thrown away, so it fails no test.
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
