//! The file of `tail --position-file`. It contains the global position of the last message that was handled, and the ID
//! of that message, which shows whether the store still has the same history. A file written by hand may contain only
//! the position.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::bounded;
use crate::cli::error::{CommandError, Result, Status};
use crate::message::{GlobalPosition, Message};
use crate::own_files::{self, Purpose};
use crate::utf8;

/// A message that was handled, together with all messages before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HandledMessage {
    pub position: GlobalPosition,
    /// `None` if it cannot be read, or is not in the file.
    pub id: Option<Uuid>,
}

impl From<&Message> for HandledMessage {
    fn from(message: &Message) -> Self {
        // A nil ID stands for one that cannot be read.
        Self { position: message.global_position, id: Some(message.id).filter(|id| !id.is_nil()) }
    }
}

impl HandledMessage {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let position = words.next()?.parse().ok()?;
        let id = words.next().map(Uuid::try_parse).transpose().ok()?;
        words.next().is_none().then_some(Self { position, id })
    }

    fn text(self) -> String {
        let Self { position, id } = self;
        id.map_or_else(|| format!("{position}\n"), |id| format!("{position} {id}\n"))
    }
}

/// Reads the file; returns none if there is no file yet. Checks that it can be written too, because otherwise the
/// commands would run before the first failure, and again after each start.
///
/// # Errors
/// Fails if the file cannot be read or written or does not begin with a number.
pub(super) fn open(path: &Path) -> Result<Option<HandledMessage>> {
    let what = || format!("cannot read the position file {}", path.display());
    let file = own_files::resolve_links(path).and_then(|path| own_files::open(&path, Purpose::Read));
    let record = match file.and_then(|file| bounded::read(file, bounded::WRITTEN_BY_HAND)) {
        Ok(bytes) => {
            let record = utf8::text(&bytes).ok().and_then(HandledMessage::parse);
            Some(record.ok_or_else(|| {
                let what = format!("{}: it does not contain a global position", what());
                CommandError::new(Status::Failed, what)
            })?)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(CommandError::new(Status::Failed, format!("{}: {error}", what()))),
    };
    let tried = match record {
        Some(record) => replace(path, record),
        None => create_and_remove(path),
    };
    tried.map_err(|error| cannot_write(path, &error))?;
    Ok(record)
}

/// Replaces the file in one step, so that a crash leaves the old or the new record.
///
/// # Errors
/// Fails if the file cannot be written.
pub(super) fn write(path: &Path, record: HandledMessage) -> Result<()> {
    replace(path, record).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &io::Error) -> CommandError {
    CommandError::new(Status::Failed, format!("cannot write the position file {}: {error}", path.display()))
}

fn replace(path: &Path, record: HandledMessage) -> io::Result<()> {
    let (path, part) = beside(path)?;
    own_files::replace(&path, &part, Purpose::ReadWriteShared, record.text().as_bytes())
}

fn create_and_remove(path: &Path) -> io::Result<()> {
    let (_, part) = beside(path)?;
    own_files::open(&part, Purpose::ReadWriteShared)?;
    std::fs::remove_file(part)
}

/// Returns the real path of the file, and the path of the new file beside it.
fn beside(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let path = own_files::output_target(path)?;
    let part = own_files::part_of(&path);
    Ok((path, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_may_lack_the_id() {
        let id = Uuid::from_u128(7);
        for record in [HandledMessage { position: 5, id: Some(id) }, HandledMessage { position: 0, id: None }] {
            assert_eq!(HandledMessage::parse(&record.text()), Some(record));
        }
        assert_eq!(HandledMessage::parse(" 12\r\n"), Some(HandledMessage { position: 12, id: None }));
        for text in ["", "x", "5 x", &format!("5 {id} more"), &id.to_string()] {
            assert_eq!(HandledMessage::parse(text), None, "{text:?}");
        }
    }
}
