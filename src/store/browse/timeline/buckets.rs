//! The arithmetic of a timeline: round bucket widths, the samples that narrow the search for their edges, and the
//! number of messages between two numbers. It asks no server.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use super::{Timeline, TimelineBucket};

const MILLISECOND: i64 = 1_000;
const SECOND: i64 = 1_000 * MILLISECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Round widths in microseconds. Every one but the last is at most 2.5 times the one before.
const WIDTHS: [i64; 40] = [
    MILLISECOND,
    2 * MILLISECOND,
    5 * MILLISECOND,
    10 * MILLISECOND,
    20 * MILLISECOND,
    50 * MILLISECOND,
    100 * MILLISECOND,
    200 * MILLISECOND,
    500 * MILLISECOND,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    5 * DAY,
    10 * DAY,
    20 * DAY,
    50 * DAY,
    100 * DAY,
    200 * DAY,
    500 * DAY,
    1_000 * DAY,
    2_000 * DAY,
    5_000 * DAY,
    10_000 * DAY,
    100_000 * DAY,
];

/// A message at or after a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    /// The number that was sampled.
    pub(super) place: i64,
    /// The number of the first message from there on.
    pub(super) number: i64,
    pub(super) time: Timestamp,
}

fn is_finite(time: &Timestamp) -> bool {
    *time != Timestamp::MIN && *time != Timestamp::MAX
}

/// Buckets of equal width. Times are in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Buckets {
    start: i64,
    pub(super) width: i64,
    pub(super) number: usize,
}

impl Buckets {
    /// Returns at most `most` buckets of the smallest round width that cover the given times, or those in a range, or
    /// `None` if there are none.
    pub(super) fn over(
        times: impl Iterator<Item = Timestamp>,
        range: Option<&Range<Timestamp>>,
        most: usize,
    ) -> Option<Self> {
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        for time in times.filter(is_finite) {
            first = first.min(time.as_microsecond());
            last = last.max(time.as_microsecond());
        }
        if let Some(range) = range {
            first = first.max(range.start.as_microsecond());
            last = last.min(range.end.as_microsecond().saturating_sub(1));
        }
        if first > last {
            return None;
        }
        let number = |width: i64| usize::try_from(last.div_euclid(width) - first.div_euclid(width) + 1).ok();
        let fits = |width: &i64| number(*width).is_some_and(|number| number <= most.max(1));
        let width = WIDTHS.into_iter().find(fits).unwrap_or(*WIDTHS.last()?);
        Some(Self { start: first.div_euclid(width) * width, width, number: number(width)? })
    }

    /// Returns when a bucket begins, or for the index after the last one, when the last one ends.
    pub(super) fn begins(&self, bucket: usize) -> Timestamp {
        let since = i64::try_from(bucket).unwrap_or(i64::MAX).saturating_mul(self.width);
        Timestamp::from_microsecond(self.start.saturating_add(since)).unwrap_or(Timestamp::MAX)
    }

    fn at(&self, time: Timestamp) -> Option<usize> {
        let index = time.as_microsecond().checked_sub(self.start)?.div_euclid(self.width);
        usize::try_from(index).ok().filter(|index| *index < self.number && is_finite(&time))
    }

    /// Counts every message.
    pub(super) fn count(&self, messages: &[Sample]) -> Timeline {
        let mut buckets = vec![TimelineBucket { messages: 0, exact: true, first: None }; self.number];
        for message in messages {
            if let Some(index) = self.at(message.time) {
                let bucket = &mut buckets[index];
                bucket.messages += 1;
                bucket.first.get_or_insert(message.number);
            }
        }
        self.with(buckets)
    }

    /// Adds up the counts of parts. `exact` says whether the numbers of a part are its messages.
    pub(super) fn timeline(&self, parts: &[Part], counts: &[(u64, bool)], exact: bool) -> Timeline {
        let mut buckets = vec![TimelineBucket { messages: 0, exact: true, first: None }; self.number];
        for (part, (messages, is_exact)) in parts.iter().zip(counts) {
            let Some(bucket) = buckets.get_mut(part.bucket) else { continue };
            bucket.messages += messages;
            bucket.exact &= exact || *is_exact;
            if *messages > 0 {
                bucket.first = bucket.first.or(Some(part.lower));
            }
        }
        self.with(buckets)
    }

    fn with(&self, buckets: Vec<TimelineBucket>) -> Timeline {
        Timeline { start: self.begins(0), width: SignedDuration::from_micros(self.width), buckets }
    }
}

