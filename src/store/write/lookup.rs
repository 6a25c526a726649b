//! Looks up a stored message and compares it with the one that was sent: its position, and the first field that
//! differs.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::message::{Difference, NewMessage, Position, Written};
use crate::store::row::column;
use crate::store::session::Parameter;
use crate::store::{Namespace, Result};

/// Selects the message at the position that `write_message` returned. The previous statement stored it in a setting of
/// the transaction.
const WRITTEN_POSITION: &str =
    "m.stream_name::text = $2 and m.position = nullif(current_setting('streamscope.position', true), '')::bigint";

/// How to look up a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LookupBy {
    /// By its ID.
    Id,
    /// By the position that `write_message` returned in the same transaction.
    WrittenPosition,
}

/// The result of a lookup.
#[derive(Debug)]
pub(super) struct Lookup {
    /// The version of the stream. `None` if it does not exist.
    pub(super) version: Option<Position>,
    pub(super) stored: Option<StoredMessage>,
}

/// A stored message, compared with the one that was sent.
#[derive(Debug)]
pub(super) struct StoredMessage {
    position: Position,
    global_position: i64,
    /// The first field whose value differs.
    different: Option<&'static str>,
    respelled: Option<Difference>,
}

impl StoredMessage {
    /// Returns the result of the write if this is the message that was sent. If `changing` is set, triggers or rules
    /// may change data and metadata, so a difference there does not count.
    pub(super) fn as_written(&self, message: &NewMessage, changing: bool) -> Option<Written> {
        match self.different {
            None => Some(self.written(message)),
            Some("data" | "metadata") if changing => Some(self.written(message)),
            Some(_) => None,
        }
    }

    /// Returns the result of the write, whatever differs.
    pub(super) fn written(&self, message: &NewMessage) -> Written {
        let differs = self.different.map(Difference::Value).or_else(|| self.respelled.clone());
        let (position, global_position) = (self.position, self.global_position);
        Written { id: message.id, position, global_position, was_stored: false, differs }
    }
}

impl Lookup {
    pub(super) fn read(row: &Row) -> Result<Self> {
        let version = column(row, 0)?;
        let (position, global_position) = (column::<Option<i64>>(row, 1)?, column::<Option<i64>>(row, 2)?);
        let Some((position, global_position)) = position.zip(global_position) else {
            return Ok(Self { version, stored: None });
        };
        let mut different = None;
        for (index, name) in (3..).zip(["id", "stream", "type", "data", "metadata"]) {
            if different.is_none() && !column::<bool>(row, index)? {
                different = Some(name);
            }
        }
        let mut respelled = None;
        for (index, differs, name) in [(8, 12, "data"), (10, 13, "metadata")] {
            let texts = column::<Option<&str>>(row, index)?.zip(column::<Option<&str>>(row, index + 1)?);
            respelled = respelled.or(Difference::of_text(name, texts, column(row, differs)?));
        }
        Ok(Self { version, stored: Some(StoredMessage { position, global_position, different, respelled }) })
    }
}

impl Namespace {
    pub(super) fn lookup_sql(&self, by: LookupBy) -> String {
        let condition = match by {
            LookupBy::Id => self.same_id("$1", "$2"),
            LookupBy::WrittenPosition => WRITTEN_POSITION.to_owned(),
        };
        self.query(
            include_str!("../../../sql/query/written.sql"),
            &[("condition", &condition), ("m_id_is", &self.id_is("m.id", "$1"))],
        )
    }

    /// Returns the condition that a message has an ID. Without an index on IDs it is limited to one stream, because a
    /// scan of the whole table could take too long.
    pub(super) fn same_id(&self, id: &str, stream: &str) -> String {
        let same_id = self.id_is("m.id", id);
        if self.shape().ids_are_indexed() { same_id } else { format!("m.stream_name::text = {stream} and {same_id}") }
    }

    /// Looks up the message with the ID of one that was sent.
    pub(super) async fn look_up(&self, message: &NewMessage) -> Result<Lookup> {
        let sent = SentMessage::new(message);
        let session = self.session().await?;
        Lookup::read(&session.query_one(&self.lookup_sql(LookupBy::Id), &sent.parameters()).await?)
    }
}

/// A message as the parameters of a lookup.
pub(super) struct SentMessage<'a> {
    message: &'a NewMessage,
    stream: &'a str,
}

impl<'a> SentMessage<'a> {
    pub(super) fn new(message: &'a NewMessage) -> Self {
        Self { message, stream: message.stream.as_str() }
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 5] {
        [
            (&self.message.id, Type::UUID),
            (&self.stream, Type::TEXT),
            (&self.message.message_type, Type::TEXT),
            (&self.message.data, Type::TEXT),
            (&self.message.metadata, Type::TEXT),
        ]
    }
}
