//! Temporary servers of other PostgreSQL versions: the oldest and the newest supported one, and 14. All tests share one
//! of each, and `tests/run` stops them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::own_servers::{as_server_user, free_port};
use super::server::variable;
use super::shared;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// PostgreSQL 10, or the version in the directory that `STREAMSCOPE_TEST_OLDEST_PG_BIN` names.
    Oldest,
    /// PostgreSQL 14, the first version on which streamscope creates namespaces, or the version in the directory that
    /// `STREAMSCOPE_TEST_PG14_BIN` names.
    Postgres14,
    /// PostgreSQL 18, or the version in the directory that `STREAMSCOPE_TEST_NEWEST_PG_BIN` names.
    Newest,
}

impl Version {
    /// Returns the superuser's URL of the database `postgres` on the server of this version.
    pub(crate) fn url(self) -> String {
        static OLDEST: OnceLock<u16> = OnceLock::new();
        static POSTGRES_14: OnceLock<u16> = OnceLock::new();
        static NEWEST: OnceLock<u16> = OnceLock::new();
        let (port, name, bin) = match self {
            Self::Oldest => (&OLDEST, "oldest", "STREAMSCOPE_TEST_OLDEST_PG_BIN"),
            Self::Postgres14 => (&POSTGRES_14, "postgres-14", "STREAMSCOPE_TEST_PG14_BIN"),
            Self::Newest => (&NEWEST, "newest", "STREAMSCOPE_TEST_NEWEST_PG_BIN"),
        };
        let start = |directory: &Path| vec![start(&PathBuf::from(variable(bin)), directory)];
        let port = tokio::task::block_in_place(|| port.get_or_init(|| shared::ports(name, start)[0]));
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }
}

/// Starts a server and returns its port.
fn start(bin: &Path, directory: &Path) -> u16 {
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
    port
}
