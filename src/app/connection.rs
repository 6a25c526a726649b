//! The state of the connection: up, down or refused, and when to retry. Losing it never changes the location, the lists or
//! the drafts.

use std::time::Duration;

use jiff::Timestamp;

use super::request::{Question, Slot};
use super::{Effect, State};
use crate::backoff::pause;
use crate::store::StoreError;
use crate::store::session::ServerInfo;

/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_secs(15);

/// The state of the connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Connection {
    /// The first attempt is under way.
    Connecting { since: Timestamp },
    /// The server answers.
    Up(ServerInfo),
    /// The server does not answer. The next attempt starts by itself.
    Down {
        since: Timestamp,
        /// In the words of the system or the server.
        reason: String,
        /// The number of failed attempts.
        attempts: u32,
        /// The time of the next attempt.
        next: Timestamp,
    },
    /// The server refused the connection (wrong credentials, no such database). Only Ctrl-R retries.
    Refused {
        /// In the words of the server.
        reason: String,
    },
}

impl Connection {
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self::Connecting { since: now }
    }

    /// Returns true until the first answer, and while the server does not answer.
    #[must_use]
    pub fn is_down(&self) -> bool {
        matches!(self, Self::Down { .. } | Self::Connecting { .. })
    }

    /// Returns the reason why the server is down or refuses; none if it answers or was not reached yet.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Down { reason, .. } | Self::Refused { reason } => Some(reason),
            Self::Connecting { .. } | Self::Up(_) => None,
        }
    }

    #[must_use]
    pub fn server(&self) -> Option<&ServerInfo> {
        match self {
            Self::Up(info) => Some(info),
            _ => None,
        }
    }
}

impl State {
    /// Returns the reason why nothing can be written, if there is one.
    #[must_use]
    pub fn read_only(&self) -> Option<&str> {
        if self.settings.read_only {
            return Some("streamscope was started with --read-only");
        }
        self.connection.server().and_then(|info| info.read_only.as_deref())
    }

    pub(super) fn connected(&mut self, info: ServerInfo) -> Vec<Effect> {
        let was_lost = matches!(self.connection, Connection::Down { .. } | Connection::Refused { .. });
        self.connection = Connection::Up(info);
        if was_lost {
            self.notices.done("Reconnected".to_owned(), self.now);
            return self.reload();
        }
        Vec::new()
    }

    /// Handles an error: reconnects after a lost connection and reports everything else.
    pub(super) fn failed(&mut self, slot: Slot, error: &StoreError) -> Vec<Effect> {
        if slot == Slot::Version
            && let Some(compose) = self.dialogs.compose()
        {
            compose.version_failed(error);
        }
        match error {
            StoreError::Unavailable { reason, obstacle, .. }
                if obstacle.is_passing() && !matches!(slot, Slot::Write | Slot::Admin) =>
            {
                self.lost(reason.clone())
            }
            StoreError::TimedOut { .. } if slot == Slot::Server => self.lost(error.to_string()),
            _ if slot == Slot::Server => {
                self.connection = Connection::Refused { reason: error.to_string() };
                self.notices.problem(error.to_string(), self.now);
                Vec::new()
            }
            _ => self.question_failed(slot, error),
        }
    }

    pub(super) fn lost(&mut self, reason: String) -> Vec<Effect> {
        let (since, attempts) = match self.connection {
            Connection::Down { next, .. } if next > self.now => return Vec::new(),
            Connection::Down { since, attempts, .. } => (since, attempts + 1),
            Connection::Connecting { since } => {
                self.notices.problem(format!("Cannot connect: {reason}"), self.now);
                (since, 0)
            }
            Connection::Up(_) | Connection::Refused { .. } => {
                self.notices.problem(format!("Connection lost: {reason}"), self.now);
                (self.now, 0)
            }
        };
        // The microseconds are random enough for a jitter, and the same in every run of a test.
        let [chance, ..] = (self.now.subsec_nanosecond() / 1_000).to_le_bytes();
        let wait = pause(attempts, LONGEST, chance);
        let next = self.now.checked_add(wait).unwrap_or(self.now);
        self.connection = Connection::Down { since, reason, attempts, next };
        vec![self.ask_later(Slot::Server, Question::Server, wait)]
    }

    /// Handles an error that concerns one question: shows it in place of the answer and logs it.
    fn question_failed(&mut self, slot: Slot, error: &StoreError) -> Vec<Effect> {
        self.requests.fail(slot, error.to_string());
        match slot {
            Slot::Messages => self.browser.messages.fail(error),
            Slot::Streams => self.browser.streams.fail(error),
            Slot::Message => self.browser.message.fail(error),
            Slot::Write => return self.write_failed(error),
            Slot::Admin => return self.admin_failed(error),
            Slot::GoTo => return self.goto_failed(error),
            _ => {}
        }
        self.notices.problem(error.to_string(), self.now);
        Vec::new()
    }
}
