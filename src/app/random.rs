//! The source of IDs and random numbers. The same seed gives the same numbers, so a test can repeat a run exactly.

use jiff::Timestamp;
use uuid::Uuid;

/// The source, seeded once at the start.
#[derive(Debug)]
pub(super) struct Random {
    generator: fastrand::Rng,
}

impl Random {
    #[must_use]
    pub(super) fn new(seed: u64) -> Self {
        Self { generator: fastrand::Rng::with_seed(seed) }
    }

    /// Returns a new UUID of version 7, which sorts by the time.
    pub(super) fn message_id(&mut self, now: Timestamp) -> Uuid {
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let mut random = [0; 10];
        self.generator.fill(&mut random);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_version_7_and_differ_within_a_millisecond() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        let mut random = Random::new(1);
        let (first, second) = (random.message_id(now), random.message_id(now));
        assert_eq!(first.get_version_num(), 7);
        assert_ne!(first, second);
        assert_eq!(Random::new(1).message_id(now), first);
    }
}
