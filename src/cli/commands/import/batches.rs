//! Reads lines on a thread of their own, turns them into messages and hands them over in batches. The thread builds one
//! batch while the store takes another, and never builds a third.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::batch::{Batch, BatchMessages};
use super::input::{Ended, LineError, Lines, Source};
use super::line::{LineParser, ParsedLine, as_text};
use crate::cli::error::{CommandError, Result, Status};
use crate::cli::progress::Progress;
use crate::message::category;
use crate::store::import::{Checked, ImportOptions, Placement};

/// A batch ends at this size.
const BYTES: usize = 2 << 20;
/// The first batch is smaller, because the server waits for it. Each of the next has twice the size.
const FIRST_BYTES: usize = 64 << 10;
/// Bytes of all batches in memory: those of a transaction, one that is ready, and one that is read.
const ROOM: usize = 6 * BYTES;
/// How long an open transaction waits for the next batch.
const NEARLY: Duration = Duration::from_millis(50);
/// Most locks that a batch takes. The server has room for a few thousand in all sessions together.
const CATEGORIES: usize = 256;

/// A line that is not a valid message.
#[derive(Debug)]
pub(super) struct InvalidLine {
    pub line: u64,
    pub column: Option<usize>,
    pub reason: String,
}

/// The batches, in order. None follows an invalid line.
pub(super) struct Batches {
    receiver: mpsc::Receiver<Result<Batch, InvalidLine>>,
    /// Met by [`Batches::ready`], and returned by the next call of [`Batches::next`].
    invalid: Option<InvalidLine>,
}

impl Batches {
    pub(super) async fn next(&mut self) -> Option<Result<Batch, InvalidLine>> {
        match self.invalid.take() {
            Some(invalid) => Some(Err(invalid)),
            None => self.receiver.recv().await,
        }
    }

    /// Returns the next batch if it is ready, or will be within a moment.
    pub(super) async fn ready(&mut self) -> Option<Batch> {
        if self.invalid.is_some() {
            return None;
        }
        match timeout(NEARLY, self.receiver.recv()).await.ok()?? {
            Ok(batch) => Some(batch),
            Err(invalid) => {
                self.invalid = Some(invalid);
                None
            }
        }
    }
}

/// What the thread needs to know.
pub(super) struct BatchOptions {
    pub expected_from: Option<String>,
    pub import: ImportOptions,
    /// Most messages in a batch.
    pub most: usize,
}

/// Starts the thread. Nothing joins it: a read from a terminal or a pipe cannot be interrupted, so the thread ends with
/// the program.
///
/// # Errors
/// [`Status::Failed`] if the system cannot start a thread.
pub(super) fn start(
    options: BatchOptions,
    source: Source,
    path: Option<PathBuf>,
    progress: Arc<Progress>,
) -> Result<Batches> {
    let (sender, receiver) = mpsc::channel(1);
    let runtime = Handle::current();
    let work = move || {
        let read = || {
            let lines = Lines::new(source, path.as_deref(), progress).map_err(|error| unreadable(1, &error))?;
            BatchReader::new(options, lines, runtime).send_all(&sender)
        };
        if let Err(invalid) = read() {
            // A closed channel means that the command has ended.
            let _ = sender.blocking_send(Err(invalid));
        }
    };
    std::thread::Builder::new()
        .name("lines".to_owned())
        .spawn(work)
        .map_err(|error: io::Error| CommandError::new(Status::Failed, format!("cannot start a thread: {error}")))?;
    Ok(Batches { receiver, invalid: None })
}

struct BatchReader {
    parser: LineParser,
    lines: Lines,
    most: usize,
    options: ImportOptions,
    runtime: Handle,
    room: Arc<Semaphore>,
    /// The size of the next batch.
    bytes: usize,
    /// Whether the first message has a position, and the number of its line.
    first: Option<(bool, u64)>,
}

/// The messages of a batch that is being read.
#[derive(Default)]
struct Draft {
    messages: BatchMessages,
    lines: Vec<u64>,
    bytes: usize,
    categories: HashSet<String>,
}

impl Draft {
    fn is_full(&self, most: usize, bytes: usize) -> bool {
        self.lines.len() >= most || self.bytes >= bytes || self.categories.len() >= CATEGORIES
    }

