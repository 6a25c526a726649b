//! Opens files relative to directories that were checked, component by component.

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
    let below = path.components().filter(|component| matches!(component, Component::Normal(_) | Component::ParentDir));
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

/// Refuses an existing file of another user. Replacing it would take over its mode, a pipe would hand over the
/// messages, and in a directory such as /tmp only its owner can replace it.
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
