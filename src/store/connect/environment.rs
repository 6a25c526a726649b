//! What the process gives to a connection: `PG*` variables, the home directory, the user's name. A snapshot, so that tests
//! need no real environment; nothing here reads the environment a second time.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use super::parameters::{Parameters, variables};

/// The environment that settings are resolved in.
#[derive(Clone, Default)]
pub struct Environment {
    variables: HashMap<String, String>,
    home: Option<PathBuf>,
    user: Option<String>,
}

impl Environment {
    /// Of this process: its variables (those that are UTF-8), `$HOME` or the account's home, the account's name.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let home = directories::BaseDirs::new().map(|directories| directories.home_dir().to_owned());
        Self { variables, home, user: whoami::username().ok() }
    }

    /// One made of parts.
    #[must_use]
    pub fn new(variables: HashMap<String, String>, home: Option<PathBuf>, user: Option<String>) -> Self {
        Self { variables, home, user }
    }

    /// The same account with other variables and another home.
    #[must_use]
    pub fn with(&self, variables: HashMap<String, String>, home: Option<PathBuf>) -> Self {
        Self { variables, home, user: self.user.clone() }
    }

    /// A variable, where it is set (be it empty).
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// A file of the home directory.
    pub(super) fn in_home(&self, path: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }

    /// The account's name.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Whether any variable that libpq connects by is set and not empty.
    pub(super) fn names_a_server(&self) -> bool {
        variables().any(|(_, variable)| self.variable(variable).is_some_and(|value| !value.is_empty()))
    }

    /// Fills what no stronger source has set.
    pub(super) fn fill(&self, parameters: &mut Parameters) {
        for (keyword, variable) in variables() {
            if let Some(value) = self.variable(variable) {
                parameters.set_default(keyword, value);
            }
        }
        // What PGSSLMODE was called once; libpq still heeds it where that says nothing.
        if self.variable("PGREQUIRESSL").is_some_and(|value| value.starts_with('1')) {
            parameters.set_default("sslmode", "require");
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values can be passwords.
        f.debug_struct("Environment").field("home", &self.home).field("user", &self.user).finish_non_exhaustive()
    }
}
