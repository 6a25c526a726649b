//! Drafts on disk, which survive a crash. Each database has a file, and another one for every further screen that is
//! open on it. Only the owner can read the files.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::app::dialogs::compose::Draft;
use crate::bounded;
use crate::own_files::{self, Purpose};
use crate::utf8;

/// The most files per database. Further screens share the last one.
const SCREENS: usize = 16;
/// The limit in MiB for the file.
const LARGEST: u64 = 1_024;

/// The file with the drafts of a screen. Drafts are not saved if the user has no directory for it.
pub(crate) struct Drafts {
    path: Option<PathBuf>,
    /// Locked while the screen is open. The system releases the lock however the program ends.
    _lock: Option<File>,
}

impl Drafts {
    /// Opens drafts of a database that no other screen has open.
    #[must_use]
    pub(crate) fn new(target: &str) -> Self {
        let Some(directories) = directories::ProjectDirs::from("", "", "streamscope") else {
            return Self { path: None, _lock: None };
        };
        let root = directories.state_dir().unwrap_or_else(|| directories.data_local_dir()).join("drafts");
        Self::in_directory(&root, target)
    }

    pub(super) fn in_directory(root: &Path, target: &str) -> Self {
        let digest = Sha256::digest(target.as_bytes());
        let mut name = [0; 8];
        name.copy_from_slice(&digest[..8]);
        let name = u64::from_be_bytes(name);
        // A failure is reported when drafts are saved.
        let _ = own_files::make_directory(root);
        let mut path = root.join(format!("{name:016x}.json"));
        for screen in 1..=SCREENS {
            let lock = own_files::open(&path.with_extension("lock"), Purpose::ReadWrite);
            let is_taken = lock.as_ref().is_ok_and(|lock| matches!(own_files::lock(lock), Ok(false)));
            if !is_taken || screen == SCREENS {
                return Self { path: Some(path), _lock: lock.ok() };
            }
            path = root.join(format!("{name:016x}-{screen}.json"));
        }
        Self { path: Some(path), _lock: None }
    }

    /// Reads the drafts of an earlier run, and returns what the user should know. A file that is broken is moved aside,
    /// so that the next draft does not replace it.
    #[must_use]
    pub(crate) fn load(&self) -> (Vec<Draft>, Option<String>) {
        let Some(path) = &self.path else { return (Vec::new(), None) };
        let bytes = match own_files::open(path, Purpose::Read).and_then(|file| bounded::read(file, LARGEST)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return (Vec::new(), None),
            Err(error) => {
                return (Vec::new(), Some(format!("Cannot read the saved drafts: {error} ({})", path.display())));
            }
        };
        match serde_json::from_slice(utf8::without_mark(&bytes)) {
            Ok(drafts) => (drafts, None),
            Err(reason) => {
                let aside = path.with_extension("broken.json");
                let now = match std::fs::rename(path, &aside) {
                    Ok(()) => format!("They were moved to {}.", aside.display()),
                    Err(error) => format!("They cannot be moved aside either: {error} ({})", path.display()),
                };
                (Vec::new(), Some(format!("The saved drafts cannot be read: {reason}. {now}")))
            }
        }
    }

    /// Replaces the drafts. A new file is written and renamed, so that the file is always complete. Without drafts it
    /// is deleted.
    ///
    /// # Errors
    /// The reason, for the user. The file is then as it was.
    pub(crate) fn save(&self, drafts: &[Draft]) -> Result<(), String> {
        let Some(path) = &self.path else {
            return if drafts.is_empty() { Ok(()) } else { Err("you have no home directory".to_owned()) };
        };
        write(path, drafts).map_err(|error| format!("{error} ({})", path.display()))
    }
}

fn write(path: &Path, drafts: &[Draft]) -> io::Result<()> {
    if drafts.is_empty() {
        return match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    // The directory may have been deleted, and its error says more than that of the file.
    path.parent().map_or(Ok(()), own_files::make_directory)?;
    own_files::replace(path, &path.with_extension("new"), Purpose::ReadWrite, &serde_json::to_vec(drafts)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_on_one_database_keep_separate_drafts_and_a_later_one_finds_those_left_by_a_crash() {
        let root = std::env::temp_dir().join(format!("streamscope-drafts-{}", uuid::Uuid::now_v7()));
        let draft = |text: &str| Draft { data: text.to_owned(), ..Draft::default() };
        let data = |drafts: &Drafts| drafts.load().0.into_iter().map(|draft| draft.data).collect::<Vec<_>>();
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

    #[test]
    fn broken_drafts_are_moved_aside_and_drafts_that_cannot_be_saved_are_reported() {
        let root = tempfile::TempDir::new().expect("a directory");
        let drafts = Drafts::in_directory(root.path(), "here");
        let path = drafts.path.clone().expect("a path");
        std::fs::write(&path, "[{\"data\": \"precious").expect("written");
        let (found, problem) = drafts.load();
        let aside = path.with_extension("broken.json");
        assert!(found.is_empty() && problem.is_some_and(|said| said.contains(&aside.display().to_string())));
        drafts.save(&[Draft::default()]).expect("saved");
        assert!(std::fs::read_to_string(&aside).expect("there").contains("precious"));
        assert_eq!(drafts.load().0.len(), 1);
        std::fs::remove_dir_all(root.path()).expect("the test's own directory");
        drafts.save(&[Draft::default()]).expect("saved in a new directory");
        // A directory in place of the file cannot be replaced.
        std::fs::remove_file(&path).expect("gone");
        std::fs::create_dir(&path).expect("made");
        let error = drafts.save(&[Draft::default()]).expect_err("refused");
        assert!(error.contains(&path.display().to_string()), "{error}");
        let nowhere = Drafts { path: None, _lock: None };
        assert!(nowhere.save(&[]).is_ok() && nowhere.save(&[Draft::default()]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn never_follows_symbolic_links() {
        let root = tempfile::TempDir::new().expect("a directory");
        let precious = root.path().join("precious");
        std::fs::write(&precious, "precious").expect("written");
        let path = Drafts::in_directory(root.path(), "here").path.expect("a path");
        for extension in ["lock", "new", "json"] {
            let _ = std::fs::remove_file(path.with_extension(extension));
            std::os::unix::fs::symlink(&precious, path.with_extension(extension)).expect("linked");
        }
        let drafts = Drafts::in_directory(root.path(), "here");
        let (found, problem) = drafts.load();
        assert!(found.is_empty() && problem.is_some_and(|said| said.contains("symbolic link")));
        let error = drafts.save(&[Draft::default()]).expect_err("refused");
        assert!(error.contains("symbolic link"), "{error}");
        assert_eq!(std::fs::read_to_string(&precious).expect("there"), "precious");
    }
}
