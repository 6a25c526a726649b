//! The state of the connection: up, down or refused, and when to retry. Losing it never changes the location, the lists
//! or the drafts.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::event::Effect;
use super::notices::Notices;
use super::request::{Question, Slot};
use super::requests::Requests;
use crate::backoff::pause;
use crate::store::session::ServerInfo;

/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_secs(15);

/// The state of the connection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Connection {
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
        since: Timestamp,
    },
}

impl Connection {
    #[must_use]
    pub(crate) fn new(now: Timestamp) -> Self {
        Self::Connecting { since: now }
    }

    /// Returns true until the first answer, and while the server does not answer.
    #[must_use]
    pub(crate) fn is_down(&self) -> bool {
        matches!(self, Self::Down { .. } | Self::Connecting { .. })
    }

    /// Returns the reason why the server is down or refuses; none if it answers or was not reached yet.
    #[must_use]
    pub(crate) fn problem(&self) -> Option<&str> {
        match self {
            Self::Down { reason, .. } | Self::Refused { reason, .. } => Some(reason),
            Self::Connecting { .. } | Self::Up(_) => None,
        }
    }

    #[must_use]
    pub(crate) fn server(&self) -> Option<&ServerInfo> {
        match self {
            Self::Up(info) => Some(info),
            _ => None,
        }
    }

    /// Returns the time by the clock of the server, or by the local clock until the difference is known.
    #[must_use]
    pub(crate) fn server_now(&self, now: Timestamp) -> Timestamp {
        let ahead = self.server().map_or(0, |info| info.clock_ahead_us);
        now.checked_add(SignedDuration::from_micros(ahead)).unwrap_or(now)
    }

    /// Takes over the information of a server that answers. Returns true if the connection was lost or refused before.
    pub(super) fn connected(&mut self, info: ServerInfo) -> bool {
        let was_lost = matches!(self, Self::Down { .. } | Self::Refused { .. });
        *self = Self::Up(info);
        was_lost
    }

    pub(super) fn refused(&mut self, reason: String, since: Timestamp) {
        *self = Self::Refused { reason, since };
    }

    /// Returns true if the answer to a question shows that the server no longer refuses.
    pub(super) fn is_refuted_by(&self, asked: Timestamp) -> bool {
        matches!(self, Self::Refused { since, .. } if asked > *since)
    }

    /// Schedules the next attempt after a lost connection, unless one is scheduled already.
    pub(super) fn lost(&mut self, reason: String, requests: &mut Requests, notices: &mut Notices) -> Option<Effect> {
        let now = requests.now();
        let (since, attempts) = match *self {
            Self::Down { next, .. } if next > now => return None,
            Self::Down { since, attempts, .. } => (since, attempts + 1),
            Self::Connecting { since } => {
                notices.problem(format!("Cannot connect: {reason}"), now);
                (since, 0)
            }
            Self::Up(_) | Self::Refused { .. } => {
                notices.problem(format!("Connection lost: {reason}"), now);
                (now, 0)
            }
        };
        // The microseconds are random enough for a jitter, and the same in every run of a test.
        let [chance, ..] = (now.subsec_nanosecond() / 1_000).to_le_bytes();
        let wait = pause(attempts, LONGEST, chance);
        let next = now.checked_add(wait).unwrap_or(now);
        *self = Self::Down { since, reason, attempts, next };
        Some(requests.ask_later(Slot::Server, Question::Server, wait))
    }
}
