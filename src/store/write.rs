//! Writing a message through the namespace's own `write_message`, so that the category lock holds. Never says "failed" of a
//! write that may have happened, and never writes a message twice.

use std::error::Error;
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use tokio::time::{Instant, sleep};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::flavour::quote_ident;
use super::row::column;
use super::session::{Parameter, QueryError, TIME_LIMIT};
use super::{Flavour, Namespace, Result, StoreError};
use crate::backoff::Backoff;
use crate::json;
use crate::message::{NewMessage, Position, Written};

/// How long a lost answer is asked for again.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);

/// Longest pause between two attempts to reach a server that went away.
const LONGEST: Duration = Duration::from_secs(4);

/// How often a write is sent again because a foreign writer, who took no lock, was at the same position.
const COLLISIONS: u32 = 5;

/// In front of the text in the binary form of jsonb.
const JSONB_VERSION: u8 = 1;

/// What became of an attempt that was sent and gave no position.
enum Failure {
    /// The server said no: this attempt wrote nothing.
    Refused(StoreError),
    /// The server said no, because a foreign writer took the position between the version check and the insert.
    Collision(StoreError),
    /// The connection ended, or the time was over, before an answer came.
    Unanswered(String),
}

impl Namespace {
    /// Writes one message; its position and global position come back in the same round trip.
    ///
    /// Where the connection ends before the answer, the identical write is sent again (it queues behind the orphan), and a
    /// conflict or a duplicate id is then settled by a look at the message with this id. So is one of a first attempt: the same
    /// message with the same id is written once, however often it is sent.
    ///
    /// # Errors
    /// [`super::StoreError::Conflict`], [`super::StoreError::DuplicateId`], [`super::StoreError::ReadOnly`],
    /// [`super::StoreError::Invalid`] (JSON with its line and column), [`super::StoreError::OutcomeUnknown`].
    pub async fn write(&self, message: &NewMessage) -> Result<Written> {
        if self.sessions.is_read_only() {
            return Err(StoreError::ReadOnly("this program was told to write nothing (--read-only)".to_owned()));
        }
        check(message)?;
        let mut collisions = 0;
        loop {
            match self.attempt(message, TIME_LIMIT).await? {
                Ok(written) => return Ok(written),
                Err(Failure::Refused(error)) => return self.unless_written(message, error).await,
                Err(Failure::Collision(error)) => {
                    collisions += 1;
                    if collisions == COLLISIONS {
                        return Err(error);
                    }
                }
                Err(Failure::Unanswered(reason)) => return self.settle(message, reason).await,
            }
        }
    }

    /// A refused first attempt: nothing is wrong where an earlier one wrote this very message.
    async fn unless_written(&self, message: &NewMessage, error: StoreError) -> Result<Written> {
        if !matches!(error, StoreError::Conflict { .. } | StoreError::DuplicateId(_)) {
            return Err(error);
        }
        match self.find(message).await {
            Ok(Some((written, true))) => Ok(Written { already: true, ..written }),
            _ => Err(error),
        }
    }

