//! `completions` and `man`: made from the same definitions as the command line itself. They need no store.

use std::io::{self, Write as _};
use std::path::Path;

use clap::builder::PossibleValue;
use clap::{Arg, CommandFactory as _, ValueHint};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::arguments::{self, Arguments, Command};
use super::failure::{Failure, Result, Status};
use super::output::Output;
use crate::own_files::{self, For};

const NAME: &str = "streamscope";
/// What parts of the text behind --help begin with.
const TITLES: [&str; 3] = ["Which database:", "Exit status:", "Examples:"];

/// Prints what a command asks for; none where it asks for something else.
///
/// # Errors
/// From standard output or the directory.
#[must_use]
pub fn print(command: &Command, output: &mut Output) -> Option<Result<()>> {
    match command {
        Command::Completions { shell } => Some(completions(*shell, output)),
        Command::Man { directory: None } => Some(page(output)),
        Command::Man { directory: Some(directory) } => Some(pages(directory)),
        _ => None,
    }
}

fn completions(shell: Shell, output: &mut Output) -> Result<()> {
    // Without the place: shells would wait for it in front of each command.
    let mut command = no_files(arguments::commands());
    // Into memory first: the generator panics where its reader goes away.
    let script = output.buffer();
    clap_complete::generate(shell, &mut command, NAME, script);
    if shell == Shell::Fish {
        rest_for_fish(&command, script)?;
    }
    Ok(())
}

/// Only what is a path is completed with files.
fn no_files(command: clap::Command) -> clap::Command {
    let hint = |arg: Arg| match arg.get_value_hint() {
        ValueHint::Unknown if arg.get_action().takes_values() => arg.value_hint(ValueHint::Other),
        _ => arg,
    };
    command.mut_args(hint).mut_subcommands(no_files)
}

/// The generator for fish knows only options behind a command, and fish offers files for the rest.
fn rest_for_fish(command: &clap::Command, script: &mut Vec<u8>) -> io::Result<()> {
    let names = |arg: &Arg| {
        let values = arg.get_possible_values();
        values.iter().map(PossibleValue::get_name).collect::<Vec<_>>().join(" ")
    };
    writeln!(script, "complete -c {NAME} -f")?;
    for arg in command.get_opts() {
        let values = names(arg);
        if let Some(long) = arg.get_long().filter(|_| !values.is_empty()) {
            writeln!(script, "complete -c {NAME} -l {long} -x -a '{values}'")?;
        }
    }
    for command in command.get_subcommands() {
        let when = format!("complete -c {NAME} -n \"__fish_{NAME}_using_subcommand {}\"", command.get_name());
        for arg in command.get_positionals() {
            let values = names(arg);
            if arg.get_value_hint() != ValueHint::Other {
                writeln!(script, "{when} -F")?;
            } else if !values.is_empty() {
                writeln!(script, "{when} -a '{values}'")?;
            }
        }
    }
    Ok(())
}

fn page(output: &mut Output) -> Result<()> {
    Ok(render(built(), output.buffer())?)
}

fn pages(directory: &Path) -> Result<()> {
    let failed = |error: io::Error| {
        Failure::new(Status::Failed, format!("cannot write manual pages to {}: {error}", directory.display()))
    };
    std::fs::create_dir_all(directory).and_then(|()| write_pages(built(), directory)).map_err(failed)
}

/// The whole command line. The command help has no page: every command has its --help.
fn built() -> clap::Command {
    fn without_help(command: clap::Command) -> clap::Command {
        command.disable_help_subcommand(true).mut_subcommands(without_help)
    }
    let mut command = without_help(Arguments::command());
    command.build();
    command
}

fn write_pages(command: clap::Command, directory: &Path) -> io::Result<()> {
    for command in command.get_subcommands() {
        write_pages(command.clone(), directory)?;
    }
    let name = format!("{}.1", command.get_display_name().unwrap_or(NAME));
    let mut page = Vec::new();
    render(command, &mut page)?;
    let mut file = own_files::open(&own_files::followed(&directory.join(name))?, For::Sharing)?;
    file.set_len(0)?;
    file.write_all(&page)
}

/// A page as the generator makes it, but for what stands behind --help.
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

/// What stands behind --help: its titles as headings, its text filled, and what is indented or in columns as it is.
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
