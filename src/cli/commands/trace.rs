//! The command `trace`: prints what caused a message and what it caused, or the messages of its workflow.

mod graph;
mod lines;
mod text;
mod workflow;

use std::str::FromStr;

use clap::Args;
use jiff::SignedDuration;

use super::message_name;
use crate::cli::error::{CommandError, Result};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{Format, Output};
use crate::cli::status_line::StatusLine;
use crate::cli::stderr;
use crate::cli::unreadable::Unreadable;
use crate::config::Config;
use crate::locator::duration;
use crate::message::GlobalPosition;
use crate::numbers::{count, grouped};
use crate::store::Namespace;
use crate::store::trace::{
    Branch, DEFAULT_EXTENT, DEFAULT_MESSAGES, Extent, Links, MAX_HOPS, Reference, Top, TraceOptions,
};
use crate::trace_text::{self, Continued};

const HELP: &str = "\
The tree begins with the root cause and ends with all effects found; ▶ marks the given message. Links are recognised \
in metadata: Eventide, Protean, causation and correlation IDs, trace IDs, and [[links]] in the configuration file.

No index leads from a message to its effects, so trace reads the messages after the root cause and after the given \
message, by default 100,000 global positions of each. Standard error says how far the search went and how to continue.

Formats: text, json, ndjson, dot and mermaid. ndjson prints whole messages in order of global position, which import accepts with \
--allow-gaps.

JSON keys: id, stream, pos, gpos, type, time, cause, depth, delayMs, link. A cause that is named but does not exist \
has a line with the keys missing, depth and link.

Examples:
  streamscope -n shop trace order-1@3
  streamscope -n shop trace order-1@3 --down --within 2h
  streamscope -n shop trace 4711 --correlated
  streamscope -n shop trace 4711 --format ndjson > report.ndjson
  streamscope -n shop trace 4711 --format dot | dot -Tsvg > trace.svg";

/// Print the causes and effects of a message
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct TraceArguments {
    /// Message: STREAM@POSITION, global position or ID
    #[arg(value_name = "MESSAGE")]
    pub message: String,
    /// Print only the causes of the message
    #[arg(long, conflicts_with_all = ["down", "correlated"])]
    pub up: bool,
    /// Print only the effects of the message
    #[arg(long, conflicts_with = "correlated")]
    pub down: bool,
    /// Print the messages that share the correlation value of the message, in order of global position
    #[arg(long, conflicts_with = "depth")]
    pub correlated: bool,
    /// Follow at most N causes upward, and print effects at most N levels below the message
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,
    /// Collect at most N messages
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MESSAGES, allow_negative_numbers = true, value_parser = at_least_one)]
    pub limit: usize,
    /// How far to search: a number of global positions, or a time such as 90s, 15m, 2h or 3d
    #[arg(long, value_name = "N|TIME", default_value_t = Within(Extent::Positions(DEFAULT_EXTENT)))]
    pub within: Within,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=100_000) => Ok(number),
        _ => Err("use a number from 1 to 100,000, because trace keeps the messages in memory".to_owned()),
    }
}

/// How far to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Within(Extent);

impl FromStr for Within {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(positions @ 1..) = text.parse() {
            return Ok(Self(Extent::Positions(positions)));
        }
        let time = duration(text).filter(|time| *time > SignedDuration::ZERO);
        let wrong = "use a number of global positions, or a time such as 90s, 15m, 2h or 3d";
        time.map(|time| Self(Extent::Time(time))).ok_or_else(|| wrong.to_owned())
    }
}

impl std::fmt::Display for Within {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Extent::Positions(positions) => write!(f, "{positions}"),
            Extent::Time(time) => write!(f, "{}s", time.as_secs()),
        }
    }
}

/// A trace whose arguments are valid.
#[derive(Debug)]
pub(crate) struct Prepared {
    given: String,
    reference: Reference,
    depth: Option<usize>,
    correlated: bool,
    options: TraceOptions,
}

impl Prepared {
    /// Checks the arguments and reads the conventions of the user.
    ///
    /// # Errors
    /// The errors of [`message_name::reference`] for anything but a message, and for a configuration with a mistake.
    pub(crate) fn new(arguments: &TraceArguments) -> Result<Self> {
        let given = arguments.message.clone();
        let reference = message_name::reference(&given)?;
        let options = TraceOptions {
            links: Links::with_rules(Config::load().map_err(CommandError::usage)?.link_rules()),
            up: !arguments.down,
            down: !arguments.up,
            hops: arguments.depth.unwrap_or(MAX_HOPS),
            messages: arguments.limit,
            extent: arguments.within.0,
        };
        Ok(Self { given, reference, depth: arguments.depth, correlated: arguments.correlated, options })
    }
}

