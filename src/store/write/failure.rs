//! What the server's refusal of a write means: by SQLSTATE and structure, and by text only where servers give nothing else.

use crate::message::{NewMessage, Position};
use crate::store::StoreError;
use crate::store::session::QueryError;

/// Why an attempt that was sent gave no position.
pub(super) enum Failure {
    /// The server refused it: this attempt wrote nothing.
    Refused(StoreError),
    /// The server refused it, because the id is taken, or something else that must be unique.
    Taken(StoreError),
    /// The server refused it, because somebody else was in the way: a foreign writer, who takes no lock and was at the same position,
    /// or a transaction that this one could not be ordered with (a serialization failure, a deadlock).
    Collision(StoreError),
    /// The connection ended, or the time was over, before an answer came.
    Unanswered(String),
}

impl Failure {
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

/// The version in `Wrong expected version: E (Stream: S, Stream Version: V)`, where E and S are those of this write and V is -1
/// for no stream; none where the text is another. A stream's name can hold anything, so the text is compared whole, not searched.
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
    fn the_actual_version_is_read_whatever_the_stream_is_called() {
        for stream in ["account-1", "a-1, Stream Version: 5)", "x-(Stream: y, Stream Version: 3)", "Ünï-\u{1b}[31m"] {
            let message = message(stream, ExpectedVersion::At(5));
            let text = format!("Wrong expected version: 5 (Stream: {stream}, Stream Version: 7)");
            assert_eq!(actual_version(&message, &text), Some(7));
        }
    }

    #[test]
    fn an_absent_stream_is_at_minus_one() {
        let message = message("account-1", ExpectedVersion::At(0));
        let text = "Wrong expected version: 0 (Stream: account-1, Stream Version: -1)";
        assert_eq!(actual_version(&message, text), Some(-1));
    }

    #[test]
    fn another_exception_is_no_conflict() {
        let message = message("account-1", ExpectedVersion::NoStream);
        assert_eq!(actual_version(&message, "Wrong expected version: 5 (Stream: account-1, Stream Version: 7)"), None);
        assert_eq!(actual_version(&message, "the trigger says no"), None);
    }
}
