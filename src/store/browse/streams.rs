//! Streams, by name or by recent activity, each with its last message. No message is read to list a stream.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::super::row::{ServerTime, column};
use super::super::{Namespace, Result};
use super::{RecentStreams, Scope, StreamRow, StreamsOf};
use crate::message::{Category, GlobalPosition, StreamName};

/// Names that one step looks at where the collation is not bytewise, at least and at most: it begins with twice the page, and
/// grows while few of the names are meant.
const STEP: std::ops::RangeInclusive<i64> = 200..=20_000;

/// Up to so many messages, a category's streams are taken from its messages once a step over the names found none of them.
const SMALL_CATEGORY: u64 = 100_000;

/// From the bottom of the names, or past one.
#[derive(Debug, Clone)]
enum Begin {
    At(String),
    After(String),
}

impl Begin {
    fn operator(&self) -> &'static str {
        match self {
            Self::At(_) => ">=",
            Self::After(_) => ">",
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::At(name) | Self::After(name) => name,
        }
    }
}

fn stream_row(row: &Row) -> Result<StreamRow> {
    Ok(StreamRow {
        stream: StreamName::stored(column::<String>(row, 0)?),
        version: column(row, 1)?,
        last_global_position: column(row, 2)?,
        last_time: column::<ServerTime>(row, 3)?.0,
    })
}

