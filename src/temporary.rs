//! Temporary directories for an editor's text, a socket or a demo. Each is removed when its owner is dropped. If the
//! program is killed, the next one that creates a temporary directory removes it.
//!
//! A locked file in each directory shows that its program is alive. The system releases the lock however the program
//! ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::own_files::{self, Purpose};

/// Prefix of the directories' names.
const PREFIX: &str = "streamscope-";
/// The locked file. Its name is not used by stores or other programs.
const LOCK: &str = ".streamscope-temporary";
/// Number of random names to try.
const ATTEMPTS: usize = 32;

/// A directory that only this user can access. Dropping the value removes it.
#[derive(Debug)]
pub(crate) struct TemporaryDirectory {
    path: PathBuf,
    _lock: File,
}

impl TemporaryDirectory {
    /// Creates a directory in the system's temporary directory, after removing the remains of killed programs there.
    ///
    /// # Errors
    /// Fails if the system refuses to create or lock it.
    pub(crate) fn new() -> io::Result<Self> {
        Self::new_in(&std::env::temp_dir())
    }

    fn new_in(root: &Path) -> io::Result<Self> {
        remove_abandoned(root);
        for _ in 0..ATTEMPTS {
            let path = root.join(format!("{PREFIX}{:08x}", fastrand::u32(..)));
            match make(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
            // Until the directory is locked, another program may consider it abandoned and remove it.
            let lock = match own_files::open(&path.join(LOCK), Purpose::CreateNew) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened?,
            };
            match lock.try_lock() {
                Ok(()) if !path.join(LOCK).exists() => {}
                Err(TryLockError::WouldBlock) => {}
                // On a file system without locks, no program considers it abandoned.
                Ok(()) | Err(TryLockError::Error(_)) => return Ok(Self { path, _lock: lock }),
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists))
    }

    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            tracing::warn!("cannot remove the temporary directory {}: {error}", self.path.display());
        }
    }
}

fn make(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Removes the remains of this user's killed programs. Skips directories that cannot be checked.
fn remove_abandoned(root: &Path) {
    let Ok(entries) = std::fs::read_dir(root) else { return };
    for entry in entries.filter_map(Result::ok) {
        if !entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            continue;
        }
        let path = entry.path();
        if let Err(error) = remove_if_abandoned(&path) {
            tracing::debug!("the directory {} stays: {error}", path.display());
        }
    }
}

/// Removes a directory, or fails if a living program holds its lock.
fn remove_if_abandoned(path: &Path) -> io::Result<()> {
    own_files::check_own_directory(path)?;
    match own_files::open(&path.join(LOCK), Purpose::Read) {
        Ok(lock) => {
            lock.try_lock()?;
            remove(path)
        }
        // Its program was killed right after creating the directory or while removing it. Other directories without
        // this file are not empty, so the system refuses to remove them.
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::remove_dir(path),
        Err(error) => Err(error),
    }
}

/// Removes a directory, and the locked file last, so that what remains when the program is killed can still be
/// recognised.
fn remove(path: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else if entry.file_name() != LOCK {
            std::fs::remove_file(entry.path())?;
        }
    }
    std::fs::remove_file(path.join(LOCK))?;
    std::fs::remove_dir(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(root).expect("there");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    }

    #[test]
    fn removes_only_the_remains_of_killed_programs() {
        let root = tempfile::TempDir::new().expect("a directory");
        let living = TemporaryDirectory::new_in(root.path()).expect("made");
        for (name, file) in [
            ("streamscope-killed", LOCK),
            ("streamscope-store", "lock"),
            ("streamscope-other", "file"),
            ("another-killed", LOCK),
        ] {
            std::fs::create_dir(root.path().join(name)).expect("made");
            std::fs::write(root.path().join(name).join(file), "").expect("written");
        }
        std::fs::create_dir(root.path().join("streamscope-killed-early")).expect("made");
        #[cfg(unix)]
        std::os::unix::fs::symlink("another-killed", root.path().join("streamscope-link")).expect("linked");
        let later = TemporaryDirectory::new_in(root.path()).expect("made");
        let left = names(root.path());
        for removed in ["streamscope-killed", "streamscope-killed-early"] {
            assert!(!left.contains(&removed.to_owned()), "{removed}: {left:?}");
        }
        for stays in ["another-killed", "streamscope-other", "streamscope-store"] {
            assert!(left.contains(&stays.to_owned()), "{stays}: {left:?}");
        }
        assert!(living.path().exists() && root.path().join("another-killed").join(LOCK).exists());
        let path = later.path().to_owned();
        drop(later);
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_access_it() {
        let directory = TemporaryDirectory::new().expect("made");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(directory.path()).expect("there").permissions());
        assert_eq!(mode & 0o777, 0o700);
    }
}
