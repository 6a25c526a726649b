//! Opens files in directories that other users may write to. Never follows a symbolic link of another user, and never uses a file of
//! another user. Each component of a path is opened relative to the previous one, so that nobody can swap a directory between the
//! check and the use.
//!
//! The superuser is trusted, because nothing is safe from it. Outside Unix, files are opened without checks.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
#[cfg(feature = "cli")]
use std::{fs::TryLockError, io::Write as _};

#[cfg(unix)]
use self::unix as system;
use crate::bounded;

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
/// Fails if the file is a symbolic link, is not a regular file or belongs to another user, or if the system refuses to open it.
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
        Ok(there) if !there.is_file() => File::options().append(true).open(path),
        _ => open(&target, Purpose::Append),
    }
}

/// Reads a file that can make this program run commands. It must belong to this user or the superuser, and must not be writable by
/// everyone.
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

/// Follows the symbolic links of a file that the user chose for output, which need not exist. Devices may belong to anyone, as
/// terminals do after `su`.
///
/// # Errors
/// Fails if the file or a link to it belongs to another user, or if there are too many links.
#[cfg(feature = "cli")]
pub(crate) fn output_target(path: &Path) -> io::Result<PathBuf> {
    let target = resolve_links(path)?;
    system::check_target(&target)?;
    Ok(target)
}

/// Locks a part file until it is closed. Returns false if another program holds the lock, or has completed and renamed the file since
/// it was opened.
///
/// # Errors
/// Those of the system. Some network file systems do not support locks, and are used without one.
#[cfg(feature = "cli")]
pub(crate) fn lock_named(file: &File, path: &Path) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => is_named(file, path),
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

