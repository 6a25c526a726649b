//! Classifies a failed write by SQLSTATE and constraint, and by the error text only if the server gives nothing else.

use crate::message::{NewMessage, Position};
use crate::store::StoreError;
use crate::store::session::QueryError;

/// Why an attempt returned no position.
pub(super) enum AttemptError {
    /// The server rejected it. This attempt wrote nothing.
    Refused(StoreError),
    /// The server rejected it because the ID, or another unique value, is taken.
    Taken(StoreError),
    /// The server rejected it because of another transaction: a writer without the category lock took the same
    /// position, or there was a serialization failure or a deadlock.
    Collision(StoreError),
    /// The connection was lost or the timeout passed before an answer arrived.
    Unanswered(String),
}

impl AttemptError {
    pub(super) fn new(message: &NewMessage, error: &QueryError, as_store_error: StoreError) -> Self {
        let Some(answer) = error.server().filter(|_| !error.leaves_doubt()) else {
            return Self::Unanswered(as_store_error.to_string());
        };
        match (answer.code().code(), answer.constraint()) {
            ("P0001" | "P0003", _) => match actual_version(message, answer.message()) {
                Some(version) => Self::Refused(StoreError::Conflict {
                    stream: message.stream.clone(),
                    expected: message.expected_version,
                    actual: (version >= 0).then_some(version),
                }),
                None => Self::Refused(as_store_error),
            },
            ("23505", Some("messages_stream")) | ("40001" | "40P01", _) => Self::Collision(as_store_error),
            ("23505", Some("messages_pkey")) => Self::Refused(as_store_error),
            ("23505", _) => Self::Taken(as_store_error),
            _ => Self::Refused(as_store_error),
        }
    }
}

/// Extracts V from `Wrong expected version: E (Stream: S, Stream Version: V)` if E and S are those of this write. V is
/// -1 if the stream does not exist. A stream name can contain anything, so the whole text up to V is compared rather
/// than searched.
fn actual_version(message: &NewMessage, text: &str) -> Option<Position> {
    let expected = message.expected_version.as_argument()?;
    let start = format!("Wrong expected version: {expected} (Stream: {}, Stream Version: ", message.stream);
    let (version, _) = text.strip_prefix(&start)?.split_once(')')?;
    version.parse().ok()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::message::{ExpectedVersion, StreamName};

    fn message(stream: &str, expected_version: ExpectedVersion) -> NewMessage {
        NewMessage {
            id: Uuid::nil(),
            stream: StreamName::stored(stream),
            message_type: "Opened".to_owned(),
            data: "{}".to_owned(),
            metadata: None,
            expected_version,
        }
    }

    #[test]
    fn finds_the_actual_version_whatever_the_stream_name_contains() {
        for stream in ["account-1", "a-1, Stream Version: 5)", "x-(Stream: y, Stream Version: 3)", "Ünï-\u{1b}[31m"] {
            let message = message(stream, ExpectedVersion::At(5));
            let text = format!("Wrong expected version: 5 (Stream: {stream}, Stream Version: 7)");
            assert_eq!(actual_version(&message, &text), Some(7));
        }
    }

    #[test]
    fn a_missing_stream_is_at_version_minus_one() {
        let message = message("account-1", ExpectedVersion::At(0));
        let text = "Wrong expected version: 0 (Stream: account-1, Stream Version: -1)";
        assert_eq!(actual_version(&message, text), Some(-1));
    }

    #[test]
    fn other_exceptions_are_not_conflicts() {
        let message = message("account-1", ExpectedVersion::NoStream);
        assert_eq!(actual_version(&message, "Wrong expected version: 5 (Stream: account-1, Stream Version: 7)"), None);
        assert_eq!(actual_version(&message, "the trigger says no"), None);
    }
}
