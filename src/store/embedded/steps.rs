//! What preparing a store does to the file system, one step at a time. A debug build can be told to kill itself at any of them, so
//! that a test sees what each leaves behind.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use super::cannot;
use crate::own_files::{self, For};
use crate::store::Result;

/// Makes a directory that may be there already, and those above it.
pub fn make_directory(path: &Path) -> Result<()> {
    step();
    own_files::make_directory(path).map_err(|error| cannot("make the directory", path, &error))
}

/// Writes a new file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error| cannot("write", path, &error);
    step();
    let mut file = own_files::open(path, For::Creating).map_err(failed)?;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    step();
    file.write_all(first).map_err(failed)?;
    step();
    file.write_all(second).map_err(failed)
}

/// Puts a file in the place of another, whole or not at all; `beside` is a name in the same file system. It is on the disk then.
pub fn replace(path: &Path, beside: &Path, bytes: &[u8]) -> Result<()> {
    remove(beside)?;
    write(beside, bytes)?;
    sync(beside)?;
    rename(beside, path)
}

/// Gives a file or a directory another name.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    step();
    std::fs::rename(from, to).map_err(|error| cannot("rename", from, &error))
}

/// Removes a file or a whole directory, which need not be there.
pub fn remove(path: &Path) -> Result<()> {
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    step();
    let removed = if found.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    removed.map_err(|error| cannot("remove", path, &error))
}

/// Brings a file to the disk.
fn sync(path: &Path) -> Result<()> {
    step();
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| cannot("sync", path, &error))
}

/// Brings a directory's names to the disk, where the system lets one be synced.
pub fn sync_names(directory: &Path) -> Result<()> {
    if cfg!(unix) { sync(directory) } else { Ok(()) }
}

/// Kills a debug build at the step that a test names.
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
