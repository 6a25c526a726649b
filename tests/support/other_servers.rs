//! Temporary servers of the oldest and the newest supported PostgreSQL version. All tests of a test program share one
//! of each.
//!
//! The servers stop and their files are removed however the test program ends, even if it is killed: a guard process
//! outlives it and waits for the end of a pipe.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::own_servers::{as_server_user, free_port, server_directory};
use super::server::variable;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// PostgreSQL 10, or the version in the directory that `STREAMSCOPE_TEST_OLDEST_PG_BIN` names.
    Oldest,
    /// PostgreSQL 18, or the version in the directory that `STREAMSCOPE_TEST_NEWEST_PG_BIN` names.
    Newest,
}

/// Waits for the end of its input, then stops the server and removes its directory. Arguments: `pg_ctl`, the directory.
const GUARD: &str = r#"
cat >/dev/null
cd /
as=""
if [ "$(id -u)" -eq 0 ]; then as="runuser -u postgres --"; fi
$as "$1" -D "$2/data" -m immediate -s -w stop
rm -rf "$2"
"#;

struct Running {
    port: u16,
    _guard: Child,
}

impl Version {
    /// Returns the superuser's URL of the database `postgres` on the server of this version.
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
        // Ctrl-C in the test program must not reach the guard.
        .process_group(0)
        .spawn()
        .expect("sh runs");
    let (data, log, port) = (directory.join("data"), directory.join("log"), free_port());
    let run = |command: &mut Command| {
        let done = command.status().expect("the command runs");
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
