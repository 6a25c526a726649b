//! Classifies the errors of one attempt to connect, so that `search.rs` can decide whether to try the next address.

use std::error::Error as _;
use std::io;
use std::sync::atomic::Ordering;

use tokio_postgres::error::{DbError, SqlState};

use super::error_mapping::{chain, obstacle, of_server, words};
use super::tls::{CertificateRefused, TlsError};
use super::wire::{AuthTerms, Rejection};
use crate::store::error::{Obstacle, StoreError};

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// The server was not reached or is not of the required kind, so the next address is tried.
    TryNext(Obstacle, String),
    /// The connection failed before the session began. Other addresses are not tried.
    Refused(Obstacle, String),
    /// TLS failed; `sslmode=prefer` continues without it.
    Tls(TlsError),
    /// The server asks for a password, and there is none.
    NoPassword,
    /// The server reported an error.
    Server(Box<DbError>),
    /// The server reported an error instead of accepting the proof of the password. Poolers use any code for it.
    PasswordRejected(Box<DbError>),
    /// `sslmode` allows both transports, and both failed.
    Both {
        /// Why the attempt with TLS failed.
        encrypted: Box<ConnectError>,
        /// Why the attempt without TLS failed.
        plain: Box<ConnectError>,
    },
}

impl ConnectError {
    /// Recognises a rejected password by how far the authentication got.
    pub(super) fn after(self, terms: &AuthTerms) -> Self {
        let was_asked = terms.asked.load(Ordering::SeqCst);
        let is_unproved = was_asked && !terms.proved.load(Ordering::SeqCst);
        match self {
            Self::Server(error) if is_unproved && !is_passing(error.code()) => Self::PasswordRejected(error),
            Self::Server(error) if was_asked && says_that_it_was_rejected(&error) => Self::PasswordRejected(error),
            error => error,
        }
    }

    /// Whether to try the next address. By libpq's rules a server that refuses ends the search, unless it merely
    /// accepts no connections yet.
    pub(super) fn tries_next(&self) -> bool {
        match self {
            Self::TryNext(..) => true,
            Self::Server(error) => *error.code() == SqlState::CANNOT_CONNECT_NOW,
            Self::Refused(..) | Self::Tls(_) | Self::NoPassword | Self::PasswordRejected(_) => false,
            Self::Both { plain, .. } => plain.tries_next(),
        }
    }

    /// Whether the server refused the role in this way (`28000`), which it can do for one transport only.
    pub(super) fn refuses_role(&self) -> bool {
        matches!(self, Self::Server(error) if *error.code() == SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
    }

    /// Whether a pooler refused the start-up parameters: "unsupported startup parameter: options".
    pub(super) fn refuses_parameters(&self) -> bool {
        match self {
            Self::Server(error) => *error.code() == SqlState::PROTOCOL_VIOLATION,
            Self::Both { plain, .. } => plain.refuses_parameters(),
            _ => false,
        }
    }

    /// Returns the kind of the obstacle and the reason.
    ///
    /// # Errors
    /// The server's error if it does not concern connecting, such as an unknown setting in `options`.
    pub(super) fn into_obstacle(self) -> Result<(Obstacle, String), StoreError> {
        Ok(match self {
            Self::TryNext(obstacle, reason) | Self::Refused(obstacle, reason) => (obstacle, reason),
            Self::Tls(TlsError::Certificate(reason)) => (Obstacle::Certificate, reason),
            Self::Tls(TlsError::Files(reason)) => (Obstacle::TlsFiles, reason),
            Self::Tls(TlsError::Handshake(reason)) => (Obstacle::Tls, reason),
            Self::Tls(TlsError::NotOffered) => {
                (Obstacle::Tls, "the server offers no TLS, but sslmode requires it".to_owned())
            }
            Self::Tls(TlsError::Foreign(reason)) => (Obstacle::Protocol, reason),
            Self::NoPassword => (Obstacle::Password, "the server asks for a password, and there is none".to_owned()),
            Self::PasswordRejected(error) => (Obstacle::Password, words(&error)),
            Self::Server(error) if *error.code() == SqlState::INVALID_CATALOG_NAME => {
                (Obstacle::Database, words(&error))
            }
            Self::Server(error) if *error.code() == SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE => {
                (Obstacle::ClosedDatabase, words(&error))
            }
            Self::Server(error) => match obstacle(error.code()) {
                Some(obstacle) => (obstacle, words(&error)),
                None if is_fault(error.code()) => (Obstacle::Fault, words(&error)),
                None => return Err(of_server(&error, "")),
            },
            Self::Both { encrypted, plain } => {
                let needs_tls = plain.refuses_role();
                let ((of_tls, reason), (of_plain, other)) = (encrypted.into_obstacle()?, plain.into_obstacle()?);
                let reason = if reason == other { reason } else { format!("{reason}; without TLS: {other}") };
                // A server that refuses the role without TLS leaves the other way, where this problem is.
                (if needs_tls { of_tls } else { of_plain }, reason)
            }
        })
    }
}

/// Whether an error during the authentication says nothing about the password: the server lacks resources, is not
/// ready, or names the problem itself (class 28).
fn is_passing(code: &SqlState) -> bool {
    ["28", "53", "57"].iter().any(|class| code.code().starts_with(class))
}

/// Whether PgBouncer rejected a password. Its code is the same as when its server is away.
fn says_that_it_was_rejected(error: &DbError) -> bool {
    ["password authentication failed", "auth failed"].iter().any(|text| error.message().starts_with(text))
}

/// Whether the server, or a pooler in front of it, lacks resources (class 53), or failed by itself (58, F0, XX). Some
/// poolers use XX000 for every refusal.
fn is_fault(code: &SqlState) -> bool {
    // The embedded store explains a full disk and its remedy.
    *code != SqlState::DISK_FULL && ["53", "58", "F0", "XX"].iter().any(|class| code.code().starts_with(class))
}

impl From<tokio_postgres::Error> for ConnectError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(error) = error.as_db_error() {
            return Self::Server(Box::new(error.clone()));
        }
        let io_error = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        if let Some(rejection) =
            io_error.and_then(|error| error.get_ref()).and_then(|inner| inner.downcast_ref::<Rejection>())
        {
            return match rejection {
                Rejection::Method(reason) => Self::Refused(Obstacle::Method, reason.clone()),
                Rejection::Protocol(reason) => Self::Refused(Obstacle::Protocol, reason.clone()),
            };
        }
        if let Some(refused) = io_error.and_then(CertificateRefused::inside) {
            return Self::Refused(Obstacle::TlsFiles, refused.to_string());
        }
        // tokio-postgres does not expose the kind of an error, so its text has to do. Tests cover each one.
        let reason = chain(&error);
        match error.to_string().as_str() {
            _ if reason == "invalid configuration: password missing" => Self::NoPassword,
            _ if error.is_closed() => {
                Self::Refused(Obstacle::Closed, "the server closed the connection without an answer".to_owned())
            }
            "unexpected message from server" | "error parsing response from server" => {
                Self::Refused(Obstacle::Protocol, reason)
            }
            _ if io_error.is_some() => Self::Refused(Obstacle::Closed, reason),
            // An unsupported method, a failed SCRAM exchange, or missing channel binding.
            _ => Self::Refused(Obstacle::Method, reason),
        }
    }
}
