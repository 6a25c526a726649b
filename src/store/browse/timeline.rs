//! Counts messages per bucket of time without an index on `time`. Numbers rise with time approximately, so the buckets
//! are found by bisecting numbers. Nothing here reads more than a few thousand index entries, whatever the size of the
//! scope.

mod buckets;

use std::ops::Range;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use self::buckets::{Buckets, Part, Sample, Samples};
use super::super::query::member_condition;
use super::super::row::{ServerTime, column};
use super::super::session::Parameter;
use super::super::{Namespace, Result};
use super::Scope;
use super::scope::Direction;
use crate::message::ConsumerGroup;

/// A list with at most this many messages is counted message by message.
const COUNTED: i64 = 1_000;
/// The number of intervals between samples.
const SAMPLED: i64 = 128;
/// The most parts of a category whose density is measured, and the messages to read of each.
const PARTS: usize = 400;
const PART_READS: i64 = 5;
/// The most parts into which one bucket is divided for that.
const PARTS_PER_BUCKET: usize = 8;
/// The timeout of each of the statements, at most four. A timeline is not worth more.
const LIMIT: Duration = Duration::from_secs(3);

/// Messages per bucket of time. All buckets have the same width and begin at a multiple of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// When the first bucket begins.
    pub start: Timestamp,
    /// The width of each bucket: a round number of milliseconds, seconds, minutes, hours or days.
    pub width: SignedDuration,
    /// The buckets, oldest first; at least one.
    pub buckets: Vec<TimelineBucket>,
}

/// One bucket of a [`Timeline`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineBucket {
    /// The number of messages.
    pub messages: u64,
    /// Whether `messages` is exact. Otherwise it is an estimate.
    pub exact: bool,
    /// The number of the first message in the bucket: its position in a stream, its global position elsewhere. For a
    /// member of a consumer group, it may belong to another member. `None` if the bucket is empty.
    pub first: Option<i64>,
}

impl Timeline {
    /// Returns the index of the bucket that contains a time, or `None` if the time is before or after the timeline.
    #[must_use]
    pub fn bucket_at(&self, time: Timestamp) -> Option<usize> {
        let since = time.as_microsecond().checked_sub(self.start.as_microsecond())?;
        let width = i64::try_from(self.width.as_micros()).ok().filter(|width| *width > 0)?;
        let index = usize::try_from(since.div_euclid(width)).ok()?;
        (index < self.buckets.len()).then_some(index)
    }

    /// Returns when a bucket begins. The index after the last one gives the end of the timeline.
    #[must_use]
    pub fn begins(&self, bucket: usize) -> Timestamp {
        let buckets = i32::try_from(bucket).unwrap_or(i32::MAX);
        self.start.saturating_add(self.width.saturating_mul(buckets)).unwrap_or(Timestamp::MAX)
    }
}

impl Namespace {
    /// Counts the messages of a scope per bucket of time, in at most `buckets` buckets. `range` limits the timeline to
    /// the messages from one time on and before another. Returns `None` if there are no messages in it.
    ///
    /// Up to 1,000 messages are counted one by one, exactly and in any order. In a longer list, numbers must rise with
    /// time approximately. Then a stream is counted exactly, except where its times run backwards. The counts of a
    /// namespace are estimates that include global positions without a message, unless the gap is large. The counts of
    /// a category and of a consumer group member are estimates from samples: typically within a quarter for even
    /// traffic, while bursts shorter than an eighth of a bucket can be over- or underestimated. If times do not rise,
    /// every count is an estimate from 129 samples. Messages without a finite time are not counted.
    ///
    /// The cost does not depend on the size of the scope: at most four statements with about 3,000 index probes for 100
    /// buckets. Each statement is cancelled after three seconds.
    ///
    /// # Errors
    /// [`super::super::StoreError::TimedOut`] after three seconds, or any other error from the server.
    pub async fn timeline(
        &self,
        scope: &Scope,
        range: Option<Range<Timestamp>>,
        buckets: usize,
    ) -> Result<Option<Timeline>> {
        if let Some(rows) = self.timeline_rows(scope, i64::MIN, i64::MAX).await? {
            return Ok(Buckets::over(rows.iter().map(|row| row.time), range.as_ref(), buckets)
                .map(|buckets| buckets.count(&rows)));
        }
        let Some(samples) = self.timeline_samples(scope).await? else { return Ok(None) };
        let Some(buckets) = Buckets::over(samples.times(), range.as_ref(), buckets) else { return Ok(None) };
        let is_stream = matches!(scope, Scope::Stream(_));
        if !samples.rise(buckets.width) {
            let parts = samples.parts(&buckets);
            let counts = self.counts(scope, &samples, &parts, 1).await?;
            return Ok(Some(buckets.timeline(&parts, &counts, false)));
        }
        let parts = self.parts(scope, &samples, &buckets, range.is_none()).await?;
        // Some numbers may have no message.
        if let (Some(_), Some(first), Some(last)) = (&range, parts.first(), parts.last())
            && (scope.is_category() || last.upper.saturating_sub(first.lower) <= 4 * COUNTED)
            && let Some(rows) = self.timeline_rows(scope, first.lower, last.upper).await?
        {
            return Ok(Some(buckets.count(&rows)));
        }
        let per_bucket = (PARTS / parts.len().max(1)).clamp(1, PARTS_PER_BUCKET);
        let counts = self.counts(scope, &samples, &parts, per_bucket).await?;
        Ok(Some(buckets.timeline(&parts, &counts, is_stream && samples.gaps.is_empty())))
    }

