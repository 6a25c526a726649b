//! The expected version of a new draft: the stream's version, from the screen or else from the server. A version that
//! the user typed is never changed.

use super::{Compose, Field, FilledVersion};
use crate::app::dialogs::outcome::Command;
use crate::app::request::{Question, Slot};
use crate::message::{ExpectedVersion, Position, StreamName};
use crate::store::StoreError;

impl Compose {
    /// Marks the version in the draft as filled in: it changes with the stream, and the server is asked while it is
    /// empty.
    pub(crate) fn version_is_filled(&mut self) {
        let (stream, version) = (self.text(Field::Stream), self.text(Field::ExpectedVersion));
        self.filled = Some(FilledVersion { stream, version });
    }

    /// Returns the stream if its version must be filled in: the stream has changed, and the user has not typed a
    /// version.
    pub(super) fn version_wanted(&self) -> Option<StreamName> {
        let filled = self.filled.as_ref()?;
        let stream = StreamName::new(self.text(Field::Stream)).ok()?;
        let is_old = filled.stream != stream.as_str() || (filled.version.is_empty() && !self.awaits_version);
        (is_old && self.text(Field::ExpectedVersion) == filled.version).then_some(stream)
    }

    /// Fills in the version of a stream. This alone does not make the draft worth keeping.
    fn fill_version(&mut self, stream: String, version: String) {
        self.set(Field::ExpectedVersion, &version);
        if let Some(untouched) = &mut self.untouched {
            untouched.expected_version.clone_from(&version);
        }
        self.filled = Some(FilledVersion { stream, version });
    }

    /// Asks for the stream's version if the filled-in version is of another stream.
    pub(crate) fn ask_version(&mut self) -> Option<Command> {
        let stream = self.version_wanted()?;
        self.fill_version(stream.to_string(), String::new());
        self.awaits_version = true;
        Some(Command::Ask(Slot::Version, Question::Version { namespace: self.namespace.clone(), stream }))
    }

    /// Fills in the version that the server answered, unless the user has typed one in the meantime. It is the version
    /// of the stream that was asked about, even if the user is typing another.
    pub(crate) fn version_answered(&mut self, version: Option<Position>) {
        if std::mem::take(&mut self.awaits_version)
            && self.text(Field::ExpectedVersion).is_empty()
            && let Some(FilledVersion { stream, .. }) = self.filled.take()
        {
            self.fill_version(stream, ExpectedVersion::from_version(version).to_string());
        }
    }

    pub(crate) fn version_failed(&mut self, error: &StoreError) {
        if std::mem::take(&mut self.awaits_version) {
            self.problem = Some(format!("Cannot read the stream's version: {error}"));
        }
    }
}
