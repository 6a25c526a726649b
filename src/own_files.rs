//! Opens files in directories that other users may write to. It never follows a symbolic link that another user made, and never
//! uses a file that belongs to somebody else. Every component of a path is opened below the one before it, so nobody can exchange
//! a directory between the check and the use.
//!
//! The superuser is trusted, because nothing is safe from it. Elsewhere than on Unix files are opened as they are.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

#[cfg(unix)]
use self::unix as system;

/// Links on the way to a file, at most: as many as Linux follows.
const LINKS: usize = 40;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Reading what an earlier run left.
    Reading,
    /// Reading and writing; a missing file is made, for its owner alone.
    Keeping,
    /// As [`For::Keeping`], but whoever the umask lets can read a new file.
    Sharing,
    /// Writing at the end; a missing file is made.
    Appending,
    /// Reading and writing a file that must not exist yet.
    Creating,
}

/// Opens a file that this program keeps: a lock, a draft, a part.
///
/// # Errors
/// The file is a link, no regular file, or another user's; the system's.
pub fn open(path: &Path, purpose: For) -> io::Result<File> {
    system::open(path, purpose)
}

/// Opens a file that the user named, for writing at its end. Links of the user lead on, and devices are taken as they are.
///
/// # Errors
/// A link or the file is another user's; the system's.
pub fn append_to_named(path: &Path) -> io::Result<File> {
    let target = followed(path)?;
    match std::fs::metadata(path) {
        // By its own name, because that of a standard stream leads to no other.
        Ok(there) if !there.is_file() => File::options().append(true).open(path),
        _ => open(&target, For::Appending),
    }
}

/// Reads a file that may decide what this program does, such as which commands it runs: one of this user or of the system that not
/// everybody can write.
///
/// # Errors
/// Another user could have written it; the system's.
pub fn read_trusted(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    system::open_trusted(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a directory, and missing ones above it, that only this user can look into.
///
/// # Errors
/// It, or a link on the way to it, is another user's; the system's.
pub fn make_directory(path: &Path) -> io::Result<()> {
    system::make_directory(path)
}

/// Refuses a directory that belongs to somebody else, the superuser included.
///
/// # Errors
/// It is a link or another user's; the system's.
pub fn check_own_directory(path: &Path) -> io::Result<()> {
    system::check_own_directory(path)
}

/// Where a name leads to: of a symbolic link, also of one to nothing, what it names.
///
/// # Errors
/// A link belongs to another user.
pub fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(to) = std::fs::read_link(&path) else { return Ok(path) };
        system::check_link(&path)?;
        path = path.parent().unwrap_or(Path::new("")).join(to);
    }
    Err(too_many_links())
}

