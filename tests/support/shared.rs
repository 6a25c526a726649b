//! Servers that all test processes share, because each test may run in a process of its own. The first process that
//! needs one starts it, and `tests/run` stops it at the end. Tests never stop or reconfigure a shared server.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::server::socket_dir;

/// Returns the ports of the servers with this name. Starts them in a new directory if no process has done so yet.
pub(crate) fn ports(name: &str, start: impl FnOnce(&Path) -> Vec<u16>) -> Vec<u16> {
    let folder = socket_dir().join("shared");
    let (directory, noted) = (folder.join(name), folder.join(format!("{name}.ports")));
    // Closing the file releases the lock, however this process ends.
    let lock = File::create(folder.join(format!("{name}.lock"))).expect("tests/run creates the folder");
    lock.lock().expect("the lock");
    if let Ok(text) = fs::read_to_string(&noted) {
        return text.split_whitespace().map(|port| port.parse().expect("a port")).collect();
    }
    // An earlier process may have ended while it started the servers.
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir(&directory).expect("a directory");
    fs::set_permissions(&directory, Permissions::from_mode(0o777)).expect("the mode is set");
    let ports = start(&directory);
    let lines: Vec<String> = ports.iter().map(u16::to_string).collect();
    fs::write(&noted, lines.join("\n")).expect("noted");
    ports
}
