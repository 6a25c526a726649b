//! The command `import` writes messages from a file or from standard input into a namespace. A thread reads and checks
//! the next lines while the store takes the previous batch. It never reads further ahead, so memory stays bounded for
//! inputs of any length.

mod batch;
mod batches;
mod input;
mod line;
mod placeholders;
mod run;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::cli::error::{CommandError, Result, Status};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::Output;
use crate::cli::progress::Progress;
use crate::cli::stderr;
use crate::numbers::count;
use crate::store::Namespace;
use crate::store::import::{Import, ImportOptions};
use batches::{BatchOptions, Batches};
use input::Source;
use run::ImportRun;

/// The end of the `--help` text.
const HELP: &str = "\
Each line is one message, in the format that export, get and EventoDB write:
  {\"id\",\"stream\",\"type\",\"pos\",\"gpos\",\"data\",\"meta\",\"time\"}
The message keeps its ID, position and time, and with --keep-global-positions its global position. Messages that are \
already stored are skipped, so an interrupted import can be run again. A message that differs from the stored one, \
or would leave a gap in its stream, is an error.

A line without \"pos\" is a new message. It needs only a stream and a type:
  {\"stream\": \"account-{{uuid}}\", \"type\": \"Opened\", \"data\": {\"at\": \"{{now}}\"}}
The store assigns its position, global position and time, as it does for write. In every string, {{uuid}} becomes a \
new ID and {{now}} the current time. New messages without an ID are written every time. If another writer adds a \
message between two new messages of a stream, the import stops with a version conflict. --expected-version-from \
names the key that holds the expected version of the stream.

A file contains exported messages or new ones, not both. It may be compressed with gzip or zstd. If the import \
stops, standard error shows the last line that is stored. On SIGUSR1, it shows the progress. If the import waits for \
the lock of a category, it reports the blocking transaction after two seconds and stops after a minute.

JSON keys: imported, present, dryRun

Examples:
  streamscope -n shop import account.ndjson.zst --dry-run
  streamscope -n shop import account.ndjson.zst
  streamscope -n shop get account --limit -1 --format json \\
    | streamscope --embedded copy -n shop import
  echo '{\"stream\":\"account-1\",\"type\":\"Opened\",\"v\":-1}' \\
    | streamscope import --expected-version-from v";

/// Import exported or new messages
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct ImportArguments {
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
    /// Commit at least every N messages; a transaction also ends at 8 MiB, or sooner if other sessions wait for it
    #[arg(long, value_name = "N", default_value_t = 100_000, allow_negative_numbers = true,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub batch: u32,
    /// Key that holds the expected version of a message without a position: none (or -1), any, or a number
    #[arg(long, value_name = "FIELD")]
    pub expected_version_from: Option<String>,
}

/// An import whose arguments are valid and whose file is open.
pub(crate) struct Prepared {
    name: String,
    input: Input,
    progress: Arc<Progress>,
    arguments: ImportArguments,
}

/// The input of an import.
enum Input {
    /// Read while the connection is opened.
    Begun(Batches),
    /// Standard input that is a terminal. It is read after the connection is opened, because a password may be asked
    /// for before.
    Terminal(Source),
}

impl ImportArguments {
    /// Most messages in a batch.
    fn most(&self) -> usize {
        usize::try_from(self.batch).unwrap_or(usize::MAX)
    }

    fn options(&self) -> ImportOptions {
        ImportOptions {
            keep_global_positions: self.keep_global_positions,
            dry_run: self.dry_run,
            allow_gaps: self.allow_gaps,
        }
    }

    fn path(&self) -> Option<&Path> {
        self.file.as_deref().filter(|path| path.as_os_str() != "-")
    }

    fn begin_reading(&self, source: Source, progress: &Arc<Progress>) -> Result<Batches> {
        let options = BatchOptions {
            expected_from: self.expected_version_from.clone(),
            import: self.options(),
            most: self.most(),
        };
        batches::start(options, source, self.path().map(Path::to_owned), Arc::clone(progress))
    }
}

impl Prepared {
    /// Checks the arguments, opens the file and begins to read it.
    ///
    /// # Errors
    /// [`Status::Usage`] for a key that already has a meaning, [`Status::Failed`] if the file cannot be opened.
    pub(crate) fn new(arguments: &ImportArguments) -> Result<Self> {
        if let Some(field) = &arguments.expected_version_from
            && line::KEYS.contains(&field.as_str())
        {
            let what = format!("--expected-version-from {field}: this key already has a meaning; choose another one");
            return Err(CommandError::usage(what));
        }
        let path = arguments.path();
        let name = path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
        let source = Source::open(path)
            .map_err(|error| CommandError::new(Status::Failed, format!("cannot open {name}: {error}")))?;
        let progress = Arc::new(Progress::new(source.size()));
        let input = if source.is_terminal() {
            Input::Terminal(source)
        } else {
            Input::Begun(arguments.begin_reading(source, &progress)?)
        };
        Ok(Self { name, input, progress, arguments: arguments.clone() })
    }
}

/// Runs the command.
///
/// # Errors
/// The errors of the store, [`Status::Usage`] for an invalid line and [`Status::Conflict`] for a wrong expected
/// version. The messages that were imported before the error are reported.
pub(super) async fn run(
    namespace: &Namespace,
    prepared: Prepared,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let Prepared { name, input, progress, arguments } = prepared;
    let import = Import::new(namespace, arguments.options())?;
    let unit = match namespace.shape().columns.time.decimals() {
        0 => Some("whole seconds".to_owned()),
        decimals @ 1..6 => Some(format!("{} of a second", count(decimals.into(), "decimal"))),
        _ => None,
    };
    if let Some(unit) = unit {
        stderr::line(&format!("streamscope: times are rounded to {unit}, because the column time keeps no more"));
    }
    let _report = progress.answer(interrupt);
    let batches = match input {
        Input::Begun(batches) => batches,
        Input::Terminal(source) => {
            stderr::line("streamscope: reading messages from the terminal, one per line; press Ctrl-D to finish");
            arguments.begin_reading(source, &progress)?
        }
    };
    let mut run = ImportRun::new(import, name, arguments.most(), arguments.dry_run);
    let result = tokio::select! {
        biased;
        result = run.all(batches, &progress) => result,
        number = interrupt.signalled() => Err(run.signalled(number)),
    };
    progress.clear();
    match result {
        Ok(()) => run.report(output),
        Err(failure) => {
            run.report_stored();
            Err(failure)
        }
    }
}
