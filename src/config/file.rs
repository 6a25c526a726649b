//! Where the configuration file is, and how it is read. A file that others can change is refused, because it can name
//! commands.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Config;
use super::problems::{self, Problem};
use crate::numbers::count;
use crate::{own_files, utf8};

/// Why a configuration cannot be used.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The file cannot be read at all.
    File(String),
    /// The path, and every mistake in the file.
    Problems(PathBuf, Vec<Problem>),
}

impl fmt::Display for Unreadable {
    /// Reports the first mistake, and says how to see the others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => f.write_str(error),
            Self::Problems(path, problems) => {
                if let Some(first) = problems.first() {
                    write!(f, "{}: {first}", path.display())?;
                }
                match problems.len() {
                    0 | 1 => Ok(()),
                    more => {
                        let others = count(more as u64 - 1, "more problem");
                        write!(f, " ({others}; streamscope config --check lists all)")
                    }
                }
            }
        }
    }
}

impl Config {
    /// Returns the path of the file, which `STREAMSCOPE_CONFIG` overrides.
    #[must_use]
    pub(crate) fn path() -> Option<PathBuf> {
        if let Some(path) = Self::named() {
            return Some(path);
        }
        let directories = directories::ProjectDirs::from("", "", "streamscope")?;
        Some(directories.config_dir().join("config.toml"))
    }

    /// Returns the path in `STREAMSCOPE_CONFIG`. That file must exist.
    #[must_use]
    pub(crate) fn named() -> Option<PathBuf> {
        std::env::var_os("STREAMSCOPE_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    /// Reads the file, or returns the defaults if there is none.
    ///
    /// # Errors
    /// The file cannot be read or has a mistake, whose line and column are named.
    pub(crate) fn load() -> Result<Self, String> {
        let path = Self::path().unwrap_or_default();
        Self::read(&path, Self::named().is_some()).map_err(|error| error.to_string())
    }

    /// Reads a file. If it does not exist and need not, returns the defaults.
    ///
    /// # Errors
    /// The file cannot be read or has mistakes.
    pub(crate) fn read(path: &Path, must_exist: bool) -> Result<Self, Unreadable> {
        let bytes = match own_files::read_trusted(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => Vec::new(),
            Err(error) => return Err(Unreadable::File(format!("{}: {error}", path.display()))),
        };
        let text = utf8::into_text(bytes).map_err(|error| Unreadable::File(format!("{} {error}", path.display())))?;
        Self::parse(&text).map_err(|problems| Unreadable::Problems(path.to_owned(), problems))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// Returns every mistake.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        problems::read(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_a_byte_order_mark_and_rejects_utf_16() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "\u{feff}ascii = true\n").expect("written");
        assert!(Config::read(&path, true).expect("a configuration").ascii);
        let utf16 = "ascii = true\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        std::fs::write(&path, utf16).expect("written");
        let error = Config::read(&path, true).expect_err("not UTF-8").to_string();
        assert!(error.contains("config.toml is UTF-16LE, not UTF-8"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn rejects_a_file_that_everybody_can_write() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "ascii = true\n").expect("written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).expect("set");
        let error = Config::read(&path, false).expect_err("not to be trusted").to_string();
        assert!(error.contains("everyone can write"), "{error}");
    }

    #[test]
    fn the_first_of_several_mistakes_is_reported_with_the_number_of_the_others() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "colour = 1\nascii = 1\n").expect("written");
        let error = Config::read(&path, true).expect_err("two mistakes").to_string();
        assert!(error.contains("config.toml: line 1, column 1: unknown setting \"colour\""), "{error}");
        assert!(error.ends_with(" (1 more problem; streamscope config --check lists all)"), "{error}");
        std::fs::write(&path, "ascii = 1\n").expect("written");
        let error = Config::read(&path, true).expect_err("one mistake").to_string();
        assert!(!error.contains("more problem"), "{error}");
    }
}
