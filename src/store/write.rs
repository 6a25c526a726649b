//! Writes a message through the namespace's own `write_message`, so that the category lock is taken. Never reports
//! failure for a write that may have happened, and never writes a message twice.

mod arguments;
mod attempt;
mod lookup;

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::error::Obstacle;
use super::row::column;
use super::session::{Parameter, QueryError, STATEMENT_TIMEOUT, Session};
use super::shape::{Column, ColumnType};
use super::{Flavour, Namespace, Result, StoreError};
use crate::backoff::Backoff;
use crate::json;
use crate::message::{NewMessage, Position, Written};
use arguments::Arguments;
use attempt::AttemptError;
use lookup::{Lookup, LookupBy, SentMessage};

/// How long to retry a write whose answer was lost.
const RETRY_LIMIT: Duration = Duration::from_secs(30);

/// The longest pause between two attempts to reach a lost server.
const LONGEST: Duration = Duration::from_secs(4);

/// How many times a write is retried after it collided with another one.
const COLLISIONS: u32 = 5;

/// The bytes that a value of the type `name` holds.
const LONGEST_NAME: usize = 63;

/// Runs constraint triggers now that would otherwise run at the commit, after the stored messages were looked up.
pub(super) const RUN_DEFERRED_TRIGGERS: &str = "set constraints all immediate";

/// What a rejected attempt means, after a lookup of the message.
enum Verdict {
    /// The message has been written.
    Written(Written),
    /// The message cannot be written.
    Final(StoreError),
    /// Another attempt may succeed.
    Again(StoreError),
}

impl Namespace {
    /// Writes one message and returns its position and global position, usually in one round trip.
    ///
    /// The same message with the same ID is written once, however often it is sent. If the connection is lost before
    /// the answer arrives, the identical write is sent again; it waits in the queue until the first one has ended. A
    /// conflict or a duplicate ID is then resolved by looking up the message with this ID. If the table does not
    /// enforce unique IDs, the lookup runs under the category lock before every write.
    ///
    /// ```no_run
    /// # use streamscope::message::NewMessage;
    /// # use streamscope::store::{Namespace, StoreError};
    /// # async fn example(namespace: Namespace, message: NewMessage) -> streamscope::store::Result<()> {
    /// match namespace.write(&message).await {
    ///     Ok(written) => println!("position {}", written.position),
    ///     Err(StoreError::Conflict { actual, .. }) => println!("another writer was faster: {actual:?}"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Conflict`], [`StoreError::DuplicateId`], [`StoreError::ReadOnly`], [`StoreError::Invalid`] (for
    /// JSON with line and column), [`StoreError::NotStored`], [`StoreError::SequenceBehind`],
    /// [`StoreError::TableRefuses`], [`StoreError::SchemaRenamed`], [`StoreError::OutcomeUnknown`],
    /// [`StoreError::OutcomeUnclear`], or any other error from the server.
    pub async fn write(&self, message: &NewMessage) -> Result<Written> {
        self.sessions.refuse_if_read_only()?;
        check(message)?;
        check_length("stream name", &self.shape().columns.stream_name, message.stream.as_str())?;
        check_length("type", &self.shape().columns.message_type, &message.message_type)?;
        self.refuse_if_renamed().await?;
        let mut collisions = 0;
        loop {
            let failure = match self.attempt(message, STATEMENT_TIMEOUT, collisions > 0).await? {
                Ok(written) => return Ok(written),
                Err(AttemptError::Unanswered(reason)) => return self.resolve(message, reason).await,
                Err(AttemptError::Refused(error @ (StoreError::Server { .. } | StoreError::Raised { .. }))) => {
                    return self.refused(message, error).await;
                }
                Err(AttemptError::Refused(error)) if !matches!(error, StoreError::Conflict { .. }) => {
                    return Err(error);
                }
                Err(failure) => failure,
            };
            match self.judge(message, failure).await {
                Verdict::Written(written) => return Ok(Written { was_stored: true, ..written }),
                Verdict::Final(error) => return Err(error),
                Verdict::Again(error) if collisions == COLLISIONS => return Err(self.explained(error).await),
                Verdict::Again(_) => collisions += 1,
            }
        }
    }

    /// Returns whether a write with an unknown outcome can safely be repeated with the same ID. It cannot if triggers
    /// or rules may change IDs and streams, because a lookup might then miss the stored message.
    #[must_use]
    pub fn repeats_are_safe(&self) -> bool {
        !self.shape().changes_rows()
    }

    /// Returns the error for a write with an unknown outcome.
    #[must_use]
    pub fn outcome_unknown(&self, message: &NewMessage, reason: String) -> StoreError {
        if self.repeats_are_safe() {
            StoreError::OutcomeUnknown { id: message.id, reason }
        } else {
            StoreError::OutcomeUnclear { id: message.id, stream: message.stream.clone(), reason }
        }
    }

