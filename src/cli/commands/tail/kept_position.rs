//! Keeps the position of `tail` in a file or, as Eventide's consumers do, in a stream, so that the next `tail` continues there. A
//! position is recorded only after its message was handled, so a crash repeats messages but never loses one.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::bounded;
use crate::cli::error::{CommandError, Result, Status};
use crate::message::{ExpectedVersion, GlobalPosition, NameError, NewMessage, StreamName};
use crate::own_files::{self, Purpose};
use crate::store::Namespace;
use crate::store::consumers::is_position_stream;
use crate::utf8;

/// The type of Eventide's position messages.
const RECORDED: &str = "Recorded";
/// Messages between two records in a stream, as in Eventide.
const EVERY: u64 = 100;

/// The place of a position.
#[derive(Debug, Clone)]
pub(super) enum Keeper {
    File(PathBuf),
    Stream(StreamName),
}

/// Checks the name of a position stream. The stream of an Eventide consumer without an identifier has no ID: `account:position`.
///
/// # Errors
/// Those of [`StreamName::new`] for any other name.
pub(super) fn position_stream(name: &str) -> Result<StreamName, NameError> {
    if is_position_stream(name) { Ok(StreamName::stored(name)) } else { StreamName::new(name) }
}

/// A position that is kept.
#[derive(Debug)]
pub(super) struct KeptPosition {
    keeper: Keeper,
    /// The last position that was recorded or found.
    recorded: Option<GlobalPosition>,
    /// The global position of the last message that was handled.
    handled: Option<GlobalPosition>,
    /// Messages handled since the last record.
    since: u64,
}

impl KeptPosition {
    /// Reads the position from an earlier run, and checks that a position can be recorded in the same place. Without the check, the
    /// commands would run before the first failure, and again after each start.
    ///
    /// # Errors
    /// Fails if the file cannot be read or written or contains no number, or if the last message of the stream is not a position.
    pub(super) async fn load(keeper: Keeper, namespace: &Namespace) -> Result<Self> {
        let recorded = match &keeper {
            Keeper::File(path) => {
                let what = || format!("cannot read the position file {}", path.display());
                let file = own_files::resolve_links(path).and_then(|path| own_files::open(&path, Purpose::Read));
                match file.and_then(|file| bounded::read(file, bounded::WRITTEN_BY_HAND)) {
                    Ok(bytes) => {
                        let position = utf8::text(&bytes).ok().and_then(|text| text.trim().parse().ok());
                        Some(position.ok_or_else(|| {
                            let what = format!("{}: it does not contain a global position", what());
                            CommandError::new(Status::Failed, what)
                        })?)
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                    Err(error) => return Err(CommandError::new(Status::Failed, format!("{}: {error}", what()))),
                }
            }
            Keeper::Stream(stream) => match namespace.last_stream_message(stream, None).await? {
                None => None,
                Some(message) if message.message_type != RECORDED => {
                    let what =
                        format!("{stream} is not a position stream: its last message is {}", message.message_type);
                    let remedy =
                        format!("Name a stream for positions only, such as {}:position-NAME", stream.category());
                    return Err(CommandError::usage(what).remedy(remedy));
                }
                Some(message) => {
                    let data: Option<serde_json::Value> =
                        message.data.as_deref().and_then(|data| serde_json::from_str(data).ok());
                    let position = data.as_ref().and_then(|data| data.get("position")?.as_i64());
                    Some(position.ok_or_else(|| {
                        let what = format!("{stream}@{} does not contain a position", message.position);
                        CommandError::new(Status::Failed, what)
                    })?)
                }
            },
        };
        if let Keeper::File(path) = &keeper {
            try_to_write(path, recorded).map_err(|error| cannot_write(path, &error))?;
        }
        Ok(Self { keeper, recorded, handled: None, since: 0 })
    }

    /// Returns the global position after which to continue.
    pub(super) fn recorded(&self) -> Option<GlobalPosition> {
        self.recorded
    }

    /// Notes that all messages up to a global position were handled, `messages` more than before. Records the position
    /// now and then.
    pub(super) async fn advance(&mut self, to: GlobalPosition, messages: u64, namespace: &Namespace) -> Result<()> {
        self.handled = Some(to);
        self.since += messages;
        if matches!(self.keeper, Keeper::File(_)) || self.since >= EVERY {
            self.record(namespace).await
        } else {
            Ok(())
        }
    }

    /// Records the position if it has changed.
    pub(super) async fn record(&mut self, namespace: &Namespace) -> Result<()> {
        let Some(handled) = self.handled.filter(|handled| self.recorded != Some(*handled)) else { return Ok(()) };
        match &self.keeper {
            Keeper::File(path) => write(path, handled).map_err(|error| cannot_write(path, &error))?,
            Keeper::Stream(stream) => {
                let message = NewMessage {
                    id: Uuid::now_v7(),
                    stream: stream.clone(),
                    message_type: RECORDED.to_owned(),
                    data: format!("{{\"position\": {handled}}}"),
                    metadata: None,
                    expected_version: ExpectedVersion::Any,
                };
                namespace.write(&message).await?;
            }
        }
        self.recorded = Some(handled);
        self.since = 0;
        Ok(())
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::new(Status::Failed, format!("cannot write the position file {}: {error}", path.display()))
}

/// Returns the real path of a position file, and the path of the new file beside it.
fn beside(path: &Path) -> std::io::Result<(PathBuf, PathBuf)> {
    let path = own_files::resolve_links(path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    Ok((path, part))
}

/// Replaces the file in one step, so that a crash leaves the old or the new position.
fn write(path: &Path, position: GlobalPosition) -> std::io::Result<()> {
    let (path, part) = beside(path)?;
    own_files::replace(&path, &part, Purpose::ReadWriteShared, format!("{position}\n").as_bytes())
}

/// Writes the recorded position again. Without one, creates the new file and removes it, because no position is handled yet.
fn try_to_write(path: &Path, recorded: Option<GlobalPosition>) -> std::io::Result<()> {
    if let Some(position) = recorded {
        return write(path, position);
    }
    let (_, part) = beside(path)?;
    own_files::open(&part, Purpose::ReadWriteShared)?;
    std::fs::remove_file(part)
}
