//! Reports that count messages by category, type and stream over time, like Message DB's summary views. They read every
//! message in question and are not meant for interactive use.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::row::{Lossy, ServerTime, column, text};
use super::{Namespace, Result};
use crate::message::Category;

/// A field to group messages by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// The category of the stream.
    Category,
    /// The message type.
    Type,
    /// The stream name.
    Stream,
}

/// Options of [`Namespace::stats`].
#[derive(Debug, Clone)]
pub struct StatsOptions {
    /// The first field to group by.
    pub key: GroupBy,
    /// An optional second field to group by.
    pub by: Option<GroupBy>,
    /// Count only this category.
    pub category: Option<Category>,
    /// The number of equal time intervals between the earliest and the latest message, 1 to 1,000.
    pub buckets: u32,
    /// Return only the largest groups, at most this many. `None` returns all groups by name.
    pub limit: Option<u32>,
}

/// A group of messages in the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsRow {
    /// The value of the first field.
    pub key: String,
    /// The value of the second field.
    pub by: Option<String>,
    /// The number of messages in the group.
    pub messages: u64,
    /// The group's share of all counted messages, in percent with two decimals.
    pub percent: String,
    /// The number of messages in each time interval.
    pub rate: Vec<u64>,
    /// The time of the earliest message of the whole report. `None` if all times are infinite.
    pub first: Option<Timestamp>,
    /// The time of the latest message of the whole report.
    pub last: Option<Timestamp>,
}

impl Namespace {
    /// Counts messages in groups, like Message DB's `category_type_summary`, `type_summary`, `stream_summary` and
    /// related views. The largest group comes first, or groups are sorted by name if there is no limit.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn stats(&self, options: &StatsOptions) -> Result<BoxStream<'static, Result<StatsRow>>> {
        let category = self.category_expression();
        let expression = |by: GroupBy| match by {
            GroupBy::Category => category.clone(),
            GroupBy::Type => "type::text".to_owned(),
            GroupBy::Stream => "stream_name::text".to_owned(),
        };
        let key = expression(options.key);
        let by = options.by.map_or_else(|| "null::text".to_owned(), expression);
        let range = match options.category {
            None => "$1::text is null".to_owned(),
            Some(_) => format!(
                "({category}, global_position) >= ($1, '-9223372036854775808'::bigint) \
                 and ({category}, global_position) <= ($1, 9223372036854775807)"
            ),
        };
        let order = if options.limit.is_some() { "3 desc, 1, 2" } else { "1, 2" };
        let sql = self.query(
            include_str!("../../sql/query/stats.sql"),
            &[("key", &key), ("by", &by), ("range", &range), ("order", order)],
        );
        let name = options.category.as_ref().map(Category::as_str);
        let buckets = i32::try_from(options.buckets.clamp(1, 1_000)).unwrap_or(1);
        let mut session = self.session().await?;
        session.set_timeout(None);
        session.allow_any_plan();
        let parameters =
            [(&name as _, Type::TEXT), (&buckets as _, Type::INT4), (&options.limit.map(i64::from) as _, Type::INT8)];
        let rows = session.into_stream(&sql, &parameters).await?;
        Ok(rows.map(move |row| read(&row?, buckets)).boxed())
    }
}

fn read(row: &Row, buckets: i32) -> Result<StatsRow> {
    let mut rate = vec![0; usize::try_from(buckets).unwrap_or(1)];
    for (bucket, messages) in column::<Vec<i64>>(row, 4)?.into_iter().zip(column::<Vec<i64>>(row, 5)?) {
        if let Some(part) = usize::try_from(bucket - 1).ok().and_then(|index| rate.get_mut(index)) {
            *part = u64::try_from(messages).unwrap_or(0);
        }
    }
    Ok(StatsRow {
        key: text(row, 0)?,
        by: column::<Option<Lossy>>(row, 1)?.map(|by| by.text),
        messages: u64::try_from(column::<i64>(row, 2)?).unwrap_or(0),
        percent: column(row, 3)?,
        rate,
        first: column::<Option<ServerTime>>(row, 6)?.map(|time| time.0),
        last: column::<Option<ServerTime>>(row, 7)?.map(|time| time.0),
    })
}
