//! The headless commands: parses arguments, calls the store, prints results on standard output and returns an exit
//! status.
//!
//! This module never sends SQL of its own.

pub(crate) mod arguments;
mod blocking;
pub(crate) mod commands;
pub(crate) mod common;
mod confirmation;
pub(crate) mod database;
pub(crate) mod error;
mod interrupt;
mod output;
mod progress;
pub(crate) mod selection;
mod status_line;
mod stderr;
mod unreadable;
mod waiting;
mod warnings;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use crate::invocation::{self, Chosen};
use crate::redact::redact;
use arguments::Arguments;
use commands::Prepared;
use database::{Opened, PasswordCommands};
use error::{CommandError, Result, Status};
use interrupt::Interrupt;
use output::Output;

/// Parses a command line. Prints help and errors, without passwords.
///
/// # Errors
/// Returns the exit status: 0 for help and version, 1 if they cannot be written, 2 for usage errors.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, u8> {
    let error = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => {
            let arguments = arguments.with_leading_url();
            return arguments.check().map(|()| arguments).map_err(|error| report(&error));
        }
        Err(error) => error,
    };
    // Errors repeat the arguments, and one of them can be a connection string.
    let rendered = error.render();
    let plain = error.kind() != ErrorKind::DisplayHelp && error.kind() != ErrorKind::DisplayVersion;
    let to_terminal = if error.use_stderr() { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
    let text =
        if to_terminal && !plain { rendered.ansi().to_string() } else { redact(&rendered.to_string()).into_owned() };
    if error.use_stderr() {
        // There is no other place to report that this fails.
        let _ = write!(io::stderr(), "{text}");
    } else {
        let mut stdout = io::stdout();
        let written = write!(stdout, "{text}").and_then(|()| stdout.flush());
        written.map_err(|error| report(&error.into()))?;
    }
    Err(u8::try_from(error.exit_code()).unwrap_or(Status::Usage.code()))
}

/// Runs a command and returns the exit status; without a command, prints the overview. Reports failures on standard
/// error. Must be called within a tokio runtime that has more than one thread.
pub(crate) async fn run(arguments: Arguments, password_commands: PasswordCommands) -> u8 {
    let mut interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            return report(&CommandError::new(Status::Failed, format!("cannot install signal handlers: {error}")));
        }
    };
    let mut output = Output::stdout(arguments.common.format, &interrupt);
    // Completions and manual pages need no store.
    if let Some(printed) = arguments
        .command
        .as_ref()
        .and_then(|command| command.describe(Arguments::command, Arguments::without_locator, &mut output))
    {
        let printed = printed.and(output.finish().map_err(CommandError::from));
        return printed.map_or_else(|error| report(&error), |()| Status::Done.code());
    }
    let result = Box::pin(carry_out(&arguments, password_commands, &mut interrupt, &mut output)).await;
    // Results read before an error are printed before the error is reported.
    match result.and(output.finish().map_err(CommandError::from)) {
        Ok(()) => Status::Done.code(),
        Err(error) => report(&error),
    }
}

async fn carry_out(
    arguments: &Arguments,
    password_commands: PasswordCommands,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let common = &arguments.common;
    let namespace = common.namespace().map(str::to_owned);
    invocation::choose(Chosen { database: common.database_options(), namespace });
    let prepared = interrupt.unless_signalled(Prepared::new(arguments.command.as_ref(), common)).await?;
    let opened = Opened::open(common, prepared.connections(), password_commands);
    let opened = interrupt.unless_signalled(opened).await?;
    for warning in &opened.warnings {
        stderr::line(&format!("streamscope: {warning}"));
    }
    tracing::info!(target = %opened.store.target(), "opened");
    let work = Box::pin(prepared.run(&opened.store, common.namespace(), interrupt, output));
    let result = tokio::select! {
        biased;
        result = work => result,
        never = waiting::report(&opened.store) => match never {},
    };
    let result = result.map_err(|error| error.at(&opened.store.target()));
    opened.close().await;
    result
}

/// Reports an error on standard error and returns the exit status.
pub(crate) fn report(error: &CommandError) -> u8 {
    if !error.what.is_empty() {
        tracing::warn!(status = error.status.code(), "{}", error.logged.as_ref().unwrap_or(&error.what));
        if error.logged.is_some() {
            tracing::debug!("{}", error.what);
        }
        stderr::line(&format!("streamscope: {}", one_line(&error.what)));
        if let Some(remedy) = &error.remedy {
            stderr::line(&format!("  {}", one_line(remedy)));
        }
    }
    error.status.code()
}

/// Joins the lines of a server's message, such as its detail and hint.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
