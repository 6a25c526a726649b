//! The commands, one file each with its arguments, its help and what it does. This file is the only one that knows all
//! of them.
//!
//! A command runs in two steps. The first checks its arguments, so that an error that needs no server is reported
//! before one is contacted. The second uses the store.

mod bench;
mod categories;
mod completions;
mod config;
mod consumers;
mod diff;
mod doctor;
mod export;
mod fold;
mod get;
mod group;
mod import;
mod last;
mod man;
mod message_name;
mod ns;
mod overview;
mod stats;
mod streams;
mod tail;
mod trace;
mod version;
mod write;

use std::sync::Arc;
use std::time::Instant;

use clap::Subcommand;

use super::common::Common;
use super::database;
use super::error::Result;
use super::interrupt::Interrupt;
use super::output::Output;
use crate::message::NewMessage;
use crate::numbers::count;
use crate::store::Store;

/// A command and its arguments, in the order in which the help lists them.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    #[command(subcommand)]
    Ns(ns::NsCommand),
    Categories(categories::CategoriesArguments),
    Streams(streams::StreamsArguments),
    Stats(stats::StatsArguments),
    Get(get::GetArguments),
    Last(last::LastArguments),
    Version(version::VersionArguments),
    Consumers(consumers::ConsumersArguments),
    Group(group::GroupArguments),
    Trace(trace::TraceArguments),
    Fold(fold::FoldArguments),
    Diff(diff::DiffArguments),
    Write(write::WriteArguments),
    Tail(tail::TailArguments),
    Export(export::ExportArguments),
    Import(import::ImportArguments),
    Doctor(doctor::DoctorArguments),
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    Config(config::ConfigArguments),
    Completions(completions::CompletionsArguments),
    Man(man::ManArguments),
}

impl Command {
    /// Runs a command that needs no store, because it only describes the command line or the configuration. Returns
    /// `None` for all others.
    pub(crate) fn describe(
        &self,
        whole: impl FnOnce() -> clap::Command,
        without_locator: impl FnOnce() -> clap::Command,
        output: &mut Output,
    ) -> Option<Result<()>> {
        match self {
            // Without the locator, because shells would expect it before each command.
            Self::Completions(arguments) => Some(completions::run(arguments, without_locator(), output)),
            Self::Config(arguments) => Some(config::run(arguments, output)),
            Self::Man(arguments) => Some(man::run(arguments, whole(), output)),
            _ => None,
        }
    }
}

