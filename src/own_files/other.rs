//! Systems without Unix file ownership.

use std::fs::File;
use std::io;
use std::path::Path;

use super::Purpose;

pub(super) fn open(path: &Path, purpose: Purpose) -> io::Result<File> {
    let mut options = File::options();
    match purpose {
        Purpose::Read => options.read(true),
        Purpose::ReadWrite | Purpose::ReadWriteShared => options.read(true).write(true).create(true).truncate(false),
        Purpose::Append => options.append(true).create(true),
        Purpose::CreateNew => options.read(true).write(true).create_new(true),
    };
    options.open(path)
}

pub(super) fn open_trusted(path: &Path) -> io::Result<File> {
    File::open(path)
}

pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(super) fn check_own_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(super) fn check_target(_: &Path) -> io::Result<()> {
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(super) fn check_link(_: &Path) -> io::Result<()> {
    Ok(())
}