    /// Runs one bounded statement on a session of its own, so that other questions are not held up in between.
    async fn timeline_query(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        let mut session = self.session().await?;
        session.set_timeout(Some(LIMIT));
        session.query(sql, parameters).await
    }

    /// Reads the messages from a number on and before another, or returns `None` if there are more than [`COUNTED`].
    async fn timeline_rows(&self, scope: &Scope, lower: i64, upper: i64) -> Result<Option<Vec<Sample>>> {
        let window = self.window(scope, Direction::Rising, "$1", "$3");
        let member = member_condition("$4", "$5");
        let sql = self.query(
            include_str!("../../../sql/query/timeline_rows.sql"),
            &[("number", scope.number()), ("window", &window), ("member", &member)],
        );
        let group = scope.member();
        let parameters: [Parameter<'_>; 5] = [
            (&lower, Type::INT8),
            (&(COUNTED + 1), Type::INT8),
            (&scope.name(), Type::TEXT),
            (&group.map(ConsumerGroup::member), Type::INT8),
            (&group.map(ConsumerGroup::size), Type::INT8),
        ];
        let rows = self.timeline_query(&sql, &parameters).await?;
        let whole = i64::try_from(rows.len()).unwrap_or(i64::MAX) <= COUNTED;
        let (mut found, mut reached) = (Vec::new(), whole);
        for row in &rows {
            let number: i64 = column(row, 0)?;
            if number >= upper {
                reached = true;
                break;
            }
            if column(row, 2)? {
                let time = column::<Option<ServerTime>>(row, 1)?.map_or(Timestamp::MIN, |time| time.0);
                found.push(Sample { place: number, number, time });
            }
        }
        Ok(reached.then_some(found))
    }

    async fn timeline_samples(&self, scope: &Scope) -> Result<Option<Samples>> {
        let from_first = self.window(scope, Direction::Rising, "'-9223372036854775808'::bigint", "$2");
        let back_from_last = self.window(scope, Direction::Falling, "9223372036854775807", "$2");
        let from_place = self.window(scope, Direction::Rising, "place.number", "$2");
        let sql = self.query(
            include_str!("../../../sql/query/timeline_samples.sql"),
            &[
                ("number", scope.number()),
                ("from_first", &from_first),
                ("back_from_last", &back_from_last),
                ("from_place", &from_place),
            ],
        );
        let rows = self.timeline_query(&sql, &[(&SAMPLED, Type::INT8), (&scope.name(), Type::TEXT)]).await?;
        let sample = |row| {
            let time = column::<Option<ServerTime>>(row, 2)?.map_or(Timestamp::MIN, |time| time.0);
            Ok(Sample { place: column(row, 0)?, number: column(row, 1)?, time })
        };
        Ok(Samples::new(rows.iter().map(sample).collect::<Result<_>>()?))
    }

