//! The stamp of a store: which version and which template it is of. It explains a refusal; PostgreSQL's control file decides.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::own_files::{self, For};
use crate::store::Result;
use crate::store::embedded::assets::Template;
use crate::store::embedded::steps;

const NAME: &str = "streamscope.json";
const BESIDE: &str = "streamscope.json.new";
/// The crate that carries the template; a test compares it with the manifest.
const PGLITE_OXIDE: &str = "0.5.1";

/// What last opened a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    streamscope: String,
    pglite_oxide: String,
    postgres_version: String,
    pub catalog_version: String,
    template_sha256: String,
}

impl Stamp {
    /// Of this version.
    pub fn new(template: &Template) -> Self {
        Self {
            streamscope: env!("CARGO_PKG_VERSION").to_owned(),
            pglite_oxide: PGLITE_OXIDE.to_owned(),
            postgres_version: template.postgres_version.clone(),
            catalog_version: template.catalog_version.clone(),
            template_sha256: template.archive_sha256.clone(),
        }
    }

    /// The stamp of a store; the first version left none.
    pub fn read(root: &Path) -> Option<Self> {
        let file = own_files::open(&root.join(NAME), For::Reading).ok()?;
        serde_json::from_reader(file).ok()
    }

    /// Stamps a store.
    pub fn write(&self, root: &Path) -> Result<()> {
        let text = serde_json::json!(self).to_string();
        steps::replace(&root.join(NAME), &root.join(BESIDE), text.as_bytes())?;
        steps::sync_names(root)
    }

    /// Who made the store, in words.
    pub fn maker(&self) -> String {
        format!("streamscope {} with PostgreSQL {}", self.streamscope, self.postgres_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_names_the_crate_that_is_built_in() {
        let manifest = include_str!("../../../../Cargo.toml");
        for name in ["pglite-oxide", "pglite-oxide-assets"] {
            let line = format!("{name} = {{ version = \"={PGLITE_OXIDE}\"");
            assert!(manifest.contains(&line), "{line}");
        }
    }
}
