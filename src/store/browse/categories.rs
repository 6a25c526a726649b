//! Lists the categories of a namespace, and the recent message types of a category.

use tokio_postgres::types::Type;

use super::super::row::{column, text};
use super::super::session::Session;
use super::super::{Namespace, Result};
use super::CategoryRow;
use crate::message::Category;

/// The number of newest messages in which [`Namespace::recent_types`] looks for types.
const RECENT: i64 = 1_000;

impl Namespace {
    /// Lists the names of the categories, in bytewise order. It jumps from category to category in the index and does
    /// not read every message. In a new session it takes about a third of the time of [`Namespace::categories`],
    /// because estimates need statistics.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn category_names(&self) -> Result<Vec<Category>> {
        self.category_names_on(&self.session().await?).await
    }

    pub(in crate::store) async fn category_names_on(&self, session: &Session) -> Result<Vec<Category>> {
        let rows = session.query(&self.category_names_query(), &[]).await?;
        rows.iter().map(|row| Ok(Category::stored(text(row, 0)?))).collect()
    }

    fn category_names_query(&self) -> String {
        self.query(include_str!("../../../sql/query/category_names.sql"), &[])
    }

    /// Lists the categories, in the bytewise order of their names, with an estimate of the messages of each.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn categories(&self) -> Result<Vec<CategoryRow>> {
        let names = self.category_names_query();
        let sql = self.query(include_str!("../../../sql/query/categories.sql"), &[("category_names", &names)]);
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
