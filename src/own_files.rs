//! Opens files in directories that other users may write to. Never follows a symbolic link of another user, and never
//! uses a file of another user. Each component of a path is opened relative to the previous one, so that nobody can
//! swap a directory between the check and the use.
//!
//! The superuser is trusted, because nothing is safe from it. Outside Unix, files are opened without checks.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
#[cfg(feature = "cli")]
use std::{fs::TryLockError, io::Write as _};

#[cfg(not(unix))]
use self::other as system;
#[cfg(unix)]
use self::unix as system;
use crate::bounded;

#[cfg(not(unix))]
mod other;
#[cfg(all(test, unix))]
mod tests;
#[cfg(unix)]
mod unix;

/// Maximum number of links in a path, as in Linux.
const LINKS: usize = 40;

/// The purpose of opening a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Read a file of an earlier run.
    Read,
    /// Read and write. A missing file is created with access for its owner only.
    ReadWrite,
    /// Like [`Purpose::ReadWrite`], but the umask decides who can access a new file.
    ReadWriteShared,
    /// Append. A missing file is created with access for its owner only.
    Append,
    /// Create, read and write a file that must not exist yet.
    CreateNew,
}

/// Opens a file of this program, such as a lock, a draft or a part file.
///
/// # Errors
/// Fails if the file is a symbolic link, is not a regular file or belongs to another user, or if the system refuses to
/// open it.
pub(crate) fn open(path: &Path, purpose: Purpose) -> io::Result<File> {
    system::open(path, purpose)
}

/// Opens a file that the user chose, for appending. Follows the user's own links and accepts devices.
///
/// # Errors
/// Fails if the file or a link to it belongs to another user, or if the system refuses to open it.
pub(crate) fn append_to_named(path: &Path) -> io::Result<File> {
    let target = resolve_links(path)?;
    match std::fs::metadata(path) {
        // Opened by the given name, because the link of a standard stream may lead to no path.
        Ok(there) if !there.is_file() => {
            system::check_target(&target)?;
            File::options().append(true).open(path)
        }
        _ => open(&target, Purpose::Append),
    }
}

/// Reads a file that can make this program run commands. It must belong to this user or the superuser, and must not be
/// writable by everyone.
///
/// # Errors
/// Fails if another user could have written the file, if it is too large, or if the system refuses to open it.
pub(crate) fn read_trusted(path: &Path) -> io::Result<Vec<u8>> {
    bounded::read(system::open_trusted(path)?, bounded::WRITTEN_BY_HAND)
}

/// Creates a directory and its missing parents, with access for this user only.
///
/// # Errors
/// Fails if the directory or a link to it belongs to another user, or if the system refuses to create it.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    system::make_directory(path)
}

/// Checks that a directory belongs to this user, and not even to the superuser.
///
/// # Errors
/// Fails if it is a link or belongs to another user, or if the system refuses access.
pub(crate) fn check_own_directory(path: &Path) -> io::Result<()> {
    system::check_own_directory(path)
}

/// Follows symbolic links to their target, which need not exist.
///
/// # Errors
/// Fails if a link belongs to another user, or if there are too many links.
pub(crate) fn resolve_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(to) = std::fs::read_link(&path) else { return Ok(path) };
        system::check_link(&path)?;
        path = path.parent().unwrap_or(Path::new("")).join(to);
    }
    Err(too_many_links())
}

/// Follows the symbolic links of a file that the user chose for output, which need not exist. Devices may belong to
/// anyone, as terminals do after `su`.
///
/// # Errors
/// Fails if the file or a link to it belongs to another user, or if there are too many links.
#[cfg(feature = "cli")]
pub(crate) fn output_target(path: &Path) -> io::Result<PathBuf> {
    let target = resolve_links(path)?;
    system::check_target(&target)?;
    Ok(target)
}

/// The name of an output file until it is complete.
#[cfg(feature = "cli")]
pub(crate) fn part_of(path: &Path) -> PathBuf {
    let mut part = path.to_owned().into_os_string();
    part.push(".part");
    part.into()
}

/// Locks a part file until it is closed. Returns false if another program holds the lock, or has completed and renamed
/// the file since it was opened.
///
/// # Errors
/// The errors of [`lock`].
#[cfg(feature = "cli")]
pub(crate) fn lock_named(file: &File, path: &Path) -> io::Result<bool> {
    Ok(lock(file)? && is_named(file, path)?)
}

/// Locks a file until it is closed. Returns false if another program holds the lock.
///
/// # Errors
/// The errors of the system. Some network file systems do not support locks, and are used without one.
#[cfg(feature = "cli")]
pub(crate) fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(all(feature = "cli", unix))]
fn is_named(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let opened = file.metadata()?;
    let named = std::fs::metadata(path);
    Ok(named.is_ok_and(|named| (named.dev(), named.ino()) == (opened.dev(), opened.ino())))
}

/// On this platform an open file cannot be renamed.
#[cfg(all(feature = "cli", not(unix)))]
fn is_named(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Gives a complete and synced file its name, and syncs the name too. If that is not possible, the file is still on
/// disk under one of its two names.
///
/// # Errors
/// The errors of the renaming.
#[cfg(feature = "cli")]
pub(crate) fn rename_and_sync(part: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(part, path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let _ = File::open(directory.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all());
    Ok(())
}

/// Replaces a file in one step, so that a crash leaves the old or the new contents. `beside` is the new file until
/// then.
///
/// # Errors
/// The errors of [`open`] and of the file system.
#[cfg(feature = "cli")]
pub(crate) fn replace(path: &Path, beside: &Path, purpose: Purpose, bytes: &[u8]) -> io::Result<()> {
    let mut file = open(beside, purpose)?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    // Without this, a crash of the machine could leave an empty file.
    file.sync_data()?;
    std::fs::rename(beside, path)
}

fn too_many_links() -> io::Error {
    refused("the path contains too many symbolic links".to_owned())
}

fn refused(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, reason)
}
