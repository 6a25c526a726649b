//! `export`: messages up to a settled end as json lines, to standard output or to a file that is written beside and renamed when it
//! is whole. Holds one message at a time; the order is that of global positions, so that an interrupted file can be carried on.

mod part;
mod progress;

use std::path::PathBuf;

use clap::Args;
use futures_util::StreamExt as _;
use jiff::Timestamp;

use super::failure::{Failure, Result, Status};
use super::interrupt::Interrupt;
use super::output::{Output, grouped, json, tell};
use super::selection::{self, MatchingArguments};
use super::tail::tell_holders;
use crate::message::{GlobalPosition, Message, Name};
use crate::store::export::ExportOptions;
use crate::store::{Filter, Namespace};
use part::Part;
use progress::Progress;

/// A message can have been committed so much later than its time says that others are before it: by global positions, so many are
/// looked at on either side of a time.
const AROUND: i64 = 10_000;

/// `streamscope export …`
#[derive(Debug, Clone, Args)]
pub struct ExportArguments {
    /// Categories and streams; the whole namespace where left out
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Not before this time (UTC)
    #[arg(long, value_name = "T", value_parser = selection::time, allow_hyphen_values = true)]
    pub since: Option<Timestamp>,
    /// Before this time (UTC)
    #[arg(long, value_name = "T", value_parser = selection::time, allow_hyphen_values = true)]
    pub until: Option<Timestamp>,
    /// Which messages.
    #[command(flatten)]
    pub matching: MatchingArguments,
    /// File to write; its name says how it is compressed (.gz, .zst)
    #[arg(short, long, value_name = "FILE[.gz|.zst]")]
    pub output: Option<PathBuf>,
    /// Carry on an export of the same messages to the same file
    #[arg(long, requires = "output")]
    pub resume: bool,
}

/// An export whose arguments were found right.
#[derive(Debug)]
pub struct Prepared {
    names: Vec<Name>,
    arguments: ExportArguments,
}

impl Prepared {
    /// From the command line.
    ///
    /// # Errors
    /// [`Status::Usage`] for names that cannot be.
    pub fn new(arguments: &ExportArguments) -> Result<Self> {
        let names = arguments.names.iter().map(|name| Name::new(name)).collect::<Result<_, _>>()?;
        Ok(Self { names, arguments: arguments.clone() })
    }
}

/// `streamscope export`
///
/// # Errors
/// The store's; the file's. What was written to a file is kept for `--resume`.
pub async fn export(
    namespace: &Namespace,
    prepared: Prepared,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let mut target = match &prepared.arguments.output {
        None => Target::Output(output),
        Some(path) => Target::File(Box::new(Part::open(path, prepared.arguments.resume)?)),
    };
    let result = tokio::select! {
        biased;
        result = all(namespace, &prepared, &mut target) => result,
        number = interrupt.signalled() => Err(Failure::signalled(number)),
    };
    let Target::File(mut part) = target else { return result.map(|_| ()) };
    match result.and_then(|written| part.finish().map(|()| written)) {
        Ok(written) => {
            tell(&format!("streamscope: {} messages in {}", grouped(written), part.path().display()));
            Ok(())
        }
        Err(failure) => {
            let kept = part.keep();
            // A signal says nothing by itself, and here is something to know.
            if failure.what.is_empty() {
                tell(&format!("streamscope: {kept}"));
            }
            Err(failure.remedy(kept))
        }
    }
}

/// Where the lines go.
enum Target<'a> {
    Output(&'a mut Output),
    File(Box<Part>),
}

impl Target<'_> {
    fn write(&mut self, message: &Message) -> Result<()> {
        match self {
            Self::Output(output) => {
                let terminal = output.terminal;
                json::message(output.buffer(), message, terminal);
                Ok(output.line_done()?)
            }
            Self::File(part) => part.write(message),
        }
    }

    /// The last global position that an earlier run wrote.
    fn written_to(&self) -> Option<GlobalPosition> {
        match self {
            Self::Output(_) => None,
            Self::File(part) => part.written_to(),
        }
    }
}

/// Everything there is to write; gives how many messages this run wrote.
async fn all(namespace: &Namespace, prepared: &Prepared, target: &mut Target<'_>) -> Result<u64> {
    let Prepared { names, arguments } = prepared;
    let filter = arguments.matching.filter(namespace).await?;
    let end = namespace.settled_end(tell_holders).await?;
    let mut above = target.written_to().unwrap_or(i64::MIN);
    let mut up_to = end;
    if let Some(since) = arguments.since {
        let before = selection::before(namespace, since).await?.unwrap_or(end);
        above = above.max(before.saturating_sub(AROUND));
    }
    if let Some(until) = arguments.until
        && let Some(before) = selection::before(namespace, until).await?
    {
        up_to = up_to.min(before.saturating_add(AROUND));
    }
    let options = ExportOptions {
        names: names.clone(),
        filter: Filter { since: arguments.since, until: arguments.until, ..filter },
        above,
        up_to,
    };
    let mut progress = Progress::new(up_to);
    let mut messages = namespace.export(options);
    let mut written = 0;
    while let Some(message) = messages.next().await {
        let message = message?;
        target.write(&message)?;
        written += 1;
        progress.show(written, message.global_position);
    }
    progress.clear();
    if let Target::Output(output) = target {
        output.finish()?;
    }
    Ok(written)
}

/// A failure of a file.
fn file_failure(what: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::new(Status::Failed, format!("cannot {what} {}: {error}", path.display()))
}
