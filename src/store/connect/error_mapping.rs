//! Maps errors of tokio-postgres and their SQLSTATEs to [`StoreError`]. Decides by code and structure, never by the
//! text.

use std::error::Error as _;

use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::store::error::{Obstacle, StoreError};

/// Returns the server's message and hint on one line. The detail and the context can contain whole rows ("Failing row
/// contains …"), so they only go to the debug log.
pub(crate) fn words(error: &DbError) -> String {
    tracing::debug!(
        code = error.code().code(),
        message = error.message(),
        detail = ?error.detail(),
        context = ?error.where_(),
        "the server's error"
    );
    let hint = error.hint().map(|hint| format!("; hint: {hint}"));
    format!("{}{}", error.message(), hint.unwrap_or_default())
}

/// Whether a function or trigger chose the text or the code of the error, so that the code need not mean what it means
/// elsewhere, and the text can contain the message: it raised the error, or built a statement that failed.
fn is_raised(error: &DbError) -> bool {
    raises(error) || is_inside(error) && !describes_the_store(error.code())
}

/// Whether the error comes from PL/pgSQL's `raise`, or from PL/Python, PL/Perl or PL/Tcl.
fn raises(error: &DbError) -> bool {
    error.routine().is_some_and(|routine| {
        routine == "exec_stmt_raise"
            || ["PLy_", "plperl_", "pltcl_"].iter().any(|language| routine.starts_with(language))
    })
}

/// Whether the error arose inside a function, which only the context shows, and left the connection open. A function
/// can meet errors of other servers too, such as a lost connection of `dblink`.
fn is_inside(error: &DbError) -> bool {
    error.where_().is_some() && matches!(error.parsed_severity(), Some(Severity::Error))
}

/// Whether errors with this code inside a function name only columns, constraints and relations that the statement
/// really uses, or are data exceptions, which are never logged.
fn describes_the_store(code: &SqlState) -> bool {
    ["22", "23", "25", "40", "53", "55"].iter().any(|class| code.code().starts_with(class))
        || [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::DATATYPE_MISMATCH, SqlState::QUERY_CANCELED].contains(code)
}

/// Whether the connection ends with this error: class 08, 57P01 to 57P05, and 25P03 for a transaction that was idle for
/// too long.
pub(crate) fn ends_connection(error: &DbError) -> bool {
    is_end(error.code()) && !is_raised(error)
}

fn is_end(code: &SqlState) -> bool {
    code.code().starts_with("08")
        || code.code().starts_with("57P")
        || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
}

/// Classifies a server error that prevents a connection; `None` for all other errors.
pub(crate) fn obstacle(code: &SqlState) -> Option<Obstacle> {
    Some(match code.code() {
        "28P01" => Obstacle::Password,
        text if text.starts_with("28") => Obstacle::Role,
        "53300" => Obstacle::Full,
        // Poolers use this code for almost every refusal.
        "08P01" => Obstacle::Pooler,
        text if text.starts_with("57P") => Obstacle::NotReady,
        _ if is_end(code) => Obstacle::Lost,
        _ => return None,
    })
}

/// Converts an error of the server.
pub(crate) fn of_server(error: &DbError, target: &str) -> StoreError {
    let code = error.code();
    if is_raised(error) {
        return StoreError::Raised { code: code.code().to_owned(), message: words(error) };
    }
    match (code.code(), obstacle(code)) {
        ("42501", _) => StoreError::NoPermission(words(error)),
        ("25006", _) => StoreError::ReadOnly(words(error)),
        (_, Some(obstacle)) => {
            // The server had accepted the connection, so this error ended it.
            let obstacle = if obstacle == Obstacle::NotReady { Obstacle::Lost } else { obstacle };
            StoreError::Unavailable { target: target.to_owned(), reason: words(error), obstacle }
        }
        (code, None) => StoreError::Server { code: code.to_owned(), message: words(error) },
    }
}

/// Converts an error of tokio-postgres. `end` is why the connection ended, if that is known.
pub(crate) fn of_client(error: &tokio_postgres::Error, target: &str, end: Option<&str>) -> StoreError {
    if let Some(error) = error.as_db_error() {
        return of_server(error, target);
    }
    let reason = match end {
        Some(end) if error.is_closed() => end.to_owned(),
        _ => chain(error),
    };
    if error.is_closed() || error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>) {
        StoreError::Unavailable { target: target.to_owned(), reason, obstacle: Obstacle::Lost }
    } else {
        // A value does not fit its type, or an answer cannot be read.
        StoreError::Server { code: SqlState::INTERNAL_ERROR.code().to_owned(), message: reason }
    }
}

/// Formats an error with its causes, outermost first, without repeating a text.
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
