//! `completions` and `man`: made from the same definitions as the command line itself. They need no store.

use std::io::{self, Write as _};
use std::path::Path;

use clap::CommandFactory as _;

use super::arguments::{Arguments, Command};
use super::failure::{Failure, Result, Status};

const NAME: &str = "streamscope";

/// Prints what a command asks for; none where it asks for something else.
///
/// # Errors
/// From standard output or the directory.
#[must_use]
pub fn print(command: &Command) -> Option<Result<()>> {
    match command {
        Command::Completions { shell } => Some(completions(*shell)),
        Command::Man { directory: None } => Some(page()),
        Command::Man { directory: Some(directory) } => Some(pages(directory)),
        _ => None,
    }
}

fn completions(shell: clap_complete::Shell) -> Result<()> {
    // Into memory first: the generator panics where its reader goes away.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), NAME, &mut script);
    Ok(io::stdout().write_all(&script)?)
}

fn page() -> Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    Ok(io::stdout().write_all(&page)?)
}

fn pages(directory: &Path) -> Result<()> {
    let failed = |error: io::Error| {
        Failure::new(Status::Failed, format!("cannot write manual pages to {}: {error}", directory.display()))
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), directory).map_err(failed)
}
