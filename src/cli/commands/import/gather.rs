//! The thread that reads lines, turns them into messages and hands them over in batches. It builds one batch while the store takes
//! another, and never builds a third.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::input::{Ended, LineError, Lines, Source};
use super::line::LineParser;
use super::packed::Packed;
use crate::cli::error::{CommandError, Result, Status};
use crate::message::category;
use crate::store::import::{self, Checked, ImportOptions, ImportedMessage, Placement};

/// A batch ends at this number of bytes of lines. Up to [`ROOM`] batches are in memory, besides the packed ones.
const BYTES: usize = 2 << 20;
/// One batch that is sent, one that is ready, and one that is read.
const ROOM: usize = 3;
/// How long an open transaction waits for the next batch.
const NEARLY: Duration = Duration::from_millis(50);
/// Most locks that a batch takes. The server has room for a few thousand in all sessions together.
const CATEGORIES: usize = 256;

pub struct Batch {
    pub messages: Vec<ImportedMessage>,
    pub checked: Checked,
    /// The line number of each message.
    pub lines: Vec<u64>,
    /// Bytes of lines.
    pub size: usize,
    /// Returned when the batch is dropped.
    _room: Vec<OwnedSemaphorePermit>,
}

impl Batch {
    /// Creates a batch that does not count against [`ROOM`].
    pub fn new(messages: Vec<ImportedMessage>, checked: Checked, lines: Vec<u64>, size: usize) -> Self {
        Self { messages, checked, lines, size, _room: Vec::new() }
    }

    /// Returns the line number of a message.
    pub fn line(&self, index: usize) -> u64 {
        self.lines.get(index).copied().unwrap_or_default()
    }

    pub fn last_line(&self) -> u64 {
        self.lines.last().copied().unwrap_or_default()
    }
}

impl import::FollowingBatch for Batch {
    type Packed = Packed;

    fn messages(&self) -> &[ImportedMessage] {
        &self.messages
    }

    fn checked(&self) -> &Checked {
        &self.checked
    }

    fn size(&self) -> usize {
        self.size
    }

    fn pack(self) -> Packed {
        Packed::new(self)
    }
}

/// A line that is not a valid message.
#[derive(Debug)]
pub struct WrongLine {
    pub line: u64,
    pub column: Option<usize>,
    pub reason: String,
}

pub struct Gatherer {
    pub expected_from: Option<String>,
    pub options: ImportOptions,
    pub batch: usize,
}

/// The batches, in order. None follows an invalid line.
pub struct Batches {
    receiver: mpsc::Receiver<Result<Batch, WrongLine>>,
    /// Met by [`Batches::ready`], and returned by the next call of [`Batches::next`].
    wrong: Option<WrongLine>,
}

impl Batches {
    pub async fn next(&mut self) -> Option<Result<Batch, WrongLine>> {
        match self.wrong.take() {
            Some(wrong) => Some(Err(wrong)),
            None => self.receiver.recv().await,
        }
    }

    /// Returns the next batch if it is ready, or will be within a moment.
    pub async fn ready(&mut self) -> Option<Batch> {
        if self.wrong.is_some() {
            return None;
        }
        match timeout(NEARLY, self.receiver.recv()).await.ok()?? {
            Ok(batch) => Some(batch),
            Err(wrong) => {
                self.wrong = Some(wrong);
                None
            }
        }
    }
}

impl Gatherer {
    /// Starts the thread. Nothing joins it: a read from a terminal or a pipe cannot be interrupted, so the thread ends with the program.
    ///
    /// # Errors
    /// [`Status::Failed`] if the system cannot start a thread.
    pub fn start(self, source: Source, path: Option<PathBuf>, read: Arc<AtomicU64>) -> Result<Batches> {
        let (sender, receiver) = mpsc::channel(1);
        let runtime = Handle::current();
        let work = move || {
            let ended = Gathering::new(&self, &runtime).run(source, path.as_deref(), read, &sender);
            if let Err(wrong) = ended {
                // A closed channel means that the command has ended.
                let _ = sender.blocking_send(Err(wrong));
            }
        };
        std::thread::Builder::new()
            .name("lines".to_owned())
            .spawn(work)
            .map_err(|error: io::Error| CommandError::new(Status::Failed, format!("cannot start a thread: {error}")))?;
        Ok(Batches { receiver, wrong: None })
    }
}

