//! The archives that `pglite-oxide` carries: the data directory that a new store begins with, and PostgreSQL's own files.

use std::io::{self, Read as _};
use std::path::{Component, Path};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::store::{Result, StoreError};

/// What the data directory in the archive is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Of the archive, in hexadecimal.
    pub archive_sha256: String,
    /// What PostgreSQL compares before it touches a data directory.
    pub catalog_version: String,
    /// The major version.
    pub postgres_version: String,
}

impl Template {
    /// The one of this build.
    pub fn of_this_build() -> Result<Self> {
        let json = pglite_oxide_assets::pgdata_template_manifest().ok_or_else(missing)?;
        serde_json::from_slice(json).map_err(|error| {
            StoreError::Embedded(format!("the description of the embedded data directory is wrong: {error}"))
        })
    }

    /// Every entry of the data directory, a directory before what is in it: its path, and the bytes of a file.
    pub fn each_entry(visit: impl FnMut(&Path, Option<&[u8]>) -> Result<()>) -> Result<()> {
        each_entry(pglite_oxide_assets::pgdata_template_archive().ok_or_else(missing)?, visit)
    }
}

/// The hash of the archive of PostgreSQL's own files, by which `pglite-oxide` names their directory.
pub fn runtime_sha256() -> Result<&'static str> {
    #[derive(Deserialize)]
    struct Manifest<'a> {
        #[serde(borrow)]
        runtime: Runtime<'a>,
    }
    #[derive(Deserialize)]
    struct Runtime<'a> {
        sha256: &'a str,
    }
    // The rest is megabytes.
    static MANIFEST: OnceLock<Option<&str>> = OnceLock::new();
    let sha256 = MANIFEST.get_or_init(|| {
        serde_json::from_str::<Manifest>(pglite_oxide_assets::MANIFEST_JSON)
            .ok()
            .map(|manifest| manifest.runtime.sha256)
    });
    (*sha256).ok_or_else(missing)
}

/// Every entry of PostgreSQL's own files.
pub fn each_runtime_entry(visit: impl FnMut(&Path, Option<&[u8]>) -> Result<()>) -> Result<()> {
    each_entry(pglite_oxide_assets::runtime_archive().ok_or_else(missing)?, visit)
}

fn missing() -> StoreError {
    StoreError::Embedded("this build carries no PostgreSQL".to_owned())
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

#[allow(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn unreadable(error: io::Error) -> StoreError {
    StoreError::Embedded(format!("the embedded PostgreSQL cannot be unpacked: {error}"))
}
