//! The streams of the messages that arrived while following, over the last minute. Bounded, so that a fast category
//! shortens the minute instead of filling the memory.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::group_load::{Load, loads};
use crate::message::StreamName;

/// How long an arrival counts.
const SPAN: SignedDuration = SignedDuration::from_mins(1);
/// The most arrivals that are kept.
const KEPT: usize = 10_000;

/// What arrived lately.
#[derive(Debug)]
pub(crate) struct StreamArrivals {
    /// The time from which on everything that arrived is kept.
    from: Option<Timestamp>,
    order: VecDeque<(Timestamp, StreamName)>,
    streams: HashMap<StreamName, u64>,
}

impl StreamArrivals {
    pub(super) fn new() -> Self {
        Self { from: None, order: VecDeque::new(), streams: HashMap::new() }
    }

    /// Counts messages by their streams, and forgets what is too old.
    pub(super) fn count<'a>(&mut self, streams: impl Iterator<Item = &'a StreamName>, now: Timestamp) {
        self.from = Some(self.from.unwrap_or(now).max(now - SPAN));
        for stream in streams {
            *self.streams.entry(stream.clone()).or_default() += 1;
            self.order.push_back((now, stream.clone()));
        }
        while self.order.len() > KEPT || self.order.front().is_some_and(|(at, _)| Some(*at) < self.from) {
            self.forget();
        }
    }

    fn forget(&mut self) {
        let Some((at, stream)) = self.order.pop_front() else { return };
        if self.order.len() >= KEPT {
            self.from = self.from.max(Some(at));
        }
        if let Some(count) = self.streams.get_mut(&stream) {
            *count -= 1;
            if *count == 0 {
                self.streams.remove(&stream);
            }
        }
    }

    /// Returns the load of each member of a group, and at the end that of streams without a member if there are any.
    #[must_use]
    pub(crate) fn loads(&self, size: i64) -> Vec<Load> {
        let mut loads = loads(self.streams.iter().map(|(stream, count)| (stream, *count)), size);
        loads.pop_if(|without| without.streams == 0);
        loads
    }

    /// Returns the number of messages that are counted.
    #[must_use]
    pub(crate) fn messages(&self) -> u64 {
        self.order.len() as u64
    }

    /// Returns the time over which they arrived, at least a second.
    #[must_use]
    pub(crate) fn span(&self, now: Timestamp) -> SignedDuration {
        let since = self.from.map_or(SignedDuration::ZERO, |from| now.duration_since(from));
        since.clamp(SignedDuration::from_secs(1), SPAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    #[test]
    fn arrivals_count_for_a_minute() {
        let mut arrivals = StreamArrivals::new();
        let streams = ["account-1", "account-2"].map(StreamName::stored);
        arrivals.count(streams.iter(), at(100));
        assert_eq!(arrivals.span(at(100)), SignedDuration::from_secs(1));
        arrivals.count(streams[..1].iter(), at(130));
        assert_eq!((arrivals.messages(), arrivals.span(at(130))), (3, SignedDuration::from_secs(30)));
        assert_eq!(arrivals.loads(1)[0].hottest, Some((streams[0].clone(), 2)));
        arrivals.count([].iter(), at(161));
        assert_eq!((arrivals.messages(), arrivals.span(at(161))), (1, SPAN));
        assert_eq!(arrivals.loads(1)[0].streams, 1);
    }

    #[test]
    fn a_fast_category_shortens_the_minute() {
        let mut arrivals = StreamArrivals::new();
        let stream = StreamName::stored("account-1");
        for second in 0..30 {
            arrivals.count(std::iter::repeat_n(&stream, 1_000), at(second));
        }
        assert_eq!(arrivals.messages(), KEPT as u64);
        // The last message that was forgotten arrived in second 19.
        assert_eq!(arrivals.span(at(30)), SignedDuration::from_secs(11));
    }
}
