//! Finds the message that a reference names, by an index if one serves it.

use tokio_postgres::types::Type;

use super::links::Reference;
use super::{Path, Traced};
use crate::message::{GlobalPosition, StreamName};
use crate::store::row;
use crate::store::session::Parameter;
use crate::store::{Namespace, Result};

impl Namespace {
    /// Returns the message that a reference names, in one probe of an index. A reference to a value in metadata has no
    /// index: if the value ends like `stream-position`, that position is probed, and otherwise the result is `None`.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn traced(&self, reference: &Reference) -> Result<Option<Traced>> {
        match reference {
            Reference::Position(stream, position) => {
                // Served by messages_stream.
                let condition = "where stream_name::text = $1 and position = $2";
                self.probe(condition, &[(&stream.as_str(), Type::TEXT), (position, Type::INT8)]).await
            }
            Reference::GlobalPosition(position) => {
                // Served by messages_pkey, in the form of message.sql.
                let condition = "where global_position >= $1 and global_position <= $1 order by global_position";
                self.probe(condition, &[(position, Type::INT8)]).await
            }
            Reference::Id(id) => {
                // Served by messages_id. Without an index on the IDs, this would read the whole table.
                if !self.shape().ids_are_indexed() {
                    return Ok(None);
                }
                self.probe(&format!("where {}", self.id_is("id", "$1")), &[(id, Type::UUID)]).await
            }
            Reference::Metadata(path, value) => {
                let Some((stream, position)) = value.rsplit_once('-') else { return Ok(None) };
                let Ok(position) = position.parse() else { return Ok(None) };
                let place = Reference::Position(StreamName::stored(stream), position);
                let found = Box::pin(self.traced(&place)).await?;
                Ok(found.filter(|found| {
                    found.metadata.as_deref().and_then(|text| path.text_in(text)).as_ref() == Some(value)
                }))
            }
        }
    }

    async fn probe(&self, condition: &str, parameters: &[Parameter<'_>]) -> Result<Option<Traced>> {
        let sql = self.query(&format!("select {{traced}} from {{table}} {condition}"), &[]);
        let row = self.session().await?.query_opt(&sql, parameters).await?;
        row.as_ref().map(Traced::of).transpose()
    }

    /// Returns the newest message with a value in its metadata, above one global position and up to another.
    pub(super) async fn traced_by_metadata(
        &self,
        path: &Path,
        value: &str,
        above: GlobalPosition,
        up_to: GlobalPosition,
    ) -> Result<Option<Traced>> {
        let sql = self.query(include_str!("../../../sql/query/trace_identity.sql"), &[]);
        let parameters: [Parameter<'_>; 4] =
            [(&above, Type::INT8), (&up_to, Type::INT8), (&path.steps(), Type::TEXT_ARRAY), (&value, Type::TEXT)];
        let row = self.session().await?.query_opt(&sql, &parameters).await?;
        row.as_ref().map(Traced::of).transpose()
    }
}

impl Traced {
    pub(super) fn of(row: &tokio_postgres::Row) -> Result<Self> {
        row::traced(row).map(|(head, metadata)| Self { head, metadata })
    }
}
