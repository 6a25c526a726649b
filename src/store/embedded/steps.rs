//! The individual file operations that prepare a store. A test can make a debug build kill itself at any of them, to
//! see the state that it leaves behind. Only the server itself changes a store's files in any other way.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use super::error::cannot;
use crate::own_files::{self, Purpose};
use crate::store::error::Result;

/// Creates a directory and its parents, unless they exist.
pub(super) fn make_directory(path: &Path) -> Result<()> {
    step();
    own_files::make_directory(path).map_err(|error| cannot("create the directory", path, &error))
}

/// Writes a new file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error| cannot("write", path, &error);
    step();
    let mut file = own_files::open(path, Purpose::CreateNew).map_err(failed)?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    step();
    file.write_all(first).map_err(failed)?;
    step();
    file.write_all(second).map_err(failed)
}

/// Replaces a file atomically and syncs it. `beside` is a path in the same file system for the new file.
pub(super) fn replace(path: &Path, beside: &Path, bytes: &[u8]) -> Result<()> {
    remove(beside)?;
    write(beside, bytes)?;
    sync(beside)?;
    rename(beside, path)
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<()> {
    step();
    std::fs::rename(from, to).map_err(|error| cannot("rename", from, &error))
}

/// Removes a file or a whole directory, if it exists.
pub(super) fn remove(path: &Path) -> Result<()> {
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    step();
    let removed = if found.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    removed.map_err(|error| cannot("remove", path, &error))
}

fn sync(path: &Path) -> Result<()> {
    step();
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| cannot("sync", path, &error))
}

/// Makes the names in a directory durable. Windows cannot do this.
pub(super) fn sync_names(directory: &Path) -> Result<()> {
    if cfg!(unix) { sync(directory) } else { Ok(()) }
}

/// Kills a debug build at the step that a test chooses.
#[cfg(debug_assertions)]
fn step() {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    static LAST: OnceLock<Option<u64>> = OnceLock::new();
    let last = LAST.get_or_init(|| std::env::var("STREAMSCOPE_TEST_KILL_AT").ok().and_then(|step| step.parse().ok()));
    if *last == Some(TAKEN.fetch_add(1, Ordering::SeqCst)) {
        #[cfg(unix)]
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
fn step() {}
