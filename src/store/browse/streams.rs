//! Lists streams by name or by recent activity, each with the position and time of its last message. Never reads
//! message bodies.

use futures_util::future::{try_join, try_join_all};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::super::row::{Lossy, column, text, time};
use super::super::{Namespace, Result, session::Session};
use super::{RecentStreams, Scope, StreamRow, StreamsFrom, StreamsOf};
use crate::message::{Category, GlobalPosition, StreamName};

/// The minimum and maximum number of names to read in one step if the collation is not bytewise. Steps start at twice
/// the page size and grow while few names match.
const STEP: std::ops::RangeInclusive<i64> = 200..=20_000;

/// If a step over the names finds none of a category's streams, and the category has at most this many messages, the
/// streams are read from its messages.
const SMALL_CATEGORY: u64 = 100_000;

/// Where a walk over the names begins, and its direction.
#[derive(Debug, Clone)]
enum Walk {
    At(String),
    After(String),
    Before(String),
    FromEnd,
}

impl Walk {
    fn is_backward(&self) -> bool {
        matches!(self, Self::Before(_) | Self::FromEnd)
    }

    /// Returns the name where it begins, `$1` in the queries.
    fn name(&self) -> &str {
        match self {
            Self::At(name) | Self::After(name) | Self::Before(name) => name,
            Self::FromEnd => "",
        }
    }

    /// Returns the parts of the queries that depend on the walk: the first names, their order, and the comparison with
    /// the next name.
    fn values(&self) -> [(&'static str, &'static str); 3] {
        let begin = match self {
            Self::At(_) => "stream_name::text >= $1",
            Self::After(_) => "stream_name::text > $1",
            Self::Before(_) => "stream_name::text < $1",
            Self::FromEnd => "true",
        };
        let (order, beyond) = if self.is_backward() { ("desc", "<") } else { ("asc", ">") };
        [("begin", begin), ("order", order), ("beyond", beyond)]
    }

    /// Continues the walk past a name.
    fn past(&self, name: String) -> Self {
        if self.is_backward() { Self::Before(name) } else { Self::After(name) }
    }
}

/// Returns the smallest text that sorts bytewise after everything with a prefix, or `None` if there is none.
pub(super) fn prefix_end(prefix: &str) -> Option<String> {
    let mut head = prefix.to_owned();
    loop {
        let last = head.pop()?;
        // The code points in between are surrogates, not characters.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            head.push(next);
            return Some(head);
        }
    }
}

pub(super) fn stream_row(row: &Row) -> Result<StreamRow> {
    Ok(StreamRow {
        stream: StreamName::stored(text(row, 0)?),
        version: column(row, 1)?,
        last_global_position: column(row, 2)?,
        last_time: time(row, 3)?,
    })
}

