//! Converts stores of the first version, whose files `pglite-oxide` laid over a template in its cache. Missing files
//! are copied from the template, so that the store no longer depends on it.
//!
//! An interrupted conversion does no harm: until the overlay's manifest is removed at the end, a copied file is the
//! same file that the template would have provided.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::assets::Template;
use super::super::error::cannot;
use super::super::{disk, steps};
use super::to_another_version;
use crate::store::error::{Result, StoreError};

/// The overlay's manifest. The first version rewrote it at each start, so it may be truncated.
const MANIFEST: &str = ".pglite-oxide-pgdata-overlay.json";
/// Prefix of a marker for a removed file of the template.
const WHITEOUT: &str = ".wh.";
/// The only template that was ever used for overlays.
const FIRST_TEMPLATE: &str = "1c82a3c64c81d20952ebe6b9a14fae3a1c380af506a978a72deba7541a0dfd9b";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    template_archive_sha256: String,
}

/// Whether a data directory is an overlay over a template.
pub(super) fn is_one(data: &Path) -> bool {
    data.join(MANIFEST).exists()
}

/// Whether PostgreSQL ever started with this data directory. If not, it contains no messages. The server writes the
/// control file before anything else.
pub(super) fn has_started(data: &Path) -> Result<bool> {
    let own = match std::fs::read(data.join("global/pg_control")) {
        Ok(own) => own,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(cannot("read", data, &error)),
    };
    let mut started = true;
    Template::each_entry(|path, bytes| {
        if path == Path::new("global/pg_control") && bytes.is_some_and(|bytes| bytes.starts_with(&own)) {
            started = false;
        }
        Ok(())
    })?;
    Ok(started)
}

/// Completes a data directory from the template. `beside` is a path for a file that is being written.
pub(super) fn complete(directory: &Path, data: &Path, beside: &Path, template: &Template) -> Result<()> {
    let made_of = made_of(data);
    if made_of != template.archive_sha256 {
        return Err(StoreError::Embedded(format!(
            "the store in {} was created by another version of streamscope, from a template that this version does not contain ({made_of}). {}",
            directory.display(),
            to_another_version(directory),
        )));
    }
    Template::each_entry(|path, bytes| {
        let own = data.join(path);
        if is_removed(data, path) {
            return Ok(());
        }
        match bytes {
            None => steps::make_directory(&own),
            Some(bytes) if is_missing_or_cut(&own, bytes)? => steps::replace(&own, beside, bytes),
            Some(_) => Ok(()),
        }
    })?;
    disk::sync(data)?;
    steps::remove(&data.join(MANIFEST))?;
    steps::sync_names(data)?;
    remove_whiteouts(data)
}

/// Returns the hash of the archive of the overlay's template.
fn made_of(data: &Path) -> String {
    let manifest = std::fs::read(data.join(MANIFEST)).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    manifest.map_or_else(|| FIRST_TEMPLATE.to_owned(), |manifest| manifest.template_archive_sha256)
}

/// Whether a file of the template or one of its parent directories was removed and not created again.
fn is_removed(data: &Path, path: &Path) -> bool {
    path.ancestors()
        .filter(|path| path.file_name().is_some())
        .any(|path| !data.join(path).exists() && whiteout(data, path).exists())
}

fn whiteout(data: &Path, path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    data.join(path.with_file_name(format!("{WHITEOUT}{name}")))
}

/// Whether the template's bytes must be copied: there is no file, or only a shorter beginning of the same bytes from an
/// interrupted copy.
fn is_missing_or_cut(own: &Path, bytes: &[u8]) -> Result<bool> {
    let failed = |error| cannot("read", own, &error);
    match std::fs::metadata(own) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(failed(error)),
        Ok(found) if found.len() >= bytes.len() as u64 => Ok(false),
        Ok(_) => Ok(bytes.starts_with(&std::fs::read(own).map_err(failed)?)),
    }
}

fn remove_whiteouts(directory: &Path) -> Result<()> {
    let failed = |error| cannot("read", directory, &error);
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            remove_whiteouts(&entry.path())?;
        } else if entry.file_name().to_string_lossy().starts_with(WHITEOUT) {
            steps::remove(&entry.path())?;
        }
    }
    Ok(())
}