/// Messages with numbers from `lower` on and below `upper`, all in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) bucket: usize,
    /// The number of a message, unless the part is empty.
    pub(super) lower: i64,
    pub(super) upper: i64,
}

impl Part {
    /// Returns one part for each bucket. An edge is the number below which all messages are older, and the first
    /// message from there on.
    pub(super) fn between(edges: &[(i64, Option<i64>)]) -> Vec<Self> {
        let mut highest = i64::MIN;
        let rising: Vec<(i64, i64)> = edges
            .iter()
            .map(|(edge, first)| {
                // Where times run backwards, an edge can be found below the one before it.
                highest = highest.max(*edge);
                (highest, first.unwrap_or(highest).max(highest))
            })
            .collect();
        let part = |(bucket, pair): (usize, &[(i64, i64)])| {
            let upper = pair[1].0;
            Self { bucket, lower: pair[0].1.min(upper), upper }
        };
        rising.windows(2).enumerate().map(part).collect()
    }

    /// Divides the numbers into at most `pieces` ranges.
    pub(super) fn pieces(&self, pieces: usize) -> Vec<(i64, i64)> {
        let numbers = i128::from(self.upper) - i128::from(self.lower);
        let pieces = i128::try_from(pieces).unwrap_or(1).min(numbers);
        let edge = |piece: i128| i64::try_from(i128::from(self.lower) + numbers * piece / pieces).unwrap_or(self.upper);
        (0..pieces).map(|piece| (edge(piece), edge(piece + 1))).collect()
    }
}

/// Estimates the messages in a range of numbers from its first `read` messages. `counted` of them count, and the last
/// one has the number `last`.
pub(super) fn extrapolated(range: Range<i64>, last: i64, read: i64, counted: i64) -> u64 {
    let wide = i128::from;
    let seen = (wide(last) - wide(range.start) + 1).max(1);
    let rest = (wide(range.end) - wide(last) - 1).max(0);
    // The range seen ends at a message and so has too high a density, by half a message on average between even and
    // random spacing.
    let rest = rest * wide(counted) * (2 * wide(read) - 1) / (2 * wide(read) * seen).max(1);
    u64::try_from(wide(counted) + rest).unwrap_or(u64::MAX)
}

/// Messages sampled at evenly spaced numbers across a scope, lowest number first.
#[derive(Debug)]
pub(super) struct Samples {
    samples: Vec<Sample>,
    /// Ranges of numbers that are known to have no messages.
    pub(super) gaps: Vec<Range<i64>>,
}

impl Samples {
    /// Returns `None` if there are no samples.
    pub(super) fn new(samples: Vec<Sample>) -> Option<Self> {
        samples.first()?;
        let mut gaps: Vec<Range<i64>> = Vec::new();
        for sample in samples.iter().filter(|sample| sample.place < sample.number) {
            if gaps.last().is_none_or(|gap| gap.end < sample.number) {
                gaps.push(sample.place..sample.number);
            }
        }
        Some(Self { samples, gaps })
    }

    pub(super) fn times(&self) -> impl Iterator<Item = Timestamp> {
        self.samples.iter().map(|sample| sample.time)
    }

    pub(super) fn lowest(&self) -> i64 {
        self.samples.first().map_or(0, |sample| sample.number)
    }

    /// Returns the number after the highest one.
    pub(super) fn end(&self) -> i64 {
        self.samples.last().map_or(0, |sample| sample.number.saturating_add(1))
    }

    /// Returns whether no sample is earlier than one before it by more than a bucket.
    pub(super) fn rise(&self, width: i64) -> bool {
        let mut latest = i64::MIN;
        self.times().filter(is_finite).all(|time| {
            latest = latest.max(time.as_microsecond());
            latest - time.as_microsecond() <= width
        })
    }

    /// Returns the lowest and the highest number that can be the first one from a time on.
    pub(super) fn around(&self, time: Timestamp) -> (i64, i64) {
        match self.samples.iter().position(|sample| sample.time >= time) {
            Some(0) => (self.lowest(), self.lowest()),
            Some(index) => (self.samples[index - 1].number.saturating_add(1), self.samples[index].number),
            None => (self.end(), self.end()),
        }
    }

    /// Returns a part for each sample, up to the next one, in the bucket of its time.
    pub(super) fn parts(&self, buckets: &Buckets) -> Vec<Part> {
        let ends = self.samples.iter().skip(1).map(|next| next.number).chain([self.end()]);
        let part = |(sample, upper): (&Sample, i64)| {
            (sample.number < upper).then_some(Part { bucket: buckets.at(sample.time)?, lower: sample.number, upper })
        };
        self.samples.iter().zip(ends).filter_map(part).collect()
    }

