//! The errors of the store. They never contain passwords or, outside [`StoreError::Raised`] and [`StoreError::Server`],
//! text of message bodies.

use std::time::Duration;

use thiserror::Error;
use uuid::Uuid;

use crate::message::{ExpectedVersion, GlobalPosition, NameError, Position, StreamName};

/// An error of the store. Match on the variants to decide what to do; the display text is for people.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The stream is not at the expected version (Message DB `P0001`, EventoDB `P0003`).
    #[error("version conflict on {stream}: expected {}, but {}", expected_text(*expected), actual_text(*actual))]
    Conflict {
        /// The stream that was written to.
        stream: StreamName,
        /// The version that the writer expected.
        expected: ExpectedVersion,
        /// The version of the stream. `None` if the stream does not exist.
        actual: Option<Position>,
    },
    /// Another message has this ID (`23505` on the index `messages_id`).
    #[error("another message already has ID {0}")]
    DuplicateId(Uuid),
    /// The stream does not exist.
    #[error("no stream named {0}")]
    StreamNotFound(String),
    /// The namespace does not exist.
    #[error("no namespace named {0}")]
    NamespaceNotFound(String),
    /// The namespace exists but cannot be opened.
    #[error("namespace {id} cannot be opened: {reason}")]
    NamespaceClosed {
        /// The namespace's ID.
        id: String,
        /// Why it cannot be opened.
        reason: String,
    },
    /// The namespace already exists, or its schema does.
    #[error("namespace {id} cannot be created: {reason}")]
    NamespaceExists {
        /// The requested ID.
        id: String,
        /// What already exists.
        reason: String,
        /// What the remedy depends on.
        taken: Taken,
    },
    /// An argument is invalid. Nothing was changed on the server.
    #[error("invalid {field}: {reason}")]
    Invalid {
        /// The argument.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The role lacks a privilege (`42501`).
    #[error("not allowed: {0}")]
    NoPermission(String),
    /// The session, the database or the server does not accept writes.
    #[error("read-only: {0}")]
    ReadOnly(String),
    /// Connecting failed, or the connection was lost while no write was in progress.
    #[error("{}: {reason}", obstacle.met_at(target))]
    Unavailable {
        /// Server and database, without a password.
        target: String,
        /// The message of the operating system or the server.
        reason: String,
        /// The kind of problem.
        obstacle: Obstacle,
    },
    /// The server did not answer in time. The operation was cancelled.
    #[error("no answer within {} s", limit.as_secs_f64())]
    TimedOut {
        /// The timeout.
        limit: Duration,
    },
    /// The connection was lost after a write was sent, and retrying could not establish whether the message was
    /// written. Writing the message again with the same ID is safe.
    #[error("cannot tell whether message {id} was written: {reason}")]
    OutcomeUnknown {
        /// The ID of the message.
        id: Uuid,
        /// How the connection was lost.
        reason: String,
    },
    /// As [`StoreError::OutcomeUnknown`], but triggers or rules on the table can change messages, so writing it again
    /// may store it twice.
    #[error("cannot tell whether message {id} was written to {stream}: {reason}")]
    OutcomeUnclear {
        /// The ID with which the message was sent.
        id: Uuid,
        /// The stream to which it was sent.
        stream: StreamName,
        /// How the connection was lost.
        reason: String,
    },
    /// `write_message` succeeded, but the message is not in the table.
    #[error(
        "the message was not stored: write_message returned position {position} in {stream}, but no message is there. \
         Check the table for triggers, rules or policies that drop, move or hide messages"
    )]
    NotStored {
        /// The stream that was written to.
        stream: StreamName,
        /// The position that `write_message` returned.
        position: Position,
    },
    /// The sequence of global positions returns numbers that are already in the table. Nothing was written.
    #[error(
        "the message was not written: sequence {sequence} returned a number that is taken. It is at {last}, and global positions \
         already go up to {highest}. This happens after a restore or a failover to a replica. To repair the sequence, run: {repair}"
    )]
    SequenceBehind {
        /// The sequence, quoted for SQL.
        sequence: String,
        /// The last number that the sequence returned.
        last: i64,
        /// The highest global position in the table.
        highest: i64,
        /// A statement that moves the sequence to the highest global position.
        repair: String,
    },
    /// The table cannot hold the message. Nothing was written.
    #[error("the message was not written: {reason}. To repair it, run: {repair}")]
    TableRefuses {
        /// Why not.
        reason: String,
        /// Statements that change the table.
        repair: String,
    },
    /// Messages were replaced while they were read, so those that were returned belong to two histories.
    #[error("the store was emptied, restored or failed over while it was read{}", above.map_or_else(String::new, |at| format!(", after global position {at}")))]
    HistoryChanged {
        /// The global position of the last message that was read before.
        above: Option<GlobalPosition>,
    },
    /// The schema was renamed, and its functions use the old name. Nothing was written.
    #[error(
        "nothing was written: schema {schema} was renamed from {former}, and its functions still use that name. To repair them, \
         run: {repair}"
    )]
    SchemaRenamed {
        /// The name of the schema.
        schema: String,
        /// The name that its functions use.
        former: String,
        /// The command that updates the functions.
        repair: String,
    },
    /// The store could not be opened.
    #[error("{0}")]
    NotOpened(String),
    /// The directory of the embedded store cannot be opened, or another program is using it.
    #[error("embedded store: {0}")]
    Embedded(String),
    /// A function or trigger of the database raised an error (PL/pgSQL `raise`), or a statement that it built failed.
    /// The text can contain the message.
    #[error("{message} (SQLSTATE {code})")]
    Raised {
        /// The SQLSTATE, which the function may have chosen.
        code: String,
        /// Its message and hint, without the detail.
        message: String,
    },
    /// Any other error from the server.
    #[error("{message} (SQLSTATE {code})")]
    Server {
        /// The SQLSTATE of the error.
        code: String,
        /// The server's message and hint, without the detail, which can contain whole rows.
        message: String,
    },
}

