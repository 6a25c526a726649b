//! A sequence that is behind its table, and so gives numbers that are taken: after a restore, or a switch to a logical replica,
//! which brings rows and leaves sequences where they were. A write is then refused for a reason that names neither.

use tokio_postgres::types::Type;

use super::row::column;
use super::{Namespace, Result, StoreError};

/// SQLSTATE of a value that a unique index has already.
const UNIQUE_VIOLATION: &str = "23505";

impl Namespace {
    /// The error of a refused write: if a number was taken because the sequence is behind, it says so and how to repair it.
    pub(super) async fn explained(&self, error: StoreError) -> StoreError {
        match &error {
            StoreError::Server { code, .. } if code == UNIQUE_VIOLATION => {
                // What cannot be found out leaves the server's own words.
                self.sequence_behind().await.ok().flatten().unwrap_or(error)
            }
            _ => error,
        }
    }

    async fn sequence_behind(&self) -> Result<Option<StoreError>> {
        let Some(sequence) = self.shape().numbering.sequence else { return Ok(None) };
        let sql = self.query(include_str!("../../sql/query/sequence.sql"), &[]);
        let session = self.session().await?;
        let Some(row) = session.query_opt(&sql, &[(&i64::from(sequence), Type::INT8)]).await? else { return Ok(None) };
        let (sequence, highest, last): (String, Option<i64>, Option<i64>) =
            (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
        Ok(match highest.zip(last) {
            Some((highest, last)) if last < highest => {
                let repair = repair(&sequence, highest);
                Some(StoreError::SequenceBehind { sequence, last, highest, repair })
            }
            _ => None,
        })
    }
}

/// The statement that moves a sequence to a number. Its name stands in a constant that every setting of
/// `standard_conforming_strings` reads alike.
fn repair(sequence: &str, highest: i64) -> String {
    let quoted = sequence.replace('\'', "''");
    let constant =
        if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") };
    format!("select setval({constant}, {highest})")
}

#[cfg(test)]
mod tests {
    use super::repair;

    #[test]
    fn a_sequence_of_any_name_is_named_in_the_repair() {
        assert_eq!(repair("shop.seq", 17), "select setval('shop.seq', 17)");
        assert_eq!(repair(r#""it's \".seq"#, 2), r#"select setval(E'"it''s \\".seq', 2)"#);
    }
}
