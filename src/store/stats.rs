//! Counts by category, type and stream, as Message DB's summary views give them, and when the messages came. Everything that is
//! meant is read: this is a report, not something a screen asks for.

use jiff::Timestamp;
use tokio_postgres::types::Type;

use super::browse::{PageFrom, Scope};
use super::row::{ServerTime, column};
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
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// The most frequent first; by name where all were asked for.
    pub rows: Vec<StatsRow>,
    /// Time of the first message; none where there is none.
    pub first: Option<Timestamp>,
    /// Time of the last message.
    pub last: Option<Timestamp>,
}

impl Namespace {
    /// Counts messages (`category_type_summary`, `type_summary`, `stream_summary` and the others of Message DB, for one category or all).
    ///
    /// # Errors
    /// The server's.
    pub async fn stats(&self, options: &StatsOptions) -> Result<Stats> {
        let scope = options.category.clone().map_or(Scope::Namespace, Scope::Category);
        let first = self.page(&scope, PageFrom::Start, 1).await?.heads.first().map(|head| head.time);
        let last = self.page(&scope, PageFrom::End, 1).await?.heads.last().map(|head| head.time);
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(Stats { rows: Vec::new(), first: None, last: None });
        };
        // Of what was copied together the first is not always the earliest.
        let (first, last) = (first.min(last), first.max(last));
        let category = self.category_expression().clone();
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
        let mut session = self.sessions.acquire().await?;
        session.set_limit(None);
        let rows = session
            .query(
                &sql,
                &[
                    (&name, Type::TEXT),
                    (&buckets, Type::INT4),
                    (&ServerTime(first), Type::TIMESTAMP),
                    (&ServerTime(last), Type::TIMESTAMP),
                    (&options.limit.map(i64::from), Type::INT8),
                ],
            )
            .await?;
        let rows = rows
            .iter()
            .map(|row| {
                let mut rate = vec![0; usize::try_from(buckets).unwrap_or(1)];
                for (bucket, messages) in column::<Vec<i64>>(row, 4)?.into_iter().zip(column::<Vec<i64>>(row, 5)?) {
                    if let Some(part) = usize::try_from(bucket - 1).ok().and_then(|index| rate.get_mut(index)) {
                        *part = u64::try_from(messages).unwrap_or(0);
                    }
                }
                Ok(StatsRow {
                    key: column(row, 0)?,
                    by: column(row, 1)?,
                    messages: u64::try_from(column::<i64>(row, 2)?).unwrap_or(0),
                    percent: column(row, 3)?,
                    rate,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Stats { rows, first: Some(first), last: Some(last) })
    }
}
