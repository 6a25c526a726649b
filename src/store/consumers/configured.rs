//! Positions that a query from the configuration returns, for consumers that follow none of the conventions. The query
//! can only read, and only briefly.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::super::row::text;
use super::super::template::fill;
use super::super::{Namespace, Result, StoreError};
use super::{Convention, Recorded};
use crate::message::Category;

/// How long a query may run.
const LIMIT: Duration = Duration::from_secs(2);
/// How much longer to wait for the server to notice.
const GRACE: Duration = Duration::from_secs(3);

/// A query that returns consumers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerQuery {
    /// The name under which it is listed if it fails.
    pub name: String,
    /// One SQL statement that returns the columns `consumer`, `category` and `position`, and optionally `moved_at`. It
    /// finds only built-in functions and operators without a schema, so it must name the schemas of its tables.
    pub sql: String,
}

impl Namespace {
    /// Runs a query. If it fails or a row is broken, the result has an unreadable position with the reason.
    pub(super) async fn recorded_by_query(&self, query: &ConsumerQuery) -> Result<Vec<Recorded>> {
        let sql = query.sql.trim_end().trim_end_matches(';');
        let sql = fill(include_str!("../../../sql/query/consumer_query.sql"), &[("query", sql)]);
        let limit = format!("set local statement_timeout = {}", LIMIT.as_millis());
        let mut session = self.session().await?;
        session.set_timeout(Some(LIMIT + GRACE));
        let rows = session.query_after(&limit, &sql).await;
        drop(session);
        let unreadable = |reason| Recorded::unreadable(&query.name, Convention::Configured, reason);
        match rows {
            Ok(rows) => rows.iter().map(|row| Ok(recorded(&text(row, 0)?, &query.name))).collect(),
            Err(error @ StoreError::Unavailable { .. }) => Err(error),
            Err(StoreError::TimedOut { .. }) => Ok(vec![unreadable(took_too_long())]),
            Err(StoreError::Server { code, .. }) if code == "57014" => Ok(vec![unreadable(took_too_long())]),
            Err(error) => Ok(vec![unreadable(format!("the query failed: {error}"))]),
        }
    }
}

fn took_too_long() -> String {
    format!("the query took longer than {} s", LIMIT.as_secs())
}

/// Reads a row. `query` is the name of its query.
fn recorded(row: &str, query: &str) -> Recorded {
    let columns: Map<String, Value> = serde_json::from_str(row).unwrap_or_default();
    let name = columns.get("consumer").and_then(written).unwrap_or_else(|| query.to_owned());
    match read(&columns) {
        Ok((category, position, moved_at)) => {
            let (category, convention) = (Some(category), Convention::Configured);
            Recorded { name, category, convention, position: Ok(position), moved_at }
        }
        Err(reason) => Recorded::unreadable(&name, Convention::Configured, reason),
    }
}

fn read(columns: &Map<String, Value>) -> Result<(Category, i64, Option<Timestamp>), String> {
    let column = |name: &str| match columns.get(name) {
        None => Err(format!("the query returned no column {name}")),
        Some(value) => written(value).ok_or_else(|| format!("the query returned no value in column {name}")),
    };
    column("consumer")?;
    let category = Category::new(column("category")?).map_err(|error| format!("column category: {error}"))?;
    let position = column("position")?;
    let position = position.parse().map_err(|_| format!("column position has {position}, not a whole number"))?;
    let moved_at = match columns.get("moved_at") {
        None | Some(Value::Null) => None,
        Some(value) => Some(time(value).ok_or_else(|| format!("column moved_at has {value}, not a time"))?),
    };
    Ok((category, position, moved_at))
}

/// Returns a text or a number as it was written.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads a time as Postgres writes it. One without a time zone is in UTC.
fn time(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    text.parse().ok().or_else(|| {
        let time: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(row: &str) -> String {
        recorded(row, "jobs").position.expect_err("a broken row")
    }

    #[test]
    fn reads_rows_of_any_types() {
        let row = r#"{"consumer": 7, "category": "account", "position": "12", "moved_at": "2026-03-01T12:00:00"}"#;
        let read = recorded(row, "jobs");
        assert_eq!((read.name.as_str(), read.position), ("7", Ok(12)));
        assert_eq!(read.moved_at, "2026-03-01T12:00:00Z".parse().ok());
        let row =
            r#"{"consumer": "a", "category": "account", "position": -1, "moved_at": "2026-03-01T14:00:00.5+02:00"}"#;
        let read = recorded(row, "jobs");
        assert_eq!((read.position, read.moved_at), (Ok(-1), "2026-03-01T12:00:00.5Z".parse().ok()));
    }

    #[test]
    fn broken_rows_say_what_is_wrong() {
        assert_eq!(reason(r#"{"consumer": "a", "position": 1}"#), "the query returned no column category");
        assert_eq!(
            reason(r#"{"consumer": null, "category": "b", "position": 1}"#),
            "the query returned no value in column consumer"
        );
        let row = r#"{"consumer": "a", "category": "b", "position": 1.5}"#;
        assert_eq!(reason(row), "column position has 1.5, not a whole number");
        let row = r#"{"consumer": "a", "category": "b-1", "position": 1}"#;
        assert!(reason(row).starts_with("column category: must be a category"), "{}", reason(row));
        let row = r#"{"consumer": "a", "category": "b", "position": 1, "moved_at": "infinity"}"#;
        assert_eq!(reason(row), "column moved_at has \"infinity\", not a time");
    }
}
