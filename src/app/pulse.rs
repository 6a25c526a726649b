//! Opens the pulse of a namespace, and asks for its parts when they are due. While it is closed, nothing is asked.

use super::State;
use super::connection::Connection;
use super::dialogs::Dialog;
use super::dialogs::pulse::PulseDialog;
use super::event::Effect;
use super::pulse_part::PulsePart;
use super::pulse_view::Pulse;
use crate::store::StoreError;

impl State {
    /// Opens the pulse of the namespace on screen.
    pub(super) fn open_pulse(&mut self) -> Vec<Effect> {
        let Some(namespace) = self.browser.shown_namespace.clone() else {
            self.notices.problem("No namespace is selected. Select one first.".to_owned(), self.now);
            return Vec::new();
        };
        self.dialogs.open = Some(Dialog::Pulse(Box::new(PulseDialog::new(namespace, self.settings.pulse))));
        // The first questions are asked at the end of the event.
        Vec::new()
    }

    /// Asks for the parts of the open pulse that are due. Nothing is asked while the server is known to be away.
    pub(super) fn refresh_pulse(&mut self) -> Vec<Effect> {
        let server_now = self.connection.server_now(self.now);
        if !matches!(self.connection, Connection::Up(_)) {
            return Vec::new();
        }
        let Some(dialog) = self.dialogs.pulse() else { return Vec::new() };
        let requests = &mut self.requests;
        let waiting = |part: PulsePart| requests.since(part.slot()).is_some();
        let due = dialog.take_due(self.now, server_now, self.following.current.as_ref(), waiting);
        let namespace = &dialog.namespace;
        due.into_iter().map(|part| requests.ask(part.slot(), part.question(namespace.clone(), server_now))).collect()
    }

    pub(super) fn pulse_answered(&mut self, pulse: Pulse) -> Vec<Effect> {
        let now = self.now;
        if let Some(dialog) = self.dialogs.pulse() {
            dialog.answered(pulse, now);
        }
        Vec::new()
    }

    pub(super) fn pulse_failed(&mut self, part: PulsePart, error: &StoreError) {
        let now = self.now;
        if let Some(dialog) = self.dialogs.pulse() {
            dialog.failed(part, error.to_string(), now);
        }
    }
}
