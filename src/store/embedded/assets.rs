//! Reads the archives inside `pglite-oxide`: the data directory of a new store, and PostgreSQL's own files. Writes
//! nothing.

use std::io::{self, Read as _};
use std::path::{Component, Path};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::store::error::{Result, StoreError};

/// A description of the data directory in the archive.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Template {
    /// The archive's hash, in hexadecimal.
    pub archive_sha256: String,
    /// PostgreSQL compares it before it touches a data directory.
    pub catalog_version: String,
    /// PostgreSQL's major version.
    pub postgres_version: String,
}

impl Template {
    /// Returns the template in this build.
    pub(super) fn of_this_build() -> Result<Self> {
        let json = pglite_oxide_assets::pgdata_template_manifest().ok_or_else(missing)?;
        serde_json::from_slice(json).map_err(|error| {
            StoreError::Embedded(format!(
                "this build's description of the data directory is invalid: {error}; install streamscope again"
            ))
        })
    }

    /// Visits every entry of the data directory with its path and, for a file, its bytes. A directory comes before its
    /// contents.
    pub(super) fn each_entry(visit: impl FnMut(&Path, Option<&[u8]>) -> Result<()>) -> Result<()> {
        each_entry(pglite_oxide_assets::pgdata_template_archive().ok_or_else(missing)?, visit)
    }
}

/// Returns the hash of the archive of PostgreSQL's own files. `pglite-oxide` uses it as the name of their directory.
pub(super) fn runtime_sha256() -> Result<&'static str> {
    #[derive(Deserialize)]
    struct Manifest<'a> {
        #[serde(borrow)]
        runtime: Runtime<'a>,
    }
    #[derive(Deserialize)]
    struct Runtime<'a> {
        sha256: &'a str,
    }
    // Cached, because the whole manifest takes several megabytes.
    static MANIFEST: OnceLock<Option<&str>> = OnceLock::new();
    let sha256 = MANIFEST.get_or_init(|| {
        serde_json::from_str::<Manifest>(pglite_oxide_assets::MANIFEST_JSON)
            .ok()
            .map(|manifest| manifest.runtime.sha256)
    });
    (*sha256).ok_or_else(missing)
}

/// Visits every entry of PostgreSQL's own files, like [`Template::each_entry`].
pub(super) fn each_runtime_entry(visit: impl FnMut(&Path, Option<&[u8]>) -> Result<()>) -> Result<()> {
    each_entry(pglite_oxide_assets::runtime_archive().ok_or_else(missing)?, visit)
}

fn missing() -> StoreError {
    StoreError::Embedded("this build does not contain PostgreSQL; install streamscope again".to_owned())
}

fn each_entry(archive: &[u8], mut visit: impl FnMut(&Path, Option<&[u8]>) -> Result<()>) -> Result<()> {
    let mut archive = tar::Archive::new(zstd::Decoder::with_buffer(archive).map_err(unreadable)?);
    let mut bytes = Vec::new();
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?.into_owned();
        if !path.components().all(|component| matches!(component, Component::Normal(_) | Component::CurDir)) {
            return Err(unreadable(io::Error::from(io::ErrorKind::InvalidData)));
        }
        if entry.header().entry_type().is_dir() {
            visit(&path, None)?;
        } else {
            bytes.clear();
            entry.read_to_end(&mut bytes).map_err(unreadable)?;
            visit(&path, Some(&bytes))?;
        }
    }
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "`map_err` passes it by value")]
fn unreadable(error: io::Error) -> StoreError {
    StoreError::Embedded(format!("PostgreSQL cannot be unpacked from this build: {error}; install streamscope again"))
}
