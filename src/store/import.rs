//! Many messages at once, with the positions and times that they have elsewhere. Takes no category lock and checks no
//! version: it is for namespaces that nobody else writes to yet.

use jiff::Timestamp;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::flavour::quote_ident;
use super::{Namespace, Result};
use crate::message::{Position, StreamName};

/// A message as another store had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedMessage {
    /// Unique in its namespace.
    pub id: Uuid,
    /// The stream that holds it.
    pub stream: StreamName,
    /// Its type.
    pub message_type: String,
    /// Number in its stream.
    pub position: Position,
    /// JSON text, or NULL.
    pub data: Option<String>,
    /// JSON text, or NULL.
    pub metadata: Option<String>,
    /// When it was written.
    pub time: Timestamp,
}

impl Namespace {
    /// Stores messages in the order given, which is the order of their global positions. All of them or none.
    ///
    /// # Errors
    /// The server's, a position or an id that is taken (SQLSTATE `23505`) among them.
    pub async fn import(&self, messages: &[ImportedMessage]) -> Result<()> {
        let sql = format!(
            "insert into {}.messages (id, stream_name, type, position, data, metadata, time) \
             select id, stream, type, position, data::jsonb, metadata::jsonb, \
               timestamp 'epoch' + time * interval '1 microsecond' \
             from unnest($1, $2, $3, $4, $5, $6, $7) with ordinality \
               as new (id, stream, type, position, data, metadata, time, number) \
             order by number",
            quote_ident(&self.info.schema)
        );
        let id: Vec<_> = messages.iter().map(|message| message.id).collect();
        let stream: Vec<_> = messages.iter().map(|message| message.stream.as_str()).collect();
        let message_type: Vec<_> = messages.iter().map(|message| message.message_type.as_str()).collect();
        let position: Vec<_> = messages.iter().map(|message| message.position).collect();
        let data: Vec<_> = messages.iter().map(|message| message.data.as_deref()).collect();
        let metadata: Vec<_> = messages.iter().map(|message| message.metadata.as_deref()).collect();
        let time: Vec<_> = messages.iter().map(|message| message.time.as_microsecond()).collect();
        let session = self.sessions.acquire().await?;
        session
            .query(
                &sql,
                &[
                    (&id, Type::UUID_ARRAY),
                    (&stream, Type::TEXT_ARRAY),
                    (&message_type, Type::TEXT_ARRAY),
                    (&position, Type::INT8_ARRAY),
                    (&data, Type::TEXT_ARRAY),
                    (&metadata, Type::TEXT_ARRAY),
                    (&time, Type::INT8_ARRAY),
                ],
            )
            .await?;
        Ok(())
    }
}
