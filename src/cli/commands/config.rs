//! The command `config`: prints the commented defaults, checks a configuration file, and prints its JSON Schema or its
//! path. It opens no store and writes no file.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use serde_json::json;

use crate::cli::error::{CommandError, Result, Status};
use crate::cli::output::Output;
use crate::config::{self, Config, Problem, Unreadable};
use crate::numbers::count;
use crate::safe_text::safe;

const HELP: &str = "\
Examples:
  streamscope config > config.toml             # save the defaults, to edit them
  streamscope config --check                   # check the file in use
  streamscope config --check config.toml       # check another file
  streamscope config --schema > schema.json    # for editors with JSON Schema
  $EDITOR \"$(streamscope config --path)\"";

/// Print the configuration's defaults, or check a configuration file
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
#[group(multiple = false)]
pub(crate) struct ConfigArguments {
    /// Check FILE, or the file in use, and report every problem
    #[arg(long, value_name = "FILE", num_args = 0..=1, value_hint = ValueHint::FilePath)]
    #[expect(clippy::option_option, reason = "the file is optional too")]
    pub check: Option<Option<PathBuf>>,
    /// Print the JSON Schema of the file
    #[arg(long)]
    pub schema: bool,
    /// Print the path of the file, whether or not it exists
    #[arg(long)]
    pub path: bool,
}

/// Prints what the arguments ask for.
pub(super) fn run(arguments: &ConfigArguments, output: &mut Output) -> Result<()> {
    if let Some(file) = &arguments.check {
        return check(file.as_deref(), output);
    }
    if arguments.schema {
        let schema = serde_json::to_string_pretty(&config::schema::schema());
        return Ok(output.line(&schema.map_err(|error| CommandError::new(Status::Failed, error.to_string()))?)?);
    }
    if arguments.path {
        return Ok(output.line(&in_use()?.display().to_string())?);
    }
    Ok(output.line(config::defaults::defaults().trim_end())?)
}

/// Returns the path of the file in use, whether or not it exists.
fn in_use() -> Result<PathBuf> {
    Config::path().ok_or_else(|| {
        CommandError::new(Status::Failed, "this account has no home directory, so there is no configuration file")
            .remedy("Name a file in STREAMSCOPE_CONFIG")
    })
}

fn check(file: Option<&Path>, output: &mut Output) -> Result<()> {
    let path = match file {
        Some(file) => file.to_owned(),
        None => in_use()?,
    };
    let shown = path.display();
    match Config::read(&path, file.is_some() || Config::named().is_some()) {
        Ok(config) => {
            for note in config.notes() {
                output.note(&format!("note: {note}"));
            }
            if output.is_json() {
                return Ok(());
            }
            let result = if path.exists() { "no problems" } else { "this file does not exist, so the defaults apply" };
            Ok(output.line(&format!("{shown}: {result}"))?)
        }
        Err(Unreadable::File(error)) => Err(CommandError::usage(error)),
        Err(Unreadable::Problems(_, problems)) => {
            for Problem { line, column, what } in &problems {
                let json =
                    || json!({"path": shown.to_string(), "line": line, "column": column, "problem": what}).to_string();
                let text = || safe(&format!("{shown}:{line}:{column}: {what}")).to_string();
                output.line(&if output.is_json() { json() } else { text() })?;
            }
            Err(CommandError::usage(format!("{shown} has {}", count(problems.len() as u64, "problem"))))
        }
    }
}
