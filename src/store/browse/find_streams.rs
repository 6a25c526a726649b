//! Finds streams by parts of their names: by the beginning straight from the index, and by any part in bounded steps
//! over the names.

use tokio_postgres::types::Type;

use super::super::row::{Lossy, column};
use super::super::session::Parameter;
use super::super::{Namespace, Result};
use super::streams::{prefix_end, stream_row};
use super::{NamePart, StreamMatches, StreamRow, StreamsOf};
use crate::message::StreamName;

impl Namespace {
    /// Searches the names of streams for a text in one bounded step. It examines at most `names` streams after `after`,
    /// in the order of the index, and ends early at the match that reaches `limit`.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn streams_containing(
        &self,
        of: &StreamsOf,
        part: &NamePart,
        after: Option<&StreamName>,
        names: u32,
        limit: usize,
    ) -> Result<StreamMatches> {
        let (category, prefix) = match of {
            StreamsOf::Namespace => (None, None),
            StreamsOf::Category(category) => (Some(category.as_str()), None),
            StreamsOf::Prefix(prefix) => (None, Some(prefix.as_str())),
        };
        let (least, end) = if self.bytewise() {
            let neighbours = category.map(|category| format!("{category}-"));
            let end = neighbours.as_deref().or(prefix).and_then(prefix_end);
            (category.or(prefix).unwrap_or_default().to_owned(), end)
        } else {
            (self.least_name(category, prefix).await?, None)
        };
        let (begin, first) = match after {
            Some(name) if !self.bytewise() || name.as_str() >= least.as_str() => {
                ("stream_name::text > $1", name.as_str())
            }
            _ => ("stream_name::text >= $1", least.as_str()),
        };
        let matches = |name: &str| {
            format!(
                "(strpos({}, $2) > 0 and ($6::text is null or split_part({name}, '-', 1) = $6) \
                 and ($7::text is null or left({name}, length($7)) = $7))",
                part.folded(name)
            )
        };
        let sql = self.query(
            include_str!("../../../sql/query/streams_containing.sql"),
            &[("begin", begin), ("matches", &matches("name")), ("next.matches", &matches("next.name"))],
        );
        let (limit, names) = (i64::try_from(limit.max(1)).unwrap_or(i64::MAX), i64::from(names.max(1)));
        let parameters: [Parameter<'_>; 7] = [
            (&first, Type::TEXT),
            (&part.as_str(), Type::TEXT),
            (&limit, Type::INT8),
            (&names, Type::INT8),
            (&end, Type::TEXT),
            (&category, Type::TEXT),
            (&prefix, Type::TEXT),
        ];
        let session = self.session().await?;
        let rows = session.query(&sql, &parameters).await?;
        let mut found = StreamMatches { streams: Vec::new(), searched: 0, next: None };
        for row in &rows {
            if column::<Option<i64>>(row, 1)?.is_some() {
                found.streams.push(stream_row(row)?);
            } else {
                found.next = column::<Option<Lossy>>(row, 0)?.map(|name| StreamName::stored(name.text));
                found.searched = column::<i64>(row, 2)?.try_into().unwrap_or_default();
            }
        }
        Ok(found)
    }

    /// Returns the first streams whose names begin with each of the prefixes, compared bytewise, in the order of the
    /// prefixes. It examines at most `names` names for each of them. If names do not sort bytewise, some streams may be
    /// missing.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn streams_with_prefixes(&self, prefixes: &[String], names: u32) -> Result<Vec<StreamRow>> {
        let adjacent = if self.bytewise() { "left(walk.name, length(walk.prefix)) = walk.prefix" } else { "true" };
        let sql = self.query(include_str!("../../../sql/query/streams_with_prefixes.sql"), &[("adjacent", adjacent)]);
        let names = i64::from(names);
        let session = self.session().await?;
        let rows = session.query(&sql, &[(&prefixes, Type::TEXT_ARRAY), (&names, Type::INT8)]).await?;
        rows.iter().map(stream_row).collect()
    }

    /// Estimates the number of streams in the namespace from the planner's statistics. `None` if the table was never
    /// analysed.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn estimate_streams(&self) -> Result<Option<u64>> {
        let sql = self.query(include_str!("../../../sql/query/streams_estimate.sql"), &[]);
        let session = self.session().await?;
        let row = session.query_opt(&sql, &[(&self.table(), Type::TEXT)]).await?;
        let estimate: Option<i64> = row.map_or(Ok(None), |row| column(&row, 0))?;
        Ok(estimate.and_then(|estimate| u64::try_from(estimate).ok()))
    }
}
