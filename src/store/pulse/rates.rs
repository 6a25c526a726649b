//! Messages per category and period of time. The timeline of the namespace says which global positions belong to each
//! period, and samples of those say to which categories.

use std::collections::HashMap;
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::types::Type;

use super::super::browse::{Scope, Timeline};
use super::super::row::{column, text};
use super::super::session::Parameter;
use super::super::{Namespace, Result};
use crate::message::{Category, GlobalPosition};

/// The most global positions to look at in each period.
const SAMPLES: i64 = 200;
/// The most categories to return.
const CATEGORIES: usize = 50;

/// Messages per category and period, for periods of the same length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRates {
    /// When the first period begins.
    pub start: Timestamp,
    /// The length of each period.
    pub width: SignedDuration,
    /// The categories with messages in these periods, the busiest first, at most 50.
    pub categories: Vec<CategoryRate>,
    /// Whether every message was counted. Otherwise the numbers are estimates.
    pub exact: bool,
}

/// The messages of a category in each period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRate {
    /// The category.
    pub category: Category,
    /// The number of messages in each period, the oldest first.
    pub messages: Vec<u64>,
}

/// Global positions from `lower` on and below `upper`, which belong to a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    period: usize,
    lower: GlobalPosition,
    upper: GlobalPosition,
}

impl Namespace {
    /// Counts the messages of each category in `periods` periods of a time range. Global positions must rise with time
    /// approximately.
    ///
    /// Looks at up to 200 global positions of each period, so the numbers are estimates if there are more. The cost
    /// does not depend on the size of the namespace: for 30 periods at most six statements with about 7,000 index
    /// probes.
    ///
    /// # Errors
    /// [`super::super::StoreError::TimedOut`] after three seconds, or any other error from the server.
    pub async fn category_rates(&self, range: Range<Timestamp>, periods: usize) -> Result<CategoryRates> {
        let length = range.end.duration_since(range.start);
        let width = length.checked_div(i32::try_from(periods.max(1)).unwrap_or(i32::MAX)).unwrap_or(length);
        let mut rates = CategoryRates { start: range.start, width, categories: Vec::new(), exact: true };
        let Some(timeline) = self.timeline(&Scope::Namespace, Some(range), periods).await? else { return Ok(rates) };
        let end = self.newest(&Scope::Namespace).await?.saturating_add(1);
        let parts = parts(&timeline, rates.start, rates.width, periods, end);
        let lowers: Vec<i64> = parts.iter().map(|part| part.lower).collect();
        let uppers: Vec<i64> = parts.iter().map(|part| part.upper).collect();
        let sql = self.query(include_str!("../../../sql/query/category_shares.sql"), &[]);
        let parameters: [Parameter<'_>; 3] =
            [(&lowers, Type::INT8_ARRAY), (&uppers, Type::INT8_ARRAY), (&SAMPLES, Type::INT8)];
        let mut found: HashMap<String, Vec<u64>> = HashMap::new();
        for row in &self.session().await?.query(&sql, &parameters).await? {
            let part = column::<i64>(row, 0)?.checked_sub(1).and_then(|part| usize::try_from(part).ok());
            let Some(part) = part.and_then(|part| parts.get(part)) else { continue };
            let messages = part.estimate(column(row, 2)?);
            let counts = found.entry(text(row, 1)?).or_insert_with(|| vec![0; periods]);
            counts[part.period] += messages;
        }
        rates.exact = parts.iter().all(|part| part.length() <= SAMPLES);
        rates.categories = found
            .into_iter()
            .map(|(category, messages)| CategoryRate { category: Category::stored(category), messages })
            .collect();
        rates.categories.sort_by(|a, b| b.total().cmp(&a.total()).then_with(|| a.category.cmp(&b.category)));
        rates.categories.truncate(CATEGORIES);
        Ok(rates)
    }
}

impl CategoryRate {
    /// Returns the messages in all periods.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.messages.iter().sum()
    }
}

impl Part {
    fn length(&self) -> i64 {
        self.upper.saturating_sub(self.lower).max(0)
    }

    /// Returns the messages of a category, of which this many were among the samples.
    fn estimate(&self, seen: i64) -> u64 {
        let samples = self.length().clamp(1, SAMPLES);
        let messages = i128::from(seen) * i128::from(self.length()) / i128::from(samples);
        u64::try_from(messages).unwrap_or(0)
    }
}

/// Returns the global positions of each period that has messages. The buckets of the timeline can be narrower than the
/// periods.
fn parts(
    timeline: &Timeline,
    start: Timestamp,
    width: SignedDuration,
    periods: usize,
    end: GlobalPosition,
) -> Vec<Part> {
    let period = |bucket: usize| {
        let since = timeline.begins(bucket).duration_since(start).as_millis();
        usize::try_from(since.div_euclid(width.as_millis().max(1))).ok().filter(|period| *period < periods)
    };
    let firsts: Vec<(usize, GlobalPosition)> =
        timeline.buckets.iter().enumerate().filter_map(|(index, bucket)| Some((index, bucket.first?))).collect();
    let ends = firsts.iter().skip(1).map(|(_, first)| *first).chain([end]);
    let part = |((bucket, lower), upper): (&(usize, GlobalPosition), GlobalPosition)| {
        Some(Part { period: period(*bucket)?, lower: *lower, upper })
    };
    let mut parts: Vec<Part> = Vec::new();
    for part in firsts.iter().zip(ends).filter_map(part) {
        match parts.last_mut() {
            Some(last) if last.period == part.period => last.upper = part.upper,
            _ => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::super::browse::TimelineBucket;
    use super::*;

    #[test]
    fn narrow_buckets_are_joined_to_periods_and_empty_ones_are_omitted() {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        let bucket = |first| TimelineBucket { messages: 1, exact: true, first };
        let timeline = Timeline {
            start: start + SignedDuration::from_secs(20),
            width: SignedDuration::from_secs(10),
            buckets: [Some(5), Some(7), None, Some(9), None, None].map(bucket).to_vec(),
        };
        let found = parts(&timeline, start, SignedDuration::from_secs(30), 3, 20);
        let part = |period, lower, upper| Part { period, lower, upper };
        assert_eq!(found, [part(0, 5, 7), part(1, 7, 20)]);
        assert_eq!(
            parts(&timeline, start, SignedDuration::from_secs(30), 1, 20),
            [part(0, 5, 7)],
            "later ones are out"
        );
    }

    #[test]
    fn samples_stand_for_all_positions_of_a_part() {
        let part = |upper| Part { period: 0, lower: 1_000, upper };
        assert_eq!(part(1_050).estimate(30), 30, "all were looked at");
        assert_eq!(part(2_000).estimate(30), 150);
        assert_eq!(part(1_000).estimate(0), 0);
    }
}
