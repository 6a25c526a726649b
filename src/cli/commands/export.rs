//! The command `export` writes messages as JSON lines to standard output or to a file. It stops at an end position
//! below which no message can appear any more, and goes in order of global position, so that an interrupted file can be
//! resumed. It never holds more than one message in memory.

mod gaps;
mod part;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use futures_util::StreamExt as _;
use jiff::Timestamp;

use crate::cli::error::{CommandError, Result, Status};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{Output, json};
use crate::cli::progress::Progress;
use crate::cli::selection::{self, MatchingArguments};
use crate::cli::stderr;
use crate::cli::unreadable::Unreadable;
use crate::cli::warnings;
use crate::message::{GlobalPosition, Message, Name};
use crate::numbers::{count, grouped};
use crate::store::export::ExportOptions;
use crate::store::{Filter, Namespace, StoreError};
use gaps::Gaps;
use part::{KeptLine, Line, PartFile};

const HELP: &str = "\
An export contains every message that is visible when it starts, and waits until all of them are final. Several \
names make one export, in order of global position.

A file is written as FILE.part and renamed to FILE when it is complete. --resume continues after the last complete \
line of FILE.part. Pass the same names and options again: --resume refuses a part file from a different export. On \
SIGUSR1, standard error shows the progress.

Times: 2026-03-01, \"2026-03-01 12:00\", 12:00 (today), now, or -30m, -2h and -3d (ago). They are in UTC unless they \
have an offset, as in 2026-03-01T12:00+01:00. With --since or --until, a large namespace is first sampled at 1,000 \
positions. If its times rise with global positions, to within an hour, only the part that can match is read. \
Otherwise the whole namespace is read.

JSON keys: id, stream, type, pos, gpos, data, meta, time

Examples:
  streamscope -n shop export -o shop.ndjson.zst
  streamscope -n shop export account order-7 \\
    --since 2026-03-01 --until 2026-04-01 -o march.ndjson.gz
  streamscope -n shop export -o shop.ndjson.zst --resume
  streamscope -n shop export account --type Opened | jq -r .stream";

/// Export messages as JSON lines to a file or standard output
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct ExportArguments {
    /// Categories and streams; the whole namespace if omitted
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Only messages from this time on (UTC)
    #[arg(long, value_name = "T", value_parser = selection::time, allow_hyphen_values = true)]
    pub since: Option<Timestamp>,
    /// Only messages before this time (UTC)
    #[arg(long, value_name = "T", value_parser = selection::time, allow_hyphen_values = true)]
    pub until: Option<Timestamp>,
    #[command(flatten)]
    pub matching: MatchingArguments,
    /// Output file, or - for standard output; .gz and .zst files are compressed
    #[arg(short, long, value_name = "FILE[.gz|.zst]")]
    pub output: Option<PathBuf>,
    /// Continue an interrupted export of the same messages to the same file
    #[arg(long, requires = "output")]
    pub resume: bool,
}

/// An export whose arguments are valid.
#[derive(Debug)]
pub(crate) struct Prepared {
    names: Vec<Name>,
    file: Option<PathBuf>,
    arguments: ExportArguments,
}

impl Prepared {
    /// Checks the arguments.
    ///
    /// # Errors
    /// [`Status::Usage`] for an invalid name, for a directory as output, and for `--resume` without a file.
    pub(crate) fn new(arguments: &ExportArguments) -> Result<Self> {
        let names = arguments.names.iter().map(|name| Name::new(name)).collect::<Result<_, _>>()?;
        let file = arguments.output.clone().filter(|path| path.as_os_str() != "-");
        if arguments.resume && file.is_none() {
            return Err(CommandError::usage("--resume needs a file, but --output - is standard output"));
        }
        if let Some(path) = &file
            && !part::is_replaced(path)?
            && arguments.resume
        {
            let what = format!("--resume needs a file, but {} is a device or a pipe", path.display());
            return Err(CommandError::usage(what));
        }
        Ok(Self { names, file, arguments: arguments.clone() })
    }
}

/// Runs the command.
///
/// # Errors
/// The errors of the store and of the file, which keeps what is written for `--resume`. [`Status::Failed`] if some
/// messages could not be read; everything is written by then.
pub(super) async fn run(
    namespace: &Namespace,
    prepared: Prepared,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let progress = Arc::new(Progress::new(None));
    let _report = progress.answer(interrupt);
    let mut target = match &prepared.file {
        None => Target::Output(output),
        Some(path) => Target::File(Box::new(PartFile::open(path, prepared.arguments.resume, interrupt)?)),
    };
    let terminal = match &target {
        Target::Output(output) => output.terminal,
        Target::File(part) => part.terminal,
    };
    let result = tokio::select! {
        biased;
        result = write_all(namespace, &prepared, &mut target, &progress) => result,
        number = interrupt.signalled() => Err(CommandError::signalled(number)),
        never = progress.keep_drawn(), if !terminal => match never {},
    };
    progress.clear();
    let Target::File(mut part) = target else {
        return result.and_then(|done| done.report());
    };
    match result.and_then(|done| part.finish().map(|()| done)) {
        Ok(done) => {
            let messages = count(done.written, "message");
            stderr::line(&format!("streamscope: exported {messages} to {}", part.path().display()));
            done.report()
        }
        // The part file is from another export.
        Err(failure) if failure.status == Status::Usage => Err(failure),
        Err(failure) => {
            let Some(kept) = part.keep() else { return Err(failure) };
            // A signal prints no error that could carry the hint.
            if failure.what.is_empty() {
                stderr::line(&format!("streamscope: {kept}"));
            }
            Err(failure.remedy(kept))
        }
    }
}

