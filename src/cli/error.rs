//! Errors of commands: an exit status, a description and a remedy, in one or two lines.
//!
//! This is the only place that maps store errors to a status and a remedy. It prints nothing.

use std::fmt;
use std::io;

use crate::invocation::suggested;
use crate::message::NameError;
use crate::store::{Obstacle, StoreError, Taken};

/// SQLSTATE of a call to a function that does not exist.
const UNDEFINED_FUNCTION: &str = "42883";

/// The exit status of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Success.
    Done,
    /// An error that has no status of its own.
    Failed,
    /// An invalid command line.
    Usage,
    /// The stream did not have the expected version.
    Conflict,
    /// No such namespace, stream or message.
    NotFound,
    /// No connection, or no answer in time.
    Unavailable,
    /// It is unknown whether the message was written.
    OutcomeUnknown,
    /// Writes are refused.
    ReadOnly,
    /// `doctor` found a fault, or a consumer is beyond a limit.
    CheckFailed,
    /// `doctor` found nothing worse than a warning.
    CheckWarned,
    /// A signal ended the command.
    Signal(u8),
}

impl Status {
    /// Returns the number for the system: 0 to 9, or 128 plus the number of the signal.
    #[must_use]
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Conflict => 3,
            Self::NotFound => 4,
            Self::Unavailable => 5,
            Self::OutcomeUnknown => 6,
            Self::ReadOnly => 7,
            Self::CheckFailed => 8,
            Self::CheckWarned => 9,
            Self::Signal(number) => 128 + number,
        }
    }
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandError {
    /// The exit status.
    pub status: Status,
    /// What happened; empty if there is nobody to report it to.
    pub what: String,
    /// What the user can do about it.
    pub remedy: Option<String>,
    /// The text for the log, if `what` may quote values from messages.
    pub logged: Option<String>,
}

/// A signal ended the wait for a reader.
#[derive(Debug)]
pub struct Signalled(pub u8);

impl fmt::Display for Signalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signal {} arrived before the output was read", self.0)
    }
}

impl std::error::Error for Signalled {}

impl From<Signalled> for io::Error {
    fn from(signalled: Signalled) -> Self {
        // Not `Interrupted`, after which a write is repeated.
        Self::other(signalled)
    }
}

/// The result of a command.
pub(crate) type Result<T, E = CommandError> = std::result::Result<T, E>;

impl CommandError {
    /// Creates a failure without a remedy.
    pub(crate) fn new(status: Status, what: impl Into<String>) -> Self {
        Self { status, what: what.into(), remedy: None, logged: None }
    }

    /// Creates a usage error.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Status::Usage, what)
    }

    /// Adds a remedy.
    #[must_use]
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// A signal ended the command. Nothing is reported, because the sender knows.
    #[must_use]
    pub(crate) fn signalled(signal: u8) -> Self {
        Self::new(Status::Signal(signal), String::new())
    }

    /// Prepends the name of the database to the error of an unavailable database, unless the error contains it.
    #[must_use]
    pub(crate) fn at(mut self, target: &str) -> Self {
        if self.status == Status::Unavailable && !self.what.contains(target) {
            self.what = format!("{target}: {}", self.what);
        }
        self
    }

    /// The reader of the output closed it (`… | head`), so there is nothing left to do or report.
    fn reader_gone() -> Self {
        Self::new(Status::Done, String::new())
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// An error from writing the output.
impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::reader_gone();
        }
        if let Some(Signalled(number)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
            return Self::signalled(*number);
        }
        Self::new(Status::Failed, format!("cannot write the output: {error}"))
    }
}

