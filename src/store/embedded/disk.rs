//! Syncs the embedded server's files to the disk. The server cannot do this itself: with fsync on, it panics at its
//! next start because its file system cannot sync directories (`could not fsync file "base/1": Is a directory`).
//!
//! The write-ahead log is synced before an answer reaches the client, and the other files after a client has
//! disconnected. This does not protect against a power cut during a checkpoint.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::cannot;
use crate::store::error::Result;

/// The kernel updates file times only once per tick, so a file may have changed up to this long after its time.
const TICK: Duration = Duration::from_millis(50);

/// The files of one database, and when they were last synced.
#[derive(Debug)]
pub(super) struct Disk {
    data: PathBuf,
    log_synced: SystemTime,
    all_synced: SystemTime,
}

impl Disk {
    /// `root` is the root of a database of `pglite-oxide` 0.5.
    pub(super) fn new(root: &Path) -> Self {
        let data = root.join("tmp/pglite/base");
        Self { data, log_synced: SystemTime::UNIX_EPOCH, all_synced: SystemTime::UNIX_EPOCH }
    }

    /// Syncs the changed files of the write-ahead log.
    pub(super) fn sync_log(&mut self) -> io::Result<()> {
        let begun = SystemTime::now();
        sync_newer(&self.data.join("pg_wal"), self.log_synced)?;
        self.log_synced = begun.checked_sub(TICK).unwrap_or(begun);
        Ok(())
    }

    /// Syncs all changed files.
    pub(super) fn sync_all(&mut self) -> io::Result<()> {
        let begun = SystemTime::now();
        sync_newer(&self.data, self.all_synced)?;
        self.all_synced = begun.checked_sub(TICK).unwrap_or(begun);
        Ok(())
    }
}

/// Syncs everything below a directory.
pub(super) fn sync(dir: &Path) -> Result<()> {
    sync_newer(dir, SystemTime::UNIX_EPOCH).map_err(|error| cannot("sync", dir, &error))
}

/// Syncs the files below a directory that were written after `since`.
fn sync_newer(dir: &Path, since: SystemTime) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // The server may have removed the file in the meantime.
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
    // Syncing a directory makes the names of its files durable. Windows cannot do this.
    if cfg!(unix) && fs::metadata(dir)?.modified()? >= since {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}
