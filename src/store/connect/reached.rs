//! How far an attempt to connect came, in the grades that the ladder decides by, and what is told of it.

use std::error::Error as _;
use std::io;

use tokio_postgres::error::{DbError, SqlState};

use super::failure::{chain, obstacle, of_server, words};
use super::tls::Problem;
use super::wire::Objection;
use crate::store::{Obstacle, StoreError};

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Not reached, or not what is looked for: the next address may do.
    GoOn(Obstacle, String),
    /// Refused before the server said anything about the session.
    Refused(Obstacle, String),
    /// There is no TLS: `sslmode=prefer` goes on without it.
    Tls(Problem),
    /// A password is asked for and there is none.
    NoPassword,
    /// The server's own words.
    Server(Box<DbError>),
}

impl Failure {
    /// Whether the next address is tried, by libpq's rules: a server that was reached and refused ends the ladder, unless it
    /// only takes no connections now.
    pub(super) fn goes_on(&self) -> bool {
        match self {
            Self::GoOn(..) => true,
            Self::Server(error) => *error.code() == SqlState::CANNOT_CONNECT_NOW,
            Self::Refused(..) | Self::Tls(_) | Self::NoPassword => false,
        }
    }

    /// What stands in the way, and why in words.
    ///
    /// # Errors
    /// The server's error where it is no matter of connecting (no such database).
    pub(super) fn told(self) -> Result<(Obstacle, String), StoreError> {
        Ok(match self {
            Self::GoOn(obstacle, reason) | Self::Refused(obstacle, reason) => (obstacle, reason),
            Self::Tls(Problem::Certificate(reason)) => (Obstacle::Certificate, reason),
            Self::Tls(Problem::Files(reason)) => (Obstacle::TlsFiles, reason),
            Self::Tls(Problem::Handshake(reason)) => (Obstacle::Tls, reason),
            Self::NoPassword => (Obstacle::Password, "the server asks for a password, and none is given".to_owned()),
            Self::Server(error) => match obstacle(error.code()) {
                Some(obstacle) => (obstacle, words(&error)),
                None => return Err(of_server(&error, "")),
            },
        })
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(error) = error.as_db_error() {
            return Self::Server(Box::new(error.clone()));
        }
        let told = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        if let Some(objection) =
            told.and_then(|error| error.get_ref()).and_then(|inner| inner.downcast_ref::<Objection>())
        {
            return match objection {
                Objection::Method(reason) => Self::Refused(Obstacle::Method, reason.clone()),
                Objection::Protocol(reason) => Self::Refused(Obstacle::Protocol, reason.clone()),
            };
        }
        // tokio-postgres keeps the kind of an error to itself but for these words; tests watch them.
        let reason = chain(&error);
        match error.to_string().as_str() {
            _ if reason == "invalid configuration: password missing" => Self::NoPassword,
            _ if error.is_closed() => {
                Self::Refused(Obstacle::Closed, "the server closed the connection without a word".to_owned())
            }
            "unexpected message from server" | "error parsing response from server" => {
                Self::Refused(Obstacle::Protocol, reason)
            }
            _ if told.is_some() => Self::Refused(Obstacle::Closed, reason),
            // A method that tokio-postgres does not have, a SCRAM exchange that does not hold, channel binding.
            _ => Self::Refused(Obstacle::Method, reason),
        }
    }
}