/// A command whose arguments have been checked.
pub(super) enum Prepared<'a> {
    Overview,
    Ns(&'a ns::NsCommand),
    Categories,
    Streams(&'a streams::StreamsArguments),
    Consumers(consumers::Prepared<'a>),
    Group(group::Prepared),
    Get(get::Get),
    Last(&'a last::LastArguments),
    Version(&'a version::VersionArguments),
    Write(NewMessage),
    Import(import::Prepared),
    Bench(&'a bench::BenchCommand),
    Tail(tail::Prepared),
    Export(export::Prepared),
    Stats(&'a stats::StatsArguments),
    Trace(trace::Prepared),
    Doctor(&'a doctor::DoctorArguments),
    Fold(fold::Prepared),
    Diff(diff::Prepared),
}

impl<'a> Prepared<'a> {
    /// Checks the arguments of a command. Without a command, prepares the overview.
    pub(super) async fn new(command: Option<&'a Command>, common: &Common) -> Result<Self> {
        let Some(command) = command else { return Ok(Self::Overview) };
        Ok(match command {
            Command::Ns(command) => {
                command.check()?;
                Self::Ns(command)
            }
            Command::Categories(_) => Self::Categories,
            Command::Streams(arguments) => Self::Streams(arguments),
            Command::Consumers(arguments) => Self::Consumers(consumers::Prepared::new(arguments)?),
            Command::Group(arguments) => Self::Group(group::Prepared::new(arguments)?),
            Command::Get(arguments) => Self::Get(get::Get::new(arguments)?),
            Command::Last(arguments) => Self::Last(arguments),
            Command::Version(arguments) => Self::Version(arguments),
            Command::Write(arguments) => Self::Write(write::message(arguments).await?),
            Command::Import(arguments) => Self::Import(import::Prepared::new(arguments)?),
            Command::Bench(command) => {
                bench::check(command, common)?;
                Self::Bench(command)
            }
            Command::Tail(arguments) => Self::Tail(tail::Prepared::new(arguments)?),
            Command::Export(arguments) => Self::Export(export::Prepared::new(arguments)?),
            Command::Stats(arguments) => {
                stats::check(arguments)?;
                Self::Stats(arguments)
            }
            Command::Trace(arguments) => Self::Trace(trace::Prepared::new(arguments)?),
            Command::Doctor(arguments) => {
                doctor::check(arguments)?;
                Self::Doctor(arguments)
            }
            Command::Fold(arguments) => Self::Fold(fold::Prepared::new(arguments)?),
            Command::Diff(arguments) => Self::Diff(diff::Prepared::new(arguments)?),
            Command::Config(_) | Command::Completions(_) | Command::Man(_) => Self::Overview,
        })
    }

    /// Returns how many connections the command uses.
    pub(super) fn connections(&self) -> usize {
        if let Self::Bench(command) = self { command.connections() } else { 1 }
    }

    /// Runs the command; `id` is the value of `--namespace`.
    pub(super) async fn run(
        self,
        store: &Store,
        id: Option<&str>,
        interrupt: &mut Interrupt,
        output: &mut Output,
    ) -> Result<()> {
        let named = || database::namespace(store, id);
        // Commands that count what they do replace this report with their own.
        let (written, begun) = (output.written(), Instant::now());
        let _report = interrupt.reports(Arc::new(move || {
            let (seconds, bytes) = (begun.elapsed().as_secs(), count(written.bytes(), "byte"));
            format!("streamscope: running for {seconds} s, {bytes} printed")
        }));
        match self {
            // These handle signals themselves, to report how far they have come.
            Self::Write(message) => {
                let namespace = interrupt.unless_signalled(named()).await?;
                write::run(&namespace, &message, interrupt, output).await
            }
            Self::Import(prepared) => {
                let namespace = interrupt.unless_signalled(named()).await?;
                import::run(&namespace, prepared, interrupt, output).await
            }
            Self::Tail(prepared) => {
                let namespace = interrupt.unless_signalled(named()).await?;
                tail::run(&namespace, prepared, interrupt, output).await
            }
            Self::Export(prepared) => {
                let namespace = interrupt.unless_signalled(named()).await?;
                export::run(&namespace, prepared, interrupt, output).await
            }
            Self::Doctor(arguments) => {
                let namespace = interrupt.unless_signalled(named()).await?;
                doctor::run(&namespace, arguments, interrupt, output).await
            }
            Self::Trace(prepared) => {
                let namespace = interrupt.unless_signalled(named()).await?;
                Box::pin(trace::run(&namespace, prepared, interrupt, output)).await
            }
            // A signal simply cancels all others.
            Self::Overview => interrupt.unless_signalled(overview::run(store, output)).await,
            Self::Ns(command) => interrupt.unless_signalled(command.run(store, id, output)).await,
            Self::Categories => {
                interrupt.unless_signalled(async { categories::run(&named().await?, output).await }).await
            }
            Self::Streams(arguments) => {
                interrupt
                    .unless_signalled(async { Box::pin(streams::run(&named().await?, arguments, output)).await })
                    .await
            }
            Self::Consumers(prepared) => {
                interrupt
                    .unless_signalled(async { Box::pin(consumers::run(&named().await?, prepared, output)).await })
                    .await
            }
            Self::Group(prepared) => {
                interrupt.unless_signalled(async { group::run(&named().await?, prepared, output).await }).await
            }
            Self::Get(get) => interrupt.unless_signalled(async { get::run(&named().await?, &get, output).await }).await,
            Self::Last(arguments) => {
                interrupt.unless_signalled(async { last::run(&named().await?, arguments, output).await }).await
            }
            Self::Version(arguments) => {
                interrupt.unless_signalled(async { version::run(&named().await?, arguments, output).await }).await
            }
            Self::Bench(command) => {
                interrupt.unless_signalled(async { Box::pin(bench::run(&named().await?, command, output)).await }).await
            }
            Self::Stats(arguments) => {
                interrupt.unless_signalled(async { stats::run(&named().await?, arguments, output).await }).await
            }
            Self::Fold(prepared) => {
                interrupt.unless_signalled(async { fold::run(&named().await?, prepared, output).await }).await
            }
            Self::Diff(prepared) => {
                interrupt.unless_signalled(async { diff::run(&named().await?, &prepared, output).await }).await
            }
        }
    }
}