    /// Finds out about a write whose answer was lost. *Retry, then look up*: a look-up alone would find nothing while the orphan
    /// still waits for the category lock; the retry waits behind it.
    async fn settle(&self, message: &NewMessage, mut reason: String) -> Result<Written> {
        let deadline = Instant::now() + SETTLE_LIMIT;
        let mut backoff = Backoff::up_to(LONGEST);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::OutcomeUnknown { id: message.id, reason });
            }
            reason = match self.attempt(message, left).await {
                Ok(Ok(written)) => return Ok(written),
                Ok(Err(Failure::Unanswered(again))) => again,
                Ok(Err(Failure::Refused(error) | Failure::Collision(error))) => match self.find(message).await {
                    Ok(Some((written, true))) => return Ok(written),
                    Ok(Some((_, false))) => return Err(StoreError::DuplicateId(message.id)),
                    // The attempt had the lock when it was refused: the orphan had ended, and wrote nothing.
                    Ok(None) if matches!(error, StoreError::Conflict { .. }) => return Err(error),
                    Ok(None) => error.to_string(),
                    Err(error) => error.to_string(),
                },
                // Credentials that are refused stay so, and to ask again and again can lock an account.
                Err(StoreError::NoPermission(reason)) => {
                    return Err(StoreError::OutcomeUnknown { id: message.id, reason });
                }
                Err(error) => error.to_string(),
            };
            sleep(backoff.pause().min(left)).await;
        }
    }

    /// Sends the write once. The outer error: no connection could be had, so nothing was sent.
    async fn attempt(&self, message: &NewMessage, limit: Duration) -> Result<Result<Written, Failure>> {
        let write_message = self.function("write_message");
        let schema = &self.info().schema;
        let (id, sequence) = (message.id.to_string(), format!("{}.messages_global_position_seq", quote_ident(schema)));
        let (stream, search_path, table) = (message.stream.as_str(), self.search_path(), self.table());
        let expected_version = message.expected_version.as_argument();
        let (data, metadata) = (JsonText(&message.data), message.metadata.as_deref().map(JsonText));
        let mut parameters: Vec<Parameter<'_>> = vec![
            (&id, Type::VARCHAR),
            (&stream, Type::VARCHAR),
            (&message.message_type, Type::VARCHAR),
            (&data, Type::JSONB),
            (&metadata, Type::JSONB),
            (&expected_version, Type::INT8),
        ];
        let template = if self.info().flavour == Flavour::Streamscope {
            parameters.push((&sequence, Type::TEXT));
            include_str!("../../sql/query/write.sql")
        } else {
            parameters.extend([(&search_path as _, Type::TEXT), (&table as _, Type::TEXT)]);
            include_str!("../../sql/query/write_foreign.sql")
        };
        let sql = self.query(template, &[("write_message", &write_message)]);
        let mut session = self.sessions.acquire().await?;
        session.set_limit(Some(limit));
        let answer = session.query_raw(&sql, &parameters).await;
        let rows = match answer {
            Ok(rows) => rows,
            Err(error) => {
                let text = session.store_error(&error);
                return Ok(Err(failure(message, &error, text)));
            }
        };
        drop(session);
        let row = rows.first();
        let row = row.ok_or_else(|| no_position(message))?;
        let position: Option<Position> = column(row, 0)?;
        let global_position: Option<i64> = column(row, 1)?;
        match position.zip(global_position) {
            Some((position, global_position)) => {
                Ok(Ok(Written { id: message.id, position, global_position, already: false }))
            }
            // A table whose sequence is not its own: the row knows its number.
            None => match self.find(message).await? {
                Some((written, true)) => Ok(Ok(written)),
                _ => Err(no_position(message)),
            },
        }
    }

    /// Where the message with this id stands, and whether it is this message (stream, type, data and metadata).
    async fn find(&self, message: &NewMessage) -> Result<Option<(Written, bool)>> {
        let sql = self.query(include_str!("../../sql/query/written.sql"), &[]);
        let session = self.sessions.acquire().await?;
        let row = session
            .query_opt(
                &sql,
                &[
                    (&message.id, Type::UUID),
                    (&message.stream.as_str(), Type::TEXT),
                    (&message.message_type, Type::TEXT),
                    (&message.data, Type::TEXT),
                    (&message.metadata, Type::TEXT),
                ],
            )
            .await?;
        row.map(|row| {
            let (position, global_position) = (column(&row, 0)?, column(&row, 1)?);
            let written = Written { id: message.id, position, global_position, already: false };
            Ok((written, column(&row, 2)?))
        })
        .transpose()
    }
}

/// JSON text as a parameter of type jsonb: the server reads it, so that numbers keep their digits.
#[derive(Debug)]
struct JsonText<'a>(&'a str);

impl ToSql for JsonText<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_u8(JSONB_VERSION);
        out.put_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSONB
    }

    to_sql_checked!();
}

fn no_position(message: &NewMessage) -> StoreError {
    StoreError::OutcomeUnknown { id: message.id, reason: "write_message gave no position".to_owned() }
}

/// What a write can be refused for before it is sent.
fn check(message: &NewMessage) -> Result<()> {
    let nul = |field, text: &str| {
        if text.contains('\0') {
            let reason = "it holds a NUL character, which Postgres cannot store".to_owned();
            return Err(StoreError::Invalid { field, reason });
        }
        Ok(())
    };
    nul("stream", message.stream.as_str())?;
    nul("type", &message.message_type)?;
    check_json("data", &message.data)?;
    message.metadata.as_deref().map_or(Ok(()), |metadata| check_json("metadata", metadata))
}

fn check_json(field: &'static str, text: &str) -> Result<()> {
    json::check(text).map_err(|problem| StoreError::Invalid {
        field,
        reason: format!("line {}, column {}: {}", problem.line, problem.column, problem.reason),
    })
}

/// What an answer without a position means: by SQLSTATE and structure, and by text only where the servers give nothing else.
fn failure(message: &NewMessage, error: &QueryError, as_store_error: StoreError) -> Failure {
    let Some(answer) = error.server().filter(|_| !error.leaves_doubt()) else {
        return Failure::Unanswered(as_store_error.to_string());
    };
    match (answer.code().code(), answer.constraint()) {
        ("P0001" | "P0003", _) => match actual_version(message, answer.message()) {
            Some(version) => Failure::Refused(StoreError::Conflict {
                stream: message.stream.clone(),
                expected: message.expected_version,
                actual: (version >= 0).then_some(version),
            }),
            None => Failure::Refused(as_store_error),
        },
        ("23505", Some("messages_id")) => Failure::Refused(StoreError::DuplicateId(message.id)),
        ("23505", Some("messages_stream")) => Failure::Collision(as_store_error),
        _ => Failure::Refused(as_store_error),
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

    #[test]
    fn json_that_is_wrong_is_refused_with_its_place() {
        let mut message = message("account-1", ExpectedVersion::Any);
        message.data = "{\n  \"a\": tru\n}".to_owned();
        let error = check(&message).expect_err("a message that is refused").to_string();
        assert!(error.starts_with("invalid data: line 2, column "), "{error}");
    }
}