impl StoreError {
    /// Returns whether a retry may succeed: the server was unreachable or out of resources, or it cancelled the
    /// operation because of other activity, such as a deadlock, a lock, a timeout or replay on a standby.
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

    /// Returns whether a follower may succeed later: the error is [passing](Self::is_passing), or the namespace, its
    /// table or its database is missing, as during a restore.
    #[must_use]
    pub fn is_passing_for_followers(&self) -> bool {
        match self {
            Self::NamespaceNotFound(_)
            | Self::Unavailable { obstacle: Obstacle::Database | Obstacle::ClosedDatabase, .. } => true,
            error => error.is_missing_table() || error.is_passing(),
        }
    }

    /// Whether a table or its schema does not exist (`42P01`, `3F000`).
    pub(crate) fn is_missing_table(&self) -> bool {
        matches!(self, Self::Server { code, .. } if ["42P01", "3F000"].contains(&code.as_str()))
    }

    /// Whether a statement waited too long for a lock (`55P03`).
    pub(crate) fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::Server { code, .. } if code == "55P03")
    }

    /// Returns the error text for a log, without values from messages. Data exceptions (SQLSTATE class 22) quote
    /// values, and functions and triggers can say anything, so only their SQLSTATE is kept.
    #[must_use]
    pub fn without_values(&self) -> String {
        match self {
            Self::Server { code, .. } if code.starts_with("22") || code.starts_with("P0") => {
                format!("the server rejected a value (SQLSTATE {code}; its message is logged at level debug)")
            }
            Self::Raised { code, .. } => {
                format!("a function or trigger raised an error (SQLSTATE {code}; its message is logged at level debug)")
            }
            error => error.to_string(),
        }
    }
}

/// What prevents a namespace from being created.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// A namespace has the ID.
    Id,
    /// The schema exists.
    Schema,
    /// The registry lists the ID or the schema for a namespace, with this ID, whose schema is gone.
    LostEntry(String),
    /// The registry lists the schema under its old name. It now has this name.
    RenamedSchema(String),
}

