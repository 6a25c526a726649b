//! The draft on disk, one a server and database: a crash does not reach it. Only its owner can read it.

use std::io::Write as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::app::compose::Draft;

/// Where the draft of a database is kept; nowhere if there is no such directory.
pub struct Drafts {
    path: Option<PathBuf>,
}

impl Drafts {
    /// The draft of a server and database.
    #[must_use]
    pub fn new(target: &str) -> Self {
        let path = directories::ProjectDirs::from("", "", "streamscope").map(|directories| {
            let root = directories.state_dir().unwrap_or_else(|| directories.data_local_dir()).to_owned();
            let digest = Sha256::digest(target.as_bytes());
            let mut name = [0; 8];
            name.copy_from_slice(&digest[..8]);
            root.join("drafts").join(format!("{:016x}.json", u64::from_be_bytes(name)))
        });
        Self { path }
    }

    /// The draft of an earlier run.
    #[must_use]
    pub fn load(&self) -> Option<Draft> {
        let text = std::fs::read_to_string(self.path.as_ref()?).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Keeps the draft: written beside and renamed, so that there is always a whole one.
    ///
    /// # Errors
    /// From the file system.
    pub fn save(&self, draft: &Draft) -> std::io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let beside = path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&beside)?.write_all(serde_json::to_string(draft)?.as_bytes())?;
        std::fs::rename(beside, path)
    }

    /// There is no draft any more.
    pub fn discard(&self) {
        if let Some(path) = &self.path {
            // It may never have been written.
            let _ = std::fs::remove_file(path);
        }
    }
}
