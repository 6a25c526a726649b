//! Brings to the disk what the embedded server wrote, because it cannot do so itself: with fsync it panics at its next start
//! (syncing a directory fails in its file system: `could not fsync file "base/1": Is a directory`).
//!
//! The write-ahead log is synced before an answer goes to the client, the other files when a client has gone. What this
//! cannot cover is a power cut in the moment of a checkpoint.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::cannot;
use crate::store::Result;

/// A file's time stands still for up to a tick of the kernel; within this long a file counts as still being written.
const TICK: Duration = Duration::from_millis(50);

/// The files of one database.
#[derive(Debug)]
pub struct Disk {
    data: PathBuf,
    log_synced: SystemTime,
    all_synced: SystemTime,
}

impl Disk {
    /// The files under the root of a `pglite-oxide` 0.5 database.
    pub fn new(root: &Path) -> Self {
        let data = root.join("tmp/pglite/base");
        Self { data, log_synced: SystemTime::UNIX_EPOCH, all_synced: SystemTime::UNIX_EPOCH }
    }

    /// Syncs the write-ahead log where it has grown.
    pub fn sync_log(&mut self) -> io::Result<()> {
        let begun = SystemTime::now();
        sync_newer(&self.data.join("pg_wal"), self.log_synced)?;
        self.log_synced = begun.checked_sub(TICK).unwrap_or(begun);
        Ok(())
    }

    /// Syncs every file that has changed.
    pub fn sync_all(&mut self) -> io::Result<()> {
        let begun = SystemTime::now();
        sync_newer(&self.data, self.all_synced)?;
        self.all_synced = begun.checked_sub(TICK).unwrap_or(begun);
        Ok(())
    }
}

/// Syncs everything in a directory.
pub fn sync(dir: &Path) -> Result<()> {
    sync_newer(dir, SystemTime::UNIX_EPOCH).map_err(|error| cannot("sync", dir, &error))
}

/// Syncs the files of a directory, and below it, that were written after `since`.
fn sync_newer(dir: &Path, since: SystemTime) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // The server can have removed it meanwhile; then there is nothing to keep.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            sync_newer(&entry.path(), since)?;
        } else if metadata.is_file() && metadata.modified()? >= since {
            match File::options().write(true).open(entry.path()) {
                Ok(file) => file.sync_all()?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    // Names are kept by the directory, where the system lets one be synced.
    if cfg!(unix) && fs::metadata(dir)?.modified()? >= since {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}
