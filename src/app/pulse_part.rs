//! The parts of the pulse of a namespace, which are asked for and fail independently. Nothing here asks the store.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use super::request::{Question, Slot};

/// The length of a period of the rates in seconds, and the number of periods.
pub(crate) const PERIOD: i64 = 30;
pub(crate) const PERIODS: usize = 30;

/// A part of the pulse that is asked for on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum PulsePart {
    Rates,
    Consumers,
    Holdups,
    Findings,
}

impl PulsePart {
    /// All parts, from top to bottom.
    pub(crate) const ALL: [Self; 4] = [Self::Rates, Self::Consumers, Self::Holdups, Self::Findings];

    /// Returns the slot of its questions.
    #[must_use]
    pub(crate) fn slot(self) -> Slot {
        match self {
            Self::Rates => Slot::PulseRates,
            Self::Consumers => Slot::PulseConsumers,
            Self::Holdups => Slot::PulseHoldups,
            Self::Findings => Slot::PulseFindings,
        }
    }

    /// Returns the part that asks in a slot.
    #[must_use]
    pub(crate) fn of(slot: Slot) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.slot() == slot)
    }

    /// Returns how long its answer stays fresh at least. What the doctor finds rarely changes.
    #[must_use]
    pub(crate) fn pause(self) -> SignedDuration {
        SignedDuration::from_secs(match self {
            Self::Consumers | Self::Holdups => 5,
            Self::Rates => 15,
            Self::Findings => 60,
        })
    }

    /// Returns the number of statements that its answer takes, one after the other.
    #[must_use]
    pub(crate) fn round_trips(self) -> i32 {
        match self {
            Self::Rates => 6,
            Self::Consumers => 5,
            Self::Holdups => 1,
            Self::Findings => 3,
        }
    }

    /// Returns the question, at a time of the server's clock.
    #[must_use]
    pub(crate) fn question(self, namespace: String, now: Timestamp) -> Question {
        match self {
            Self::Rates => Question::CategoryRates { namespace, range: shown_range(now), periods: PERIODS },
            Self::Consumers => Question::Consumers { namespace },
            Self::Holdups => Question::Holdups { namespace },
            Self::Findings => Question::Findings { namespace },
        }
    }
}

/// Returns the time that the rates cover: whole periods, the last of which has begun.
#[must_use]
pub(crate) fn shown_range(now: Timestamp) -> Range<Timestamp> {
    let end = (now.as_second().div_euclid(PERIOD) + 1) * PERIOD;
    let start = end - PERIOD * i64::try_from(PERIODS).unwrap_or(0);
    let time = |second| Timestamp::from_second(second).unwrap_or(now);
    time(start)..time(end)
}
