//! PgBouncer in transaction mode in front of a server.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::own_servers::{free_port, server_directory};
use super::server::connect;

/// A pooler in front of a local server, with two connections to each database. It stops when dropped.
#[derive(Debug)]
pub(crate) struct Pooler {
    child: Child,
    _directory: tempfile::TempDir,
    port: u16,
}

impl Pooler {
    /// Starts a pooler in front of the server at this port. `more` contains additional lines of settings.
    pub(crate) async fn start(server: u16, more: &str) -> Self {
        let program =
            ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"].into_iter().map(Path::new);
        let program =
            program.into_iter().find(|path| path.exists()).expect("PgBouncer is missing: apt-get install pgbouncer");
        let (directory, port) = (server_directory(), free_port());
        let file = directory.path().join("pgbouncer.ini");
        // After 30 s, PgBouncer would send a statement of its own over an idle connection.
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={server} user=postgres\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\n\
             unix_socket_dir=\nauth_type=any\npool_mode=transaction\ndefault_pool_size=2\nmax_client_conn=50\n\
             server_check_delay=3600\n{more}\n"
        );
        std::fs::write(&file, text).expect("the settings are written");
        let mut command = Command::new(program);
        if rustix::process::geteuid().is_root() {
            // PgBouncer changes the user itself, because `runuser` would take two seconds to end.
            command.args(["-u", "postgres"]);
        }
        let child = command.arg("-q").arg(&file).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        let child = child.stderr(Stdio::null()).spawn().expect("PgBouncer starts");
        let pooler = Self { child, _directory: directory, port };
        let end = Instant::now() + Duration::from_secs(15);
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(Instant::now() < end, "PgBouncer does not accept connections");
            sleep(Duration::from_millis(20)).await;
        }
        pooler
    }

    /// Starts a pooler that alternates between two connections to a database, so that a statement never finds what the
    /// previous one left in its session.
    pub(crate) async fn alternating(server: u16, database: &str) -> Self {
        let pooler = Self::start(server, "server_round_robin=1").await;
        let (one, other) = (connect(&pooler.url_of(database)).await, connect(&pooler.url_of(database)).await);
        // Two concurrent transactions open both connections.
        for (client, sql) in [(&one, "begin"), (&other, "begin"), (&one, "commit"), (&other, "commit")] {
            client.batch_execute(sql).await.expect("a transaction");
        }
        pooler
    }

    /// Returns the URL of a database through the pooler.
    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
