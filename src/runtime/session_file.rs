//! The file with what survives a restart, in the user's state directory: one JSON object for all databases. It is
//! replaced as a whole by a rename, under a lock. A program writes only what it has changed, so several can use the
//! file at once.
//!
//! A file of a newer version is neither read nor written. A file that cannot be read as JSON is moved aside. Members
//! that this version does not know stay.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::merge::merge;
use crate::app::saved::Saved;
use crate::own_files::{self, Purpose};
use crate::utf8;

/// The version of the file. It increases when older programs would misunderstand the contents.
const VERSION: u64 = 1;
/// The most databases in the file. The one that was not used for the longest time makes room.
const DATABASES: usize = 100;
/// The largest file that is read and written, in bytes.
const LARGEST: usize = 8 << 20;
/// The largest entry of a database, in bytes.
const LARGEST_ENTRY: usize = 1 << 20;
/// The longest wait for the lock. Other programs hold it for milliseconds.
const LOCK_LIMIT: Duration = Duration::from_secs(2);

/// A session to continue, and the file to save it in.
#[derive(Default)]
pub(crate) struct Session {
    /// None if the session cannot be saved.
    pub file: Option<SessionFile>,
    /// What was loaded; the default if there is nothing.
    pub loaded: Saved,
    /// Why nothing was loaded although something was saved, for the user.
    pub problem: Option<String>,
}

/// The entry of a database in the file.
#[derive(Debug)]
pub(crate) struct SessionFile {
    directory: PathBuf,
    key: String,
}

/// The whole file.
#[derive(Debug, Default)]
struct Contents {
    /// Unknown members of the file, which are kept.
    rest: Map<String, Value>,
    databases: Map<String, Value>,
}

/// The reason why the file cannot be used.
#[derive(Debug)]
enum Unusable {
    /// It does not exist.
    Missing,
    /// It has a newer version.
    Newer,
    /// It is not the JSON that this program writes.
    Broken(String),
    /// The system or a check refuses it.
    Refused(io::Error),
}

impl Session {
    /// Loads the session of a database. With `fresh`, starts without it, but keeps what is saved.
    #[must_use]
    pub(crate) fn open(key: &str, fresh: bool) -> Self {
        let Some(directories) = directories::ProjectDirs::from("", "", "streamscope") else { return Self::default() };
        let directory = directories.state_dir().unwrap_or_else(|| directories.data_local_dir());
        Self::in_directory(directory, key, fresh)
    }

    fn in_directory(directory: &Path, key: &str, fresh: bool) -> Self {
        let file = SessionFile { directory: directory.to_owned(), key: key.to_owned() };
        let problem = match file.read() {
            Err(Unusable::Missing) => None,
            Ok(contents) => match contents.databases.get(key).map(Saved::deserialize) {
                None => None,
                Some(Ok(loaded)) => {
                    let loaded = if fresh { Saved::default() } else { loaded };
                    return Self { file: Some(file), loaded, problem: None };
                }
                // The sessions of other databases are in the file that is moved aside, too. It can be moved back.
                Some(Err(error)) => Some(file.set_aside(&error.to_string())),
            },
            Err(Unusable::Broken(reason)) => Some(file.set_aside(&reason)),
            Err(Unusable::Newer) => {
                let said = format!("{} was written by a newer streamscope. This session is not saved.", file.shown());
                return Self { problem: Some(said), ..Self::default() };
            }
            Err(Unusable::Refused(error)) => {
                let said = format!("Cannot use {}: {error}. This session is not saved.", file.shown());
                return Self { problem: Some(said), ..Self::default() };
            }
        };
        Self { file: Some(file), loaded: Saved::default(), problem }
    }
}

impl SessionFile {
    fn path(&self) -> PathBuf {
        self.directory.join("session.json")
    }

    fn shown(&self) -> String {
        self.path().display().to_string()
    }

