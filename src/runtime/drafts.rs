//! The drafts on disk, a file a server and database, and one more for every further screen on the same: a crash does not reach
//! them. Only their owner can read them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::app::compose::Draft;

/// Screens on one database whose drafts are kept; a further one shares the last file.
const SCREENS: usize = 16;

/// Where the drafts of a screen are kept; nowhere if there is no such directory.
pub struct Drafts {
    path: Option<PathBuf>,
    /// Held as long as the screen is open; the system lets go of it, however the program ends.
    _lock: Option<File>,
}

impl Drafts {
    /// The drafts of a server and database that no other screen has open.
    #[must_use]
    pub fn new(target: &str) -> Self {
        let Some(directories) = directories::ProjectDirs::from("", "", "streamscope") else {
            return Self { path: None, _lock: None };
        };
        let root = directories.state_dir().unwrap_or_else(|| directories.data_local_dir()).join("drafts");
        Self::in_directory(&root, target)
    }

    fn in_directory(root: &Path, target: &str) -> Self {
        let digest = Sha256::digest(target.as_bytes());
        let mut name = [0; 8];
        name.copy_from_slice(&digest[..8]);
        let name = u64::from_be_bytes(name);
        // Where there can be no directory, saving says so.
        let _ = std::fs::create_dir_all(root);
        let mut path = root.join(format!("{name:016x}.json"));
        for screen in 1..=SCREENS {
            let lock = owners_file(&path.with_extension("lock"));
            match lock.as_ref().map(File::try_lock) {
                Ok(Err(TryLockError::WouldBlock)) if screen < SCREENS => {
                    path = root.join(format!("{name:016x}-{screen}.json"));
                }
                _ => return Self { path: Some(path), _lock: lock.ok() },
            }
        }
        Self { path: Some(path), _lock: None }
    }

    /// The drafts of an earlier run.
    #[must_use]
    pub fn load(&self) -> Vec<Draft> {
        let text = self.path.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Keeps these drafts and no others: written beside and renamed, so that the file is always whole. No drafts, no file.
    ///
    /// # Errors
    /// From the file system.
    pub fn save(&self, drafts: &[Draft]) -> std::io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if drafts.is_empty() {
            // It may never have been written.
            let _ = std::fs::remove_file(path);
            return Ok(());
        }
        let beside = path.with_extension("new");
        owners_file(&beside)?.write_all(serde_json::to_string(drafts)?.as_bytes())?;
        std::fs::rename(beside, path)
    }
}

/// An empty file that only its owner can read.
fn owners_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_screens_on_one_database_have_their_own_drafts_and_a_later_one_finds_what_a_crash_left() {
        let root = std::env::temp_dir().join(format!("streamscope-drafts-{}", uuid::Uuid::now_v7()));
        let draft = |text: &str| Draft { data: text.to_owned(), ..Draft::default() };
        let data = |drafts: &Drafts| drafts.load().into_iter().map(|draft| draft.data).collect::<Vec<_>>();
        let first = Drafts::in_directory(&root, "here");
        let second = Drafts::in_directory(&root, "here");
        first.save(&[draft("1"), draft("another")]).expect("saved");
        second.save(&[draft("2")]).expect("saved");
        assert_eq!((data(&first), data(&second)), (vec!["1".to_owned(), "another".to_owned()], vec!["2".to_owned()]));
        second.save(&[]).expect("gone");
        assert_eq!(data(&first), ["1", "another"]);
        drop(first);
        let later = Drafts::in_directory(&root, "here");
        assert_eq!(data(&later), ["1", "another"]);
        assert!(data(&Drafts::in_directory(&root, "elsewhere")).is_empty());
        std::fs::remove_dir_all(&root).expect("the test's own directory");
    }
}
