//! The command `man`: generates manual pages from the definitions of the command line. It never opens a store.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::error::{CommandError, Result, Status};
use crate::cli::output::Output;
use crate::own_files::{self, Purpose};

const HELP: &str = "\
Examples:
  streamscope man | man -l -
  streamscope man ~/.local/share/man/man1";

/// Titles in the text after the options in --help.
const TITLES: [&str; 3] = ["Choosing a database:", "Exit status:", "Examples:"];

/// Print the manual page, or write one page per command to a directory
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct ManArguments {
    /// Directory to write to: streamscope.1, streamscope-tail.1, …
    #[arg(value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
}

/// Prints or writes the pages of a command line.
pub(super) fn run(arguments: &ManArguments, command_line: clap::Command, output: &mut Output) -> Result<()> {
    let command = built(command_line);
    let Some(directory) = &arguments.directory else { return Ok(render(command, output.buffer())?) };
    let failed = |error: io::Error| {
        let what = format!("cannot write the manual pages to {}: {error}", directory.display());
        CommandError::new(Status::Failed, what)
    };
    std::fs::create_dir_all(directory).and_then(|()| write_pages(command, directory)).map_err(failed)
}

/// Builds the whole command line without the `help` command, since every command has `--help`.
fn built(command_line: clap::Command) -> clap::Command {
    fn without_help(command: clap::Command) -> clap::Command {
        command.disable_help_subcommand(true).mut_subcommands(without_help)
    }
    let mut command = without_help(command_line);
    command.build();
    command
}

fn write_pages(command: clap::Command, directory: &Path) -> io::Result<()> {
    for command in command.get_subcommands() {
        write_pages(command.clone(), directory)?;
    }
    let name = format!("{}.1", command.get_display_name().unwrap_or_else(|| command.get_name()));
    let mut page = Vec::new();
    render(command, &mut page)?;
    let mut file = own_files::open(&own_files::resolve_links(&directory.join(name))?, Purpose::ReadWriteShared)?;
    file.set_len(0)?;
    file.write_all(&page)
}

/// Renders a page with the generator, except for the text after the options.
fn render(command: clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let commands = command.has_subcommands();
    let man = Man::new(command);
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if commands {
        man.render_subcommands_section(page)?;
    }
    after_help(&after).to_writer(page)
}

/// Renders the text after the options: titles as headings, paragraphs filled, indented lines and columns unchanged.
fn after_help(text: &str) -> Roff {
    let mut roff = Roff::default();
    if !TITLES.iter().any(|title| text.starts_with(title)) {
        roff.control("SH", ["NOTES"]);
    }
    for line in text.lines() {
        if TITLES.contains(&line) {
            roff.control("SH", [line.trim_end_matches(':').to_uppercase().as_str()]);
        } else if line.is_empty() {
            roff.control("PP", []);
        } else if line.contains("  ") {
            roff.control("nf", []).text([roman(line)]).control("fi", []);
        } else {
            roff.text([roman(line)]);
        }
    }
    roff
}
