//! A snapshot of the environment that connection settings depend on: variables, the home directory and the account's
//! name. Tests build their own; nothing reads the real environment later.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use super::parameters::{Parameters, invalid, variables};
use crate::store::error::Result;

/// The environment in which [`Settings`](super::Settings) are resolved.
#[derive(Clone, Default)]
pub struct Environment {
    variables: HashMap<String, String>,
    /// `PGPASSWORD` if it is not UTF-8.
    password: Option<Vec<u8>>,
    /// The other variables of libpq whose values are not UTF-8.
    unreadable: Vec<String>,
    home: Option<PathBuf>,
    user: Option<String>,
}

/// The variable with the password command.
pub(super) const PASSWORD_COMMAND: &str = "STREAMSCOPE_PASSWORD_COMMAND";
/// The variables that do not set a parameter.
const OTHERS: [&str; 3] = [PASSWORD_COMMAND, "PGSERVICEFILE", "PGSYSCONFDIR"];

fn is_known(name: &str) -> bool {
    OTHERS.contains(&name) || variables().any(|(_, variable)| variable == name)
}

impl Environment {
    /// Captures the environment of this process: its variables, the home directory (`$HOME` or the account's) and the
    /// account's name.
    #[must_use]
    pub fn of_process() -> Self {
        let mut variables = HashMap::new();
        let (mut password, mut unreadable) = (None, Vec::new());
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(variables.insert(name, value)),
                Err(value) if name == "PGPASSWORD" => password = Some(value.into_encoded_bytes()),
                Err(_) if is_known(&name) => unreadable.push(name),
                Err(_) => {}
            }
        }
        let home = directories::BaseDirs::new().map(|directories| directories.home_dir().to_owned());
        Self { variables, password, unreadable, home, user: whoami::username().ok() }
    }

    /// Builds an environment from its parts. `user` is the name of the account.
    #[must_use]
    pub fn new(variables: HashMap<String, String>, home: Option<PathBuf>, user: Option<String>) -> Self {
        Self { variables, password: None, unreadable: Vec::new(), home, user }
    }

    /// Returns an environment with the same account but different variables and a different home directory.
    #[must_use]
    pub fn with(&self, variables: HashMap<String, String>, home: Option<PathBuf>) -> Self {
        Self { user: self.user.clone(), ..Self::new(variables, home, None) }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Warns about variables that cannot be used.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        self.unreadable.iter().map(|name| format!("{name} is not valid UTF-8 and was ignored"))
    }

    pub(super) fn in_home(&self, path: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }

    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Whether any of libpq's connection variables is set and not empty.
    pub(super) fn names_a_server(&self) -> bool {
        let is_set = |variable| self.variable(variable).is_some_and(|value| !value.is_empty());
        self.password.is_some() || !self.unreadable.is_empty() || variables().any(|(_, variable)| is_set(variable))
    }

    /// Sets the parameters that no stronger source has set.
    ///
    /// # Errors
    /// Names a variable that is not UTF-8, unless it only labels the connection.
    pub(super) fn fill(&self, parameters: &mut Parameters) -> Result<()> {
        let is_unreadable = |variable| self.unreadable.iter().any(|name| name == variable);
        let refused = |variable| Err(invalid(format!("{variable} is not valid UTF-8")));
        for (keyword, variable) in variables() {
            if let Some(value) = self.variable(variable) {
                parameters.set_default(keyword, value);
            } else if keyword != "application_name" && parameters.given(keyword).is_none() && is_unreadable(variable) {
                return refused(variable);
            }
        }
        if is_unreadable(PASSWORD_COMMAND) {
            return refused(PASSWORD_COMMAND);
        }
        if let Some(password) = &self.password {
            parameters.set_default("password", password.as_slice());
        }
        // The old name of PGSSLMODE, which libpq still uses if PGSSLMODE is not set.
        if self.variable("PGREQUIRESSL").is_some_and(|value| value.starts_with('1')) {
            parameters.set_default("sslmode", "require");
        }
        Ok(())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Variables can contain passwords.
        f.debug_struct("Environment").field("home", &self.home).field("user", &self.user).finish_non_exhaustive()
    }
}
