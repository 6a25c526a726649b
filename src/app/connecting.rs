//! Connects to another database on request. The state of the current one stays as it is: the runtime replaces all of it
//! but the log once the new database answers.

use super::connections::ConnectTo;
use super::dialogs::Dialog;
use super::dialogs::connections::ConnectDialog;
use super::request::Slot;
use super::{Effect, State};

impl State {
    /// Replaces everything by the state of another database. The log keeps its lines.
    pub(crate) fn switch_to(&mut self, new: Self) {
        let connected = format!("Connected to {}", new.settings.target);
        let notices = std::mem::take(&mut self.notices);
        *self = Self { notices, ..new };
        self.notices.done(connected, self.now);
    }

    pub(super) fn open_connections(&mut self) -> Vec<Effect> {
        let choices = self.settings.connections.choices.clone();
        self.dialogs.open = Some(Dialog::Connections(Box::new(ConnectDialog::new(choices))));
        Vec::new()
    }

    /// Starts an attempt, unless the store has yet to say whether something was written, or drafts would be lost.
    pub(super) fn connect(&mut self, to: ConnectTo) -> Vec<Effect> {
        if [Slot::Write, Slot::Admin].into_iter().any(|slot| self.requests.since(slot).is_some()) {
            self.connecting_failed("a write is under way; wait for its result first");
            return Vec::new();
        }
        if let Some((drafts, why)) = self.lost_drafts() {
            self.connecting_failed(&format!("write or discard {drafts} first. Saving failed: {why}"));
            return Vec::new();
        }
        if to == ConnectTo::Embedded && self.settings.connections.default_store.is_some() {
            self.dialogs.open = None;
            self.notices.done("This is already your embedded store".to_owned(), self.now);
            return Vec::new();
        }
        vec![Effect::Connect(to)]
    }

    pub(super) fn connecting_failed(&mut self, reason: &str) {
        let failed = match &mut self.dialogs.open {
            Some(Dialog::Connections(dialog)) => dialog.fail(reason.to_owned()),
            _ => false,
        };
        if failed {
            self.notices.problem(format!("Cannot connect: {reason}"), self.now);
        }
    }

    /// Offers once the configured databases if the screen shows an empty store that nobody asked for.
    pub(super) fn offer_connections(&mut self) -> Vec<Effect> {
        let connections = &mut self.settings.connections;
        let is_first = !std::mem::replace(&mut connections.were_offered, true);
        let is_offered = connections.default_store.is_some() && connections.any_configured();
        if is_first && is_offered && self.browser.namespaces.is_empty() && self.dialogs.front().is_none() {
            self.open_connections()
        } else {
            Vec::new()
        }
    }
}