    /// Returns the result of a write that the table or its function refused, for whatever reason. An earlier write may
    /// have stored the message all the same.
    async fn refused(&self, message: &NewMessage, error: StoreError) -> Result<Written> {
        let stored = self.look_up(message).await.ok().and_then(|look| look.stored);
        match stored.map(|stored| stored.as_written(message, self.shape().changes_rows())) {
            Some(Some(written)) => Ok(Written { was_stored: true, ..written }),
            Some(None) => Err(StoreError::DuplicateId(message.id)),
            None => Err(self.explained(error).await),
        }
    }

    /// Looks up the message after a rejected attempt, because an earlier attempt may have written it. The lookup also
    /// reads the stream's version: under an isolation level stricter than read committed, the server may have compared
    /// the expected version with an old one.
    async fn judge(&self, message: &NewMessage, failure: AttemptError) -> Verdict {
        let (error, taken) = match failure {
            AttemptError::Collision(error) => return Verdict::Again(error),
            AttemptError::Unanswered(reason) => return Verdict::Again(self.outcome_unknown(message, reason)),
            AttemptError::Refused(error) => (error, false),
            AttemptError::Taken(error) => (error, true),
        };
        let look = match self.look_up(message).await {
            Ok(look) => look,
            Err(error) => return Verdict::Again(error),
        };
        let written = look.stored.as_ref().map(|stored| stored.as_written(message, self.shape().changes_rows()));
        match (written, message.expected_version.as_argument()) {
            (Some(Some(written)), _) => Verdict::Written(written),
            (Some(None), _) if taken => Verdict::Final(StoreError::DuplicateId(message.id)),
            (None, _) if taken => Verdict::Again(error),
            (_, Some(expected)) if expected == look.version.unwrap_or(-1) => Verdict::Again(error),
            _ => Verdict::Final(match error {
                StoreError::Conflict { stream, expected, .. } => {
                    StoreError::Conflict { stream, expected, actual: look.version }
                }
                error => error,
            }),
        }
    }

