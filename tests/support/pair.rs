//! A primary and its hot standby by streaming replication, made for the tests: `pg_basebackup -R`, two ports of 127.0.0.1.
//!
//! However the test program ends, killed included, the servers end and their files go: a process that outlives it waits for
//! the end of a pipe.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::own_servers::{as_server_user, free_port, server_directory};
use super::server::{connect, pg_bin};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// It was the primary at the start.
    Primary,
    /// It was the standby at the start.
    Standby,
}

/// The two servers.
#[derive(Debug)]
pub struct Pair {
    directory: PathBuf,
    primary: u16,
    standby: u16,
    guard: Child,
}

/// Waits for the end of its input, then ends the servers and removes their directory: `pg_ctl`, then the directory.
const GUARD: &str = r#"
cat >/dev/null
cd /
as=""
if [ "$(id -u)" -eq 0 ]; then as="runuser -u postgres --"; fi
for data in standby primary; do $as "$1" -D "$2/$data" -m immediate -s -w stop; done
rm -rf "$2"
"#;

impl Pair {
    /// One pair for all tests of a program, in which a commit returns only when the standby shows it.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceLock<Pair> = OnceLock::new();
        static SYNCHRONOUS: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
        let pair = tokio::task::block_in_place(|| SHARED.get_or_init(Self::start));
        SYNCHRONOUS
            .get_or_init(|| async {
                let primary = connect(&pair.url_of(Server::Primary, "postgres")).await;
                for set in ["synchronous_standby_names = '*'", "synchronous_commit = remote_apply"] {
                    primary.batch_execute(&format!("alter system set {set}")).await.expect("a setting");
                }
                primary.batch_execute("select pg_reload_conf()").await.expect("a reload");
            })
            .await;
        pair
    }

    /// A pair for one test, which may stop, start and promote; the standby follows as fast as it can.
    pub fn start() -> Self {
        // The guard removes it.
        let directory = server_directory().keep();
        let guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(pg_bin().join("pg_ctl"))
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What interrupts the test program must not interrupt it.
            .process_group(0)
            .spawn()
            .expect("sh runs");
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

    /// Superuser's URL of a database of one of them.
    pub fn url_of(&self, server: Server, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port(server))
    }

    /// A URL that names both, the standby first, and says which it wants (`target_session_attrs`).
    pub fn url_of_both(&self, database: &str, wanted: &str) -> String {
        let Self { primary, standby, .. } = self;
        format!("postgres://postgres@127.0.0.1:{standby},127.0.0.1:{primary}/{database}?target_session_attrs={wanted}")
    }

    /// Starts one of them (again).
    pub fn run(&self, server: Server) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c timezone=UTC -c hot_standby_feedback=on",
            self.port(server),
            self.directory.display()
        );
        let log = self.data(server).with_extension("log");
        self.tool("pg_ctl", |command| {
            command.args(["-s", "-w", "-t", "60", "-o", &options, "-l"]).arg(&log);
            command.arg("-D").arg(self.data(server)).arg("start");
        });
    }

    /// Ends one of them as a crash would.
    pub fn crash(&self, server: Server) {
        self.tool("pg_ctl", |command| {
            command.args(["-s", "-w", "-m", "immediate", "-D"]).arg(self.data(server)).arg("stop");
        });
    }

    /// Makes the standby a primary.
    pub fn promote(&self) {
        self.tool("pg_ctl", |command| {
            command.args(["-s", "-w", "-t", "60", "-D"]).arg(self.data(Server::Standby)).arg("promote");
        });
    }

    /// Waits until the standby shows what the primary has committed up to now.
    pub async fn caught_up(&self) {
        let primary = connect(&self.url_of(Server::Primary, "postgres")).await;
        let standby = connect(&self.url_of(Server::Standby, "postgres")).await;
        let position: String =
            primary.query_one("select pg_current_wal_lsn()::text", &[]).await.expect("a position").get(0);
        let reached = format!("select coalesce(pg_last_wal_replay_lsn() >= '{position}', false)");
        let end = Instant::now() + Duration::from_secs(30);
        while !standby.query_one(&reached, &[]).await.expect("an answer").get::<_, bool>(0) {
            assert!(Instant::now() < end, "the standby does not follow the primary");
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
        let done = command.stderr(said).status().expect("it runs");
        assert!(done.success(), "{name} failed: {}", std::fs::read_to_string(&log).unwrap_or_default());
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
