//! Keeps the position of `tail` in a file or, as Eventide's consumers do, in a stream, so that the next `tail`
//! continues there. A position is recorded only after its message was handled, so a crash repeats messages but never
//! loses one.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::position_file::{self, HandledMessage};
use crate::cli::error::{CommandError, Result, Status};
use crate::message::{ExpectedVersion, GlobalPosition, NameError, NewMessage, StreamName};
use crate::store::consumers::is_position_stream;
use crate::store::{Namespace, StoreError};

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

/// Checks the name of a position stream. The stream of an Eventide consumer without an identifier has no ID:
/// `account:position`.
///
/// # Errors
/// The errors of [`StreamName::new`] for any other name.
pub(super) fn position_stream(name: &str) -> Result<StreamName, NameError> {
    if is_position_stream(name) { Ok(StreamName::stored(name)) } else { StreamName::new(name) }
}

/// A position that is kept.
#[derive(Debug)]
pub(super) struct KeptPosition {
    keeper: Keeper,
    /// The last position that was recorded or found.
    recorded: Option<GlobalPosition>,
    /// The last message that was handled.
    handled: Option<HandledMessage>,
    /// Messages handled since the last record.
    since: u64,
}

impl KeptPosition {
    /// Reads the position from an earlier run.
    ///
    /// # Errors
    /// Fails if the file cannot be used or the store has replaced its message, or if the last message of the stream is
    /// not a position or none can be written.
    pub(super) async fn load(keeper: Keeper, namespace: &Namespace) -> Result<Self> {
        let recorded = match &keeper {
            Keeper::File(path) => {
                let record = position_file::open(path)?;
                if let Some(record) = record {
                    check_history(path, record, namespace).await?;
                }
                record.map(|record| record.position)
            }
            Keeper::Stream(stream) => {
                namespace.refuse_if_read_only().await?;
                recorded_in(stream, namespace).await?
            }
        };
        Ok(Self { keeper, recorded, handled: None, since: 0 })
    }

    /// Returns the global position after which to continue.
    pub(super) fn recorded(&self) -> Option<GlobalPosition> {
        self.recorded
    }

    /// Notes the beginning of this run if no position is known yet, and returns whether it should be recorded now.
    /// Without it, if this run ended before its first message, the next one would begin later and skip messages.
    #[must_use]
    pub(super) fn begins_after(&mut self, position: GlobalPosition) -> bool {
        let is_new = self.recorded.is_none() && self.handled.is_none() && position >= 0;
        if is_new {
            self.handled = Some(HandledMessage { position, id: None });
        }
        is_new
    }

    /// Notes that all messages up to one were handled, `messages` more than before. Returns whether the position should
    /// be recorded now.
    #[must_use]
    pub(super) fn advance(&mut self, to: HandledMessage, messages: u64) -> bool {
        self.handled = Some(to);
        self.since += messages;
        matches!(self.keeper, Keeper::File(_)) || self.since >= EVERY
    }

    /// Records the position if it has changed. The inner error is that of the store, which may be away.
    pub(super) async fn record(&mut self, namespace: &Namespace) -> Result<Result<(), StoreError>> {
        let Some(handled) = self.handled.filter(|handled| self.recorded != Some(handled.position)) else {
            return Ok(Ok(()));
        };
        let position = handled.position;
        match &self.keeper {
            Keeper::File(path) => position_file::write(path, handled)?,
            Keeper::Stream(stream) => {
                let message = NewMessage {
                    id: Uuid::now_v7(),
                    stream: stream.clone(),
                    message_type: RECORDED.to_owned(),
                    data: format!("{{\"position\": {position}}}"),
                    metadata: None,
                    expected_version: ExpectedVersion::Any,
                };
                if let Err(error) = namespace.write(&message).await {
                    return Ok(Err(error));
                }
            }
        }
        self.recorded = Some(position);
        self.since = 0;
        Ok(Ok(()))
    }
}

/// Fails if the recorded position belongs to a different message now. A missing message may only have been deleted.
async fn check_history(path: &Path, record: HandledMessage, namespace: &Namespace) -> Result<()> {
    let Some(id) = record.id else { return Ok(()) };
    match namespace.message(record.position).await? {
        Some(there) if there.id != id => {
            let what = format!(
                "cannot continue from the position file {}: the message at global position {} was {id}, but is {} now, because \
                 the store was emptied, restored or failed over",
                path.display(),
                record.position,
                there.id
            );
            Err(CommandError::new(Status::Failed, what).remedy("Delete the file to start at --from"))
        }
        _ => Ok(()),
    }
}

/// Returns the position in the last message of a position stream.
async fn recorded_in(stream: &StreamName, namespace: &Namespace) -> Result<Option<GlobalPosition>> {
    let Some(message) = namespace.last_stream_message(stream, None).await? else { return Ok(None) };
    if message.message_type != RECORDED {
        let what = format!("{stream} is not a position stream: its last message is {}", message.message_type);
        let remedy = format!("Name a stream for positions only, such as {}:position-NAME", stream.category());
        return Err(CommandError::usage(what).remedy(remedy));
    }
    let data: Option<serde_json::Value> = message.data.as_deref().and_then(|data| serde_json::from_str(data).ok());
    let position = data.as_ref().and_then(|data| data.get("position")?.as_i64());
    let missing = || {
        let what = format!("{stream}@{} does not contain a position", message.position);
        CommandError::new(Status::Failed, what)
    };
    position.map(Some).ok_or_else(missing)
}
