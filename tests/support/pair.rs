//! A temporary primary with a hot standby by streaming replication, on two ports of 127.0.0.1.
//!
//! The servers of one test stop and their files are removed however the test program ends, even if it is killed: a
//! guard process outlives it and waits for the end of a pipe. `tests/run` stops the shared pair.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::own_servers::{as_server_user, free_port, server_directory};
use super::server::{connect, pg_bin, socket_dir};
use super::shared;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// The server that was the primary at the start.
    Primary,
    /// The server that was the standby at the start.
    Standby,
}

#[derive(Debug)]
pub(crate) struct Pair {
    directory: PathBuf,
    primary: u16,
    standby: u16,
    /// The process that stops the servers of one test.
    guard: Option<Child>,
}

/// Waits for the end of its input, then stops the servers and removes their directory. Arguments: `pg_ctl`, the
/// directory.
const GUARD: &str = r#"
cat >/dev/null
cd /
as=""
if [ "$(id -u)" -eq 0 ]; then as="runuser -u postgres --"; fi
for data in standby primary; do $as "$1" -D "$2/$data" -m immediate -s -w stop; done
rm -rf "$2"
"#;

impl Pair {
    /// Returns the pair that all tests share. A commit returns only when the standby shows it.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Pair> = OnceLock::new();
        let runtime = tokio::runtime::Handle::current();
        let get = || {
            let directory = socket_dir().join("shared/pair");
            let ports = shared::ports("pair", |directory| {
                let pair = Self::start_in(directory.to_owned(), None);
                runtime.block_on(pair.wait_for_the_standby_at_every_commit());
                vec![pair.primary, pair.standby]
            });
            Self { directory, primary: ports[0], standby: ports[1], guard: None }
        };
        tokio::task::block_in_place(|| SHARED.get_or_init(get))
    }

    async fn wait_for_the_standby_at_every_commit(&self) {
        let primary = connect(&self.url_of(Server::Primary, "postgres")).await;
        for set in ["synchronous_standby_names = '*'", "synchronous_commit = remote_apply"] {
            primary.batch_execute(&format!("alter system set {set}")).await.expect("the setting is accepted");
        }
        primary.batch_execute("select pg_reload_conf()").await.expect("the settings are reloaded");
    }

    /// Starts a pair for one test, which may stop, start and promote the servers. Replication is asynchronous.
    pub(crate) fn start() -> Self {
        // The guard removes the directory.
        let directory = server_directory().keep();
        let guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(pg_bin().join("pg_ctl"))
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in the test program must not reach the guard.
            .process_group(0)
            .spawn()
            .expect("sh runs");
        Self::start_in(directory, Some(guard))
    }

    fn start_in(directory: PathBuf, guard: Option<Child>) -> Self {
        let pair = Self { directory, primary: free_port(), standby: free_port(), guard };
        let data = pair.data(Server::Primary);
        pair.tool("initdb", |command| {
            command.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]).arg(&data);
        });
        pair.run(Server::Primary);
        let from = pair.primary.to_string();
        pair.tool("pg_basebackup", |command| {
            command.args(["-h", "127.0.0.1", "-p", &from, "-U", "postgres", "-R", "-X", "stream", "-c", "fast"]);
            command.arg("--no-sync").arg("-D").arg(pair.data(Server::Standby));
        });
        pair.run(Server::Standby);
        pair
    }

    /// Returns the superuser's URL of a database on one of the servers.
    pub(crate) fn url_of(&self, server: Server, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port(server))
    }

    /// Returns a URL that names both servers, the standby first, with this value of `target_session_attrs`.
    pub(crate) fn url_of_both(&self, database: &str, wanted: &str) -> String {
        let Self { primary, standby, .. } = self;
        format!("postgres://postgres@127.0.0.1:{standby},127.0.0.1:{primary}/{database}?target_session_attrs={wanted}")
    }

    /// Starts or restarts one of the servers.
    pub(crate) fn run(&self, server: Server) {
        // Without the WAL that it still needs, the standby would never catch up, and commits would wait for it forever.
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c timezone=UTC -c hot_standby_feedback=on \
             -c wal_keep_size=2GB",
            self.port(server),
            self.directory.display()
        );
        let log = self.data(server).with_extension("log");
        self.tool("pg_ctl", |command| {
            command.args(["-s", "-w", "-t", "60", "-o", &options, "-l"]).arg(&log);
            command.arg("-D").arg(self.data(server)).arg("start");
        });
    }

    /// Stops one of the servers without a clean shutdown.
    pub(crate) fn crash(&self, server: Server) {
        self.tool("pg_ctl", |command| {
            command.args(["-s", "-w", "-m", "immediate", "-D"]).arg(self.data(server)).arg("stop");
        });
    }

    /// Promotes the standby to a primary.
    pub(crate) fn promote(&self) {
        self.tool("pg_ctl", |command| {
            command.args(["-s", "-w", "-t", "60", "-D"]).arg(self.data(Server::Standby)).arg("promote");
        });
    }

    /// Waits until the standby shows everything that the primary has committed so far.
    pub(crate) async fn caught_up(&self) {
        let primary = connect(&self.url_of(Server::Primary, "postgres")).await;
        let standby = connect(&self.url_of(Server::Standby, "postgres")).await;
        let position: String =
            primary.query_one("select pg_current_wal_lsn()::text", &[]).await.expect("a position").get(0);
        let reached = format!("select coalesce(pg_last_wal_replay_lsn() >= '{position}', false)");
        let end = Instant::now() + Duration::from_secs(30);
        while !standby.query_one(&reached, &[]).await.expect("an answer").get::<_, bool>(0) {
            assert!(Instant::now() < end, "the standby does not catch up with the primary");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn port(&self, server: Server) -> u16 {
        match server {
            Server::Primary => self.primary,
            Server::Standby => self.standby,
        }
    }

    fn data(&self, server: Server) -> PathBuf {
        self.directory.join(match server {
            Server::Primary => "primary",
            Server::Standby => "standby",
        })
    }

    fn tool(&self, name: &str, arguments: impl FnOnce(&mut Command)) {
        let mut command = as_server_user(Path::new(&pg_bin().join(name)));
        arguments(&mut command);
        let log = self.directory.join(format!("{name}.out"));
        let said = std::fs::File::create(&log).expect("a file");
        let done = command.stderr(said).status().expect("the command runs");
        assert!(done.success(), "{name} failed: {}", std::fs::read_to_string(&log).unwrap_or_default());
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if let Some(guard) = &mut self.guard {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}
