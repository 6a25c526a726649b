//! `[pulse]`: the limits at which values in the pulse of a namespace turn amber or red. Every limit has a default.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::parsed;
use crate::locator::duration;

/// The limits at which values in the pulse of a namespace turn amber or red. Durations have a unit: ms, s, m, h, d or
/// w.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PulseLimits {
    /// The age of a consumer's first unread message.
    delay_amber: Length,
    /// The same, for red.
    delay_red: Length,
    /// The number of a consumer's unread messages. At most 10,000 are counted.
    behind_amber: u64,
    /// The same, for red.
    behind_red: u64,
    /// The age of a transaction that blocks others.
    blocking_amber: Length,
    /// The same, for red.
    blocking_red: Length,
    /// How far a standby is behind.
    standby_amber: Length,
    /// The same, for red.
    standby_red: Length,
    /// The number of global positions that are not final yet.
    horizon_amber: u64,
    /// The same, for red.
    horizon_red: u64,
}

impl Default for PulseLimits {
    fn default() -> Self {
        let seconds = |seconds| Length(SignedDuration::from_secs(seconds));
        Self {
            delay_amber: seconds(60),
            delay_red: seconds(600),
            behind_amber: 1_000,
            behind_red: 10_000,
            blocking_amber: seconds(10),
            blocking_red: seconds(60),
            standby_amber: seconds(10),
            standby_red: seconds(300),
            horizon_amber: 1_000,
            horizon_red: 100_000,
        }
    }
}

/// How urgent something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Level {
    /// Nothing to do.
    #[default]
    Fine,
    /// Amber: it deserves attention.
    Amber,
    /// Red: it needs action.
    Red,
}

impl Level {
    fn of<T: PartialOrd + Copy>(value: T, amber: T, red: T) -> Self {
        if value >= red {
            Self::Red
        } else if value >= amber {
            Self::Amber
        } else {
            Self::Fine
        }
    }
}

impl PulseLimits {
    /// Judges a consumer by the age of its first unread message and the number of those.
    #[must_use]
    pub(crate) fn consumer(&self, delay: SignedDuration, behind: u64) -> Level {
        let by_delay = Level::of(delay, self.delay_amber.0, self.delay_red.0);
        by_delay.max(Level::of(behind, self.behind_amber, self.behind_red))
    }

    /// Judges a transaction that blocks others by its age.
    #[must_use]
    pub(crate) fn blocking(&self, age: SignedDuration) -> Level {
        Level::of(age, self.blocking_amber.0, self.blocking_red.0)
    }

    /// Judges how far a standby is behind.
    #[must_use]
    pub(crate) fn standby(&self, delay: SignedDuration) -> Level {
        Level::of(delay, self.standby_amber.0, self.standby_red.0)
    }

    /// Judges the number of global positions that are not final yet.
    #[must_use]
    pub(crate) fn horizon(&self, positions: u64) -> Level {
        Level::of(positions, self.horizon_amber, self.horizon_red)
    }
}

/// A duration, written as `90s`, `5m` or `2h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Length(SignedDuration);

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let length = duration(text).map(Self);
        length.ok_or_else(|| format!("\"{text}\" is not a duration. Use a whole number and a unit: ms, s, m, h, d, w"))
    }
}

impl fmt::Display for Length {
    /// Writes the duration in the largest unit that leaves no remainder.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
        let milliseconds = self.0.as_millis();
        let (length, unit) = units.into_iter().find(|(length, _)| milliseconds % length == 0).unwrap_or((1, "ms"));
        write!(f, "{}{unit}", milliseconds / length)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Length {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w)$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn limits_are_read_and_the_others_keep_their_defaults() {
        let text = "[pulse]\ndelay-amber = \"90s\"\nbehind-red = 50\n";
        let limits = Config::parse(text).expect("a configuration").pulse;
        assert_eq!(limits.delay_amber.to_string(), "90s");
        assert_eq!(limits.consumer(SignedDuration::from_secs(89), 49), Level::Fine);
        assert_eq!(limits.consumer(SignedDuration::from_secs(90), 0), Level::Amber);
        assert_eq!(limits.consumer(SignedDuration::ZERO, 50), Level::Red);
        assert_eq!(limits.blocking(SignedDuration::from_secs(10)), Level::Amber);
        for (text, told) in [
            ("delay-red = \"soon\"", "line 2, column 13: \"soon\" is not a duration."),
            ("delay = \"1m\"", "line 2, column 1: unknown setting \"delay\"."),
        ] {
            let problems = Config::parse(&format!("[pulse]\n{text}")).expect_err("a mistake");
            assert!(problems[0].to_string().starts_with(told), "{problems:?}");
        }
    }
}
