//! Lists the categories of a namespace, and the recent message types of a category.

use tokio_postgres::types::Type;

use super::super::row::{column, text};
use super::super::{Namespace, Result};
use super::CategoryRow;
use crate::message::Category;

/// The number of newest messages in which [`Namespace::recent_types`] looks for types.
const RECENT: i64 = 1_000;

impl Namespace {
    /// Lists the categories by name (bytewise). It jumps from category to category in the index and does not read every message.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn categories(&self) -> Result<Vec<CategoryRow>> {
        let sql = self.query(include_str!("../../../sql/query/categories.sql"), &[]);
        let session = self.session().await?;
        let table = self.table();
        let rows = session.query(&sql, &[(&table, Type::TEXT)]).await?;
        rows.iter()
            .map(|row| {
                let estimate: Option<i64> = column(row, 1)?;
                Ok(CategoryRow {
                    category: Category::stored(text(row, 0)?),
                    estimate: estimate.and_then(|estimate| u64::try_from(estimate).ok()),
                })
            })
            .collect()
    }

    /// Returns the types of the newest 1,000 messages of a category, the most frequent first.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn recent_types(&self, category: &Category) -> Result<Vec<String>> {
        let sql = self.query(include_str!("../../../sql/query/recent_types.sql"), &[]);
        let session = self.session().await?;
        let rows = session.query(&sql, &[(&category.as_str(), Type::TEXT), (&RECENT, Type::INT8)]).await?;
        rows.iter().map(|row| text(row, 0)).collect()
    }
}
