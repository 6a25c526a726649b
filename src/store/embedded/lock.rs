//! Ensures that only one program at a time uses a store's directory. The lock file also names that program, for the
//! error message, and says whether it is about to release the lock.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::error::cannot;
use crate::own_files::{self, Purpose};
use crate::store::error::{Result, StoreError};

/// Follows the PID in the lock file while the server stops.
const STOPPING: &str = " stopping";

/// How long a new program waits for a server that is stopping. A server that has to finish a long query first can take
/// longer.
const WAIT_LIMIT: Duration = Duration::from_secs(30);
const WAIT_STEP: Duration = Duration::from_millis(20);

/// Holds the lock until it is dropped. The operating system releases it however the program ends.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    /// Takes the lock, and waits for a program that is about to release it.
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("lock");
        let mut file = own_files::open(&path, Purpose::ReadWrite).map_err(|error| cannot("open", &path, &error))?;
        let until = Instant::now() + WAIT_LIMIT;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(cannot("lock", &path, &error)),
            }
            let holder = read(&mut file).unwrap_or_default();
            if !holder.ends_with(STOPPING) || Instant::now() >= until {
                return Err(in_use(dir, &holder));
            }
            thread::sleep(WAIT_STEP);
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
        written.map_err(|error| cannot("write", &path, &error))?;
        Ok(Self { file })
    }

    /// Tells programs that try to take the lock that it is worth waiting for.
    pub(super) fn announce_stop(&self) {
        if let Err(error) = (&self.file).write_all(STOPPING.as_bytes()) {
            tracing::debug!("embedded server: cannot write to the lock file: {error}");
        }
    }
}

fn read(file: &mut File) -> io::Result<String> {
    let mut holder = String::new();
    file.rewind()?;
    file.read_to_string(&mut holder)?;
    Ok(holder)
}

fn in_use(dir: &Path, holder: &str) -> StoreError {
    let holder = match holder.trim_end_matches(STOPPING).parse::<u32>() {
        Ok(pid) => format!("another streamscope (PID {pid})"),
        Err(_) => "another program".to_owned(),
    };
    StoreError::Embedded(format!(
        "{} is in use by {holder}; stop it, or choose another directory with --embedded DIR",
        dir.display()
    ))
}
