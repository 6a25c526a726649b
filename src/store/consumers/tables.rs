//! Positions that consumers keep in tables of their own: Propulsion and `EventodbKit`. A table is read only if that runs no code of its
//! owner.

use jiff::Timestamp;

use super::super::flavour::quote_ident;
use super::super::query::fill;
use super::super::row::{column, text};
use super::super::{Namespace, Result, StoreError};
use super::{Convention, Recorded};
use crate::message::Category;

/// Rows of a table that are read at most.
const ROWS: &str = "10000";

impl Namespace {
    pub(super) async fn recorded_in_tables(&self) -> Result<Vec<Recorded>> {
        let sql = fill(include_str!("../../../sql/query/consumer_tables.sql"), &[]);
        let mut session = self.session().await?;
        session.allow_any_index();
        let rows = session.query(&sql, &[]).await?;
        drop(session);
        let mut recorded = Vec::new();
        for row in &rows {
            let (schema, table) = (text(row, 0)?, text(row, 1)?);
            let (may_read, is_safe): (bool, bool) = (column(row, 2)?, column(row, 3)?);
            let convention =
                if table == "propulsion_checkpoint" { Convention::Propulsion } else { Convention::EventodbKit };
            let unreadable = |reason: &str| Recorded::unreadable(&format!("{schema}.{table}"), convention, reason);
            if !is_safe {
                recorded.push(unreadable("it is not an ordinary table with the expected columns"));
            } else if may_read {
                match self.rows_of(&schema, &table, convention).await {
                    Ok(rows) => recorded.extend(rows),
                    Err(error @ StoreError::Unavailable { .. }) => return Err(error),
                    Err(error) => recorded.push(unreadable(&error.to_string())),
                }
            } else {
                recorded.push(unreadable("this role may not read the table"));
            }
        }
        Ok(recorded)
    }

    async fn rows_of(&self, schema: &str, table: &str, convention: Convention) -> Result<Vec<Recorded>> {
        // Without "only", the tables that inherit from it would be read as well, and those were not checked.
        let from = format!("from only {}.{} limit {ROWS}", quote_ident(schema), quote_ident(table));
        let columns = match convention {
            Convention::Propulsion => "consumer_group::text, tranche::text, position::bigint, null::bigint, null::text",
            _ => {
                "consumer_id::text, category::text, position::bigint, extract(epoch from updated_at)::bigint, namespace::text"
            }
        };
        let mut session = self.session().await?;
        session.allow_any_plan();
        let rows = session.query(&format!("select {columns} {from}"), &[]).await?;
        drop(session);
        let mut recorded = Vec::new();
        for row in &rows {
            let namespace: Option<String> = column(row, 4)?;
            if namespace.is_some_and(|namespace| !self.is_named(&namespace)) {
                continue;
            }
            let (category, position): (Option<String>, Option<i64>) = (column(row, 1)?, column(row, 2)?);
            let position = position.ok_or_else(|| "its position is NULL".to_owned());
            recorded.push(Recorded {
                name: text(row, 0)?,
                category: category.map(Category::stored),
                convention,
                // Propulsion keeps the next position to read.
                position: position
                    .map(|next| if convention == Convention::Propulsion { next.saturating_sub(1) } else { next }),
                moved_at: column::<Option<i64>>(row, 3)?.and_then(|seconds| Timestamp::from_second(seconds).ok()),
            });
        }
        Ok(recorded)
    }

    /// Returns whether a name means this namespace, as it is or in base64.
    fn is_named(&self, name: &str) -> bool {
        use base64::Engine as _;
        use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
        let id = &self.info().id;
        name == id || [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].iter().any(|form| form.encode(id) == name)
    }
}
