//! A look at a stored message beside one that was sent: where it stands, and what differs.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::message::{Difference, NewMessage, Position, Written};
use crate::store::row::column;
use crate::store::session::Parameter;
use crate::store::{Namespace, Result, StoreError};

/// The position that `write_message` gave, kept by the statement before in a setting of the transaction.
const WRITTEN_POSITION: &str =
    "m.stream_name::text = $2 and m.position = nullif(current_setting('streamscope.position', true), '')::bigint";

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The message with the id.
    Id,
    /// The message at the position that was given in the same transaction.
    WrittenPosition,
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Look {
    /// Where the stream ends; none if it does not exist.
    pub(super) version: Option<Position>,
    pub(super) stored: Option<Stored>,
}

/// A stored message.
#[derive(Debug)]
pub(super) struct Stored {
    position: Position,
    global_position: i64,
    /// The first of its fields that differs.
    different: Option<&'static str>,
    respelled: Option<Difference>,
}

impl Stored {
    /// As the message that was sent, if it is that one. `changing` tables change data and metadata before they are stored, so
    /// messages can be the same in spite of a difference there.
    pub(super) fn as_written(&self, message: &NewMessage, changing: bool) -> Option<Written> {
        match self.different {
            None => Some(self.written(message)),
            Some("data" | "metadata") if changing => Some(self.written(message)),
            Some(_) => None,
        }
    }

    /// As the message that was sent, whatever differs.
    pub(super) fn written(&self, message: &NewMessage) -> Written {
        let differs = self.different.map(Difference::Value).or_else(|| self.respelled.clone());
        let (position, global_position) = (self.position, self.global_position);
        Written { id: message.id, position, global_position, already: false, differs }
    }
}

impl Look {
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
        for (index, name) in [(8, "data"), (10, "metadata")] {
            let texts = column::<Option<&str>>(row, index)?.zip(column::<Option<&str>>(row, index + 1)?);
            respelled = respelled.or_else(|| texts.and_then(|(stored, sent)| Difference::spelling(name, stored, sent)));
        }
        Ok(Self { version, stored: Some(Stored { position, global_position, different, respelled }) })
    }
}

impl Namespace {
    /// The statement of a look.
    pub(super) fn look_sql(&self, by: By) -> String {
        let condition = match by {
            By::Id => self.same_id("$1", "$2"),
            By::WrittenPosition => WRITTEN_POSITION.to_owned(),
        };
        self.query(
            include_str!("../../../sql/query/written.sql"),
            &[("condition", &condition), ("m_id_is", &self.id_is("m.id", "$1"))],
        )
    }

    /// Which messages have an id. Without an index on it, only those of the stream are looked at: all of the table could be too many.
    pub(super) fn same_id(&self, id: &str, stream: &str) -> String {
        let same_id = self.id_is("m.id", id);
        if self.shape().ids_are_indexed() { same_id } else { format!("m.stream_name::text = {stream} and {same_id}") }
    }

    /// Looks at the message with the id of one that was sent.
    pub(super) async fn look(&self, message: &NewMessage) -> Result<Look> {
        let sent = Sent::new(message);
        let session = self.session().await?;
        let row = session.query_opt(&self.look_sql(By::Id), &sent.parameters()).await?;
        let row = row.ok_or_else(|| StoreError::Server {
            code: "XX000".to_owned(),
            message: "no row from a query that always has one".to_owned(),
        })?;
        Look::read(&row)
    }
}

/// A message as the parameters of a look.
pub(super) struct Sent<'a> {
    message: &'a NewMessage,
    stream: &'a str,
}

impl<'a> Sent<'a> {
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
