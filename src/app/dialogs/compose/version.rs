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
        self.filled =
            Some(FilledVersion { stream: self.text(Field::Stream), version: self.text(Field::ExpectedVersion) });
    }

    /// Returns the stream if its version must be filled in: the stream has changed, and the user has not typed a
    /// version.
    fn version_wanted(&self) -> Option<StreamName> {
        let filled = self.filled.as_ref()?;
        let stream = StreamName::new(self.text(Field::Stream)).ok()?;
        let is_old = filled.stream != stream.as_str() || (filled.version.is_empty() && !self.awaits_version);
        (is_old && self.text(Field::ExpectedVersion) == filled.version).then_some(stream)
    }

    /// Fills in a version. This alone does not make the draft worth keeping.
    fn fill_version(&mut self, version: &str) {
        self.set(Field::ExpectedVersion, version);
        if let Some(untouched) = &mut self.untouched {
            version.clone_into(&mut untouched.expected_version);
        }
        self.version_is_filled();
    }

    /// Asks for the stream's version if the filled-in version is of another stream.
    pub(crate) fn ask_version(&mut self) -> Option<Command> {
        let stream = self.version_wanted()?;
        self.fill_version("");
        self.awaits_version = true;
        Some(Command::Ask(Slot::Version, Question::Version { namespace: self.namespace.clone(), stream }))
    }

    /// Fills in the version that the server answered, unless the user has typed one in the meantime.
    pub(crate) fn version_answered(&mut self, version: Option<Position>) {
        if std::mem::take(&mut self.awaits_version) && self.text(Field::ExpectedVersion).is_empty() {
            self.fill_version(&ExpectedVersion::from_version(version).to_string());
        }
    }

    pub(crate) fn version_failed(&mut self, error: &StoreError) {
        if std::mem::take(&mut self.awaits_version) {
            self.problem = Some(format!("Cannot read the stream's version: {error}"));
        }
    }
}
