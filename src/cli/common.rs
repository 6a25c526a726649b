//! The options of every command. This module never opens a database.

use std::path::PathBuf;

use clap::Args;

use super::output::Format;
use crate::store::connect::without_passwords;

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Common {
    /// Connect to this database: postgres://user@host:port/database?sslmode=…, or any form that psql takes
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// Use an embedded store, kept in this directory
    #[arg(long, global = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub embedded: Option<PathBuf>,
    /// Use a temporary embedded store with sample data, deleted on exit
    #[arg(long, global = true)]
    pub demo: bool,
    /// Use this namespace; optional if the database has only one
    #[arg(short, long, global = true, value_name = "NS", env = "STREAMSCOPE_NAMESPACE", hide_env_values = true)]
    pub namespace: Option<String>,
    /// Refuse every write, in the program and on the server
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Print text (default on a terminal) or json, one object per line (default elsewhere)
    #[arg(long, global = true, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,
    /// Append a log to this file.
    #[arg(
        help = "Append a log to this file; STREAMSCOPE_LOG_LEVEL sets its level (info if unset)",
        long,
        global = true,
        value_name = "FILE",
        env = "STREAMSCOPE_LOG",
        hide_env_values = true
    )]
    pub log: Option<PathBuf>,
}

impl Common {
    /// Returns the chosen namespace. An empty variable chooses none.
    #[must_use]
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }

    /// Returns the options that choose the database on another command line, without passwords; none if it was not
    /// chosen with options.
    #[must_use]
    pub(crate) fn database_options(&self) -> Vec<String> {
        let chosen = match (&self.embedded, &self.url) {
            _ if self.demo => return vec!["--demo".to_owned()],
            (Some(directory), _) => {
                let directory = std::path::absolute(directory).ok();
                Some("--embedded").zip(directory.and_then(|directory| directory.into_os_string().into_string().ok()))
            }
            (None, url) => Some("--url").zip(url.as_deref().and_then(without_passwords)),
        };
        chosen.map_or_else(Vec::new, |(option, value)| vec![option.to_owned(), value])
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        common: Common,
    }

    #[test]
    fn a_suggested_command_leads_to_the_database_that_was_chosen_with_options() {
        for (arguments, expected) in [
            (&[][..], &[][..]),
            (&["--demo"], &["--demo"]),
            (&["--url", "postgres://ada:s3cret@db/shop"], &["--url", "postgres://ada@db/shop"]),
            (&["--url", "service='shop'"], &["--url", "service='shop'"]),
            (&["--embedded", "/tmp/store"], &["--embedded", "/tmp/store"]),
        ] {
            let arguments = Arguments::parse_from(["streamscope"].iter().chain(arguments));
            assert_eq!(arguments.common.database_options(), expected);
        }
    }
}
