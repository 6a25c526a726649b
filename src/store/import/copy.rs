//! Writes messages in the format of PostgreSQL's binary `COPY`, in pieces of bounded size however long a body is. JSON
//! is sent as its original text, so numbers keep their digits. Each value is encoded for the type of its column in the
//! catalog.

use bytes::{BufMut as _, Bytes, BytesMut};
use tokio_postgres::types::{ToSql as _, Type};

use super::message::{ImportOptions, Messages, Placement, PlannedMessage, are_kept};
use crate::store::Namespace;
use crate::store::row::ServerTime;
use crate::store::session::{CopyIn, CopyStatement, QueryError};
use crate::store::shape::ColumnType;

/// Bytes per piece.
const PIECE: usize = 64 * 1024;
/// The signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// -1 in place of a number of columns, which ends the rows.
const TRAILER: &[u8] = b"\xff\xff";
/// The version of the binary format of jsonb, which precedes its text.
const JSONB: u8 = 1;

/// Returns the statement for messages with their own positions and times (`kept`), or for messages without them.
pub(super) fn statement(namespace: &Namespace, kept: bool, options: ImportOptions) -> String {
    // Omitted columns get their defaults, as with write_message.
    let time = if kept { ", time" } else { "" };
    let global_position = if options.keep_global_positions { ", global_position" } else { "" };
    format!(
        "copy {} (id, stream_name, type, position, data, metadata{time}{global_position}) from stdin (format binary)",
        namespace.table()
    )
}

/// A copy of the messages of one or several batches, which starts with the first message.
pub(super) struct OpenCopy<'a> {
    statement: &'a CopyStatement<'a>,
    sink: Option<CopyIn<'a>>,
    /// The number of messages that were sent.
    sent: u64,
    /// The error that ended it, if any.
    error: Option<QueryError>,
}

impl<'a> OpenCopy<'a> {
    pub(super) fn new(statement: &'a CopyStatement<'a>) -> Self {
        Self { statement, sink: None, sent: 0, error: None }
    }

    /// Sends the new messages of a batch. The server still works on them. [`OpenCopy::finish`] returns any error.
    pub(super) async fn add(
        &mut self,
        namespace: &Namespace,
        messages: &dyn Messages,
        new: &[PlannedMessage],
        options: ImportOptions,
    ) {
        if self.error.is_some() || new.is_empty() {
            return;
        }
        self.sent += new.len() as u64;
        let send = async {
            if self.sink.is_none() {
                let mut sink = self.statement.start().await?;
                sink.send(Bytes::from_static(HEADER)).await?;
                self.sink = Some(sink);
            }
            let sink = self.sink.as_mut().expect("it was just opened");
            send(sink, namespace, messages, new, options).await
        };
        self.error = send.await.err();
    }

    /// Waits until the server has stored the messages. Returns whether it has stored all of them; a trigger can drop
    /// some.
    pub(super) async fn finish(self) -> Result<bool, QueryError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let Some(mut sink) = self.sink else { return Ok(true) };
        sink.send(Bytes::from_static(TRAILER)).await?;
        Ok(sink.finish().await? == self.sent)
    }
}

async fn send(
    sink: &mut CopyIn<'_>,
    namespace: &Namespace,
    messages: &dyn Messages,
    new: &[PlannedMessage],
    options: ImportOptions,
) -> Result<(), QueryError> {
    let columns = 6 + i16::from(are_kept(messages)) + i16::from(options.keep_global_positions);
    let mut out = Pieces { sink, buffer: BytesMut::with_capacity(PIECE + 4 * 1024) };
    let types = &namespace.shape().columns;
    let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
    for new in new {
        let message = messages.get(new.index);
        out.buffer.put_i16(columns);
        match types.id.kind {
            ColumnType::Uuid => out.field(message.id.as_bytes()).await?,
            _ => out.field(message.id.hyphenated().encode_lower(&mut id).as_bytes()).await?,
        }
        out.field(message.stream.as_bytes()).await?;
        out.field(message.message_type.as_bytes()).await?;
        out.number(new.position, types.position.kind).await?;
        out.json(message.data, types.data.kind).await?;
        out.json(message.metadata, types.metadata.kind).await?;
        if let Placement::Kept { time, global_position, .. } = message.placement {
            out.buffer.put_i32(8);
            ServerTime(time).to_sql(&Type::TIMESTAMP, &mut out.buffer).expect("a timestamp always takes eight bytes");
            if options.keep_global_positions {
                out.number(global_position.unwrap_or_default(), types.global_position.kind).await?;
            }
        }
    }
    out.flush().await
}

/// The sink and a buffer of unsent bytes.
struct Pieces<'a, 'b> {
    sink: &'a mut CopyIn<'b>,
    buffer: BytesMut,
}

impl Pieces<'_, '_> {
    async fn flush(&mut self) -> Result<(), QueryError> {
        self.sink.send(self.buffer.split().freeze()).await
    }

    async fn field(&mut self, value: &[u8]) -> Result<(), QueryError> {
        // A value is shorter than 2 GB, because a line is.
        self.buffer.put_i32(i32::try_from(value.len()).unwrap_or(i32::MAX));
        self.bytes(value).await
    }

    /// Adds a number in the width of its column. The server refuses a number that is too large.
    async fn number(&mut self, value: i64, kind: ColumnType) -> Result<(), QueryError> {
        match (kind, i16::try_from(value), i32::try_from(value)) {
            (ColumnType::SmallInt, Ok(value), _) => self.field(&value.to_be_bytes()).await,
            (ColumnType::Integer, _, Ok(value)) => self.field(&value.to_be_bytes()).await,
            _ => self.field(&value.to_be_bytes()).await,
        }
    }

    async fn json(&mut self, value: Option<&str>, kind: ColumnType) -> Result<(), QueryError> {
        let Some(value) = value else {
            self.buffer.put_i32(-1);
            return Ok(());
        };
        if kind != ColumnType::Jsonb {
            return self.field(value.as_bytes()).await;
        }
        self.buffer.put_i32(i32::try_from(value.len() + 1).unwrap_or(i32::MAX));
        self.buffer.put_u8(JSONB);
        self.bytes(value.as_bytes()).await
    }

    async fn bytes(&mut self, value: &[u8]) -> Result<(), QueryError> {
        for piece in value.chunks(PIECE) {
            self.buffer.put_slice(piece);
            if self.buffer.len() >= PIECE {
                self.flush().await?;
            }
        }
        Ok(())
    }
}

/// Returns the index of the row that the server refused, if its error names one. Only the text of the context has the
/// number: `COPY messages, line 3, …`, in which servers translate nothing but the word before the number.
pub(super) fn refused_row(error: &QueryError) -> Option<usize> {
    let context = error.server()?.where_()?;
    let line = context.lines().find_map(|line| line.strip_prefix("COPY messages, "))?;
    let digits = line.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse::<usize>().ok()?.checked_sub(1)
}