/// What prevents a connection to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// Nothing accepted a connection at the address.
    Silence,
    /// The address accepted a connection, but no answer came in time.
    Mute,
    /// The connection was established, then lost.
    Lost,
    /// The host name does not resolve to an address.
    Name,
    /// The socket file does not exist, or this account may not use it.
    Socket,
    /// The server's certificate is not trusted or belongs to another host.
    Certificate,
    /// A certificate or key file cannot be used.
    TlsFiles,
    /// Client and server could not agree on TLS.
    Tls,
    /// The other end is not a PostgreSQL server, or violates the protocol.
    Protocol,
    /// The server accepted the connection and closed it without an answer.
    Closed,
    /// `require_auth`, `requirepeer` or `channel_binding` is not satisfied, or the authentication method is not
    /// supported.
    Method,
    /// The password is wrong or missing.
    Password,
    /// The role does not exist or may not connect from this address (`28000`).
    Role,
    /// The server has no free connections (`53300`).
    Full,
    /// The server is starting, recovering or shutting down (`57P…`).
    NotReady,
    /// The database does not exist (`3D000`).
    Database,
    /// The database accepts no connections (`55000`).
    ClosedDatabase,
    /// A connection pooler refused the connection (`08P01`).
    Pooler,
    /// The server, or a pooler, failed while it set up the session (SQLSTATE classes 53, 58, F0 and XX).
    Fault,
    /// No server in the list satisfies `target_session_attrs`.
    Kind,
    /// The password command failed.
    PasswordCommand,
}

impl Obstacle {
    /// Returns whether the next attempt may succeed.
    #[must_use]
    pub fn is_passing(self) -> bool {
        match self {
            Self::Silence
            | Self::Mute
            | Self::Lost
            | Self::Name
            | Self::Socket
            | Self::Closed
            | Self::Full
            | Self::NotReady
            | Self::Pooler
            | Self::Fault
            | Self::Kind
            | Self::PasswordCommand => true,
            Self::Certificate
            | Self::TlsFiles
            | Self::Tls
            | Self::Protocol
            | Self::Method
            | Self::Password
            | Self::Role
            | Self::Database
            | Self::ClosedDatabase => false,
        }
    }

    fn met_at(self, target: &str) -> String {
        match self {
            Self::Silence | Self::Name | Self::Socket => format!("cannot reach {target}"),
            Self::Lost => format!("lost the connection to {target}"),
            Self::Pooler => format!("{target} refused the connection"),
            _ => format!("cannot connect to {target}"),
        }
    }
}

fn expected_text(expected: ExpectedVersion) -> String {
    match expected {
        ExpectedVersion::Any => "any version".to_owned(),
        ExpectedVersion::NoStream => "no stream".to_owned(),
        ExpectedVersion::At(version) => format!("version {version}"),
    }
}

fn actual_text(actual: Option<Position>) -> String {
    match actual {
        None => "the stream does not exist".to_owned(),
        Some(version) => format!("the stream is at version {version}"),
    }
}

impl From<NameError> for StoreError {
    fn from(error: NameError) -> Self {
        Self::Invalid { field: "name", reason: error.to_string() }
    }
}

/// A result with [`StoreError`].
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancellations_and_lack_of_resources_are_passing_but_mistakes_are_not() {
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
    fn a_follower_also_waits_for_a_missing_namespace_table_or_database() {
        let answered = |code: &str| StoreError::Server { code: code.to_owned(), message: String::new() };
        let met = |obstacle| StoreError::Unavailable { target: String::new(), reason: String::new(), obstacle };
        let not_found = StoreError::NamespaceNotFound("shop".to_owned());
        for error in [answered("42P01"), answered("3F000"), met(Obstacle::Database), not_found] {
            assert!(error.is_passing_for_followers() && !error.is_passing(), "{error:?}");
        }
        assert!(answered("40001").is_passing_for_followers() && met(Obstacle::Silence).is_passing_for_followers());
        assert!(!answered("42703").is_passing_for_followers() && !met(Obstacle::Password).is_passing_for_followers());
    }

    #[test]
    fn logs_omit_server_messages_that_can_quote_a_value() {
        let answered = |code: &str| StoreError::Server { code: code.to_owned(), message: "said \"secret\"".to_owned() };
        for code in ["22P02", "22003", "P0001"] {
            assert!(!answered(code).without_values().contains("secret"), "{code}");
        }
        assert_eq!(answered("42P01").without_values(), "said \"secret\" (SQLSTATE 42P01)");
        let raised = StoreError::Raised { code: "42P01".to_owned(), message: "said \"secret\"".to_owned() };
        assert!(!raised.without_values().contains("secret"), "a trigger can use any code");
    }
}
