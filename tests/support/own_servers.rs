//! Helpers for tests that start their own servers: the user to run them as, a directory for their files, a free port.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Returns a command that runs as the user of the servers, because PostgreSQL and PgBouncer refuse to run as root.
pub(crate) fn as_server_user(program: &Path) -> Command {
    let is_root = rustix::process::geteuid().is_root();
    let mut command = if is_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Creates a directory that the servers' user may write to. Its path is short, because the length of a socket's path is
/// limited.
pub(crate) fn server_directory() -> tempfile::TempDir {
    let directory = tempfile::Builder::new().prefix("sc").tempdir_in("/tmp").expect("a directory");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).expect("the mode is set");
    directory
}

/// Returns a port that no program listens on at the moment.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}
