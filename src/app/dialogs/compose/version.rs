//! The expected version of a new draft: the stream's version, from the screen or else from the server. A version that
//! the user typed is never changed.

use super::{Compose, Field};
use crate::app::dialogs::Dialog;
use crate::app::request::{Question, Slot};
use crate::app::{Effect, State};
use crate::message::{ExpectedVersion, Position, StreamName};
use crate::store::StoreError;
use crate::store::browse::Scope;

/// An expected version that was filled in.
#[derive(Debug)]
pub(super) struct Filled {
    /// The stream whose version it is.
    stream: String,
    /// Empty until the server answers.
    version: String,
}

impl Compose {
    /// Marks the version in the draft as filled in: it changes with the stream, and the server is asked while it is
    /// empty.
    pub(super) fn version_is_filled(&mut self) {
        self.filled = Some(Filled { stream: self.text(Field::Stream), version: self.text(Field::ExpectedVersion) });
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
}

impl State {
    /// Returns the version of a stream if the messages pane shows its end.
    pub(super) fn version_on_screen(&self, stream: &StreamName) -> Option<ExpectedVersion> {
        let is_shown = matches!(self.browser.messages.place.as_ref().map(|place| &place.scope),
            Some(Scope::Stream(shown)) if shown == stream);
        if !is_shown || !self.browser.messages.at_end() || self.browser.messages.is_filtered() {
            return None;
        }
        let newest = self.browser.messages.window.rows().iter().map(|row| row.head.position).max();
        Some(ExpectedVersion::from_version(newest))
    }

    /// Asks for the stream's version if the filled-in version is of another stream.
    pub(super) fn ask_version(&mut self) -> Option<Effect> {
        let Some(Dialog::Compose(compose)) = &mut self.dialog else { return None };
        let stream = compose.version_wanted()?;
        compose.fill_version("");
        compose.awaits_version = true;
        let namespace = compose.namespace.clone();
        Some(self.ask(Slot::Version, Question::Version { namespace, stream }))
    }

    pub(in crate::app) fn version_answered(&mut self, version: Option<Position>) -> Vec<Effect> {
        let Some(Dialog::Compose(compose)) = &mut self.dialog else { return Vec::new() };
        // The user may have typed a version in the meantime.
        if std::mem::take(&mut compose.awaits_version) && compose.text(Field::ExpectedVersion).is_empty() {
            compose.fill_version(&ExpectedVersion::from_version(version).to_string());
        }
        Vec::new()
    }

    pub(in crate::app) fn version_failed(&mut self, error: &StoreError) {
        if let Some(Dialog::Compose(compose)) = &mut self.dialog
            && std::mem::take(&mut compose.awaits_version)
        {
            compose.problem = Some(format!("Cannot read the stream's version: {error}"));
        }
    }
}
