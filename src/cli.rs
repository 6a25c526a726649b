//! The headless commands: parses arguments, calls the store, prints results on standard output and returns an exit
//! status.
//!
//! This module uses only the public API of the store. It never sends SQL of its own.

pub mod arguments;
pub mod bench;
pub mod browse;
pub mod export;
pub mod failure;
pub mod import;
pub mod interrupt;
pub mod manual;
pub mod ns;
pub mod open;
pub mod output;
pub mod read;
pub mod reports;
pub mod screen;
pub mod secrets;
pub mod selection;
pub mod stats;
pub mod tail;
mod unreadable;
pub mod write;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};

use clap::Parser as _;
use clap::error::ErrorKind;

use arguments::{Arguments, Command, LastArguments, NsCommand, StreamsArguments};
use failure::{Failure, Result, Status};
use interrupt::Interrupt;
use open::Opened;
use output::{Output, tell};

use crate::message::NewMessage;
use crate::redact::redact;
use crate::store::Store;

/// Parses a command line. Prints help and errors, without passwords.
///
/// # Errors
/// Returns the exit status: 0 for help and version, 2 for usage errors.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, u8> {
    let error = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => return open::check(&arguments).map(|()| arguments).map_err(|failure| report(&failure)),
        Err(error) => error,
    };
    // Errors repeat the arguments, and one of them can be a connection string.
    let rendered = error.render();
    let plain = error.kind() != ErrorKind::DisplayHelp && error.kind() != ErrorKind::DisplayVersion;
    let to_terminal = if error.use_stderr() { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
    let text =
        if to_terminal && !plain { rendered.ansi().to_string() } else { redact(&rendered.to_string()).into_owned() };
    // A closed output is no reason to fail.
    let _ = if error.use_stderr() { write!(io::stderr(), "{text}") } else { write!(io::stdout(), "{text}") };
    Err(u8::try_from(error.exit_code()).unwrap_or(Status::Usage.code()))
}

/// Runs a command and returns the exit status; without a command, prints the overview. Reports failures on standard
/// error. Must be called within a tokio runtime that has more than one thread.
pub async fn run(arguments: Arguments) -> u8 {
    let mut interrupt = match Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => return report(&Failure::new(Status::Failed, format!("cannot install signal handlers: {error}"))),
    };
    let mut output = Output::stdout(arguments.common.format, &interrupt);
    // Completions and manual pages need no store.
    if let Some(printed) = arguments.command.as_ref().and_then(|command| manual::print(command, &mut output)) {
        let printed = printed.and(output.finish().map_err(Failure::from));
        return printed.map_or_else(|failure| report(&failure), |()| Status::Done.code());
    }
    let result = Box::pin(carry_out(&arguments, &mut interrupt, &mut output)).await;
    // Results read before a failure are printed before the failure is reported.
    match result.and(output.finish().map_err(Failure::from)) {
        Ok(()) => Status::Done.code(),
        Err(failure) => report(&failure),
    }
}

