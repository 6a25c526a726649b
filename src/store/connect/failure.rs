//! What an error of tokio-postgres means to a caller of the store: the one place that maps SQLSTATEs to [`StoreError`].
//! Decides by code and structure; texts are passed on, never looked at.

use std::error::Error as _;

use tokio_postgres::error::{DbError, SqlState};

use crate::store::StoreError;

/// The server's words: message, detail and hint on one line.
pub(crate) fn words(error: &DbError) -> String {
    let mut text = error.message().to_owned();
    for (name, part) in [("detail", error.detail()), ("hint", error.hint())] {
        if let Some(part) = part {
            for piece in ["; ", name, ": ", part] {
                text.push_str(piece);
            }
        }
    }
    text
}

/// Whether the server ends the connection with this error, or had none to give (class 08, 57P01 to 57P05, and 25P03 for a
/// transaction that was idle for too long).
pub(crate) fn ends_connection(code: &SqlState) -> bool {
    code.code().starts_with("08")
        || code.code().starts_with("57P")
        || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
}

/// An error of the server as the store's.
pub(crate) fn of_server(error: &DbError, target: &str) -> StoreError {
    let code = error.code();
    match code.code() {
        "42501" => StoreError::NoPermission(words(error)),
        "25006" => StoreError::ReadOnly(words(error)),
        text if text.starts_with("28") => StoreError::NoPermission(words(error)),
        // Too many connections: nothing was done, and it passes.
        "53300" => StoreError::Unavailable { target: target.to_owned(), reason: words(error) },
        _ if ends_connection(code) => StoreError::Unavailable { target: target.to_owned(), reason: words(error) },
        text => StoreError::Server { code: text.to_owned(), message: words(error) },
    }
}

/// An error of tokio-postgres as the store's. `end` is what ended the connection, where that is known.
pub(crate) fn of_client(error: &tokio_postgres::Error, target: &str, end: Option<&str>) -> StoreError {
    if let Some(error) = error.as_db_error() {
        return of_server(error, target);
    }
    let reason = match end {
        Some(end) if error.is_closed() => end.to_owned(),
        _ => chain(error),
    };
    if error.is_closed() || error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>) {
        StoreError::Unavailable { target: target.to_owned(), reason }
    } else {
        // A value that does not fit its type, or an answer that cannot be read: SQLSTATE class XX, internal.
        StoreError::Server { code: SqlState::INTERNAL_ERROR.code().to_owned(), message: reason }
    }
}

/// An error with its causes, outermost first.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
