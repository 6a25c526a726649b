//! The stamp of a store records the version and template that it was last opened with. It only explains a refusal;
//! PostgreSQL's control file decides.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::own_files::{self, Purpose};
use crate::store::embedded::assets::Template;
use crate::store::embedded::steps;
use crate::store::error::Result;

const NAME: &str = "streamscope.json";
const BESIDE: &str = "streamscope.json.new";
/// Version of the crate that contains the template. A test compares it with `Cargo.toml`.
const PGLITE_OXIDE: &str = "0.5.1";

/// The versions that last opened a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    streamscope: String,
    pglite_oxide: String,
    postgres_version: String,
    pub catalog_version: String,
    template_sha256: String,
}

impl Stamp {
    /// Returns the stamp of this version.
    pub(super) fn new(template: &Template) -> Self {
        Self {
            streamscope: env!("CARGO_PKG_VERSION").to_owned(),
            pglite_oxide: PGLITE_OXIDE.to_owned(),
            postgres_version: template.postgres_version.clone(),
            catalog_version: template.catalog_version.clone(),
            template_sha256: template.archive_sha256.clone(),
        }
    }

    /// Reads the stamp of a store. The first version wrote none.
    pub(super) fn read(root: &Path) -> Option<Self> {
        let file = own_files::open(&root.join(NAME), Purpose::Read).ok()?;
        serde_json::from_reader(file).ok()
    }

    pub(super) fn write(&self, root: &Path) -> Result<()> {
        let text = serde_json::json!(self).to_string();
        steps::replace(&root.join(NAME), &root.join(BESIDE), text.as_bytes())?;
        steps::sync_names(root)
    }

    /// Describes the versions, for an error message.
    pub(super) fn maker(&self) -> String {
        format!("streamscope {} with PostgreSQL {}", self.streamscope, self.postgres_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_names_the_version_in_the_manifest() {
        let manifest = include_str!("../../../../Cargo.toml");
        for name in ["pglite-oxide", "pglite-oxide-assets"] {
            let line = format!("{name} = {{ version = \"={PGLITE_OXIDE}\"");
            assert!(manifest.contains(&line), "{line}");
        }
    }
}
