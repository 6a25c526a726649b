//! The error of a statement, with the server's original answer. Callers outside the session convert it to a
//! `StoreError`.

use std::time::Duration;

use tokio_postgres::error::DbError;

use crate::store::connect::error_mapping::ends_connection;

/// An error with the server's original answer, for callers that decide by SQLSTATE and structure.
#[derive(Debug)]
pub(in crate::store) enum QueryError {
    Postgres(tokio_postgres::Error),
    /// There was no answer within the session's timeout, so the query was cancelled.
    TimedOut(Duration),
}

impl QueryError {
    /// Returns the server's error, if the server sent one.
    pub(in crate::store) fn server(&self) -> Option<&DbError> {
        match self {
            Self::Postgres(error) => error.as_db_error(),
            Self::TimedOut(_) => None,
        }
    }

    /// Whether the statement may have been executed nevertheless, because there was no answer or one that ends the
    /// connection.
    pub(in crate::store) fn leaves_doubt(&self) -> bool {
        self.server().is_none_or(ends_connection)
    }
}

impl From<tokio_postgres::Error> for QueryError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}
