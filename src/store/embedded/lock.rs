//! Ensures that only one program at a time uses a store's directory. The lock file also names that program, for the error message.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::error::cannot;
use crate::own_files::{self, Purpose};
use crate::store::error::{Result, StoreError};

/// Holds the lock until it is dropped. The operating system releases it however the program ends.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("lock");
        let mut file = own_files::open(&path, Purpose::ReadWrite).map_err(|error| cannot("open", &path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim().parse::<u32>() {
                    Ok(pid) => format!("another streamscope (PID {pid})"),
                    Err(_) => "another program".to_owned(),
                };
                return Err(StoreError::Embedded(format!(
                    "{} is in use by {holder}; stop it, or choose another directory with --embedded DIR",
                    dir.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(cannot("lock", &path, &error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
        written.map_err(|error| cannot("write", &path, &error))?;
        Ok(Self { _file: file })
    }
}