    /// Returns the numbers of a part without the known gaps, and whether they are its messages for certain.
    pub(super) fn messages(&self, part: &Part) -> (u64, bool) {
        let overlap = |gap: &Range<i64>| {
            let (from, to) = (gap.start.max(part.lower), gap.end.min(part.upper));
            if from < to { to.abs_diff(from) } else { 0 }
        };
        let numbers = if part.lower < part.upper { part.upper.abs_diff(part.lower) } else { 0 };
        let messages = numbers.saturating_sub(self.gaps.iter().map(overlap).sum());
        (messages, numbers <= 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn over(first: &str, last: &str, most: usize) -> (Timestamp, i64, usize) {
        let buckets = Buckets::over([at(first), at(last)].into_iter(), None, most).expect("buckets");
        (buckets.begins(0), buckets.width, buckets.number)
    }

    #[test]
    fn buckets_have_round_widths_and_begin_at_multiples_of_them() {
        let morning = over("2026-03-01T10:02:11Z", "2026-03-01T12:29:00Z", 40);
        assert_eq!(morning, (at("2026-03-01T10:00:00Z"), 5 * MINUTE, 30));
        let instant = over("2026-03-01T10:02:11.123456Z", "2026-03-01T10:02:11.123456Z", 40);
        assert_eq!(instant, (at("2026-03-01T10:02:11.123Z"), MILLISECOND, 1));
        let centuries = over("-000700-01-01T00:00:00Z", "9000-01-01T00:00:00Z", 1);
        assert_eq!(centuries.1, 100_000 * DAY, "the widest");
    }

    #[test]
    fn widths_rise_by_little() {
        assert!(WIDTHS.windows(2).take(WIDTHS.len() - 2).all(|pair| pair[0] < pair[1] && pair[1] * 2 <= pair[0] * 5));
    }

    #[test]
    fn a_range_limits_the_buckets_to_the_messages_in_it() {
        let times = || [at("2026-03-01T10:00:00Z"), at("2026-03-01T12:00:00Z")].into_iter();
        let range = at("2026-03-01T11:00:00Z")..at("2026-03-01T14:00:00Z");
        let buckets = Buckets::over(times(), Some(&range), 12).expect("buckets");
        assert_eq!((buckets.begins(0), buckets.number), (at("2026-03-01T11:00:00Z"), 7), "10 minutes each");
        let later = at("2026-03-01T13:00:00Z")..at("2026-03-01T14:00:00Z");
        assert_eq!(Buckets::over(times(), Some(&later), 12), None);
        assert_eq!(Buckets::over([Timestamp::MIN, Timestamp::MAX].into_iter(), None, 12), None, "no finite time");
    }

    #[test]
    fn large_gaps_are_not_counted() {
        let sample = |place, number| Sample { place, number, time: at("2026-03-01T10:00:00Z") };
        let samples = Samples::new(vec![sample(0, 0), sample(10, 500), sample(20, 500), sample(500, 500)]);
        let samples = samples.expect("samples");
        assert_eq!(samples.gaps, vec![10..500]);
        assert_eq!(samples.messages(&Part { bucket: 0, lower: 5, upper: 510 }), (15, false));
        assert_eq!(samples.messages(&Part { bucket: 0, lower: 505, upper: 505 }), (0, true));
    }

    #[test]
    fn parts_begin_at_a_message_and_never_overlap() {
        let edges = [(10, Some(12)), (20, Some(20)), (15, Some(16)), (30, Some(90)), (40, None)];
        let parts: Vec<_> = Part::between(&edges).iter().map(|part| (part.lower, part.upper)).collect();
        assert_eq!(parts, [(12, 20), (20, 20), (20, 30), (40, 40)]);
        assert_eq!(Part { bucket: 0, lower: 3, upper: 10 }.pieces(3), [(3, 5), (5, 7), (7, 10)]);
        assert_eq!(Part { bucket: 0, lower: 3, upper: 3 }.pieces(3), []);
    }

    #[test]
    fn density_is_extrapolated() {
        // 5 messages in 50 numbers, with 950 more to come.
        assert_eq!(extrapolated(0..1_000, 49, 5, 5), 90);
        assert_eq!(extrapolated(0..1_000, 49, 5, 0), 0);
        assert_eq!(extrapolated(0..i64::MAX, 0, 1, 1), 4_611_686_018_427_387_904);
    }
}