enum Target<'a> {
    Output(&'a mut Output),
    File(Box<PartFile>),
}

impl Target<'_> {
    /// Notes an error of the store. Messages of two histories cannot be continued.
    fn failed(&mut self, error: &StoreError) {
        if let (Self::File(part), StoreError::HistoryChanged { .. }) = (self, error) {
            part.spoil();
        }
    }

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

struct Exported {
    /// Messages that this run wrote.
    written: u64,
    /// Problems that an import of the file will meet, including those of an earlier run.
    gaps: Gaps,
    /// Unreadable messages in the file, including those of an earlier run.
    unreadable: Unreadable,
    /// Messages of the namespace that no export contains.
    unnumbered: u64,
}

impl Exported {
    fn add(&mut self, message: &Message) {
        self.written += 1;
        self.gaps.check(message);
        self.unreadable.see(message);
    }

    /// Adds a line of an earlier run.
    fn keep(&mut self, line: &KeptLine<'_>) {
        self.gaps.check_line(line);
        line.unreadable.iter().for_each(|flaw| self.unreadable.add(line.gpos, flaw));
    }

    /// Reports gaps and unreadable messages. An export that differs from the stored messages is a failure.
    fn report(&self) -> Result<()> {
        self.gaps.report().iter().for_each(|line| stderr::line(line));
        if self.unnumbered > 0 {
            self.unreadable.print_report();
            let what = match self.unnumbered {
                1 => "1 message without a global position is not exported".to_owned(),
                more => format!("{} messages without a global position are not exported", grouped(more)),
            };
            return Err(CommandError::new(Status::Failed, what));
        }
        let Some(what) = self.unreadable.report() else { return Ok(()) };
        let remedy = "All other messages are exported. Import refuses the lines of these messages, whose key \"unreadable\" \
                      gives the reason";
        Err(CommandError::new(Status::Failed, what).remedy(remedy))
    }
}

/// Selects the messages, and prepares the file for them.
async fn select(namespace: &Namespace, prepared: &Prepared, target: &mut Target<'_>) -> Result<ExportOptions> {
    let Prepared { names, arguments, .. } = prepared;
    let filter = arguments.matching.filter(namespace).await?;
    let end = namespace.final_end(warnings::blocking_transactions).await?;
    for doubt in &end.doubts {
        warnings::doubt(doubt);
    }
    let (above, up_to) = namespace.between(arguments.since, arguments.until).await?;
    let mut options = ExportOptions {
        names: names.clone(),
        filter: Filter { since: arguments.since, until: arguments.until, ..filter },
        above,
        up_to: up_to.min(end.position),
    };
    if let Target::File(part) = target {
        if let Some((first, last)) = part.kept_lines() {
            check_kept(namespace, &options, first, last, part.part_path()).await?;
            options.above = last.gpos;
        }
        // Cut the file only now, so that a refused export leaves the part file as it was.
        part.begin()?;
    }
    Ok(options)
}

async fn write_all(
    namespace: &Namespace,
    prepared: &Prepared,
    target: &mut Target<'_>,
    progress: &Progress,
) -> Result<Exported> {
    let options = select(namespace, prepared, target).await?;
    let up_to = options.up_to;
    // `--until` alone does not make gaps: each stream is complete up to that time.
    let filtered = options.filter != Filter { until: prepared.arguments.until, ..Filter::default() };
    let gaps = Gaps::new(filtered).of_table(namespace.shape());
    let mut exported =
        Exported { written: 0, gaps, unreadable: Unreadable::default(), unnumbered: namespace.unnumbered().await? };
    if let Target::File(part) = target {
        part.each_kept_line(|line| exported.keep(line))?;
    }
    let mut first = None;
    let mut messages = namespace.export(options);
    while let Some(message) = messages.next().await {
        let message = message.inspect_err(|error| target.failed(error))?;
        target.write(&message)?;
        exported.add(&message);
        let at = message.global_position;
        let first = *first.get_or_insert_with(|| {
            progress.set_size(distance(at, up_to));
            at
        });
        progress.set_done(distance(first, at));
        progress.set_messages(exported.written);
    }
    if let Target::Output(output) = target {
        output.finish()?;
    }
    Ok(exported)
}

fn distance(from: GlobalPosition, to: GlobalPosition) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}

/// Checks that the lines of an earlier run are the beginning of this export: its last message is part of it, and no
/// message of it comes before its first one.
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
                format!("these names and options do not select its last message, at global position {at}")
            }
            _ => format!("its last message, at global position {at}, is not in namespace {}", namespace.info().id),
        }
    } else if let Some(message) = one(options.above, first.gpos.saturating_sub(1)).await? {
        let (here, begins) = (message.global_position, first.gpos);
        format!("these names and options select global position {here}, but it begins at {begins}")
    } else {
        return Ok(());
    };
    let what = format!("{} belongs to a different export: {differs}", part.display());
    Err(CommandError::usage(what).remedy("Use the names and options of that export, or omit --resume to start again"))
}