    /// Returns the numbers of each bucket. The outer buckets of a whole list contain whatever is beyond them.
    async fn parts(&self, scope: &Scope, samples: &Samples, buckets: &Buckets, is_whole: bool) -> Result<Vec<Part>> {
        let mut times = Vec::new();
        let (mut lows, mut highs) = (Vec::new(), Vec::new());
        for edge in 0..=buckets.number {
            let time = buckets.begins(edge);
            let (low, high) = match edge {
                0 if is_whole => (samples.lowest(), samples.lowest()),
                edge if is_whole && edge == buckets.number => (samples.end(), samples.end()),
                _ => samples.around(time),
            };
            times.push(ServerTime(time));
            lows.push(low);
            highs.push(high);
        }
        let from_middle = self.window(scope, Direction::Rising, "middle.number", "$4");
        let from_edge = self.window(scope, Direction::Rising, "bisect.lo", "$4");
        let sql = self.query(
            include_str!("../../../sql/query/timeline_edges.sql"),
            &[("number", scope.number()), ("from_middle", &from_middle), ("from_edge", &from_edge)],
        );
        let parameters: [Parameter<'_>; 4] = [
            (&times, Type::TIMESTAMP_ARRAY),
            (&lows, Type::INT8_ARRAY),
            (&highs, Type::INT8_ARRAY),
            (&scope.name(), Type::TEXT),
        ];
        let rows = self.timeline_query(&sql, &parameters).await?;
        let edge = |row| Ok((column::<i64>(row, 0)?, column::<i64>(row, 1)?, column::<Option<i64>>(row, 2)?));
        let mut edges = rows.iter().map(edge).collect::<Result<Vec<_>>>()?;
        edges.sort_unstable_by_key(|(edge, ..)| *edge);
        Ok(Part::between(&edges.into_iter().map(|(_, number, first)| (number, first)).collect::<Vec<_>>()))
    }

    /// Returns how many messages each part has, and whether that is exact. The numbers of a stream or namespace are its
    /// messages. In a category they are not, so the density of every part is measured in `pieces` places.
    async fn counts(
        &self,
        scope: &Scope,
        samples: &Samples,
        parts: &[Part],
        pieces: usize,
    ) -> Result<Vec<(u64, bool)>> {
        if !scope.is_category() {
            return Ok(parts.iter().map(|part| samples.messages(part)).collect());
        }
        let mut all: Vec<(usize, i64, i64)> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            all.extend(part.pieces(pieces).into_iter().map(|(lower, upper)| (index, lower, upper)));
        }
        let window = self.window(scope, Direction::Rising, "parts.lower", "$3");
        let member = member_condition("$4", "$5");
        let sql = self.query(
            include_str!("../../../sql/query/timeline_density.sql"),
            &[("number", scope.number()), ("from_part", &window), ("member", &member)],
        );
        let lowers: Vec<i64> = all.iter().map(|(_, lower, _)| *lower).collect();
        let uppers: Vec<i64> = all.iter().map(|(.., upper)| *upper).collect();
        let group = scope.member();
        let parameters: [Parameter<'_>; 6] = [
            (&lowers, Type::INT8_ARRAY),
            (&uppers, Type::INT8_ARRAY),
            (&scope.name(), Type::TEXT),
            (&group.map(ConsumerGroup::member), Type::INT8),
            (&group.map(ConsumerGroup::size), Type::INT8),
            (&PART_READS, Type::INT8),
        ];
        let mut counts = vec![(0, true); parts.len()];
        for row in &self.timeline_query(&sql, &parameters).await? {
            let piece = column::<i64>(row, 0)?.checked_sub(1).and_then(|piece| usize::try_from(piece).ok());
            let Some((part, lower, upper)) = piece.and_then(|piece| all.get(piece)) else { continue };
            let (read, belonging): (i64, i64) = (column(row, 1)?, column(row, 2)?);
            let more = column(row, 4)?;
            let messages = if more {
                buckets::extrapolated(*lower..*upper, column(row, 3)?, read, belonging)
            } else {
                belonging.unsigned_abs()
            };
            counts[*part].0 += messages;
            counts[*part].1 &= !more;
        }
        Ok(counts)
    }
}