    fn read(&self) -> Result<Contents, Unusable> {
        let mut bytes = Vec::new();
        let file = own_files::open(&self.path(), Purpose::Read).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Unusable::Missing,
            _ => Unusable::Refused(error),
        })?;
        file.take(LARGEST as u64 + 1).read_to_end(&mut bytes).map_err(Unusable::Refused)?;
        if bytes.len() > LARGEST {
            return Err(Unusable::Broken(format!("it is larger than {LARGEST} bytes")));
        }
        let broken = |error: serde_json::Error| Unusable::Broken(error.to_string());
        let mut rest: Map<String, Value> = serde_json::from_slice(utf8::without_mark(&bytes)).map_err(broken)?;
        match rest.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(version) if version > VERSION => return Err(Unusable::Newer),
            _ => return Err(Unusable::Broken("it has no version".to_owned())),
        }
        match rest.remove("databases") {
            Some(Value::Object(databases)) => Ok(Contents { rest, databases }),
            _ => Err(Unusable::Broken("it has no databases".to_owned())),
        }
    }

    /// Moves a broken file aside, in place of an older one, and returns what the user should know.
    fn set_aside(&self, reason: &str) -> String {
        let aside = self.directory.join("session.broken.json");
        let shown = self.shown();
        match self.lock().and_then(|_lock| std::fs::rename(self.path(), &aside)) {
            Ok(()) => {
                format!("The saved session cannot be read: {reason}. It was moved to {}.", aside.display())
            }
            Err(error) => {
                format!("The saved session in {shown} can be neither read ({reason}) nor moved aside: {error}")
            }
        }
    }

    /// Writes what differs between `base`, which was loaded or written before, and `ours`.
    ///
    /// # Errors
    /// The reason, for the user. The file is then as it was.
    pub(crate) fn save(&self, base: &Saved, ours: &Saved, now: Timestamp) -> Result<(), String> {
        self.write(base, ours, now).map_err(|error| format!("Cannot save the session: {error} ({})", self.shown()))
    }

    fn write(&self, base: &Saved, ours: &Saved, now: Timestamp) -> io::Result<()> {
        own_files::make_directory(&self.directory)?;
        let _lock = self.lock()?;
        let mut contents = match self.read() {
            Ok(contents) => contents,
            Err(Unusable::Missing) => Contents::default(),
            Err(Unusable::Broken(reason)) => return Err(io::Error::new(ErrorKind::InvalidData, reason)),
            Err(Unusable::Newer) => {
                return Err(io::Error::new(ErrorKind::InvalidData, "a newer streamscope has written it"));
            }
            Err(Unusable::Refused(error)) => return Err(error),
        };
        let mut entry = contents.databases.remove(&self.key).unwrap_or_default();
        merge(&serde_json::to_value(base)?, &serde_json::to_value(ours)?, &mut entry);
        if let Some(entry) = entry.as_object_mut() {
            entry.insert("used".to_owned(), Value::String(now.to_string()));
        }
        if entry.to_string().len() > LARGEST_ENTRY {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "the session is too large"));
        }
        // The entry that was used last is the last one.
        contents.databases.insert(self.key.clone(), entry);
        let mut bytes = contents.bytes()?;
        while contents.databases.len() > DATABASES || bytes.len() > LARGEST {
            let Some(oldest) = contents.databases.keys().next().cloned() else { break };
            contents.databases.shift_remove(&oldest);
            bytes = contents.bytes()?;
        }
        own_files::replace(&self.path(), &self.directory.join("session.new"), Purpose::ReadWrite, &bytes)
    }

    /// Waits for the lock, which the system releases however the program ends.
    fn lock(&self) -> io::Result<File> {
        let lock = own_files::open(&self.directory.join("session.lock"), Purpose::ReadWrite)?;
        let limit = Instant::now() + LOCK_LIMIT;
        loop {
            if own_files::lock(&lock)? {
                return Ok(lock);
            }
            if Instant::now() >= limit {
                return Err(io::Error::new(ErrorKind::WouldBlock, "another program holds its lock"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Contents {
    fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut whole = self.rest.clone();
        whole.insert("version".to_owned(), VERSION.into());
        whole.insert("databases".to_owned(), Value::Object(self.databases.clone()));
        Ok(serde_json::to_vec_pretty(&whole)?)
    }
}

#[cfg(test)]
mod tests;
