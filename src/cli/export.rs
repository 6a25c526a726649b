//! `export`: messages up to a settled end as json lines, to standard output or to a file that is written beside and renamed when it
//! is whole. Holds one message at a time; the order is that of global positions, so that an interrupted file can be carried on.

mod gaps;
mod part;
mod progress;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use futures_util::StreamExt as _;
use jiff::Timestamp;

use super::failure::{Failure, Result, Status};
use super::interrupt::{Interrupt, Report, Signalled};
use super::output::{Output, grouped, json, tell};
use super::selection::{self, MatchingArguments};
use super::tail::{tell_doubt, tell_holders};
use super::unreadable::Unreadable;
use crate::message::{Message, Name};
use crate::store::export::ExportOptions;
use crate::store::{Filter, Namespace};
use gaps::Gaps;
use part::{Line, Part};
use progress::Progress;

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
    /// File to write, - for standard output; its name says how it is compressed (.gz, .zst)
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
    file: Option<PathBuf>,
    arguments: ExportArguments,
}

impl Prepared {
    /// From the command line.
    ///
    /// # Errors
    /// [`Status::Usage`] for names that cannot be, for a directory, and for carrying on where no file is.
    pub fn new(arguments: &ExportArguments) -> Result<Self> {
        let names = arguments.names.iter().map(|name| Name::new(name)).collect::<Result<_, _>>()?;
        let file = arguments.output.clone().filter(|path| path.as_os_str() != "-");
        if arguments.resume && file.is_none() {
            return Err(Failure::usage("--resume needs a file to carry on, and --output - is standard output"));
        }
        if let Some(path) = &file
            && !part::is_replaced(path)?
            && arguments.resume
        {
            let what = format!("--resume needs a file to carry on, and {} is a device or a pipe", path.display());
            return Err(Failure::usage(what));
        }
        Ok(Self { names, file, arguments: arguments.clone() })
    }
}

/// `streamscope export`
///
/// # Errors
/// The store's; the file's. What was written to a file is kept for `--resume`. [`Status::Failed`] for messages that cannot be read,
/// after everything was written.
pub async fn export(
    namespace: &Namespace,
    prepared: Prepared,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let progress = Arc::new(Progress::new());
    let asked = Arc::clone(&progress);
    let _report = Report::answer(Arc::new(move || format!("streamscope: {}", asked.line())))?;
    let mut target = match &prepared.file {
        None => Target::Output(output),
        Some(path) => Target::File(Box::new(Part::open(path, prepared.arguments.resume, interrupt)?)),
    };
    let terminal = match &target {
        Target::Output(output) => output.terminal,
        Target::File(part) => part.terminal,
    };
    let result = tokio::select! {
        biased;
        result = all(namespace, &prepared, &mut target, &progress) => result,
        number = interrupt.signalled() => Err(Failure::signalled(number)),
        never = progress.shown(terminal) => match never {},
    };
    progress.clear();
    let Target::File(mut part) = target else {
        return result.and_then(|done| done.told());
    };
    match result.and_then(|done| part.finish().map(|()| done)) {
        Ok(done) => {
            tell(&format!("streamscope: {} messages in {}", grouped(done.written), part.path().display()));
            done.told()
        }
        Err(failure) => {
            let Some(kept) = part.keep() else { return Err(failure) };
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
}

/// What was exported.
struct Exported {
    /// Messages that this run wrote.
    written: u64,
    /// What an import will refuse of them.
    gaps: Gaps,
    /// Of what is in the file, an earlier run's lines included.
    unreadable: Unreadable,
}

impl Exported {
    /// Says what is wrong with what was written. An export that is not what is stored is no success.
    fn told(&self) -> Result<()> {
        self.gaps.report().iter().for_each(|line| tell(line));
        let Some(what) = self.unreadable.report() else { return Ok(()) };
        let remedy = "everything else is exported; the lines that no import takes say why in \"unreadable\"";
        Err(Failure::new(Status::Failed, what).remedy(remedy))
    }
}

/// Writes everything there is to write.
async fn all(
    namespace: &Namespace,
    prepared: &Prepared,
    target: &mut Target<'_>,
    progress: &Progress,
) -> Result<Exported> {
    let Prepared { names, arguments, .. } = prepared;
    let filter = arguments.matching.filter(namespace).await?;
    for doubt in namespace.doubts().await? {
        tell_doubt(&doubt);
    }
    let end = namespace.settled_end(tell_holders).await?;
    let (above, up_to) = namespace.between(arguments.since, arguments.until).await?;
    let mut options = ExportOptions {
        names: names.clone(),
        filter: Filter { since: arguments.since, until: arguments.until, ..filter },
        above,
        up_to: up_to.min(end),
    };
    let mut unreadable = Unreadable::default();
    if let Target::File(part) = target {
        unreadable.and(part.unreadable());
        if let Some((first, last)) = part.kept() {
            check_kept(namespace, &options, first, last, part.beside()).await?;
            options.above = last.gpos;
        }
        // Only now: what cannot be exported costs nothing that was.
        part.begin()?;
    }
    progress.begin(options.up_to);
    // Up to a time each stream is whole.
    let filtered = options.filter != Filter { until: arguments.until, ..Filter::default() };
    let resumed = matches!(target, Target::File(part) if part.kept().is_some());
    let mut gaps = Gaps::new(filtered, resumed);
    let mut messages = namespace.export(options);
    let mut written = 0;
    while let Some(message) = messages.next().await {
        let message = message?;
        target.write(&message)?;
        gaps.see(&message);
        unreadable.see(&message);
        written += 1;
        progress.count(written, message.global_position);
    }
    if let Target::Output(output) = target {
        output.finish()?;
    }
    Ok(Exported { written, gaps, unreadable })
}

/// Whether what an earlier run wrote is the beginning of what is exported now, by its two ends: its last line is of it, and nothing
/// of it lies before its first line.
async fn check_kept(
    namespace: &Namespace,
    options: &ExportOptions,
    first: Line,
    last: Line,
    part: &Path,
) -> Result<()> {
    let one = |above, up_to| {
        let options = ExportOptions { above, up_to, ..options.clone() };
        async move { namespace.export(options).next().await.transpose() }
    };
    let at = last.gpos;
    let selected = one(at.saturating_sub(1), at).await?.is_some_and(|message| message.id == last.id);
    let differs = if !selected {
        match namespace.message(at).await? {
            Some(message) if message.id == last.id => {
                format!("its last line, global position {at}, is not what these names and options select")
            }
            _ => format!("its last line, global position {at}, is no message of namespace {}", namespace.info().id),
        }
    } else if let Some(message) = one(options.above, first.gpos.saturating_sub(1)).await? {
        let (here, begins) = (message.global_position, first.gpos);
        format!("these names and options select global position {here}, and it begins only at {begins}")
    } else {
        return Ok(());
    };
    let what = format!("{} is of another export: {differs}", part.display());
    Err(Failure::usage(what).remedy("give the names and options that it was begun with, or leave --resume out"))
}

/// A failure of a file. If a pipe has no reader any more, or a signal ended the wait for it, there is nothing to say, as of standard
/// output.
fn file_failure(what: &str, path: &Path, error: io::Error) -> Failure {
    let signalled = matches!(error.get_ref(), Some(inner) if inner.is::<Signalled>());
    if signalled || error.kind() == io::ErrorKind::BrokenPipe {
        return error.into();
    }
    Failure::new(Status::Failed, format!("cannot {what} {}: {error}", path.display()))
}