fn too_many_links() -> io::Error {
    refused("too many symbolic links".to_owned())
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

    use super::{For, LINKS, refused, too_many_links};

    /// Opens a directory to look something up in it, which needs no right to list it where the system knows the difference.
    #[cfg(target_os = "linux")]
    const LOOK_UP: OFlags = OFlags::PATH;
    #[cfg(not(target_os = "linux"))]
    const LOOK_UP: OFlags = OFlags::RDONLY;

    const PRIVATE: Mode = Mode::from_raw_mode(0o600);
    const SHARED: Mode = Mode::from_raw_mode(0o666);

    const WRITABLE_BY_OTHERS: u32 = 0o022;
    const WRITABLE_BY_ALL: u32 = 0o002;

    pub fn open(path: &Path, purpose: For) -> io::Result<File> {
        let (directory, name) = walk_to_parent(path, Missing::Fails)?;
        let flags = match purpose {
            For::Reading => OFlags::RDONLY,
            For::Keeping | For::Sharing => OFlags::RDWR | OFlags::CREATE,
            For::Appending => OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE,
            For::Creating => OFlags::RDWR | OFlags::CREATE | OFlags::EXCL,
        };
        let mode = if purpose == For::Sharing { SHARED } else { PRIVATE };
        let file = open_at(&directory, &name, flags, mode)?;
        check_kept(&directory, &rustix::fs::fstat(&file)?)?;
        Ok(file.into())
    }

    pub fn open_trusted(path: &Path) -> io::Result<File> {
        let path = super::followed(path)?;
        let (directory, name) = walk_to_parent(&path, Missing::Fails)?;
        let file = open_at(&directory, &name, OFlags::RDONLY, PRIVATE)?;
        let found = rustix::fs::fstat(&file)?;
        if !is_trusted(found.st_uid) {
            return Err(foreign("this file", found.st_uid));
        }
        if file_type(&found) == FileType::RegularFile && mode(&found) & WRITABLE_BY_ALL != 0 {
            return Err(refused("everybody can write this file; take that right away with chmod o-w".to_owned()));
        }
        Ok(file.into())
    }

    pub fn make_directory(path: &Path) -> io::Result<()> {
        let directory = walk(path, Missing::IsMade)?;
        let found = rustix::fs::fstat(&directory)?;
        if is_trusted(found.st_uid) { Ok(()) } else { Err(foreign("this directory", found.st_uid)) }
    }

    pub fn check_own_directory(path: &Path) -> io::Result<()> {
        let (directory, name) = walk_to_parent(path, Missing::Fails)?;
        let found = rustix::fs::statat(&directory, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        match file_type(&found) {
            FileType::Directory if found.st_uid == user() => Ok(()),
            FileType::Directory => Err(foreign("this directory", found.st_uid)),
            FileType::Symlink => Err(link()),
            _ => Err(Errno::NOTDIR.into()),
        }
    }

    pub fn check_link(path: &Path) -> io::Result<()> {
        let owner = std::fs::symlink_metadata(path)?.uid();
        if is_trusted(owner) { Ok(()) } else { Err(foreign_link(path.as_os_str(), owner)) }
    }

    /// What is done about directories that there are not.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Missing {
        IsMade,
        Fails,
    }

    fn walk_to_parent(path: &Path, missing: Missing) -> io::Result<(OwnedFd, OsString)> {
        let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok((walk(parent, missing)?, name.to_owned()))
    }

    /// Opens a directory, one component below the other.
    fn walk(path: &Path, missing: Missing) -> io::Result<OwnedFd> {
        let mut ahead: VecDeque<OsString> = components(path);
        let mut at = start(path)?;
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            match rustix::fs::openat(&at, &name, directory_flags(), Mode::empty()) {
                Ok(next) => at = next,
                Err(Errno::NOENT) if missing == Missing::IsMade => {
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

    /// What a link in the middle of a path names; what is neither a link nor a directory is no way on.
    fn link_target(at: &OwnedFd, name: &OsStr) -> io::Result<std::path::PathBuf> {
        let found = rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if file_type(&found) != FileType::Symlink {
            return Err(Errno::NOTDIR.into());
        }
        if !is_trusted(found.st_uid) {
            return Err(foreign_link(name, found.st_uid));
        }
        let target = rustix::fs::readlinkat(at, name, Vec::new())?;
        Ok(Path::new(OsStr::from_bytes(target.as_bytes())).to_owned())
    }

    fn open_at(directory: &OwnedFd, name: &OsStr, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
        // Opening a pipe that another user put there must not wait for its other end.
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        rustix::fs::openat(directory, name, flags, mode).map_err(|error| match error {
            Errno::LOOP | Errno::MLINK => link(),
            error => error.into(),
        })
    }

    fn check_kept(directory: impl AsFd, found: &Stat) -> io::Result<()> {
        if file_type(found) != FileType::RegularFile {
            return Err(refused("this is not a regular file".to_owned()));
        }
        if found.st_uid != user() {
            return Err(foreign("this file", found.st_uid));
        }
        // Whoever can write the directory can give any file of this user a second name in it.
        let directory = rustix::fs::fstat(directory)?;
        let shared = mode(&directory) & WRITABLE_BY_OTHERS != 0 || !is_trusted(directory.st_uid);
        if shared && found.st_nlink > 1 {
            return Err(refused("this file has another name elsewhere (a hard link); remove this one".to_owned()));
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

    #[allow(clippy::useless_conversion, reason = "16 bits on macOS")]
    fn mode(found: &Stat) -> u32 {
        found.st_mode.into()
    }

    fn link() -> io::Error {
        refused("this is a symbolic link; remove it, or name another place".to_owned())
    }

    fn foreign(what: &str, owner: u32) -> io::Error {
        refused(format!("{what} belongs to another user (uid {owner})"))
    }

    fn foreign_link(name: &OsStr, owner: u32) -> io::Error {
        refused(format!("{} is a symbolic link of another user (uid {owner})", name.display()))
    }
}

/// Where files have no such owners.
#[cfg(not(unix))]
mod system {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    use super::For;

    pub fn open(path: &Path, purpose: For) -> io::Result<File> {
        let mut options = File::options();
        match purpose {
            For::Reading => options.read(true),
            For::Keeping | For::Sharing => options.read(true).write(true).create(true).truncate(false),
            For::Appending => options.append(true).create(true),
            For::Creating => options.read(true).write(true).create_new(true),
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

    #[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    pub fn check_link(_: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};

    use super::*;

    const ALL: [For; 5] = [For::Reading, For::Keeping, For::Sharing, For::Appending, For::Creating];

    fn reason<T>(outcome: io::Result<T>) -> String {
        outcome.err().expect("refused").to_string()
    }

    #[test]
    fn a_kept_file_is_made_for_its_owner_alone_and_opened_again() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("kept");
        drop(open(&path, For::Keeping).expect("made"));
        assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        drop(open(&path, For::Reading).expect("there"));
        assert_eq!(open(&path, For::Creating).expect_err("there").kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn no_link_is_opened_as_a_kept_file() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let (target, path) = (directory.path().join("target"), directory.path().join("kept"));
        std::fs::write(&target, "precious").expect("written");
        symlink(&target, &path).expect("linked");
        for purpose in ALL {
            open(&path, purpose).expect_err("a link");
        }
        assert!(reason(open(&path, For::Keeping)).contains("symbolic link"));
        assert_eq!(std::fs::read_to_string(&target).expect("there"), "precious");
    }

    #[test]
    fn no_pipe_is_opened_and_nobody_is_waited_for() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("kept");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .expect("a pipe");
        assert!(reason(open(&path, For::Reading)).contains("not a regular file"));
        assert!(reason(open(&path, For::Keeping)).contains("not a regular file"));
    }

    #[test]
    fn a_second_name_in_a_shared_directory_is_refused() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let (target, shared) = (directory.path().join("target"), directory.path().join("shared"));
        std::fs::write(&target, "precious").expect("written");
        std::fs::create_dir(&shared).expect("made");
        std::fs::hard_link(&target, shared.join("kept")).expect("linked");
        drop(open(&shared.join("kept"), For::Keeping).expect("a directory of one's own"));
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).expect("shared");
        assert!(reason(open(&shared.join("kept"), For::Keeping)).contains("hard link"));
    }

    #[test]
    fn links_of_this_user_lead_on() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let root = directory.path();
        std::fs::create_dir(root.join("real")).expect("made");
        symlink("real", root.join("relative")).expect("linked");
        symlink(root.join("relative"), root.join("absolute")).expect("linked");
        drop(open(&root.join("absolute/../absolute/kept"), For::Keeping).expect("made"));
        assert!(root.join("real/kept").exists());
        make_directory(&root.join("absolute/a/b")).expect("made");
        assert_eq!(std::fs::metadata(root.join("real/a")).expect("there").mode() & 0o777, 0o700);
        symlink("loop", root.join("loop")).expect("linked");
        assert!(reason(open(&root.join("loop/kept"), For::Keeping)).contains("too many"));
        assert!(reason(followed(&root.join("loop"))).contains("too many"));
        symlink("nothing", root.join("dangling")).expect("linked");
        assert_eq!(followed(&root.join("dangling")).expect("followed"), root.join("nothing"));
    }

    #[test]
    fn a_named_log_may_be_a_device_or_a_link_of_the_user() {
        let directory = tempfile::TempDir::new().expect("a directory");
        append_to_named(Path::new("/dev/null")).expect("a device");
        append_to_named(Path::new("/dev/stderr")).expect("a standard stream");
        symlink("log", directory.path().join("link")).expect("linked");
        append_to_named(&directory.path().join("link")).expect("the user's own link");
        assert!(directory.path().join("log").exists());
    }

    #[test]
    fn a_file_that_everybody_can_write_is_not_trusted() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("config");
        std::fs::write(&path, "text").expect("written");
        assert_eq!(read_trusted(&path).expect("read"), b"text");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("set");
        assert!(reason(read_trusted(&path)).contains("chmod o-w"));
    }

    /// Only the superuser can make files of others.
    #[test]
    fn files_directories_and_links_of_another_user_are_refused() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let directory = tempfile::TempDir::new().expect("a directory");
        let (foreign, file) = (directory.path().join("foreign"), directory.path().join("file"));
        std::fs::create_dir(&foreign).expect("made");
        chown(&foreign, Some(1234), None).expect("given away");
        std::fs::write(&file, "").expect("written");
        chown(&file, Some(1234), None).expect("given away");
        for purpose in [For::Reading, For::Keeping, For::Appending] {
            assert!(reason(open(&file, purpose)).contains("another user (uid 1234)"));
        }
        assert!(reason(read_trusted(&file)).contains("another user"));
        assert!(reason(append_to_named(&file)).contains("another user"));
        assert!(reason(make_directory(&foreign)).contains("another user"));
        assert!(reason(check_own_directory(&foreign)).contains("another user"));
        for name in ["link", "way"] {
            symlink(directory.path(), directory.path().join(name)).expect("linked");
            lchown(directory.path().join(name), Some(1234), None).expect("given away");
        }
        assert!(reason(followed(&directory.path().join("link"))).contains("symbolic link of another user"));
        assert!(
            reason(open(&directory.path().join("way/new"), For::Keeping)).contains("symbolic link of another user")
        );
        assert!(reason(make_directory(&directory.path().join("way/new"))).contains("symbolic link of another user"));
        assert!(!directory.path().join("new").exists());
    }
}
