//! Which streams of a category were written to lately, to see how a consumer group would divide them.

use tokio_postgres::types::Type;

use super::super::browse::{Direction, Scope};
use super::super::row::{column, text};
use super::super::{Namespace, Result};
use crate::message::{Category, StreamName};

impl Namespace {
    /// Counts the newest messages of a category by stream, the busiest stream first. Reads at most `last` messages.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn activity(&self, category: &Category, last: u32) -> Result<Vec<(StreamName, u64)>> {
        let scope = Scope::Category(category.clone());
        let newest = self.window(&scope, Direction::Falling, "9223372036854775807", "$1");
        let sql = self.query(include_str!("../../../sql/query/category_activity.sql"), &[("newest", &newest)]);
        let session = self.session().await?;
        let rows = session.query(&sql, &[(&category.as_str(), Type::TEXT), (&i64::from(last), Type::INT8)]).await?;
        let stream = |row| Ok((StreamName::stored(text(row, 0)?), column::<i64>(row, 1)?.unsigned_abs()));
        let mut streams = rows.iter().map(stream).collect::<Result<Vec<_>>>()?;
        streams.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        Ok(streams)
    }
}