impl Namespace {
    /// A page of streams by name (bytewise), those after `after` (exclusive), at most `limit`.
    /// In a database whose collation is not bytewise the order is that of the index, still without gaps or repeats; there the
    /// last page of a category can take long, because its names need not be neighbours.
    ///
    /// # Errors
    /// The server's.
    pub async fn streams(&self, of: &StreamsOf, after: Option<&StreamName>, limit: usize) -> Result<Vec<StreamRow>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        if !self.bytewise() {
            return self.streams_by_steps(of, after, limit).await;
        }
        let after = after.map(StreamName::as_str);
        match of {
            StreamsOf::Namespace => self.streams_by_prefix("", after, limit).await,
            StreamsOf::Prefix(prefix) => self.streams_by_prefix(prefix, after, limit).await,
            StreamsOf::Category(category) => {
                // A stream can have the bare name of its category. It sorts before the others, but not next to them.
                let category = category.as_str();
                let mut streams = Vec::new();
                if after.is_none_or(|after| after < category) {
                    streams = self.streams_by_prefix(category, after, 1).await?;
                    streams.retain(|row| row.stream.as_str() == category);
                }
                if streams.len() < limit {
                    let rest = limit - streams.len();
                    streams.append(&mut self.streams_by_prefix(&format!("{category}-"), after, rest).await?);
                }
                Ok(streams)
            }
        }
    }

    /// Bytewise names have their prefix in one piece.
    async fn streams_by_prefix(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<StreamRow>> {
        // The least text past a name is that name with U+0001, the least character.
        let past = after.map(|after| format!("{after}\u{1}"));
        let first = past.as_deref().map_or(prefix, |past| past.max(prefix));
        let sql = self.query(include_str!("../../../sql/query/streams.sql"), &[]);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let session = self.session().await?;
        let rows = session.query(&sql, &[(&first, Type::TEXT), (&prefix, Type::TEXT), (&limit, Type::INT8)]).await?;
        rows.iter().map(stream_row).collect()
    }

    /// Where names do not sort bytewise: the names are walked in the index's order, from the least that can be meant, and those
    /// of others are left out.
    async fn streams_by_steps(
        &self,
        of: &StreamsOf,
        after: Option<&StreamName>,
        limit: usize,
    ) -> Result<Vec<StreamRow>> {
        let (category, prefix) = match of {
            StreamsOf::Namespace => (None, None),
            StreamsOf::Category(category) => (Some(category.as_str()), None),
            StreamsOf::Prefix(prefix) => (None, Some(prefix.as_str())),
        };
        let mut begin = match after {
            Some(after) => Begin::After(after.as_str().to_owned()),
            None => Begin::At(self.least_name(category, prefix).await?),
        };
        let mut streams: Vec<StreamRow> = Vec::new();
        let page = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut step = page.saturating_mul(2).clamp(*STEP.start(), *STEP.end());
        loop {
            let wanted = limit - streams.len();
            let (mut found, went_to) = self.streams_step(&begin, category, prefix, wanted, step).await?;
            step = step.saturating_mul(4).min(*STEP.end());
            let fruitless = found.is_empty();
            streams.append(&mut found);
            let Some(went_to) = went_to else { return Ok(streams) };
            if streams.len() >= limit {
                return Ok(streams);
            }
            begin = Begin::After(went_to);
            if let (true, Some(category)) = (fruitless, category)
                && self.is_small(category).await?
            {
                let rest = limit - streams.len();
                streams.append(&mut self.streams_of_category(&begin, category, rest).await?);
                return Ok(streams);
            }
        }
    }

    async fn streams_step(
        &self,
        begin: &Begin,
        category: Option<&str>,
        prefix: Option<&str>,
        limit: usize,
        step: i64,
    ) -> Result<(Vec<StreamRow>, Option<String>)> {
        let sql = self.query(include_str!("../../../sql/query/streams_step.sql"), &[("from", begin.operator())]);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let session = self.session().await?;
        let rows = session
            .query(
                &sql,
                &[
                    (&begin.name(), Type::TEXT),
                    (&category, Type::TEXT),
                    (&prefix, Type::TEXT),
                    (&limit, Type::INT8),
                    (&step, Type::INT8),
                ],
            )
            .await?;
        let mut streams = Vec::new();
        let mut went_to = None;
        for row in &rows {
            if column::<Option<i64>>(row, 1)?.is_some() {
                streams.push(stream_row(row)?);
            } else {
                went_to = column(row, 0)?;
            }
        }
        Ok((streams, went_to))
    }

    async fn is_small(&self, category: &str) -> Result<bool> {
        let estimate = self.estimate(&Scope::Category(Category::stored(category))).await?;
        Ok(estimate.is_some_and(|estimate| estimate <= SMALL_CATEGORY))
    }

    async fn streams_of_category(&self, begin: &Begin, category: &str, limit: usize) -> Result<Vec<StreamRow>> {
        let sql = self.query(include_str!("../../../sql/query/streams_of_category.sql"), &[("from", begin.operator())]);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let session = self.session().await?;
        let rows =
            session.query(&sql, &[(&begin.name(), Type::TEXT), (&category, Type::TEXT), (&limit, Type::INT8)]).await?;
        rows.iter().map(stream_row).collect()
    }

    /// The least name that can be of a category or begin with a prefix, under a collation that is not bytewise.
    ///
    /// A name is never less than the text it begins with, unless the letters around the cut form one sorting unit that is less
    /// than the first of them (Welsh `ng` comes before `n`). After a category comes `-` or nothing, and nothing contracts
    /// with that. For a prefix that ends in an ASCII letter or digit the server is asked whether a letter after it would, and if one
    /// does, those at its end are cut off; so is what is not ASCII.
    async fn least_name(&self, category: Option<&str>, prefix: Option<&str>) -> Result<String> {
        if let Some(category) = category {
            return Ok(category.to_owned());
        }
        let Some(prefix) = prefix else { return Ok(String::new()) };
        let known = prefix.trim_end_matches(|c: char| !c.is_ascii());
        if known.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            // The empty sub-select gives the comparison the collation of the column.
            let sql = self.query(
                "select bool_and(coalesce((select stream_name::text from {table} where false), $1) <= $1 || letter) \
                 from unnest(string_to_array('a b c d e f g h i j k l m n o p q r s t u v w x y z \
                 A B C D E F G H I J K L M N O P Q R S T U V W X Y Z', ' ')) as letter",
                &[],
            );
            let session = self.session().await?;
            let row = session.query_opt(&sql, &[(&known, Type::TEXT)]).await?;
            let safe: Option<bool> = row.map_or(Ok(None), |row| column(&row, 0))?;
            if safe != Some(true) {
                return Ok(known.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).to_owned());
            }
        }
        Ok(known.to_owned())
    }

    /// Streams of a category, most recently active first, found in one bounded window of `window` messages
    /// that ends before `before` (exclusive; none: now).
    ///
    /// # Errors
    /// The server's.
    pub async fn recent_streams(
        &self,
        category: &Category,
        before: Option<GlobalPosition>,
        window: u32,
    ) -> Result<RecentStreams> {
        let sql = self.query(include_str!("../../../sql/query/recent_streams.sql"), &[]);
        let from = before.map_or(i64::MAX, |before| before.saturating_sub(1));
        let window = i64::from(window.max(1));
        let session = self.session().await?;
        let rows = session
            .query(&sql, &[(&from, Type::INT8), (&window, Type::INT8), (&category.as_str(), Type::TEXT)])
            .await?;
        let mut recent = RecentStreams { streams: Vec::new(), next: None };
        for row in &rows {
            if column::<Option<i64>>(row, 1)?.is_some() {
                recent.streams.push(stream_row(row)?);
            } else {
                recent.next = column(row, 2)?;
            }
        }
        Ok(recent)
    }
}
