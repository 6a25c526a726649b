//! Whether the server answers, and when it is asked again. Place, lists and drafts stay while it is away.

use std::time::Duration;

use jiff::Timestamp;

use super::request::{Question, Slot};
use super::{Effect, State};
use crate::backoff::pause;
use crate::store::StoreError;
use crate::store::session::ServerInfo;

/// Longest wait between two attempts.
const LONGEST: Duration = Duration::from_secs(15);

/// What is known of the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Connection {
    /// The first attempt is under way.
    Connecting {
        /// Since when.
        since: Timestamp,
    },
    /// It answers.
    Up(ServerInfo),
    /// It does not answer; asked again by itself.
    Down {
        /// Since when.
        since: Timestamp,
        /// What the system or the server said.
        reason: String,
        /// How often it was asked in vain.
        attempts: u32,
        /// When it is asked next.
        next: Timestamp,
    },
    /// It answered no (credentials, no such database): asked again only on request.
    Refused {
        /// The server's words.
        reason: String,
    },
}

impl Connection {
    /// Before the first answer.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self::Connecting { since: now }
    }

    /// Whether it was lost.
    #[must_use]
    pub fn is_down(&self) -> bool {
        matches!(self, Self::Down { .. } | Self::Connecting { .. })
    }

    /// Why nothing can be read: the server is away, or refuses; none where it answers or was not reached yet.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Down { reason, .. } | Self::Refused { reason } => Some(reason),
            Self::Connecting { .. } | Self::Up(_) => None,
        }
    }

    /// What answered last.
    #[must_use]
    pub fn server(&self) -> Option<&ServerInfo> {
        match self {
            Self::Up(info) => Some(info),
            _ => None,
        }
    }
}

impl State {
    /// Why nothing can be written here, if so.
    #[must_use]
    pub fn read_only(&self) -> Option<&str> {
        if self.setup.read_only {
            return Some("the program was started with --read-only");
        }
        self.connection.server().and_then(|info| info.read_only.as_deref())
    }

    pub(super) fn connected(&mut self, info: ServerInfo) -> Vec<Effect> {
        let was_lost = matches!(self.connection, Connection::Down { .. } | Connection::Refused { .. });
        self.connection = Connection::Up(info);
        if was_lost {
            self.notices.done("connected again".to_owned(), self.now);
            return self.reload();
        }
        Vec::new()
    }

    /// An answer was an error: a lost connection is tried again by itself, everything else is told.
    pub(super) fn failed(&mut self, slot: Slot, error: &StoreError) -> Vec<Effect> {
        if slot == Slot::Version {
            self.version_failed(error);
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
                self.notices.problem(format!("cannot connect: {reason}"), self.now);
                (since, 0)
            }
            Connection::Up(_) | Connection::Refused { .. } => {
                self.notices.problem(format!("connection lost: {reason}"), self.now);
                (self.now, 0)
            }
        };
        // The moment is chance enough, and the same in a test.
        let [chance, ..] = (self.now.subsec_nanosecond() / 1_000).to_le_bytes();
        let wait = pause(attempts, LONGEST, chance);
        let next = self.now.checked_add(wait).unwrap_or(self.now);
        self.connection = Connection::Down { since, reason, attempts, next };
        vec![self.ask_later(Slot::Server, Question::Server, wait)]
    }

    /// Errors that belong to one question: shown where the answer would have been, and kept in the log.
    fn question_failed(&mut self, slot: Slot, error: &StoreError) -> Vec<Effect> {
        self.requests.fail(slot, error.to_string());
        match slot {
            Slot::Messages => self.messages.fail(error),
            Slot::Streams => self.streams.fail(error),
            Slot::Message => self.message.fail(error),
            Slot::Write => return self.write_failed(error),
            Slot::Admin => return self.admin_failed(error),
            Slot::GoTo => return self.goto_failed(error),
            _ => {}
        }
        self.notices.problem(error.to_string(), self.now);
        Vec::new()
    }
}
