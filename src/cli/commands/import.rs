//! The command `import` writes messages from a file or from standard input into a namespace. A thread reads and checks the next
//! lines while the store takes the previous batch. It never reads further ahead, so memory stays bounded for inputs of any length.

mod gather;
mod input;
mod line;
mod packed;
mod placeholders;
mod progress;

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Args;

use crate::cli::error::{CommandError, Result, Status};
use crate::cli::interrupt::{Interrupt, ProgressReporter};
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::stderr;
use crate::cli::warnings;
use crate::message::Difference;
use crate::numbers::grouped;
use crate::store::import::{
    Commit, Follower, Followers, Import, ImportCounts, ImportError, ImportOptions, Placement, Problem,
};
use crate::store::{Namespace, StoreError};
use gather::{Batch, Batches, Gatherer};
use input::Source;
use progress::Progress;

/// The end of the `--help` text.
const HELP: &str = "\
Each line is one message, in the format that export, get and EventoDB write:
  {\"id\",\"stream\",\"type\",\"pos\",\"gpos\",\"data\",\"meta\",\"time\"}
The message keeps its ID, position and time, and with --keep-global-positions its global position.
Messages that are already stored are skipped, so an interrupted import can be run again. A message
that differs from the stored one, or would leave a gap in its stream, is an error.

A line without \"pos\" is a new message. It needs only a stream and a type:
  {\"stream\": \"account-{{uuid}}\", \"type\": \"Opened\", \"data\": {\"at\": \"{{now}}\"}}
The store assigns its position, global position and time, as it does for write. In every string,
{{uuid}} becomes a new ID and {{now}} the current time. If another writer adds a message between two
new messages of a stream, the import stops with a version conflict. --expected-version-from names the
key that holds the expected version of the stream. New messages without an ID are written every time.

A file contains exported messages or new ones, not both. It may be compressed with gzip or zstd. If
the import stops, standard error shows the last line that is stored. On SIGUSR1, it shows the progress.
If the import waits for the lock of a category, it reports the blocking transaction after half a second
and stops after a minute.

JSON keys: imported, present, dryRun

Examples:
  streamscope -n shop import account.ndjson.zst --dry-run
  streamscope -n shop import account.ndjson.zst
  streamscope -n shop get account --limit -1 --format json | streamscope --embedded copy -n shop import
  echo '{\"stream\":\"account-1\",\"type\":\"Opened\",\"v\":-1}' | streamscope import --expected-version-from v";

/// Import messages: exported ones, or new ones
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct ImportArguments {
    /// File with one message per line, plain, gzip or zstd; standard input if omitted or -
    pub file: Option<PathBuf>,
    /// Keep global positions, fail if one is taken, and advance the sequence past the highest
    #[arg(long)]
    pub keep_global_positions: bool,
    /// Accept streams with missing messages and keep their positions
    #[arg(long)]
    pub allow_gaps: bool,
    /// Show what would be imported, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Most messages in a transaction; it also ends at 16 MiB, or sooner if other sessions wait for it
    #[arg(long, value_name = "N", default_value_t = 100_000, allow_negative_numbers = true,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub batch: u32,
    /// Key that holds the expected version of a message without a position: none (or -1), any, or a number
    #[arg(long, value_name = "FIELD")]
    pub expected_version_from: Option<String>,
}

/// An import whose arguments are valid and whose file is open.
pub struct Prepared {
    name: String,
    path: Option<PathBuf>,
    source: Source,
    arguments: ImportArguments,
}

impl Prepared {
    /// Checks the arguments and opens the file without reading it.
    ///
    /// # Errors
    /// [`Status::Usage`] for a key that already has a meaning, [`Status::Failed`] if the file cannot be opened.
    pub fn new(arguments: &ImportArguments) -> Result<Self> {
        if let Some(field) = &arguments.expected_version_from
            && line::KEYS.contains(&field.as_str())
        {
            let what = format!("--expected-version-from {field}: this key already has a meaning; choose another one");
            return Err(CommandError::usage(what));
        }
        let path = arguments.file.clone().filter(|path| path.as_os_str() != "-");
        let name = path.as_ref().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
        let source = Source::open(path.as_deref())
            .map_err(|error| CommandError::new(Status::Failed, format!("cannot open {name}: {error}")))?;
        Ok(Self { name, path, source, arguments: arguments.clone() })
    }
}

/// Runs the command.
///
/// # Errors
/// Those of the store, [`Status::Usage`] for an invalid line and [`Status::Conflict`] for a wrong expected version. The messages that
/// were imported before the error are reported.
pub async fn run(
    namespace: &Namespace,
    prepared: Prepared,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let Prepared { name, path, source, arguments } = prepared;
    let options = ImportOptions {
        keep_global_positions: arguments.keep_global_positions,
        dry_run: arguments.dry_run,
        allow_gaps: arguments.allow_gaps,
    };
    let import = Import::new(namespace, options)?.on_waiting(warnings::blocking_transactions);
    if matches!(source, Source::Stdin) && std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        stderr::line("reading messages from the terminal, one per line; press Ctrl-D to finish");
    }
    let most = usize::try_from(arguments.batch).unwrap_or(usize::MAX);
    let read = Arc::new(AtomicU64::new(0));
    let progress = Arc::new(Progress::new(source.size(), Arc::clone(&read)));
    let asked = Arc::clone(&progress);
    let _report = ProgressReporter::start(Arc::new(move || format!("streamscope: {}", asked.line())))?;
    let batches = Gatherer { expected_from: arguments.expected_version_from.clone(), options, batch: most }
        .start(source, path, read)?;
    let done = ImportCounts::default();
    let mut run = Running {
        import,
        name,
        done,
        done_to: 0,
        sent_to: Cell::new(0),
        most,
        difference: None,
        dry_run: arguments.dry_run,
    };
    let result = tokio::select! {
        biased;
        result = run.all(batches, &progress) => result,
        number = interrupt.signalled() => Err(run.signalled(number)),
    };
    progress.clear();
    match result {
        Ok(()) => run.tell_result(output),
        Err(failure) => {
            run.tell_what_was_done();
            Err(failure)
        }
    }
}

/// The state of a running import.
struct Running {
    import: Import,
    name: String,
    done: ImportCounts,
    /// The last line of the completed batches.
    done_to: u64,
    /// The last line that was sent.
    sent_to: Cell<u64>,
    /// Most messages in a transaction.
    most: usize,
    /// The first line whose message differs from the stored one.
    difference: Option<(u64, Difference)>,
    dry_run: bool,
}

impl Running {
    async fn all(&mut self, mut batches: Batches, progress: &Progress) -> Result<()> {
        let mut next = batches.next().await;
        while let Some(batch) = next {
            let batch = batch.map_err(|problem| self.wrong(problem.line, problem.column, &problem.reason))?;
            let left = self.bring_in(batch, &mut batches).await?;
            progress.show(self.done.imported + self.done.present);
            next = match left {
                Some(left) => Some(Ok(left)),
                None => batches.next().await,
            };
        }
        Ok(())
    }

    /// Imports a batch and those that can share its transaction. Returns a batch that was read and cannot.
    async fn bring_in(&mut self, batch: Batch, batches: &mut Batches) -> Result<Option<Batch>> {
        self.sent_to.set(batch.last_line());
        let sent_to = &self.sent_to;
        let mut followers = Followers::new(self.most, async || {
            let batch = batches.ready().await?;
            sent_to.set(batch.last_line());
            Some(batch)
        });
        let done = self.import.checked_before(&batch.messages, &batch.checked, None, Some(&mut followers)).await;
        let Followers { sent, left, commit, .. } = followers;
        let difference = self.import.difference().map(|(index, difference)| (batch.line(index), difference.clone()));
        let done = done.map_err(|error| self.failure(&batch, error))?;
        self.count(done, batch.last_line(), difference);
        // Freeing thousands of messages takes a while, and the server need not wait for it.
        tokio::task::spawn_blocking(move || drop(batch));
        for Follower { batch, counts, difference } in sent {
            if commit == Commit::Stored {
                let difference = difference.map(|(index, difference)| (batch.line(index), difference));
                self.count(counts, batch.last_line(), difference);
                continue;
            }
            let batch = batch.unpack();
            let done = self
                .import
                .checked_after(&batch.messages, &batch.checked, (commit == Commit::Unanswered).then_some(counts))
                .await;
            let difference =
                self.import.difference().map(|(index, difference)| (batch.line(index), difference.clone()));
            let done = done.map_err(|error| self.failure(&batch, error))?;
            self.count(done, batch.last_line(), difference);
        }
        Ok(left)
    }

    fn count(&mut self, done: ImportCounts, to: u64, difference: Option<(u64, Difference)>) {
        self.done.imported += done.imported;
        self.done.present += done.present;
        self.done.differing += done.differing;
        self.done.unchecked += done.unchecked;
        self.difference = self.difference.take().or(difference);
        self.done_to = to;
    }

    fn wrong(&self, line: u64, column: Option<usize>, reason: &str) -> CommandError {
        let column = column.map(|column| format!(", column {column}")).unwrap_or_default();
        CommandError::usage(format!("{}, line {line}{column}: {reason}", self.name))
    }

    fn failure(&self, batch: &Batch, error: ImportError) -> CommandError {
        let line = |index: usize| batch.line(index);
        match error {
            ImportError::Message { index, problem } => {
                let remedy = if matches!(problem, Problem::Gap { .. }) { "; --allow-gaps accepts gaps" } else { "" };
                self.wrong(line(index), None, &format!("{problem}{remedy}"))
            }
            ImportError::Refused { index, error } => {
                let location = format!("{}, line {}", self.name, line(index));
                let what = format!("{location}: {error}");
                let logged = Some(format!("{location}: {}", error.without_values()));
                CommandError { what, logged, remedy: None, ..CommandError::from(error) }
            }
            ImportError::OutcomeUnknown(reason) => {
                let generated = batch
                    .messages
                    .iter()
                    .find(|message| matches!(message.placement, Placement::Next { generated: true, .. }));
                let remedy = match generated {
                    Some(message) => {
                        format!("check whether {} has a message with ID {}", message.stream, message.id)
                    }
                    None => "run the import again; it adds only the missing messages".to_owned(),
                };
                self.unknown(&reason).remedy(remedy)
            }
            ImportError::Store(error @ StoreError::Server { .. }) => {
                let (first, last) = (line(0), batch.last_line());
                let location = format!("{}, lines {first} to {last}", self.name);
                let logged = Some(format!("{location}: {}", error.without_values()));
                CommandError { logged, ..CommandError::new(Status::Failed, format!("{location}: {error}")) }
            }
            ImportError::Store(error) => error.into(),
        }
    }

    fn unknown(&self, reason: &str) -> CommandError {
        let (first, last) = (self.done_to + 1, self.sent_to.get());
        let what = format!("it is not known whether lines {first} to {last} of {} were written: {reason}", self.name);
        CommandError::new(Status::OutcomeUnknown, what)
    }

    fn signalled(&self, number: u8) -> CommandError {
        if self.import.is_in_doubt() {
            self.unknown("a signal arrived before the server answered")
        } else {
            CommandError::signalled(number)
        }
    }

    /// Reports the messages that were imported before a failure and stay.
    fn tell_what_was_done(&self) {
        if self.done_to == 0 || self.dry_run {
            return;
        }
        stderr::line(&format!(
            "streamscope: lines 1 to {} are stored ({} of them new); another run skips lines that have an ID",
            self.done_to,
            grouped(self.done.imported)
        ));
    }

    fn tell_result(&self, output: &mut Output) -> Result<()> {
        let ImportCounts { imported, present, differing, unchecked } = self.done;
        if let Some((line, difference)) = &self.difference {
            let messages = if differing == 1 {
                "1 message differs from the stored one".to_owned()
            } else {
                format!("{} messages differ from the stored ones", grouped(differing))
            };
            stderr::line(&format!("streamscope: {messages}; line {line}: {difference}"));
        }
        if output.is_json() {
            let object = Object::begin(output.buffer()).number("imported", imported).number("present", present);
            let object = object.raw("dryRun", if self.dry_run { "true" } else { "false" });
            let object = if unchecked > 0 { object.number("unchecked", unchecked) } else { object };
            object.end();
            return Ok(());
        }
        let verb = if self.dry_run { "would import" } else { "imported" };
        let messages = if imported == 1 { "message" } else { "messages" };
        output.line(&format!("{verb} {} {messages}, {} already stored", grouped(imported), grouped(present)))?;
        if unchecked > 0 {
            let messages = if unchecked == 1 { "message was" } else { "messages were" };
            let note = "not checked for gaps and duplicates: the file is too large to remember";
            output.line(&format!("{} {messages} {note}", grouped(unchecked)))?;
        }
        Ok(())
    }
}