    /// Adds the message of a line, and may take the memory of the line.
    fn add(&mut self, line: &mut Vec<u8>, parsed: ParsedLine, number: u64) {
        // Placeholders can make a message longer than its line.
        self.bytes += line.len().max(parsed.length()) + BatchMessages::OVERHEAD;
        self.lines.push(number);
        let category = category(self.messages.add(line, parsed));
        if !self.categories.contains(category) {
            self.categories.insert(category.to_owned());
        }
    }
}

impl BatchReader {
    fn new(options: BatchOptions, lines: Lines, runtime: Handle) -> Self {
        Self {
            parser: LineParser::new(options.expected_from),
            lines,
            most: options.most,
            options: options.import,
            runtime,
            room: Arc::new(Semaphore::new(ROOM)),
            bytes: FIRST_BYTES,
            first: None,
        }
    }

    fn room(&self, bytes: usize) -> OwnedSemaphorePermit {
        let room = Arc::clone(&self.room).acquire_many_owned(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.runtime.block_on(room).expect("the semaphore is never closed")
    }

    /// Sends batches until the input ends or nobody receives them any more.
    fn send_all(mut self, sender: &mpsc::Sender<Result<Batch, InvalidLine>>) -> Result<(), InvalidLine> {
        loop {
            let mut room = self.room(self.bytes);
            let Draft { messages, lines, bytes: size, .. } = self.draft()?;
            if lines.is_empty() {
                return Ok(());
            }
            if size > 2 * BYTES {
                // A huge line takes the room of all batches.
                room.merge(self.room(ROOM - room.num_permits()));
            }
            let checked = Checked::new(&messages, self.options)
                .map_err(|(index, problem)| invalid(lines[index], None, problem.to_string()))?;
            if sender.blocking_send(Ok(Batch { messages, checked, lines, size, _room: room })).is_err() {
                return Ok(());
            }
        }
    }

    /// Reads lines until a batch is full or the input ends.
    fn draft(&mut self) -> Result<Draft, InvalidLine> {
        let mut draft = Draft::default();
        while !draft.is_full(self.most, self.bytes) {
            let Some(ended) = self.read()? else { break };
            let number = self.lines.number();
            let line = self.lines.line();
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let parsed = as_text(line).and_then(|text| self.parser.message(text)).map_err(|problem| {
                let reason = match ended {
                    Ended::No if !line.trim_ascii_end().ends_with(b"}") => {
                        format!("{} (the last line is incomplete: is the file truncated?)", problem.reason)
                    }
                    _ => problem.reason,
                };
                invalid(number, problem.column, reason)
            })?;
            self.check_kind(parsed.placement, number)?;
            draft.add(self.lines.line(), parsed, number);
        }
        self.bytes = (2 * self.bytes).min(BYTES);
        draft.messages.complete();
        Ok(draft)
    }

    fn read(&mut self) -> Result<Option<Ended>, InvalidLine> {
        let read = self.lines.read();
        let number = self.lines.number();
        read.map_err(|error| match error {
            LineError::Unreadable(error) => unreadable(number, &error),
            LineError::TooLong => {
                invalid(number, None, "the line is longer than 256 MiB, more than Postgres can store".to_owned())
            }
            LineError::Encoded(error) => invalid(number, None, format!("this {error}")),
        })
    }

    /// Refuses a file in which some messages have positions and some have none.
    fn check_kind(&mut self, placement: Placement, line: u64) -> Result<(), InvalidLine> {
        let kept = matches!(placement, Placement::Kept { .. });
        let (expected, first) = *self.first.get_or_insert((kept, line));
        if kept == expected {
            return Ok(());
        }
        let (this, that) = if kept { ("a position", "none") } else { ("no position", "one") };
        let reason = format!("this message has {this}, but that of line {first} has {that}; import them separately");
        Err(invalid(line, None, reason))
    }
}

fn invalid(line: u64, column: Option<usize>, reason: String) -> InvalidLine {
    InvalidLine { line, column, reason }
}

fn unreadable(line: u64, error: &io::Error) -> InvalidLine {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("the compressed data is truncated: {error}"),
        _ => format!("cannot read the input: {error}"),
    };
    invalid(line, None, reason)
}