/// Runs the command.
///
/// # Errors
/// [`Status::NotFound`](crate::cli::error::Status::NotFound) if the message does not exist, and the errors of the
/// store.
pub(super) async fn run(
    namespace: &Namespace,
    prepared: Prepared,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let Prepared { given, reference, depth, correlated, options } = prepared;
    let found = interrupt.unless_signalled(async { Ok(namespace.traced(&reference).await?) }).await?;
    let start = found.ok_or_else(|| message_name::absent(namespace, &given, &reference))?;
    if correlated {
        return workflow::run(namespace, &start, &options, interrupt, output).await;
    }
    let within = options.extent;
    let (up, down) = (options.up, options.down);
    let mut trace = namespace.trace(start, options);
    let step = async || {
        let goes_on = trace.step().await?;
        Ok(goes_on.then(|| searching(trace.messages(), trace.searched().last().copied())))
    };
    let ended = search(interrupt, step).await;
    // After a signal or an error, the messages found so far are printed.
    let mut tree = trace.tree();
    if let Some(depth) = depth {
        let deepest = tree.iter().find(|branch| branch.is_start).map_or(0, |start| start.depth).saturating_add(depth);
        tree.retain(|branch| branch.depth <= deepest);
    }
    print(namespace, trace.top(), &tree, output).await?;
    for line in trace_text::lines(&trace, (up, down), &continued(within)) {
        stderr::line(&format!("streamscope: {line}"));
    }
    ended
}

/// Takes the steps of a search until it ends or a signal comes. Each step returns its progress, which is shown, and the
/// last one returns none.
async fn search(interrupt: &mut Interrupt, mut step: impl AsyncFnMut() -> Result<Option<String>>) -> Result<()> {
    let status = StatusLine::new();
    while let Some(progress) = interrupt.unless_signalled(step()).await? {
        status.draw(|| progress);
    }
    Ok(())
}

/// Returns the progress of a search over ranges of global positions.
fn searching(messages: usize, searched: Option<(GlobalPosition, GlobalPosition)>) -> String {
    let found = count(messages as u64, "message");
    match searched {
        Some((_, up_to)) => format!("{found}, searched up to global position {}", grouped(up_to.max(0).unsigned_abs())),
        None => found,
    }
}

/// Returns the options that continue a search: ten times as far, or more messages.
fn continued(within: Extent) -> Continued {
    let option = match within {
        Extent::Positions(positions) => positions.saturating_mul(10).to_string(),
        Extent::Time(time) => format!("{}s", time.as_secs().saturating_mul(10).max(10)),
    };
    Continued { further: format!("continue with --within {option}"), more: "raise --limit or --depth".to_owned() }
}

/// Prints messages, preceded by the missing cause of the first one.
async fn print(namespace: &Namespace, top: &Top, tree: &[Branch<'_>], output: &mut Output) -> Result<()> {
    match output.format {
        Format::Text => text::tree(top, tree, output)?,
        Format::Json => lines::tree(top, tree, output)?,
        // Reads the whole messages, and reports those that cannot be read.
        Format::Ndjson => return lines::messages(namespace, tree.iter().map(|branch| branch.message), output).await,
        Format::Dot => graph::dot(top, tree, output)?,
        Format::Mermaid => graph::mermaid(top, tree, output)?,
    }
    output.finish()?;
    let mut unreadable = Unreadable::default();
    for head in tree.iter().map(|branch| &branch.message.head) {
        head.flaw.iter().for_each(|flaw| unreadable.add(head.global_position, flaw));
    }
    unreadable.print_report();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_positions_and_times() {
        assert_eq!("5000".parse(), Ok(Within(Extent::Positions(5_000))));
        assert_eq!("2h".parse(), Ok(Within(Extent::Time(SignedDuration::from_hours(2)))));
        for wrong in ["", "0", "-5", "0s", "2y", "far"] {
            assert!(wrong.parse::<Within>().is_err(), "{wrong}");
        }
    }
}
