//! Trends over several readings of the same consumers: whether a consumer is catching up, and since when it has not
//! moved. Nothing here reads a clock or a database.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use super::{Consumer, ConsumerState, Convention, STUCK};
use crate::message::{Category, GlobalPosition};

/// The number of readings that a trend covers.
const READINGS: usize = 5;

/// How the number of unread messages changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// It grows.
    FallingBehind,
    /// It shrinks.
    CatchingUp,
    /// It changes by less than the convention's interval, or up and down.
    Steady,
}

impl Trend {
    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FallingBehind => "falling behind",
            Self::CatchingUp => "catching up",
            Self::Steady => "steady",
        }
    }
}

/// The last readings of every consumer.
#[derive(Debug, Clone, Default)]
pub struct Readings(HashMap<(Convention, Option<Category>, String), Seen>);

/// The last readings of one consumer.
#[derive(Debug, Clone)]
struct Seen {
    position: GlobalPosition,
    head: Option<GlobalPosition>,
    /// When this position was first seen, by the server's clock.
    since: Timestamp,
    readings: VecDeque<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    behind: u64,
    capped: bool,
    /// The global positions between the consumer and the newest message, for when there are too many messages to count.
    distance: u64,
}

impl Readings {
    /// Adds a reading of all consumers. Sets the trend of each from its second reading on. A consumer that is behind
    /// and has kept its position for five minutes becomes [`ConsumerState::Stuck`], which one reading cannot tell if
    /// the convention does not say when a position moved. A consumer or a store that went back starts over.
    pub fn add(&mut self, consumers: &mut [Consumer]) {
        let mut before = std::mem::take(&mut self.0);
        for consumer in consumers {
            let (Some(position), Some(behind), Some(at)) = (consumer.position, consumer.behind, consumer.seen_at)
            else {
                continue;
            };
            if consumer.state == ConsumerState::Ahead {
                continue;
            }
            let key = (consumer.convention, consumer.category.clone(), consumer.name.clone());
            let head = consumer.head;
            let known = before.remove(&key).filter(|seen| position >= seen.position && head >= seen.head);
            let mut seen = known.unwrap_or(Seen { position, head, since: at, readings: VecDeque::new() });
            if position != seen.position {
                (seen.position, seen.since) = (position, at);
            }
            seen.head = head;
            let distance = head.map_or(0, |head| head.saturating_sub(position).max(0).unsigned_abs());
            seen.readings.push_back(Reading { behind, capped: consumer.capped, distance });
            if seen.readings.len() > READINGS {
                seen.readings.pop_front();
            }
            consumer.trend = seen.trend(consumer.convention.interval());
            if consumer.state == ConsumerState::Behind
                && let Some(delay) = consumer.delay
            {
                // Before its first unread message, it had nothing to do.
                let since = at.checked_sub(delay).map_or(seen.since, |unread| unread.max(seen.since));
                if at.duration_since(since) >= STUCK {
                    consumer.state = ConsumerState::Stuck(since);
                }
            }
            self.0.insert(key, seen);
        }
    }
}

impl Seen {
    /// Compares the newest reading with the oldest. A number that went up and down without getting far is steady.
    fn trend(&self, interval: u64) -> Option<Trend> {
        let capped = self.readings.iter().any(|reading| reading.capped);
        let unread = || self.readings.iter().map(|reading| if capped { reading.distance } else { reading.behind });
        let (first, last) = (unread().next()?, unread().next_back()?);
        if self.readings.len() < 2 {
            return None;
        }
        let travelled: u64 = unread().zip(unread().skip(1)).map(|(one, next)| one.abs_diff(next)).sum();
        let net = last.abs_diff(first);
        Some(if net < interval || net.saturating_mul(2) < travelled {
            Trend::Steady
        } else if last > first {
            Trend::FallingBehind
        } else {
            Trend::CatchingUp
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn reading(second: i64, position: i64, behind: u64, convention: Convention) -> Consumer {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        Consumer {
            name: "mailer".to_owned(),
            category: Some(Category::stored("account")),
            convention,
            position: Some(position),
            head: Some(position + behind.cast_signed()),
            behind: Some(behind.min(10_000)),
            capped: behind > 10_000,
            delay: (behind > 0).then(|| SignedDuration::from_hours(1)),
            moved_at: None,
            seen_at: Some(start + SignedDuration::from_secs(second)),
            state: if behind > 0 { ConsumerState::Behind } else { ConsumerState::Current },
            trend: None,
        }
    }

    /// Returns the trend after several readings, each a position and the number of unread messages.
    fn trend(convention: Convention, readings: &[(i64, u64)]) -> Option<&'static str> {
        let mut kept = Readings::default();
        let mut last = None;
        for (second, (position, behind)) in (0..).zip(readings) {
            let mut consumers = [reading(second, *position, *behind, convention)];
            kept.add(&mut consumers);
            last = consumers[0].trend;
        }
        last.map(Trend::name)
    }

    #[test]
    fn a_trend_needs_two_readings_and_a_change_of_an_interval() {
        use Convention::{Eventide, Propulsion};
        assert_eq!(trend(Propulsion, &[(1, 5)]), None);
        assert_eq!(trend(Propulsion, &[(1, 5), (1, 6)]), Some("falling behind"));
        assert_eq!(trend(Propulsion, &[(1, 5), (2, 4)]), Some("catching up"));
        assert_eq!(trend(Propulsion, &[(1, 5), (2, 5)]), Some("steady"));
        assert_eq!(trend(Eventide, &[(1, 5), (1, 104)]), Some("steady"), "it records every hundredth message");
        assert_eq!(trend(Eventide, &[(1, 5), (1, 105)]), Some("falling behind"));
        assert_eq!(trend(Propulsion, &[(1, 0), (1, 5), (6, 0), (6, 5)]), Some("steady"), "up and down");
        assert_eq!(trend(Propulsion, &[(1, 20_000), (1, 30_000)]), Some("falling behind"), "beyond what is counted");
        assert_eq!(trend(Propulsion, &[(1, 90), (2, 50), (3, 50), (4, 50), (5, 50), (6, 50)]), Some("steady"));
    }

    #[test]
    fn a_consumer_or_a_store_that_goes_back_starts_over() {
        assert_eq!(trend(Convention::Propulsion, &[(50, 5), (10, 45)]), None, "the consumer was reset");
        assert_eq!(trend(Convention::Propulsion, &[(50, 500), (60, 40)]), None, "messages were deleted");
    }

    #[test]
    fn a_consumer_that_keeps_its_position_is_stuck_after_five_minutes() {
        let mut readings = Readings::default();
        let mut state = |second, position, behind| {
            let mut consumers = [reading(second, position, behind, Convention::Propulsion)];
            readings.add(&mut consumers);
            let [consumer] = consumers;
            consumer.state
        };
        assert_eq!(state(0, 1, 5), ConsumerState::Behind);
        assert_eq!(state(100, 2, 5), ConsumerState::Behind, "it moved");
        assert_eq!(state(399, 2, 6), ConsumerState::Behind);
        let since = "2026-03-01T12:01:40Z".parse().expect("a time");
        assert_eq!(state(400, 2, 7), ConsumerState::Stuck(since));
        assert_eq!(state(401, 3, 6), ConsumerState::Behind, "it moves again");
        assert_eq!(state(900, 3, 0), ConsumerState::Current, "nothing is unread");
    }
}
