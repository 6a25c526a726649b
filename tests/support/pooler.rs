//! PgBouncer in transaction mode before a server.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::own_servers::{free_port, server_directory};
use super::server::connect;

/// A pooler before a server of this machine, with two connections to each of its databases; ended with this.
#[derive(Debug)]
pub struct Pooler {
    child: Child,
    _directory: tempfile::TempDir,
    port: u16,
}

impl Pooler {
    /// Before the server at this port, with more lines of settings.
    pub async fn start(server: u16, more: &str) -> Self {
        let program =
            ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"].into_iter().map(Path::new);
        let program =
            program.into_iter().find(|path| path.exists()).expect("PgBouncer is missing: apt-get install pgbouncer");
        let (directory, port) = (server_directory(), free_port());
        let file = directory.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={server} user=postgres\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\n\
             unix_socket_dir=\nauth_type=any\npool_mode=transaction\ndefault_pool_size=2\nmax_client_conn=50\n{more}\n"
        );
        std::fs::write(&file, text).expect("its settings");
        let mut command = Command::new(program);
        if rustix::process::geteuid().is_root() {
            // It changes the user itself: runuser between would take two seconds to end.
            command.args(["-u", "postgres"]);
        }
        let child = command.arg("-q").arg(&file).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        let child = child.stderr(Stdio::null()).spawn().expect("PgBouncer starts");
        let pooler = Self { child, _directory: directory, port };
        let end = Instant::now() + Duration::from_secs(15);
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(Instant::now() < end, "PgBouncer does not listen");
            sleep(Duration::from_millis(20)).await;
        }
        pooler
    }

    /// Takes a server's two connections to a database in turn from now on: what one statement leaves in its session, the next
    /// one does not find.
    pub async fn alternating(server: u16, database: &str) -> Self {
        let pooler = Self::start(server, "server_round_robin=1").await;
        let (one, other) = (connect(&pooler.url_of(database)).await, connect(&pooler.url_of(database)).await);
        // Two transactions at once need both of them open.
        for (client, sql) in [(&one, "begin"), (&other, "begin"), (&one, "commit"), (&other, "commit")] {
            client.batch_execute(sql).await.expect("a transaction");
        }
        pooler
    }

    /// The way to a database through it.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