/// A command whose arguments have been checked, so that errors that need no server are reported before one is
/// contacted.
enum Task<'a> {
    Overview,
    Ns(&'a NsCommand),
    Categories,
    Streams(&'a StreamsArguments),
    Get(read::Get),
    Last(&'a LastArguments),
    Version(&'a str),
    Write(NewMessage),
    Import(import::Prepared),
    Bench(&'a bench::BenchCommand),
    Tail(tail::Followed),
    Export(export::Prepared),
    Stats(&'a stats::StatsArguments),
}

impl<'a> Task<'a> {
    async fn new(command: Option<&'a Command>) -> Result<Self> {
        let Some(command) = command else { return Ok(Self::Overview) };
        Ok(match command {
            Command::Ns(command) => {
                ns::check(command)?;
                Self::Ns(command)
            }
            Command::Categories => Self::Categories,
            Command::Streams(arguments) => Self::Streams(arguments),
            Command::Get(arguments) => Self::Get(read::Get::new(arguments)?),
            Command::Last(arguments) => Self::Last(arguments),
            Command::Version(arguments) => Self::Version(&arguments.stream),
            Command::Write(arguments) => Self::Write(write::message(arguments).await?),
            Command::Import(arguments) => Self::Import(import::Prepared::new(arguments)?),
            Command::Bench(command) => Self::Bench(command),
            Command::Tail(arguments) => Self::Tail(tail::Followed::new(arguments)?),
            Command::Export(arguments) => Self::Export(export::Prepared::new(arguments)?),
            Command::Stats(arguments) => {
                stats::check(arguments)?;
                Self::Stats(arguments)
            }
            Command::Completions { .. } | Command::Man { .. } => Self::Overview,
        })
    }
}

async fn carry_out(arguments: &Arguments, interrupt: &mut Interrupt, output: &mut Output) -> Result<()> {
    let task = unless_signalled(interrupt, Task::new(arguments.command.as_ref())).await?;
    let connections = if let Task::Bench(command) = &task {
        bench::check(command, &arguments.common)?;
        command.connections()
    } else {
        1
    };
    let opened = unless_signalled(interrupt, Opened::open(&arguments.common, connections)).await?;
    tracing::info!(target = %opened.store.target(), "opened");
    let result = perform(task, &opened.store, arguments.common.namespace(), interrupt, output).await;
    let result = result.map_err(|failure| failure.at(&opened.store.target()));
    opened.close().await;
    result
}

/// Drops the work if a signal comes first, which also cancels it on the server.
async fn unless_signalled<T>(interrupt: &mut Interrupt, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        result = work => result,
        number = interrupt.signalled() => Err(Failure::signalled(number)),
    }
}

async fn perform(
    task: Task<'_>,
    store: &Store,
    namespace: Option<&str>,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    // The commands that write handle signals themselves, because something may already have been written.
    match task {
        Task::Write(message) => {
            let namespace = unless_signalled(interrupt, open::namespace(store, namespace)).await?;
            write::write(&namespace, &message, interrupt, output).await
        }
        Task::Import(prepared) => {
            let namespace = unless_signalled(interrupt, open::namespace(store, namespace)).await?;
            import::import(&namespace, prepared, interrupt, output).await
        }
        // The commands that run until they are stopped report their progress.
        Task::Tail(followed) => {
            let namespace = unless_signalled(interrupt, open::namespace(store, namespace)).await?;
            tail::tail(&namespace, followed, interrupt, output).await
        }
        Task::Export(prepared) => {
            let namespace = unless_signalled(interrupt, open::namespace(store, namespace)).await?;
            export::export(&namespace, prepared, interrupt, output).await
        }
        task => unless_signalled(interrupt, look(&task, store, namespace, output)).await,
    }
}

/// Performs the commands that a signal can simply cancel.
async fn look(task: &Task<'_>, store: &Store, namespace: Option<&str>, output: &mut Output) -> Result<()> {
    let named = || open::namespace(store, namespace);
    match task {
        Task::Overview => browse::overview(store, output).await,
        Task::Ns(command) => ns::run(store, command, namespace, output).await,
        Task::Categories => browse::categories(&named().await?, output).await,
        Task::Streams(arguments) => browse::streams(&named().await?, arguments, output).await,
        Task::Get(get) => read::get(&named().await?, get, output).await,
        Task::Last(arguments) => read::last(&named().await?, arguments, output).await,
        Task::Version(stream) => read::version(&named().await?, stream, output).await,
        Task::Bench(command) => Box::pin(bench::run(&named().await?, command, output)).await,
        Task::Stats(arguments) => stats::stats(&named().await?, arguments, output).await,
        Task::Write(_) | Task::Import(_) | Task::Tail(_) | Task::Export(_) => Ok(()),
    }
}

/// Reports a failure on standard error and returns the exit status.
pub fn report(failure: &Failure) -> u8 {
    if !failure.what.is_empty() {
        tracing::warn!(status = failure.status.code(), "{}", failure.logged.as_ref().unwrap_or(&failure.what));
        if failure.logged.is_some() {
            tracing::debug!("{}", failure.what);
        }
        tell(&format!("streamscope: {}", one_line(&failure.what)));
        if let Some(remedy) = &failure.remedy {
            tell(&format!("  {}", one_line(remedy)));
        }
    }
    failure.status.code()
}

/// Joins the lines of a server's message, such as its detail and hint.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
