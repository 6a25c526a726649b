//! The options with which this run chose its database and its namespace. Commands that it suggests need them too, or
//! they would act on another database.

use std::sync::{PoisonError, RwLock};

use crate::pasteable::command_line;

/// The chosen database and namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// The options that choose the database; none if it was not chosen with options.
    pub database: Vec<String>,
    /// The namespace of `-n`.
    pub namespace: Option<String>,
}

static CHOSEN: RwLock<Chosen> = RwLock::new(Chosen { database: Vec::new(), namespace: None });

/// Sets the options of the commands that this process suggests from now on.
#[cfg(feature = "cli")]
pub(crate) fn choose(chosen: Chosen) {
    *CHOSEN.write().unwrap_or_else(PoisonError::into_inner) = chosen;
}

/// Returns a command of streamscope as a line to paste. `name` is its argument, which may be any text.
#[must_use]
pub(crate) fn suggested(command: &[&str], name: Option<&str>, options: &[&str]) -> String {
    let chosen = CHOSEN.read().unwrap_or_else(PoisonError::into_inner);
    // The commands on namespaces name theirs.
    let namespace = chosen.namespace.as_deref().filter(|_| command.first() != Some(&"ns"));
    command_line(&chosen.database, namespace, command, name, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_command_acts_on_the_chosen_database() {
        assert_eq!(
            suggested(&["ns", "delete"], Some("-x y"), &["--confirm=z"]),
            "streamscope ns delete '--confirm=z' -- '-x y'"
        );
        let database = vec!["--embedded".to_owned(), "/a b".to_owned()];
        choose(Chosen { database, namespace: Some("shop".to_owned()) });
        assert_eq!(suggested(&["get"], Some("account-1"), &[]), "streamscope --embedded '/a b' -n shop get account-1");
        assert_eq!(suggested(&["ns", "list"], None, &[]), "streamscope --embedded '/a b' ns list");
    }
}
