//! `completions` and `man`: generates both from the definitions of the command line. They never open a store.

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
use crate::own_files::{self, Purpose};

const NAME: &str = "streamscope";
/// Titles in the text after the options in --help.
const TITLES: [&str; 3] = ["Choosing a database:", "Exit status:", "Examples:"];

/// Runs `completions` or `man`. Returns `None` for other commands.
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
    // Without the locator, because shells would expect it before each command.
    let mut command = no_files(arguments::commands());
    // Generated in memory first, because the generator panics if its writer fails.
    let script = output.buffer();
    clap_complete::generate(shell, &mut command, NAME, script);
    if shell == Shell::Fish {
        rest_for_fish(&command, script)?;
    }
    Ok(())
}

/// Turns off completion with file names for all arguments that are not paths.
fn no_files(command: clap::Command) -> clap::Command {
    let hint = |arg: Arg| match arg.get_value_hint() {
        ValueHint::Unknown if arg.get_action().takes_values() => arg.value_hint(ValueHint::Other),
        _ => arg,
    };
    command.mut_args(hint).mut_subcommands(no_files)
}

/// Adds what the generator for fish omits: the values of global options and of positional arguments, for which fish
/// would offer file names.
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
        Failure::new(Status::Failed, format!("cannot write the manual pages to {}: {error}", directory.display()))
    };
    std::fs::create_dir_all(directory).and_then(|()| write_pages(built(), directory)).map_err(failed)
}

/// Builds the whole command line without the `help` command, since every command has `--help`.
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
