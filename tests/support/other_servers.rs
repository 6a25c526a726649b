//! Throw-away servers of other versions than the one of `tests/run`: the oldest that the program promises to work on, and the
//! newest. One of each for all tests of a program.
//!
//! However the test program ends, killed included, the servers end and their files go: a process that outlives it waits for
//! the end of a pipe.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::own_servers::{as_server_user, free_port, server_directory};
use super::server::variable;

/// Which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// PostgreSQL 10, or the server whose directory of programs `STREAMSCOPE_TEST_OLDEST_PG_BIN` names.
    Oldest,
    /// PostgreSQL 18, or the server whose directory of programs `STREAMSCOPE_TEST_NEWEST_PG_BIN` names.
    Newest,
}

/// Waits for the end of its input, then ends the server and removes its directory: `pg_ctl`, then the directory.
const GUARD: &str = r#"
cat >/dev/null
cd /
as=""
if [ "$(id -u)" -eq 0 ]; then as="runuser -u postgres --"; fi
$as "$1" -D "$2/data" -m immediate -s -w stop
rm -rf "$2"
"#;

/// A running server.
struct Running {
    port: u16,
    _guard: Child,
}

impl Version {
    /// Superuser's URL of the database `postgres` of the server of this version.
    pub fn url(self) -> String {
        static OLDEST: OnceLock<Running> = OnceLock::new();
        static NEWEST: OnceLock<Running> = OnceLock::new();
        let (running, bin) = match self {
            Self::Oldest => (&OLDEST, "STREAMSCOPE_TEST_OLDEST_PG_BIN"),
            Self::Newest => (&NEWEST, "STREAMSCOPE_TEST_NEWEST_PG_BIN"),
        };
        let running = tokio::task::block_in_place(|| running.get_or_init(|| start(&PathBuf::from(variable(bin)))));
        format!("postgres://postgres@127.0.0.1:{}/postgres", running.port)
    }
}

fn start(bin: &std::path::Path) -> Running {
    let directory = server_directory().keep();
    let guard = Command::new("sh")
        .args(["-c", GUARD, "sh"])
        .arg(bin.join("pg_ctl"))
        .arg(&directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // What interrupts the test program must not interrupt it.
        .process_group(0)
        .spawn()
        .expect("sh runs");
    let (data, log, port) = (directory.join("data"), directory.join("log"), free_port());
    let run = |command: &mut Command| {
        let done = command.status().expect("it runs");
        assert!(done.success(), "{command:?} failed: {}", std::fs::read_to_string(&log).unwrap_or_default());
    };
    let mut initdb = as_server_user(&bin.join("initdb"));
    run(initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]).arg(&data));
    let options = format!(
        "-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c timezone=UTC -c max_prepared_transactions=10",
        directory.display()
    );
    let mut pg_ctl = as_server_user(&bin.join("pg_ctl"));
    run(pg_ctl.args(["-s", "-w", "-t", "60", "-o", &options, "-l"]).arg(&log).arg("-D").arg(&data).arg("start"));
    Running { port, _guard: guard }
}
