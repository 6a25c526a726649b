//! What can go wrong with a store, as one enum that callers decide by. No text of a message body or a password gets in here.

use std::time::Duration;

use thiserror::Error;
use uuid::Uuid;

use crate::message::{ExpectedVersion, NameError, Position, StreamName};

/// Every failure of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The stream's version is not the expected one (Message DB `P0001`, EventoDB `P0003`).
    #[error("version conflict on {stream}: expected {expected}, but it is at {}", version_text(*actual))]
    Conflict {
        /// The stream.
        stream: StreamName,
        /// What the writer believed.
        expected: ExpectedVersion,
        /// What the stream had; none where it did not exist.
        actual: Option<Position>,
    },
    /// Another message has this id (`23505` on the index `messages_id`).
    #[error("another message has the id {0}")]
    DuplicateId(Uuid),
    /// No such stream.
    #[error("no stream {0}")]
    StreamNotFound(String),
    /// No such namespace.
    #[error("no namespace {0}")]
    NamespaceNotFound(String),
    /// A namespace that is there and cannot be opened.
    #[error("namespace {id} cannot be opened: {reason}")]
    NamespaceClosed {
        /// Its id.
        id: String,
        /// What is in the way.
        reason: String,
    },
    /// The namespace, or the schema it would get, exists.
    #[error("namespace {id} cannot be created: {reason}")]
    NamespaceExists {
        /// What was asked for.
        id: String,
        /// What is in the way.
        reason: String,
    },
    /// Something given cannot be right; nothing was sent.
    #[error("invalid {field}: {reason}")]
    Invalid {
        /// Which argument.
        field: &'static str,
        /// Why, and where in it.
        reason: String,
    },
    /// The role may not (`42501`).
    #[error("not allowed: {0}")]
    NoPermission(String),
    /// The session, the database or the server takes no writes.
    #[error("read-only: {0}")]
    ReadOnly(String),
    /// No connection, or it ended, and nothing was left in doubt.
    #[error("{}: {reason}", obstacle.met_at(target))]
    Unavailable {
        /// Server and database, without a password.
        target: String,
        /// What the system or the server said.
        reason: String,
        /// What kind of problem it is.
        obstacle: Obstacle,
    },
    /// No answer within the limit; the server was told to stop.
    #[error("no answer within {} s", limit.as_secs_f64())]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The connection ended after a write was sent, and asking again did not settle whether it happened.
    #[error("it is not known whether message {id} was written: {reason}")]
    OutcomeUnknown {
        /// The id that the message carries, to look it up by.
        id: Uuid,
        /// How the connection ended.
        reason: String,
    },
    /// The same on a table whose triggers or rules can change the message, so that writing it again may write it twice.
    #[error("it is not known whether message {id} was written to {stream}: {reason}")]
    OutcomeUnclear {
        /// The id that the message was sent with.
        id: Uuid,
        /// Its stream.
        stream: StreamName,
        /// How the connection ended.
        reason: String,
    },
    /// `write_message` succeeded, and the message is not there.
    #[error(
        "the message was not stored: write_message gave position {position} of {stream}, and no message is there, as a trigger, \
         rule or policy of the table can drop, move or hide it"
    )]
    NotStored {
        /// The stream.
        stream: StreamName,
        /// The position that was given.
        position: Position,
    },
    /// The sequence of the global positions gives numbers that the table has already; nothing was written.
    #[error(
        "the message was not written: the sequence {sequence} is at {last} while messages go up to {highest}, \
         as after a restore or a switch to a replica. To repair it, run: {repair}"
    )]
    SequenceBehind {
        /// The sequence, as SQL names it.
        sequence: String,
        /// The last number that it gave.
        last: i64,
        /// The highest global position in the table.
        highest: i64,
        /// The statement that moves the sequence there.
        repair: String,
    },
    /// The store could not be opened; why, in words.
    #[error("{0}")]
    NotOpened(String),
    /// Another program holds the embedded store's directory, or it cannot be opened.
    #[error("embedded store: {0}")]
    Embedded(String),
    /// Whatever else the server said.
    #[error("{message} (SQLSTATE {code})")]
    Server {
        /// SQLSTATE.
        code: String,
        /// The server's own words: message and hint, without the detail, which can hold whole rows.
        message: String,
    },
}

