//! Servers of a test's own beside the shared one: the user they run as, a place for their files, a free port.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A program as the user that servers run as: PostgreSQL and PgBouncer refuse root.
pub fn as_server_user(program: &Path) -> Command {
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

/// A directory that the servers' user may write to, under a short path (a socket's path is short).
pub fn server_directory() -> tempfile::TempDir {
    let directory = tempfile::Builder::new().prefix("sc").tempdir_in("/tmp").expect("a directory");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).expect("its mode");
    directory
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}