struct Gathering<'a> {
    reader: LineParser,
    most: usize,
    options: ImportOptions,
    runtime: &'a Handle,
    room: Arc<Semaphore>,
    /// Whether the first message has a position, and the number of its line.
    kept: Option<(bool, u64)>,
}

impl<'a> Gathering<'a> {
    fn new(gatherer: &Gatherer, runtime: &'a Handle) -> Self {
        Self {
            reader: LineParser::new(gatherer.expected_from.clone()),
            most: gatherer.batch,
            options: gatherer.options,
            runtime,
            room: Arc::new(Semaphore::new(ROOM)),
            kept: None,
        }
    }

    fn room(&self) -> OwnedSemaphorePermit {
        let room = Arc::clone(&self.room).acquire_owned();
        self.runtime.block_on(room).expect("the semaphore is never closed")
    }

    fn run(
        mut self,
        source: Source,
        path: Option<&Path>,
        read: Arc<AtomicU64>,
        sender: &mpsc::Sender<Result<Batch, WrongLine>>,
    ) -> Result<(), WrongLine> {
        let unreadable = |line, error: &io::Error| WrongLine { line, column: None, reason: cannot_read(error) };
        let mut lines = Lines::new(source, path, read).map_err(|error| unreadable(1, &error))?;
        loop {
            let mut room = vec![self.room()];
            let (mut messages, mut numbers) = (Vec::new(), Vec::new());
            let mut bytes = 0;
            let mut categories = HashSet::new();
            while messages.len() < self.most && bytes < BYTES && categories.len() < CATEGORIES {
                let ended = match lines.read() {
                    Ok(Some(ended)) => ended,
                    Ok(None) => break,
                    Err(LineError::Unreadable(error)) => return Err(unreadable(lines.number(), &error)),
                    Err(LineError::TooLong) => {
                        let reason = "the line is longer than 256 MiB, more than Postgres can store".to_owned();
                        return Err(WrongLine { line: lines.number(), column: None, reason });
                    }
                    Err(LineError::Encoded(error)) => {
                        return Err(WrongLine { line: lines.number(), column: None, reason: format!("this {error}") });
                    }
                };
                let number = lines.number();
                if lines.line().iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let length = lines.line().len();
                let message = self.reader.message(lines.line()).map_err(|problem| WrongLine {
                    line: number,
                    column: problem.column,
                    reason: match ended {
                        Ended::Yes => problem.reason,
                        Ended::No => {
                            format!("{} (the last line is incomplete: is the file truncated?)", problem.reason)
                        }
                    },
                })?;
                self.same_kind(&message, number)?;
                let category = category(message.stream.as_str());
                if !categories.contains(category) {
                    categories.insert(category.to_owned());
                }
                // Placeholders can make a message longer than its line.
                bytes += length.max(message.length());
                messages.push(message);
                numbers.push(number);
            }
            if messages.is_empty() {
                return Ok(());
            }
            if bytes > 2 * BYTES {
                // A huge line takes the room of all batches.
                room.extend((1..ROOM).map(|_| self.room()));
            }
            let checked = Checked::new(&messages, self.options).map_err(|(index, problem)| WrongLine {
                line: numbers[index],
                column: None,
                reason: problem.to_string(),
            })?;
            let batch = Batch { messages, checked, lines: numbers, size: bytes, _room: room };
            if sender.blocking_send(Ok(batch)).is_err() {
                return Ok(());
            }
        }
    }

    fn same_kind(&mut self, message: &ImportedMessage, line: u64) -> Result<(), WrongLine> {
        let kept = matches!(message.placement, Placement::Kept { .. });
        let (expected, first) = *self.kept.get_or_insert((kept, line));
        if kept == expected {
            return Ok(());
        }
        let (this, that) = if kept { ("a position", "none") } else { ("no position", "one") };
        let reason = format!("this message has {this}, but that of line {first} has {that}; import them separately");
        Err(WrongLine { line, column: None, reason })
    }
}

fn cannot_read(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("the compressed data is truncated: {error}"),
        _ => format!("cannot read the input: {error}"),
    }
}