impl From<NameError> for CommandError {
    fn from(error: NameError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let (status, remedy) = match &error {
            StoreError::Conflict { stream, actual, .. } => {
                let seen = actual.map_or_else(
                    || "Write again with --expected-version none".to_owned(),
                    |version| {
                        format!(
                            "Review the new messages ({}) and write again with --expected-version {version}",
                            suggested(&["get"], Some(stream.as_str()), &[])
                        )
                    },
                );
                (Status::Conflict, Some(seen))
            }
            StoreError::DuplicateId(id) => (
                Status::Failed,
                Some(format!("To see it, type :{id} on the screen. To write this message, use another --id")),
            ),
            StoreError::StreamNotFound(_) => {
                (Status::NotFound, Some(format!("To list the streams: {}", suggested(&["streams"], None, &[]))))
            }
            StoreError::NamespaceNotFound(_) => {
                (Status::NotFound, Some(format!("To list the namespaces: {}", suggested(&["ns", "list"], None, &[]))))
            }
            StoreError::NamespaceExists { taken, .. } => (
                Status::Failed,
                Some(match taken {
                    Taken::Id => {
                        format!("Choose another ID. To list those in use: {}", suggested(&["ns", "list"], None, &[]))
                    }
                    Taken::Schema => "Choose another schema with --schema".to_owned(),
                    Taken::LostEntry(id) => {
                        format!("Remove the entry first: {}", suggested(&["ns", "delete"], Some(id), &[]))
                    }
                    Taken::RenamedSchema(schema) => {
                        format!("Update the registry first: {}", suggested(&["ns", "migrate"], Some(schema), &[]))
                    }
                }),
            ),
            StoreError::Invalid { .. } => (Status::Usage, None),
            StoreError::NoPermission(_) => {
                (Status::Failed, Some("Use a role with this privilege, or grant it".to_owned()))
            }
            StoreError::ReadOnly(_) => (
                Status::ReadOnly,
                Some("Omit --read-only, or use a server, database and role that accept writes".to_owned()),
            ),
            StoreError::Unavailable { obstacle: obstacle @ (Obstacle::Password | Obstacle::Role), .. } => {
                (Status::Failed, Some(around(*obstacle).to_owned()))
            }
            StoreError::Unavailable { obstacle, .. } => (Status::Unavailable, Some(around(*obstacle).to_owned())),
            StoreError::TimedOut { .. } => {
                (Status::Unavailable, Some("Try again when the server is less busy".to_owned()))
            }
            StoreError::OutcomeUnknown { id, .. } => (
                Status::OutcomeUnknown,
                Some(format!("Run the same command again with --id {id}; the message is not written twice")),
            ),
            StoreError::OutcomeUnclear { stream, .. } => (
                Status::OutcomeUnknown,
                Some(format!(
                    "Check first whether it was written ({}): triggers or rules of the table may have changed it, so writing \
                     again may write it twice",
                    suggested(&["last"], Some(stream.as_str()), &[])
                )),
            ),
            StoreError::HistoryChanged { .. } => {
                (Status::Failed, Some("Start again, because the messages so far are from another history".to_owned()))
            }
            StoreError::NotStored { .. } => {
                (Status::Failed, Some("Check the triggers, rules and policies of the table messages".to_owned()))
            }
            // Their texts include the remedy.
            StoreError::NotOpened(_) | StoreError::Embedded(_) => (Status::Unavailable, None),
            error if error.is_lock_timeout() => (
                Status::Unavailable,
                Some("Run the command again when the transaction that holds the lock has ended".to_owned()),
            ),
            StoreError::Server { code, .. } | StoreError::Raised { code, .. } if code == UNDEFINED_FUNCTION => (
                Status::Failed,
                Some(format!(
                    "The namespace may lack a function. To check: {}",
                    suggested(&["doctor"], None, &["--only", "functions"])
                )),
            ),
            StoreError::NamespaceClosed { .. }
            | StoreError::SequenceBehind { .. }
            | StoreError::Raised { .. }
            | StoreError::TableRefuses { .. }
            | StoreError::SchemaRenamed { .. }
            | StoreError::Server { .. } => (Status::Failed, None),
        };
        let (what, logged) = (error.to_string(), error.without_values());
        Self { status, logged: (logged != what).then_some(logged), what, remedy }
    }
}

/// Returns the remedy for an obstacle between this program and a database.
fn around(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Silence => "Is the server running? Check --url, STREAMSCOPE_URL, DATABASE_URL and PG*",
        Obstacle::Mute => {
            "Check the port, and whether the server there is overloaded: something accepts connections but does not answer"
        }
        Obstacle::Lost => "Run the command again; the server's log shows why the connection was closed",
        Obstacle::Name => "Check the host name in --url, STREAMSCOPE_URL, DATABASE_URL or PGHOST",
        Obstacle::Socket => {
            "Is the server running on this machine, with its socket there? To connect over TCP, use host=localhost"
        }
        Obstacle::Certificate => {
            "Check sslrootcert, sslcrl, sslcrldir and the host name; sslmode=verify-ca does not check the host name, and sslmode=require \
             without a root certificate file verifies nothing"
        }
        Obstacle::TlsFiles => "Check sslrootcert, sslcert, sslkey and sslpassword, or the files in ~/.postgresql",
        Obstacle::Tls => {
            "Check the server's ssl setting, and your sslmode, ssl_min_protocol_version and ssl_max_protocol_version"
        }
        Obstacle::Protocol => "Check the port: another program is listening there",
        Obstacle::Closed => "Check the port and the server's log: something accepts connections there and closes them",
        Obstacle::Method => "Check require_auth, requirepeer and channel_binding, and the server's pg_hba.conf",
        Obstacle::Password => {
            "Check the password in the URL, PGPASSWORD, STREAMSCOPE_PASSWORD_COMMAND, the profile's password_command or \
             ~/.pgpass (used in this order)"
        }
        Obstacle::Role => {
            "Check the user name, sslmode, sslcert and sslkey; the server's pg_hba.conf controls who may connect"
        }
        Obstacle::Database => "Use another database (psql -l lists them), or create this one",
        Obstacle::ClosedDatabase => {
            "Use another database (psql -l lists them), or let this one accept connections (alter database … allow_connections true)"
        }
        Obstacle::Full => "Try again when fewer connections are open, or raise max_connections or the pooler's limits",
        Obstacle::NotReady => "Try again in a moment: the server is starting, recovering or stopping",
        Obstacle::Pooler => {
            "Check the pooler's databases, users, limits and startup parameters; it must pool transactions or sessions, not statements"
        }
        Obstacle::Fault => "Try again, and check the log of the server, or of the pooler in front of it",
        Obstacle::Kind => "Check target_session_attrs, or add more servers",
        Obstacle::PasswordCommand => "Check STREAMSCOPE_PASSWORD_COMMAND, or password_command in the configuration",
    }
}
