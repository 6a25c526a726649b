//! Positions that consumers keep in tables of their own: Propulsion and `EventodbKit`. A table is read only if that
//! runs no code of its owner.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::row::{document, text};
use super::super::session::Session;
use super::super::template::fill;
use super::super::untrusted;
use super::super::{Namespace, Result};
use super::{Convention, Recorded};
use crate::message::Category;

/// Rows of a table that are read at most.
const ROWS: &str = "10000";

/// A table in the result of `consumer_tables.sql`.
#[derive(Deserialize)]
struct Table {
    schema: String,
    name: String,
    problem: Option<String>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: Option<String>,
    category: Option<String>,
    position: Option<i64>,
    /// In Unix seconds.
    moved: Option<i64>,
    namespace: Option<String>,
}

impl Namespace {
    pub(super) async fn recorded_in_tables(&self, session: &Session) -> Result<Vec<Recorded>> {
        let read = fill(
            include_str!("../../../sql/query/consumer_tables.sql"),
            &[("guards", untrusted::GUARDS), ("check", untrusted::CHECK), ("rows", ROWS)],
        );
        let rows = session.query_after(&read, "select current_setting('streamscope.tables')").await?;
        let mut recorded = Vec::new();
        for row in &rows {
            let tables: Vec<Table> = document(&text(row, 0)?, "the tables of consumers")?;
            recorded.extend(tables.into_iter().flat_map(|table| self.recorded_in(table)));
        }
        Ok(recorded)
    }

    fn recorded_in(&self, table: Table) -> Vec<Recorded> {
        let Table { schema, name, problem, rows } = table;
        let convention = if name == "propulsion_checkpoint" { Convention::Propulsion } else { Convention::EventodbKit };
        let Some(problem) = problem else {
            let ours =
                rows.into_iter().filter(|row| row.namespace.as_ref().is_none_or(|namespace| self.is_named(namespace)));
            return ours
                .map(|Row { name, category, position, moved, .. }| Recorded {
                    name: name.unwrap_or_default(),
                    category: category.map(Category::stored),
                    convention,
                    // Propulsion keeps the next position to read.
                    position: position
                        .map(|next| if convention == Convention::Propulsion { next.saturating_sub(1) } else { next })
                        .ok_or_else(|| "its position is NULL".to_owned()),
                    moved_at: moved.and_then(|seconds| Timestamp::from_second(seconds).ok()),
                })
                .collect();
        };
        vec![Recorded::unreadable(&format!("{schema}.{name}"), convention, problem)]
    }

    /// Returns whether a name means this namespace, as it is or in base64.
    fn is_named(&self, name: &str) -> bool {
        use base64::Engine as _;
        use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
        let id = &self.info().id;
        name == id || [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].iter().any(|form| form.encode(id) == name)
    }
}
