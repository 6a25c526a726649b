//! Creates the data directory of a store atomically, and checks an existing one before it is opened. Refuses a data
//! directory that this PostgreSQL cannot read, without changing it.
//!
//! A new data directory is prepared under another name, synced and renamed. All of this runs under the lock of the
//! store's directory, so no living program uses the remains of an earlier preparation. `pglite-oxide` itself would lay
//! a new data directory over a template in its cache and copy each file at its first write; an interrupted copy would
//! hide the template's file.

mod overlay;
mod stamp;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use self::stamp::Stamp;
use super::assets::Template;
use super::error::cannot;
use super::{disk, steps};
use crate::own_files;
use crate::pasteable::shell_word;
use crate::store::error::{Result, StoreError};

/// The data directory, relative to the root that `pglite-oxide` is given.
const DATA: &str = "tmp/pglite/base";
/// A file that `pglite-oxide` rewrites in place at each start and never needs. If it is truncated, every later start
/// fails.
const LAYOUT: &str = "tmp/pglite/.pglite-oxide-runtime-layout.json";
/// The directory in which a store is prepared. If it exists, an earlier preparation was interrupted.
const PREPARING: &str = "postgres.preparing";
/// Length of PostgreSQL's control file, in bytes.
const CONTROL_LENGTH: u64 = 8192;

/// Prepares the store in `directory`, whose lock the caller holds, and returns its root.
pub(super) fn prepare(directory: &Path) -> Result<PathBuf> {
    let root = directory.join("postgres");
    let preparing = directory.join(PREPARING);
    let template = Template::of_this_build()?;
    steps::remove(&preparing)?;
    let found = DirectoryState::look(&root)?;
    if found == DirectoryState::Nothing {
        if root.exists() {
            // Renamed first, so that an interrupted removal does not leave what looks like a damaged store.
            steps::rename(&root, &preparing)?;
            steps::remove(&preparing)?;
        }
        let made = make(&preparing, &template).and_then(|()| disk::sync(&preparing));
        if made.is_err() {
            // The disk may be full, and the incomplete store would take up space.
            let _ = std::fs::remove_dir_all(&preparing);
        }
        made?;
        steps::rename(&preparing, &root)?;
        steps::sync_names(directory)?;
        return Ok(root);
    }
    keep_private(&root)?;
    let stamp = Stamp::read(&root);
    let data = root.join(DATA);
    check(directory, &control(&data)?, stamp.as_ref(), &template)?;
    if found == DirectoryState::Overlay {
        overlay::complete(directory, &data, &preparing, &template)?;
    }
    steps::remove(&root.join(LAYOUT))?;
    let current = Stamp::new(&template);
    if stamp.as_ref() != Some(&current) {
        current.write(&root)?;
    }
    Ok(root)
}

/// Prepares a store that need not survive this process.
pub(super) fn prepare_temporary(directory: &Path) -> Result<PathBuf> {
    let root = directory.join("postgres");
    make(&root, &Template::of_this_build()?)?;
    Ok(root)
}

fn make(root: &Path, template: &Template) -> Result<()> {
    let data = root.join(DATA);
    steps::make_directory(&data)?;
    Template::each_entry(|path, bytes| match bytes {
        None => steps::make_directory(&data.join(path)),
        Some(bytes) => steps::write(&data.join(path), bytes),
    })?;
    Stamp::new(template).write(root)
}

/// The state of a store's directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DirectoryState {
    /// There is no store, or one that never started and has no messages.
    Nothing,
    /// There is a complete data directory.
    Whole,
    /// The first version of streamscope created the store, as files over a template.
    Overlay,
}

