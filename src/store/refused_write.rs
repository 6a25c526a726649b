//! Explains why a table refuses writes if the server's error does not say why. The sequence may be behind the rows
//! after a restore, or after a failover to a logical replica, which has the rows but not the sequence. There may be no
//! global positions left. Or the namespace's own function cannot write the type of a column. Never changes anything
//! itself.

use tokio_postgres::types::Type;

use super::row::column;
use super::session::Parameter;
use super::shape::ColumnType;
use super::{Namespace, Result, StoreError};
use crate::numbers::grouped;
use crate::pasteable::{sql_name, sql_string};

/// SQLSTATE of a duplicate key.
const UNIQUE_VIOLATION: &str = "23505";
/// SQLSTATE of a number that its type cannot hold.
const OUT_OF_RANGE: &str = "22003";
/// SQLSTATE of a sequence that has returned its last number.
const SEQUENCE_LIMIT: &str = "2200H";
/// SQLSTATE of a value whose type does not fit its column.
const DATATYPE_MISMATCH: &str = "42804";
/// SQLSTATE of a schema that does not exist.
const INVALID_SCHEMA: &str = "3F000";

impl Namespace {
    /// Replaces an error of a write with one that explains the repair, if the table causes it.
    pub(super) async fn explained(&self, error: StoreError) -> StoreError {
        let (code, message) = match &error {
            StoreError::Server { code, message } => (code, message),
            // Inside a function, any name can be missing, not only that of the schema.
            StoreError::Raised { code, message } if code == INVALID_SCHEMA => (code, message),
            _ => return error,
        };
        let explained = match code.as_str() {
            UNIQUE_VIOLATION => self.sequence_behind(message).await,
            OUT_OF_RANGE | SEQUENCE_LIMIT => self.no_number_left(code == OUT_OF_RANGE).await,
            DATATYPE_MISMATCH => Ok(self.unfit_column()),
            INVALID_SCHEMA => self.renamed().await,
            _ => return error,
        };
        // If this fails, the server's own message stays.
        explained.ok().flatten().unwrap_or(error)
    }

    /// Explains that the sequence has returned the last number that it, or the column, can hold. With `drawn`, it has
    /// returned one more.
    async fn no_number_left(&self, drawn: bool) -> Result<Option<StoreError>> {
        let numbering = &self.shape().numbering;
        let Some((oid, sequence)) = numbering.sequence.zip(numbering.sequence_name.as_deref()) else { return Ok(None) };
        let session = self.session().await?;
        let sql = include_str!("../../sql/query/last_number.sql");
        let Some(row) = session.query_opt(sql, &[(&i64::from(oid), Type::INT8)]).await? else { return Ok(None) };
        let (last, limit): (Option<i64>, i64) = (column(&row, 0)?, column(&row, 1)?);
        let column = match self.shape().columns.global_position.kind {
            ColumnType::SmallInt => i64::from(i16::MAX),
            ColumnType::Integer => i64::from(i32::MAX),
            _ => i64::MAX,
        };
        let end = limit.min(column);
        if last.is_none_or(|last| if drawn { last <= end } else { last < end }) {
            return Ok(None);
        }
        let mut repair = format!("alter sequence {} as bigint no maxvalue", sql_name(sequence));
        if column < i64::MAX {
            repair =
                format!("alter table {} alter column global_position type bigint; {repair}", sql_name(&self.table()));
        }
        let end = grouped(end.unsigned_abs());
        let reason = format!("no global position is left: the column and its sequence {sequence} end at {end}");
        Ok(Some(StoreError::TableRefuses { reason, repair }))
    }

    /// Explains that the function inserts values of a type that a column does not take.
    fn unfit_column(&self) -> Option<StoreError> {
        let columns = &self.shape().columns;
        let (name, column, _, value) = [
            ("data", &columns.data, ColumnType::Bytea, "jsonb using convert_from(data, 'UTF8')::jsonb"),
            ("metadata", &columns.metadata, ColumnType::Bytea, "jsonb using convert_from(metadata, 'UTF8')::jsonb"),
            ("type", &columns.message_type, ColumnType::Enum, "text"),
            ("stream_name", &columns.stream_name, ColumnType::Enum, "text"),
        ]
        .into_iter()
        .find(|(_, column, kind, _)| column.kind == *kind)?;
        let reason =
            format!("write_message of this namespace cannot store {name} in a column of type {}", column.type_name);
        let repair = format!("alter table {} alter column {name} type {value}", sql_name(&self.table()));
        Some(StoreError::TableRefuses { reason, repair })
    }

    async fn sequence_behind(&self, message: &str) -> Result<Option<StoreError>> {
        let Some(sequence) = self.shape().numbering.sequence else { return Ok(None) };
        let sql = self.query(include_str!("../../sql/query/sequence.sql"), &[]);
        let session = self.session().await?;
        let (sequence, table) = (i64::from(sequence), self.table());
        let parameters: [Parameter<'_>; 3] = [(&sequence, Type::INT8), (&message, Type::TEXT), (&table, Type::TEXT)];
        let Some(row) = session.query_opt(&sql, &parameters).await? else { return Ok(None) };
        let (sequence, highest, last): (String, Option<i64>, Option<i64>) =
            (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
        let refused: bool = column(&row, 3)?;
        Ok(match highest.zip(last) {
            Some((highest, last)) if last < highest || (last == highest && refused) => {
                let repair = repair(&sequence, highest);
                Some(StoreError::SequenceBehind { sequence, last, highest, repair })
            }
            _ => None,
        })
    }
}

/// Returns the statement that moves a sequence to a number.
pub(super) fn repair(sequence: &str, highest: i64) -> String {
    format!("select setval({}, {highest})", sql_string(sequence))
}

#[cfg(test)]
mod tests {
    use super::repair;

    #[test]
    fn the_repair_quotes_any_sequence_name() {
        assert_eq!(repair("shop.seq", 17), "select setval('shop.seq', 17)");
        assert_eq!(repair(r#""it's \".seq"#, 2), r#"select setval(E'"it''s \\".seq', 2)"#);
    }
}