impl Namespace {
    /// Reads a page of at most `limit` streams by name, always in ascending order. The order is bytewise, or that of
    /// the index if the database has another collation. In that case the last page of a category can take a long time,
    /// because the names of its streams need not be adjacent.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn streams(&self, of: &StreamsOf, from: &StreamsFrom, limit: usize) -> Result<Vec<StreamRow>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut streams = match of {
            _ if !self.bytewise() => self.streams_by_steps(of, from, limit).await?,
            StreamsOf::Namespace => self.streams_by_prefix(&self.session().await?, "", from, limit).await?,
            StreamsOf::Prefix(prefix) => self.streams_by_prefix(&self.session().await?, prefix, from, limit).await?,
            StreamsOf::Category(category) => {
                self.streams_of_neighbours(&self.session().await?, category, from, limit).await?
            }
        };
        if from.is_backward() {
            streams.reverse();
        }
        Ok(streams)
    }

    /// Reads the first streams of several categories, at most `limit` of each. Takes one round trip if names sort
    /// bytewise.
    pub(in crate::store) async fn streams_of_each(
        &self,
        categories: &[Category],
        limit: usize,
    ) -> Result<Vec<Vec<StreamRow>>> {
        let from = StreamsFrom::Start;
        if self.bytewise() {
            let session = self.session().await?;
            let reads = categories.iter().map(|category| self.streams_of_neighbours(&session, category, &from, limit));
            return try_join_all(reads).await;
        }
        let mut streams = Vec::with_capacity(categories.len());
        for category in categories {
            streams.push(self.streams(&StreamsOf::Category(category.clone()), &from, limit).await?);
        }
        Ok(streams)
    }

    /// Reads the streams of a category if names sort bytewise, in the direction of the walk. A stream whose name is the
    /// bare category sorts before the others but is not adjacent to them.
    async fn streams_of_neighbours(
        &self,
        session: &Session,
        category: &Category,
        from: &StreamsFrom,
        limit: usize,
    ) -> Result<Vec<StreamRow>> {
        let category = category.as_str();
        let bare = match from {
            StreamsFrom::Start | StreamsFrom::End => true,
            StreamsFrom::At(name) => name.as_str() <= category,
            StreamsFrom::After(name) => name.as_str() < category,
            StreamsFrom::Before(name) => name.as_str() > category,
        };
        let (prefix, at) = (format!("{category}-"), StreamsFrom::At(StreamName::stored(category)));
        let others = self.streams_by_prefix(session, &prefix, from, limit);
        let (mut first, mut streams) = if bare {
            // Sent together, in one round trip.
            try_join(self.streams_by_prefix(session, category, &at, 1), others).await?
        } else {
            (Vec::new(), others.await?)
        };
        first.retain(|row| row.stream.as_str() == category);
        if from.is_backward() {
            streams.append(&mut first);
        } else {
            streams.splice(..0, first);
        }
        streams.truncate(limit);
        Ok(streams)
    }

    /// Reads the streams with a prefix if names sort bytewise, which makes them adjacent. Returns them in the direction
    /// of the walk.
    async fn streams_by_prefix(
        &self,
        session: &Session,
        prefix: &str,
        from: &StreamsFrom,
        limit: usize,
    ) -> Result<Vec<StreamRow>> {
        let walk = match from {
            StreamsFrom::At(name) => Walk::At(name.as_str().max(prefix).to_owned()),
            StreamsFrom::After(name) if name.as_str() >= prefix => Walk::After(name.to_string()),
            StreamsFrom::Start | StreamsFrom::After(_) => Walk::At(prefix.to_owned()),
            StreamsFrom::End => prefix_end(prefix).map_or(Walk::FromEnd, Walk::Before),
            StreamsFrom::Before(name) => {
                let name = name.to_string();
                Walk::Before(prefix_end(prefix).map_or(name.clone(), |end| end.min(name)))
            }
        };
        let sql = self.query(include_str!("../../../sql/query/streams.sql"), &walk.values());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let parameters = [(&walk.name() as _, Type::TEXT), (&prefix as _, Type::TEXT), (&limit as _, Type::INT8)];
        let rows = session.query(&sql, &parameters).await?;
        rows.iter().map(stream_row).collect()
    }

    /// Reads streams if names do not sort bytewise: walks all names in index order, from the lower bound up or down to
    /// it, and skips names that do not belong.
    async fn streams_by_steps(&self, of: &StreamsOf, from: &StreamsFrom, limit: usize) -> Result<Vec<StreamRow>> {
        let (category, prefix) = match of {
            StreamsOf::Namespace => (None, None),
            StreamsOf::Category(category) => (Some(category.as_str()), None),
            StreamsOf::Prefix(prefix) => (None, Some(prefix.as_str())),
        };
        let least = self.least_name(category, prefix).await?;
        let mut walk = match from {
            StreamsFrom::Start => Walk::At(least.clone()),
            StreamsFrom::End => Walk::FromEnd,
            StreamsFrom::At(name) => Walk::At(name.to_string()),
            StreamsFrom::After(name) => Walk::After(name.to_string()),
            StreamsFrom::Before(name) => Walk::Before(name.to_string()),
        };
        let least = walk.is_backward().then_some(least);
        let mut streams: Vec<StreamRow> = Vec::new();
        let page = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut step = page.saturating_mul(2).clamp(*STEP.start(), *STEP.end());
        loop {
            let wanted = limit - streams.len();
            let (mut found, went_to) =
                self.streams_step(&walk, least.as_deref(), category, prefix, wanted, step).await?;
            step = step.saturating_mul(4).min(*STEP.end());
            let fruitless = found.is_empty();
            streams.append(&mut found);
            let Some(went_to) = went_to else { return Ok(streams) };
            if streams.len() >= limit {
                return Ok(streams);
            }
            walk = walk.past(went_to);
            if let (true, Some(category)) = (fruitless, category)
                && self.is_small(category).await?
            {
                let rest = limit - streams.len();
                streams.append(&mut self.streams_of_category(&walk, category, rest).await?);
                return Ok(streams);
            }
        }
    }

    async fn streams_step(
        &self,
        walk: &Walk,
        least: Option<&str>,
        category: Option<&str>,
        prefix: Option<&str>,
        limit: usize,
        step: i64,
    ) -> Result<(Vec<StreamRow>, Option<String>)> {
        let sql = self.query(include_str!("../../../sql/query/streams_step.sql"), &walk.values());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let session = self.session().await?;
        let rows = session
            .query(
                &sql,
                &[
                    (&walk.name(), Type::TEXT),
                    (&category, Type::TEXT),
                    (&prefix, Type::TEXT),
                    (&limit, Type::INT8),
                    (&step, Type::INT8),
                    (&least, Type::TEXT),
                ],
            )
            .await?;
        let mut streams = Vec::new();
        let mut went_to = None;
        for row in &rows {
            if column::<Option<i64>>(row, 1)?.is_some() {
                streams.push(stream_row(row)?);
            } else {
                went_to = column::<Option<Lossy>>(row, 0)?.map(|name| name.text);
            }
        }
        Ok((streams, went_to))
    }

    async fn is_small(&self, category: &str) -> Result<bool> {
        let estimate = self.estimate(&Scope::Category(Category::stored(category))).await?;
        Ok(estimate.is_some_and(|estimate| estimate.messages <= SMALL_CATEGORY))
    }

    async fn streams_of_category(&self, walk: &Walk, category: &str, limit: usize) -> Result<Vec<StreamRow>> {
        let sql = self.query(include_str!("../../../sql/query/streams_of_category.sql"), &walk.values());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let session = self.session().await?;
        let parameters = [(&walk.name() as _, Type::TEXT), (&category as _, Type::TEXT), (&limit as _, Type::INT8)];
        let rows = session.query(&sql, &parameters).await?;
        rows.iter().map(stream_row).collect()
    }

    /// Returns a lower bound for the names in a category or with a prefix, under a collation that is not bytewise.
    ///
    /// A name never sorts before its own prefix, unless the letters around the cut form a sorting unit that comes
    /// before the first of them (in Welsh, `ng` sorts before `n`). A category is followed by `-` or nothing, which
    /// never combines. If a prefix ends in an ASCII letter or digit, the server is asked whether a following letter
    /// would combine with it. If so, the letters and digits at the end are removed. Other characters at the end are
    /// always removed unless they are ASCII.
    pub(super) async fn least_name(&self, category: Option<&str>, prefix: Option<&str>) -> Result<String> {
        if let Some(category) = category {
            return Ok(category.to_owned());
        }
        let Some(prefix) = prefix else { return Ok(String::new()) };
        let known = prefix.trim_end_matches(|c: char| !c.is_ascii());
        if known.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            let sql = self.query(include_str!("../../../sql/query/letters_keep_order.sql"), &[]);
            let session = self.session().await?;
            let row = session.query_opt(&sql, &[(&known, Type::TEXT)]).await?;
            let safe: Option<bool> = row.map_or(Ok(None), |row| column(&row, 0))?;
            if safe != Some(true) {
                return Ok(known.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).to_owned());
            }
        }
        Ok(known.to_owned())
    }

    /// Returns the streams of a category that were active within the last `window` messages before the global position
    /// `before` (exclusive), or within the newest messages if it is `None`. The most recently active stream comes
    /// first.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
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

#[cfg(test)]
mod tests {
    use super::prefix_end;

    #[test]
    fn nothing_with_the_prefix_sorts_after_its_upper_bound() {
        for prefix in ["a", "account-", "é", "x\u{10ffff}", "\u{d7ff}"] {
            let end = prefix_end(prefix).expect("an upper bound");
            assert!(end.as_str() > prefix);
            assert!(end > format!("{prefix}\u{10ffff}\u{10ffff}"), "{prefix:?}");
            assert!(!end.starts_with(prefix));
        }
        assert_eq!(prefix_end("account-").as_deref(), Some("account."));
        assert_eq!(prefix_end(""), None);
        assert_eq!(prefix_end("\u{10ffff}"), None);
    }
}
