//! The command line as a whole, as clap parses it. This module looks nothing up and opens nothing.
//!
//! clap does not read the connection variables (`STREAMSCOPE_URL`, `PG*`), because `--demo` takes precedence over them
//! and clap would show their values.

use clap::{Args as _, Parser, Subcommand as _};

use super::commands::Command;
use super::common::Common;
use super::error::{CommandError, Result};
use super::output::Format;
use crate::store::connect::is_url;

const AFTER_HELP: &str = "\
Choosing a database:
Pass --url, or set STREAMSCOPE_URL, DATABASE_URL or the variables that psql reads (PGHOST, PGSERVICE, …). The first of \
these that is set wins. Otherwise streamscope opens an embedded store in your data directory.

Other users of this machine can see your command line, so keep passwords in ~/.pgpass, PGPASSWORD or one of the URL \
variables. For passwords that expire, set STREAMSCOPE_PASSWORD_COMMAND, which runs before each new connection.

Exit status:
  0  success
  1  other error
  2  usage error
  3  version conflict
  4  not found
  5  database unavailable
  6  unknown whether the message was written
  7  read-only
  8  doctor: a check failed; consumers: one is beyond a limit, ahead or unknown
  9  doctor: only warnings

Examples:
  streamscope --demo            # explore sample data
  streamscope ns create shop    # create a namespace
  streamscope -n shop write account-1 Opened --data '{\"owner\": \"Ada\"}'
  streamscope -n shop get account-1
  streamscope -n shop get account --limit -1 | jq -r .type | sort | uniq -c";

/// The whole command line.
#[derive(Debug, Clone, Parser)]
#[command(name = "streamscope", version, about = "Browse, follow and write messages in Postgres message stores")]
#[command(after_help = AFTER_HELP, subcommand_value_name = "COMMAND")]
pub(crate) struct Arguments {
    /// Where to open the screen: STREAM@POSITION, STREAM, CATEGORY, NS/, or NS/ followed by one of the first three. A
    /// bare name is a category or stream of the current namespace (-n) if it exists there, otherwise a namespace. A URL
    /// is the same as --url
    #[arg(value_name = "LOCATION")]
    pub locator: Option<String>,
    /// Open the screen without the saved session: place, filters, bookmarks and columns. Your changes are saved, and
    /// everything else is kept for the next start
    #[arg(long)]
    pub fresh: bool,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// The command; without one, the screen opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Arguments {
    /// Describes the command line without the locator, which could be mistaken for a command.
    #[must_use]
    pub(crate) fn without_locator() -> clap::Command {
        let command = clap::Command::new("streamscope").version(env!("CARGO_PKG_VERSION"));
        Command::augment_subcommands(Common::augment_args(command))
    }

    /// Takes a URL before the command for `--url`, as psql does.
    #[must_use]
    pub(crate) fn with_leading_url(mut self) -> Self {
        if self.common.url.is_none() {
            self.common.url = self.locator.take_if(|locator| is_url(locator));
        }
        self
    }

    /// Rejects arguments that exclude each other. clap does not notice a conflict between an option before the command
    /// and one after it.
    pub(crate) fn check(&self) -> Result<()> {
        if self.locator.as_deref().is_some_and(is_url) {
            return Err(CommandError::usage("two URLs choose different databases; use only one of them"));
        }
        if let (Some(locator), Some(_)) = (&self.locator, &self.command) {
            return Err(CommandError::usage(format!("unexpected {locator} before the command"))
                .remedy("To choose a namespace, use -n. Arguments follow the command: streamscope get NAME"));
        }
        if self.fresh && self.command.is_some() {
            return Err(CommandError::usage("--fresh is for the screen; commands do not use the saved session"));
        }
        let common = &self.common;
        if common.url.as_deref() == Some("") {
            return Err(CommandError::usage("--url is empty")
                .remedy("Is a shell variable empty? Omit --url to use the environment or your embedded store"));
        }
        if matches!(self.command, Some(Command::Export(_))) && common.format == Some(Format::Text) {
            return Err(CommandError::usage("export has no text format; it writes JSON lines")
                .remedy("To print text, use get, or tail --from start --until now"));
        }
        let for_trace = common.format.filter(|format| !matches!(format, Format::Text | Format::Json));
        if for_trace.is_some() && !matches!(self.command, Some(Command::Trace(_))) {
            return Err(CommandError::usage("only trace has the formats ndjson, dot and mermaid")
                .remedy("Use --format text or --format json"));
        }
        let given =
            [("--url", common.url.is_some()), ("--embedded", common.embedded.is_some()), ("--demo", common.demo)];
        let given: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
        match given.as_slice() {
            [first, second, ..] => Err(CommandError::usage(format!(
                "{first} and {second} choose different databases; use only one of them"
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;

    /// The width that every terminal has. Indented lines stay as they are, and clap wraps the others.
    const WIDTH: usize = 80;

    fn check(command: &clap::Command) {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let mut after_prose = false;
        for line in text.lines() {
            let prose = !line.starts_with(' ') && !line.is_empty();
            let title = line.ends_with(':');
            assert!(prose || line.chars().count() <= WIDTH, "{}: \"{line}\" is too long", command.get_name());
            assert!(!(prose && after_prose), "{}: \"{line}\" belongs to the line above", command.get_name());
            after_prose = prose && !title;
        }
        command.get_subcommands().for_each(check);
    }

    #[test]
    fn help_fits_a_narrow_terminal_and_leaves_the_wrapping_of_prose_to_it() {
        check(&Arguments::command());
    }
}