/// Gives a complete and synced file its name, and syncs the name too. If that is not possible, the file is still on disk under one of
/// its two names.
///
/// # Errors
/// Those of the renaming.
#[cfg(feature = "cli")]
pub(crate) fn rename_and_sync(part: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(part, path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let _ = File::open(directory.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all());
    Ok(())
}

/// Replaces a file in one step, so that a crash leaves the old or the new contents. `beside` is the new file until then.
///
/// # Errors
/// Those of [`open`] and of the file system.
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

#[cfg(unix)]
mod unix {
    use std::collections::VecDeque;
    use std::ffi::{OsStr, OsString};
    use std::fs::File;
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::{Component, Path};

    use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
    use rustix::io::Errno;

    use super::{LINKS, Purpose, refused, too_many_links};

    /// Opens a directory only for lookups. On Linux this does not need permission to list it.
    #[cfg(target_os = "linux")]
    const LOOK_UP: OFlags = OFlags::PATH;
    #[cfg(not(target_os = "linux"))]
    const LOOK_UP: OFlags = OFlags::RDONLY;

    const PRIVATE: Mode = Mode::from_raw_mode(0o600);
    const SHARED: Mode = Mode::from_raw_mode(0o666);

    const WRITABLE_BY_OTHERS: u32 = 0o022;
    const WRITABLE_BY_ALL: u32 = 0o002;

    pub(super) fn open(path: &Path, purpose: Purpose) -> io::Result<File> {
        let (directory, name) = walk_to_parent(path, Missing::Fail)?;
        let flags = match purpose {
            Purpose::Read => OFlags::RDONLY,
            Purpose::ReadWrite | Purpose::ReadWriteShared => OFlags::RDWR | OFlags::CREATE,
            Purpose::Append => OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE,
            Purpose::CreateNew => OFlags::RDWR | OFlags::CREATE | OFlags::EXCL,
        };
        let mode = if purpose == Purpose::ReadWriteShared { SHARED } else { PRIVATE };
        let file = open_at(&directory, &name, flags, mode)?;
        check_file(&directory, &rustix::fs::fstat(&file)?)?;
        Ok(file.into())
    }

    pub(super) fn open_trusted(path: &Path) -> io::Result<File> {
        let path = super::resolve_links(path)?;
        let (directory, name) = walk_to_parent(&path, Missing::Fail)?;
        let file = open_at(&directory, &name, OFlags::RDONLY, PRIVATE)?;
        let found = rustix::fs::fstat(&file)?;
        if !is_trusted(found.st_uid) {
            return Err(owned_by_other("this file", found.st_uid));
        }
        if file_type(&found) == FileType::RegularFile && mode(&found) & WRITABLE_BY_ALL != 0 {
            return Err(refused("everyone can write to this file; run chmod o-w on it".to_owned()));
        }
        Ok(file.into())
    }

    pub(super) fn make_directory(path: &Path) -> io::Result<()> {
        let directory = walk(path, Missing::Create)?;
        let found = rustix::fs::fstat(&directory)?;
        if is_trusted(found.st_uid) { Ok(()) } else { Err(owned_by_other("this directory", found.st_uid)) }
    }

    pub(super) fn check_own_directory(path: &Path) -> io::Result<()> {
        let (directory, name) = walk_to_parent(path, Missing::Fail)?;
        let found = rustix::fs::statat(&directory, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        match file_type(&found) {
            FileType::Directory if found.st_uid == user() => Ok(()),
            FileType::Directory => Err(owned_by_other("this directory", found.st_uid)),
            FileType::Symlink => Err(link()),
            _ => Err(Errno::NOTDIR.into()),
        }
    }

    pub(super) fn check_link(path: &Path) -> io::Result<()> {
        let owner = std::fs::symlink_metadata(path)?.uid();
        if is_trusted(owner) { Ok(()) } else { Err(link_of_other(path.as_os_str(), owner)) }
    }

    /// How to handle missing directories.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Missing {
        Create,
        Fail,
    }

    fn walk_to_parent(path: &Path, missing: Missing) -> io::Result<(OwnedFd, OsString)> {
        let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok((walk(parent, missing)?, name.to_owned()))
    }

    /// Opens a directory component by component.
    fn walk(path: &Path, missing: Missing) -> io::Result<OwnedFd> {
        let mut ahead: VecDeque<OsString> = components(path);
        let mut at = start(path)?;
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            match rustix::fs::openat(&at, &name, directory_flags(), Mode::empty()) {
                Ok(next) => at = next,
                Err(Errno::NOENT) if missing == Missing::Create => {
                    match rustix::fs::mkdirat(&at, &name, Mode::RWXU) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(error) => return Err(error.into()),
                    }
                    at = rustix::fs::openat(&at, &name, directory_flags(), Mode::empty())?;
                }
                Err(Errno::LOOP | Errno::NOTDIR) => {
                    let target = link_target(&at, &name)?;
                    links += 1;
                    if links > LINKS {
                        return Err(too_many_links());
                    }
                    if target.is_absolute() {
                        at = start(&target)?;
                    }
                    let mut on = components(&target);
                    on.append(&mut ahead);
                    ahead = on;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(at)
    }

    fn directory_flags() -> OFlags {
        LOOK_UP | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
    }

    fn start(path: &Path) -> io::Result<OwnedFd> {
        let from = if path.is_absolute() { "/" } else { "." };
        Ok(rustix::fs::openat(CWD, from, directory_flags(), Mode::empty())?)
    }

    fn components(path: &Path) -> VecDeque<OsString> {
        let below =
            path.components().filter(|component| matches!(component, Component::Normal(_) | Component::ParentDir));
        below.map(|component| component.as_os_str().to_owned()).collect()
    }

    /// Reads the target of a link in the middle of a path. Any other file there is an error.
    fn link_target(at: &OwnedFd, name: &OsStr) -> io::Result<std::path::PathBuf> {
        let found = rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if file_type(&found) != FileType::Symlink {
            return Err(Errno::NOTDIR.into());
        }
        if !is_trusted(found.st_uid) {
            return Err(link_of_other(name, found.st_uid));
        }
        let target = rustix::fs::readlinkat(at, name, Vec::new())?;
        Ok(Path::new(OsStr::from_bytes(target.as_bytes())).to_owned())
    }

    /// Refuses an existing file of another user. Replacing it would take over its mode, a pipe would hand over the messages, and in a
    /// directory such as /tmp only its owner can replace it.
    #[cfg(feature = "cli")]
    pub(super) fn check_target(path: &Path) -> io::Result<()> {
        match rustix::fs::lstat(path) {
            Ok(found) if !is_trusted(found.st_uid) => match file_type(&found) {
                FileType::CharacterDevice | FileType::BlockDevice => Ok(()),
                _ => Err(owned_by_other("this file", found.st_uid)),
            },
            // An anonymous pipe has no path. Any other error appears again when the file is opened.
            _ => Ok(()),
        }
    }

    fn open_at(directory: &OwnedFd, name: &OsStr, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        // Without NONBLOCK, opening a pipe of another user would wait for its other end.
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        rustix::fs::openat(directory, name, flags, mode).map_err(|error| match error {
            Errno::LOOP | Errno::MLINK => link(),
            error => error.into(),
        })
    }

    fn check_file(directory: impl AsFd, found: &Stat) -> io::Result<()> {
        if file_type(found) != FileType::RegularFile {
            return Err(refused("this is not a regular file".to_owned()));
        }
        if found.st_uid != user() {
            return Err(owned_by_other("this file", found.st_uid));
        }
        // Anyone with write access to the directory can create a hard link to any file of this user in it.
        let directory = rustix::fs::fstat(directory)?;
        let shared = mode(&directory) & WRITABLE_BY_OTHERS != 0 || !is_trusted(directory.st_uid);
        if shared && found.st_nlink > 1 {
            return Err(refused("this file is a hard link to another file; remove the link".to_owned()));
        }
        Ok(())
    }

    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn is_trusted(owner: u32) -> bool {
        owner == user() || owner == 0
    }

    fn file_type(found: &Stat) -> FileType {
        FileType::from_raw_mode(found.st_mode)
    }

    #[allow(clippy::useless_conversion, reason = "`st_mode` has 16 bits on macOS")]
    fn mode(found: &Stat) -> u32 {
        found.st_mode.into()
    }

    fn link() -> io::Error {
        refused("this is a symbolic link; remove it or choose another path".to_owned())
    }

    fn owned_by_other(what: &str, owner: u32) -> io::Error {
        refused(format!("{what} belongs to another user (UID {owner})"))
    }

    fn link_of_other(name: &OsStr, owner: u32) -> io::Error {
        refused(format!("{} is a symbolic link of another user (UID {owner})", name.display()))
    }
}

/// Systems without Unix file ownership.
#[cfg(not(unix))]
mod system {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use super::Purpose;

    pub fn open(path: &Path, purpose: Purpose) -> io::Result<File> {
        let mut options = File::options();
        match purpose {
            Purpose::Read => options.read(true),
            Purpose::ReadWrite | Purpose::ReadWriteShared => {
                options.read(true).write(true).create(true).truncate(false)
            }
            Purpose::Append => options.append(true).create(true),
            Purpose::CreateNew => options.read(true).write(true).create_new(true),
        };
        options.open(path)
    }

    pub fn open_trusted(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    pub fn make_directory(path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    pub fn check_own_directory(_: &Path) -> io::Result<()> {
        Ok(())
    }

    #[cfg(feature = "cli")]
    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    pub fn check_target(_: &Path) -> io::Result<()> {
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    pub fn check_link(_: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};

    use super::*;

    const ALL: [Purpose; 5] =
        [Purpose::Read, Purpose::ReadWrite, Purpose::ReadWriteShared, Purpose::Append, Purpose::CreateNew];

    fn reason<T>(outcome: io::Result<T>) -> String {
        outcome.err().expect("refused").to_string()
    }

    #[test]
    fn creates_a_kept_file_for_its_owner_only_and_opens_it_again() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("kept");
        drop(open(&path, Purpose::ReadWrite).expect("made"));
        assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        drop(open(&path, Purpose::Read).expect("there"));
        assert_eq!(open(&path, Purpose::CreateNew).expect_err("it exists").kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn never_opens_a_link_as_a_kept_file() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let (target, path) = (directory.path().join("target"), directory.path().join("kept"));
        std::fs::write(&target, "precious").expect("written");
        symlink(&target, &path).expect("linked");
        for purpose in ALL {
            open(&path, purpose).expect_err("a link");
        }
        assert!(reason(open(&path, Purpose::ReadWrite)).contains("symbolic link"));
        assert_eq!(std::fs::read_to_string(&target).expect("there"), "precious");
    }

    #[test]
    fn refuses_a_pipe_without_waiting_for_its_other_end() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("kept");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .expect("a pipe");
        assert!(reason(open(&path, Purpose::Read)).contains("not a regular file"));
        assert!(reason(open(&path, Purpose::ReadWrite)).contains("not a regular file"));
    }

    #[test]
    fn refuses_a_hard_link_in_a_shared_directory() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let (target, shared) = (directory.path().join("target"), directory.path().join("shared"));
        std::fs::write(&target, "precious").expect("written");
        std::fs::create_dir(&shared).expect("made");
        std::fs::hard_link(&target, shared.join("kept")).expect("linked");
        drop(open(&shared.join("kept"), Purpose::ReadWrite).expect("the directory is private"));
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).expect("shared");
        assert!(reason(open(&shared.join("kept"), Purpose::ReadWrite)).contains("hard link"));
    }

    #[test]
    fn follows_the_users_own_links() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let root = directory.path();
        std::fs::create_dir(root.join("real")).expect("made");
        symlink("real", root.join("relative")).expect("linked");
        symlink(root.join("relative"), root.join("absolute")).expect("linked");
        drop(open(&root.join("absolute/../absolute/kept"), Purpose::ReadWrite).expect("made"));
        assert!(root.join("real/kept").exists());
        make_directory(&root.join("absolute/a/b")).expect("made");
        assert_eq!(std::fs::metadata(root.join("real/a")).expect("there").mode() & 0o777, 0o700);
        symlink("loop", root.join("loop")).expect("linked");
        assert!(reason(open(&root.join("loop/kept"), Purpose::ReadWrite)).contains("too many"));
        assert!(reason(resolve_links(&root.join("loop"))).contains("too many"));
        symlink("nothing", root.join("dangling")).expect("linked");
        assert_eq!(resolve_links(&root.join("dangling")).expect("followed"), root.join("nothing"));
    }

    #[test]
    fn appends_to_devices_and_to_the_users_own_links() {
        let directory = tempfile::TempDir::new().expect("a directory");
        append_to_named(Path::new("/dev/null")).expect("a device");
        append_to_named(Path::new("/dev/stderr")).expect("a standard stream");
        symlink("log", directory.path().join("link")).expect("linked");
        append_to_named(&directory.path().join("link")).expect("the user's own link");
        assert!(directory.path().join("log").exists());
    }

    #[test]
    fn does_not_trust_a_file_that_everyone_can_write() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("config");
        std::fs::write(&path, "text").expect("written");
        assert_eq!(read_trusted(&path).expect("read"), b"text");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("set");
        assert!(reason(read_trusted(&path)).contains("chmod o-w"));
    }

    /// Only the superuser can create files of other users, so other users skip this test.
    #[test]
    fn refuses_files_directories_and_links_of_another_user() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let directory = tempfile::TempDir::new().expect("a directory");
        let (foreign, file) = (directory.path().join("foreign"), directory.path().join("file"));
        std::fs::create_dir(&foreign).expect("made");
        chown(&foreign, Some(1234), None).expect("given away");
        std::fs::write(&file, "").expect("written");
        chown(&file, Some(1234), None).expect("given away");
        for purpose in [Purpose::Read, Purpose::ReadWrite, Purpose::Append] {
            assert!(reason(open(&file, purpose)).contains("another user (UID 1234)"));
        }
        assert!(reason(read_trusted(&file)).contains("another user"));
        assert!(reason(append_to_named(&file)).contains("another user"));
        assert!(reason(make_directory(&foreign)).contains("another user"));
        assert!(reason(check_own_directory(&foreign)).contains("another user"));
        for name in ["link", "way"] {
            symlink(directory.path(), directory.path().join(name)).expect("linked");
            lchown(directory.path().join(name), Some(1234), None).expect("given away");
        }
        assert!(reason(resolve_links(&directory.path().join("link"))).contains("symbolic link of another user"));
        assert!(
            reason(open(&directory.path().join("way/new"), Purpose::ReadWrite))
                .contains("symbolic link of another user")
        );
        assert!(reason(make_directory(&directory.path().join("way/new"))).contains("symbolic link of another user"));
        assert!(!directory.path().join("new").exists());
    }

    /// Only the superuser can create files of other users, so other users skip this test.
    #[cfg(feature = "cli")]
    #[test]
    fn writes_no_output_to_a_file_or_pipe_of_another_user() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let directory = tempfile::TempDir::new().expect("a directory");
        let (file, pipe) = (directory.path().join("file"), directory.path().join("pipe"));
        output_target(&file).expect("it need not exist");
        std::fs::write(&file, "").expect("written");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .expect("a pipe");
        for path in [&file, &pipe] {
            output_target(path).expect("it belongs to the user");
            chown(path, Some(1234), None).expect("given away");
            assert!(reason(output_target(path)).contains("another user"));
        }
    }
}
