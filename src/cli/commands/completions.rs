//! The command `completions`: generates the completions of a shell from the definitions of the command line. It never
//! opens a store.

use std::io::{self, Write as _};

use clap::builder::PossibleValue;
use clap::{Arg, Args, ValueHint};
use clap_complete::Shell;

use crate::cli::error::Result;
use crate::cli::output::Output;

const HELP: &str = "\
Examples:
  streamscope completions bash \\
    > ~/.local/share/bash-completion/completions/streamscope
  streamscope completions zsh > ~/.zfunc/_streamscope
  streamscope completions fish > ~/.config/fish/completions/streamscope.fish";

/// Print shell completions
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct CompletionsArguments {
    /// Shell to print completions for
    pub shell: Shell,
}

/// Prints the completions of a command line.
pub(super) fn run(arguments: &CompletionsArguments, command_line: clap::Command, output: &mut Output) -> Result<()> {
    let name = command_line.get_name().to_owned();
    let mut command = no_files(command_line);
    // Generated in memory first, because the generator panics if its writer fails.
    let script = output.buffer();
    clap_complete::generate(arguments.shell, &mut command, &name, script);
    if arguments.shell == Shell::Fish {
        rest_for_fish(&command, &name, script)?;
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
fn rest_for_fish(command: &clap::Command, name: &str, script: &mut Vec<u8>) -> io::Result<()> {
    let names = |arg: &Arg| {
        let values = arg.get_possible_values();
        values.iter().map(PossibleValue::get_name).collect::<Vec<_>>().join(" ")
    };
    writeln!(script, "complete -c {name} -f")?;
    for arg in command.get_opts() {
        let values = names(arg);
        if let Some(long) = arg.get_long().filter(|_| !values.is_empty()) {
            writeln!(script, "complete -c {name} -l {long} -x -a '{values}'")?;
        }
    }
    for command in command.get_subcommands() {
        let when = format!("complete -c {name} -n \"__fish_{name}_using_subcommand {}\"", command.get_name());
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
