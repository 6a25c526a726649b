//! How a command fails: the exit status, what happened, and what to do about it, in one or two lines.
//!
//! Store errors get their status and their remedy here and nowhere else. Nothing is printed in here.

use std::fmt;
use std::io;

use super::interrupt::Signalled;
use crate::message::NameError;
use crate::pasteable::get_command;
use crate::store::{Obstacle, StoreError};

/// Exit status of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Done.
    Done,
    /// What no other status tells.
    Failed,
    /// The command line, or a value on it, cannot be right.
    Usage,
    /// The stream did not have the expected version.
    Conflict,
    /// No such namespace, or no such message.
    NotFound,
    /// No connection, or no answer in time.
    Unavailable,
    /// It is not known whether the message was written.
    OutcomeUnknown,
    /// Writing is off.
    ReadOnly,
    /// A signal ended the command.
    Signal(u8),
}

impl Status {
    /// As the system takes it: 0 to 7, or 128 and the signal's number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Conflict => 3,
            Self::NotFound => 4,
            Self::Unavailable => 5,
            Self::OutcomeUnknown => 6,
            Self::ReadOnly => 7,
            Self::Signal(number) => 128 + number,
        }
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the program exits with.
    pub status: Status,
    /// What happened; empty where there is nobody to tell it to.
    pub what: String,
    /// What to do.
    pub remedy: Option<String>,
    /// What happened as a log gets it, where `what` can quote values of messages.
    pub logged: Option<String>,
}

/// The result of a command.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A failure with its status, in words.
    pub fn new(status: Status, what: impl Into<String>) -> Self {
        Self { status, what: what.into(), remedy: None, logged: None }
    }

    /// Something on the command line that cannot be right.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Status::Usage, what)
    }

    /// The same with what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// A signal ended the command: whoever sent it knows.
    #[must_use]
    pub fn signalled(signal: u8) -> Self {
        Self::new(Status::Signal(signal), String::new())
    }

    /// The same with the database that could not be had, where it does not name it.
    #[must_use]
    pub fn at(mut self, target: &str) -> Self {
        if self.status == Status::Unavailable && !self.what.contains(target) {
            self.what = format!("{target}: {}", self.what);
        }
        self
    }

    /// The reader of the output went away (`… | head`): there is no more to do, and nothing to say.
    fn reader_gone() -> Self {
        Self::new(Status::Done, String::new())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Writing the output failed.
impl From<io::Error> for Failure {
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

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (status, remedy) = match &error {
            StoreError::Conflict { stream, actual, .. } => {
                let seen = actual.map_or_else(
                    || "write again with --expected-version none".to_owned(),
                    |version| {
                        format!(
                            "look at what was written since ({}) and write again with --expected-version {version}",
                            get_command(None, stream.as_str(), &[])
                        )
                    },
                );
                (Status::Conflict, Some(seen))
            }
            StoreError::DuplicateId(id) => (
                Status::Failed,
                Some(format!(
                    "it is another message (in the screen, {id} behind : goes there); only a new one needs a new --id"
                )),
            ),
            StoreError::StreamNotFound(_) => {
                (Status::NotFound, Some("streamscope streams lists what there is".to_owned()))
            }
            StoreError::NamespaceNotFound(_) => {
                (Status::NotFound, Some("streamscope ns list shows what there is".to_owned()))
            }
            StoreError::NamespaceExists { .. } => {
                (Status::Failed, Some("choose another id; streamscope ns list shows what there is".to_owned()))
            }
            StoreError::Invalid { .. } => (Status::Usage, None),
            StoreError::NoPermission(_) => {
                (Status::Failed, Some("Use a role with this privilege, or grant it".to_owned()))
            }
            StoreError::ReadOnly(_) => (
                Status::ReadOnly,
                Some("leave out --read-only, or connect to a server, database and role that take writes".to_owned()),
            ),
            StoreError::Unavailable { obstacle: obstacle @ (Obstacle::Password | Obstacle::Role), .. } => {
                (Status::Failed, Some(around(*obstacle).to_owned()))
            }
            StoreError::Unavailable { obstacle, .. } => (Status::Unavailable, Some(around(*obstacle).to_owned())),
            StoreError::TimedOut { .. } => {
                (Status::Unavailable, Some("try again when the server is less busy".to_owned()))
            }
            StoreError::OutcomeUnknown { id, .. } => (
                Status::OutcomeUnknown,
                Some(format!("run the same command again with --id {id}: the message will not be written twice")),
            ),
            StoreError::OutcomeUnclear { stream, .. } => (
                Status::OutcomeUnknown,
                Some(format!(
                    "triggers or rules of the table can change messages, so look first (streamscope last {stream}): writing again \
                     may write it twice"
                )),
            ),
            StoreError::NotStored { .. } => {
                (Status::Failed, Some("look at the triggers, rules and policies of the table messages".to_owned()))
            }
            // It names its own remedy: they differ.
            StoreError::NotOpened(_) | StoreError::Embedded(_) => (Status::Unavailable, None),
            StoreError::Server { code, .. } if code == "3D000" => (
                Status::Unavailable,
                Some(
                    "name another database after the server's address, or create this one; psql -l lists them"
                        .to_owned(),
                ),
            ),
            StoreError::NamespaceClosed { .. } | StoreError::SequenceBehind { .. } | StoreError::Server { .. } => {
                (Status::Failed, None)
            }
        };
        let (what, logged) = (error.to_string(), error.without_values());
        Self { status, logged: (logged != what).then_some(logged), what, remedy }
    }
}

/// What to do about what stands between this program and a database.
fn around(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Silence => {
            "Is the server running, and do --url, STREAMSCOPE_URL, DATABASE_URL or PG* name its address?"
        }
        Obstacle::Lost => "Run the command again; the server's log says why it ended the connection",
        Obstacle::Name => "Check the host name in --url, STREAMSCOPE_URL, DATABASE_URL or PGHOST",
        Obstacle::Socket => {
            "Is the server running on this machine with a socket there? A host name (host=localhost) connects over the network"
        }
        Obstacle::Certificate => {
            "Check sslrootcert and the host name; sslmode=verify-ca compares no names, and sslmode=require without a \
             root certificate file verifies nothing"
        }
        Obstacle::TlsFiles => "Check sslrootcert, sslcert, sslkey and sslpassword, or the files in ~/.postgresql",
        Obstacle::Tls => {
            "Check the server's ssl setting and sslmode, ssl_min_protocol_version and ssl_max_protocol_version here"
        }
        Obstacle::Protocol => "Check the port: another program listens there",
        Obstacle::Closed => "Check the port, and the server's log: something accepts connections there and closes them",
        Obstacle::Method => "Check require_auth, requirepeer and channel_binding, and the server's pg_hba.conf",
        Obstacle::Password => {
            "Check the password: in the URL, PGPASSWORD, STREAMSCOPE_PASSWORD_COMMAND or ~/.pgpass, in this order"
        }
        Obstacle::Role => "Check the user's name and sslmode; the server's pg_hba.conf says who may connect from where",
        Obstacle::Full => "Try again when there are fewer connections, or raise max_connections or the pooler's limits",
        Obstacle::NotReady => "Try again in a moment: the server starts, recovers or stops",
        Obstacle::Pooler => {
            "A pooler between here and the server may refuse it: it must pool transactions or sessions, not statements"
        }
        Obstacle::Kind => "Check target_session_attrs, or name more servers",
        Obstacle::PasswordCommand => "Check STREAMSCOPE_PASSWORD_COMMAND, or password_command in the configuration",
    }
}