impl DirectoryState {
    fn look(root: &Path) -> Result<Self> {
        if std::fs::symlink_metadata(root).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(Self::Nothing);
        }
        own_files::check_own_directory(root).map_err(|error| cannot("use", root, &error))?;
        let data = root.join(DATA);
        if overlay::is_one(&data) {
            return Ok(if overlay::has_started(&data)? { Self::Overlay } else { Self::Nothing });
        }
        if data.join("global/pg_control").exists() {
            return Ok(Self::Whole);
        }
        // `pglite-oxide` creates these before anything else.
        let known =
            ["tmp", "tmp/pglite", DATA, "tmp/pglite/home", "tmp/pglite/dev", "tmp/pglite/dev/shm", "tmp/pglite/tmp"];
        let files = [
            ".pglite-oxide.lock",
            "tmp/pglite/.pglite-oxide-mountfs-runtime",
            LAYOUT,
            "tmp/pglite/password",
            "tmp/pglite/base/PG_VERSION",
        ];
        if holds_only(root, root, &|path| known.iter().chain(&files).any(|known| path == Path::new(known)))? {
            return Ok(Self::Nothing);
        }
        Err(StoreError::Embedded(format!(
            "{} is not a store, or is damaged: {} is missing. Restore it from a backup, or choose another directory with --embedded DIR",
            root.display(),
            data.join("global/pg_control").display()
        )))
    }
}

/// Whether a directory contains only expected paths, at any depth.
fn holds_only(root: &Path, directory: &Path, expected: &impl Fn(&Path) -> bool) -> Result<bool> {
    let failed = |error| cannot("read", directory, &error);
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let is_directory = entry.file_type().map_err(failed)?.is_dir();
        if !path.strip_prefix(root).is_ok_and(expected) || (is_directory && !holds_only(root, &path, expected)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The part of PostgreSQL's control file that decides whether the server starts.
#[derive(Debug, PartialEq, Eq)]
struct Control {
    catalog_version: String,
}

fn control(data: &Path) -> Result<Control> {
    let path = data.join("global/pg_control");
    let failed = |error| cannot("read", &path, &error);
    let mut file = std::fs::File::open(&path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() < CONTROL_LENGTH {
        let what = format!("the store is damaged: {} is truncated. Restore the store from a backup", path.display());
        return Err(StoreError::Embedded(what));
    }
    // System identifier (8 bytes), control file version (4), catalog version (4).
    let mut head = [0; 16];
    file.read_exact(&mut head).map_err(failed)?;
    let catalog_version = u32::from_le_bytes([head[12], head[13], head[14], head[15]]).to_string();
    Ok(Control { catalog_version })
}

/// Refuses a store that this PostgreSQL cannot read, before anything is changed. All releases of a major version can
/// read each other's files; the catalog version decides.
fn check(directory: &Path, control: &Control, stamp: Option<&Stamp>, template: &Template) -> Result<()> {
    let stamped = stamp.map_or(&template.catalog_version, |stamp| &stamp.catalog_version);
    if control.catalog_version == template.catalog_version && *stamped == template.catalog_version {
        return Ok(());
    }
    let by = stamp.map_or_else(|| "another version of streamscope".to_owned(), Stamp::maker);
    Err(StoreError::Embedded(format!(
        "the store in {} was created by {by}; streamscope {} contains PostgreSQL {} and cannot read its files. {}",
        directory.display(),
        env!("CARGO_PKG_VERSION"),
        template.postgres_version,
        to_another_version(directory),
    )))
}

/// Says how the messages of a store that this version cannot use reach a new one.
fn to_another_version(directory: &Path) -> String {
    let directory = shell_word(&directory.display().to_string()).unwrap_or_else(|| "DIR".to_owned());
    format!(
        "Nothing was changed. To keep the messages, export each namespace with the version that created the store: streamscope --embedded \
         {directory} -n NAME export -o NAME.ndjson. Then import it with this version: streamscope --embedded NEW ns create NAME, and \
         streamscope --embedded NEW -n NAME import --keep-global-positions NAME.ndjson"
    )
}

/// Denies other users access to the store's directory. The server's files inside may be readable by everyone.
fn keep_private(root: &Path) -> Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(root, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .map_err(|error| cannot("set the permissions of", root, &error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_that_move_a_store_quote_its_directory() {
        let told = to_another_version(Path::new("/Users/ada/Library/Application Support/streamscope"));
        assert!(
            told.contains(" --embedded '/Users/ada/Library/Application Support/streamscope' -n NAME export"),
            "{told}"
        );
    }
}
