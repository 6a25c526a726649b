//! Counts by category, type and stream, as Message DB's summary views give them, and when the messages came. Everything that is
//! meant is read: this is a report, not something a screen asks for.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::row::{Lossy, ServerTime, column, text};
use super::{Namespace, Result};
use crate::message::Category;

/// What messages are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Category.
    Category,
    /// Type.
    Type,
    /// Stream.
    Stream,
}

/// What to count.
#[derive(Debug, Clone)]
pub struct StatsOptions {
    /// By what.
    pub key: By,
    /// And by what besides.
    pub by: Option<By>,
    /// Of one category only.
    pub category: Option<Category>,
    /// Into how many parts the time is divided, 1 to 1,000.
    pub buckets: u32,
    /// The most frequent at most; none for all, by name.
    pub limit: Option<u32>,
}

/// A row of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsRow {
    /// Category, type or stream.
    pub key: String,
    /// The second one.
    pub by: Option<String>,
    /// How many messages.
    pub messages: u64,
    /// Their share of all that were counted, in percent with two decimals.
    pub percent: String,
    /// Messages in each part of the time.
    pub rate: Vec<u64>,
    /// Time of the earliest message that was counted, in whatever row; none where all are infinite.
    pub first: Option<Timestamp>,
    /// Time of the latest one.
    pub last: Option<Timestamp>,
}

impl Namespace {
    /// Counts messages (`category_type_summary`, `type_summary`, `stream_summary` and the others of Message DB, for one category or
    /// all): the most frequent first, or by name where all are asked for.
    ///
    /// # Errors
    /// The server's.
    pub async fn stats(&self, options: &StatsOptions) -> Result<BoxStream<'static, Result<StatsRow>>> {
        let category = self.category_expression();
        let expression = |by: By| match by {
            By::Category => category.clone(),
            By::Type => "type::text".to_owned(),
            By::Stream => "stream_name::text".to_owned(),
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
        session.set_limit(None);
        session.plan_freely();
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
