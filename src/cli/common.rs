//! The options of every command. This module never opens a database.

use std::path::PathBuf;

use clap::Args;

use super::output::Format;

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
}
