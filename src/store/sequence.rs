//! Detects a sequence that has fallen behind its table and returns numbers that are taken. This happens after a restore or a failover
//! to a logical replica, which copies rows but not sequences. Writes then fail with an error that mentions neither. Never moves the
//! sequence itself.

use tokio_postgres::types::Type;

use super::row::column;
use super::session::Parameter;
use super::{Namespace, Result, StoreError};
use crate::pasteable::sql_string;

/// SQLSTATE of a duplicate key.
const UNIQUE_VIOLATION: &str = "23505";

impl Namespace {
    /// Replaces a duplicate-key error with one that explains the repair, if the sequence has fallen behind.
    pub(super) async fn explained(&self, error: StoreError) -> StoreError {
        match &error {
            StoreError::Server { code, message } if code == UNIQUE_VIOLATION => {
                // If this fails, the server's own message stays.
                self.sequence_behind(message).await.ok().flatten().unwrap_or(error)
            }
            _ => error,
        }
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