    /// Resolves a write whose answer was lost: retries first, then looks up. A lookup alone would find nothing while
    /// the lost write still waits for the category lock. The retry queues for the same lock.
    async fn resolve(&self, message: &NewMessage, mut reason: String) -> Result<Written> {
        let deadline = Instant::now() + RETRY_LIMIT;
        let mut backoff = Backoff::up_to(LONGEST);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.outcome_unknown(message, reason));
            }
            reason = match self.attempt(message, left, true).await {
                Ok(Ok(written)) => return Ok(written),
                Ok(Err(AttemptError::Unanswered(again))) => again,
                Ok(Err(failure)) => match self.judge(message, failure).await {
                    Verdict::Written(written) => return Ok(written),
                    // This attempt held the lock when it was rejected, so the lost write had ended and written nothing.
                    Verdict::Final(
                        error @ (StoreError::Conflict { .. }
                        | StoreError::DuplicateId(_)
                        | StoreError::NotStored { .. }),
                    ) => return Err(error),
                    // The reason is logged.
                    Verdict::Final(error) | Verdict::Again(error) => error.without_values(),
                },
                // Rejected credentials stay rejected, and retrying could lock the account.
                Err(
                    StoreError::NoPermission(reason)
                    | StoreError::Unavailable { reason, obstacle: Obstacle::Password | Obstacle::Role, .. },
                ) => return Err(self.outcome_unknown(message, reason)),
                Err(error) => error.to_string(),
            };
            sleep(backoff.pause().min(left)).await;
        }
    }

    /// Sends the write once, as a single statement or in a transaction that is read committed whatever the server's
    /// default is. The outer error means that there was no connection and nothing was sent.
    async fn attempt(
        &self,
        message: &NewMessage,
        limit: Duration,
        read_committed: bool,
    ) -> Result<Result<Written, AttemptError>> {
        let arguments = Arguments::new(message, self.shape());
        let arguments = arguments.parameters();
        let mut session = self.sessions.acquire().await?;
        session.set_timeout(Some(limit));
        let answer = if self.is_faithful {
            self.send(&session, message, &arguments, read_committed).await
        } else {
            self.send_and_look_up(&session, message, &arguments).await
        };
        match answer {
            Ok(done) => Ok(done),
            Err(error) => {
                let text = session.store_error(&error);
                Ok(Err(AttemptError::new(message, &error, text)))
            }
        }
    }

    /// Sends one statement that writes the message and returns the global position that the session drew for it.
    async fn send(
        &self,
        session: &Session,
        message: &NewMessage,
        arguments: &[Parameter<'_>],
        read_committed: bool,
    ) -> Result<Result<Written, AttemptError>, QueryError> {
        let sequence = self.shape().numbering.sequence_name.as_deref();
        let search_path = self.search_path();
        let mut parameters = arguments.to_vec();
        let template = if self.info().flavour == Flavour::Streamscope {
            parameters.push((&sequence, Type::TEXT));
            include_str!("../../sql/query/write.sql")
        } else {
            parameters.extend([(&search_path as _, Type::TEXT), (&sequence as _, Type::TEXT)]);
            include_str!("../../sql/query/write_foreign.sql")
        };
        let sql = self.query(template, &[("write_message", &self.function("write_message"))]);
        let rows: Vec<Row> = if read_committed {
            session.run_together(&[(&sql, &parameters)]).await?.into_iter().flatten().collect()
        } else {
            session.query_raw(&sql, &parameters).await?
        };
        let position = rows.first().and_then(|row| column::<Option<Position>>(row, 0).ok().flatten());
        let global_position = rows.first().and_then(|row| column::<Option<i64>>(row, 1).ok().flatten());
        Ok(match position.zip(global_position) {
            Some((position, global_position)) => {
                Ok(Written { id: message.id, position, global_position, was_stored: false, differs: None })
            }
            None => Err(AttemptError::Unanswered("write_message returned no position".to_owned())),
        })
    }

    /// Sends a few statements in one transaction, for tables that accept duplicate IDs or change messages: take the
    /// category lock, write unless the ID exists, run triggers that wait for the commit, and look up the stored
    /// message.
    async fn send_and_look_up(
        &self,
        session: &Session,
        message: &NewMessage,
        arguments: &[Parameter<'_>],
    ) -> Result<Result<Written, AttemptError>, QueryError> {
        let names =
            [("acquire_lock", self.function("acquire_lock")), ("write_message", self.function("write_message"))];
        let same_id = self.same_id("$7", "$2::text");
        let values = [(names[0].0, names[0].1.as_str()), (names[1].0, names[1].1.as_str()), ("same_id", &same_id)];
        let lock = self.query(include_str!("../../sql/query/write_lock.sql"), &values);
        let write = self.query(include_str!("../../sql/query/write_once.sql"), &values);
        let look = self.lookup_sql(LookupBy::WrittenPosition);
        let search_path = (self.info().flavour != Flavour::Streamscope).then(|| self.search_path());
        let stream = message.stream.as_str();
        let locked: [Parameter<'_>; 2] = [(&stream, Type::VARCHAR), (&search_path, Type::TEXT)];
        let mut written = arguments.to_vec();
        written.push((&message.id, Type::UUID));
        let sent = SentMessage::new(message);
        let rows = session
            .run_together(&[
                (&lock, &locked),
                (&write, &written),
                (RUN_DEFERRED_TRIGGERS, &[]),
                (&look, &sent.parameters()),
            ])
            .await?;
        let [_, written, _, looked] = rows.as_slice() else {
            return Ok(Err(AttemptError::Unanswered("the server answered only some of the statements".to_owned())));
        };
        let Some(position) = written.first().map(|row| column::<Option<&str>>(row, 0).ok().flatten()) else {
            return Ok(Err(AttemptError::Taken(StoreError::DuplicateId(message.id))));
        };
        let position = position.and_then(|text| text.parse().ok());
        let stored = looked.first().map(Lookup::read).and_then(Result::ok).and_then(|look| look.stored);
        Ok(match (stored, position) {
            (Some(stored), _) => Ok(stored.written(message)),
            (None, Some(position)) => {
                Err(AttemptError::Refused(StoreError::NotStored { stream: message.stream.clone(), position }))
            }
            (None, None) => Err(AttemptError::Unanswered("write_message returned no position".to_owned())),
        })
    }
}

/// Rejects a message that Postgres could not store, before it is sent.
fn check(message: &NewMessage) -> Result<()> {
    let nul = |field, text: &str| {
        if text.contains('\0') {
            let reason = "it contains a NUL character, which Postgres cannot store".to_owned();
            return Err(StoreError::Invalid { field, reason });
        }
        Ok(())
    };
    nul("stream", message.stream.as_str())?;
    nul("type", &message.message_type)?;
    check_json("data", &message.data)?;
    message.metadata.as_deref().map_or(Ok(()), |metadata| check_json("metadata", metadata))
}

/// Checks that the column holds the whole text. The server cuts off longer text in a column of the type `name`, without
/// an error.
fn check_length(field: &'static str, column: &Column, text: &str) -> Result<()> {
    if column.kind == ColumnType::Name && text.len() > LONGEST_NAME {
        let bytes = text.len();
        let reason = format!("it has {bytes} bytes, but its column has the type name, which holds {LONGEST_NAME}");
        return Err(StoreError::Invalid { field, reason });
    }
    Ok(())
}

fn check_json(field: &'static str, text: &str) -> Result<()> {
    json::check(text).map_err(|problem| StoreError::Invalid {
        field,
        reason: format!("line {}, column {}: {}", problem.line, problem.column, problem.reason),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::message::{ExpectedVersion, StreamName};

    #[test]
    fn invalid_json_is_rejected_with_line_and_column() {
        let message = NewMessage {
            id: Uuid::nil(),
            stream: StreamName::stored("account-1"),
            message_type: "Opened".to_owned(),
            data: "{\n  \"a\": tru\n}".to_owned(),
            metadata: None,
            expected_version: ExpectedVersion::Any,
        };
        let error = check(&message).expect_err("invalid JSON").to_string();
        assert!(error.starts_with("invalid data: line 2, column "), "{error}");
    }
}