impl StoreError {
    /// Whether it may well be gone when the same thing is asked again: the server was away or too busy, or ended what was
    /// asked for somebody else's sake (a replay on a standby, a deadlock, a lock, its own time limit, a lack of something).
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable { obstacle, .. } => obstacle.is_passing(),
            Self::TimedOut { .. } => true,
            Self::Server { code, .. } => {
                matches!(code.as_str(), "40001" | "40P01" | "55P03" | "57014") || code.starts_with("53")
            }
            _ => false,
        }
    }

    /// The error without what it may quote from messages, for a log: in place of words in which the server repeats a value
    /// (class 22) or a trigger says what it likes (class P0) there is only their SQLSTATE.
    #[must_use]
    pub fn without_values(&self) -> String {
        match self {
            Self::Server { code, .. } if code.starts_with("22") || code.starts_with("P0") => {
                format!("the server refused a value (SQLSTATE {code}; its words are logged at the level debug)")
            }
            error => error.to_string(),
        }
    }
}

/// What stands between this program and a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Nobody answered at the address.
    Silence,
    /// The connection was there, and ended.
    Lost,
    /// The host name has no address.
    Name,
    /// There is no socket file, or this account may not use it.
    Socket,
    /// The server's certificate is not believed, or is another host's.
    Certificate,
    /// A file for TLS cannot be used.
    TlsFiles,
    /// The two ends agree on no TLS.
    Tls,
    /// What answers is no PostgreSQL server, or a broken one.
    Protocol,
    /// The connection was accepted and closed without a word.
    Closed,
    /// `require_auth`, `requirepeer` or `channel_binding` is not met, or the method is not supported.
    Method,
    /// The password is wrong, or there is none.
    Password,
    /// The role does not exist or may not connect from here (`28000`).
    Role,
    /// The server takes no more connections now (`53300`).
    Full,
    /// The server starts, recovers or stops (`57P…`).
    NotReady,
    /// A pooler between refuses (`08P01`).
    Pooler,
    /// No server of the list is of the kind that `target_session_attrs` asks for.
    Kind,
    /// The password command failed.
    PasswordCommand,
}

impl Obstacle {
    /// Whether it may well be gone at the next attempt.
    #[must_use]
    pub fn is_passing(self) -> bool {
        match self {
            Self::Silence
            | Self::Lost
            | Self::Name
            | Self::Socket
            | Self::Closed
            | Self::Full
            | Self::NotReady
            | Self::Pooler
            | Self::Kind
            | Self::PasswordCommand => true,
            Self::Certificate
            | Self::TlsFiles
            | Self::Tls
            | Self::Protocol
            | Self::Method
            | Self::Password
            | Self::Role => false,
        }
    }

    fn met_at(self, target: &str) -> String {
        match self {
            Self::Silence | Self::Name | Self::Socket => format!("cannot reach {target}"),
            Self::Lost => format!("the connection to {target} ended"),
            Self::Pooler => format!("{target} refuses"),
            _ => format!("cannot connect to {target}"),
        }
    }
}

fn version_text(version: Option<Position>) -> String {
    version.map_or_else(|| "none (no such stream)".to_owned(), |v| v.to_string())
}

impl From<NameError> for StoreError {
    fn from(error: NameError) -> Self {
        Self::Invalid { field: "name", reason: error.to_string() }
    }
}

/// The store's result.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_ended_for_somebody_else_passes_and_what_cannot_be_does_not() {
        let answered = |code: &str| StoreError::Server { code: code.to_owned(), message: String::new() };
        for code in ["40001", "40P01", "55P03", "57014", "53100", "53200"] {
            assert!(answered(code).is_passing(), "{code}");
        }
        for code in ["42P01", "42601", "22P02", "XX000", "3D000"] {
            assert!(!answered(code).is_passing(), "{code}");
        }
        assert!(StoreError::TimedOut { limit: Duration::from_secs(1) }.is_passing());
        assert!(!StoreError::NoPermission(String::new()).is_passing());
        let met = |obstacle| StoreError::Unavailable { target: String::new(), reason: String::new(), obstacle };
        assert!(met(Obstacle::Full).is_passing() && !met(Obstacle::Certificate).is_passing());
    }

    #[test]
    fn a_log_gets_no_words_that_can_quote_a_message() {
        let answered = |code: &str| StoreError::Server { code: code.to_owned(), message: "said \"secret\"".to_owned() };
        for code in ["22P02", "22003", "P0001"] {
            assert!(!answered(code).without_values().contains("secret"), "{code}");
        }
        assert_eq!(answered("42P01").without_values(), "said \"secret\" (SQLSTATE 42P01)");
    }
}
