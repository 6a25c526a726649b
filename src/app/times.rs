//! The formats of times: UTC, local and relative. Every time on screen names its zone or is an age.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A format of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Times {
    #[default]
    Utc,
    /// In the time zone of this machine.
    Local,
    /// As an age by the clock of the server.
    Relative,
}

impl Times {
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Utc => Self::Local,
            Self::Local => Self::Relative,
            Self::Relative => Self::Utc,
        }
    }

    /// Returns the name of the zone, or its offset now, or `age`.
    #[must_use]
    pub fn zone(self, now: Timestamp) -> String {
        match self {
            Self::Utc => "UTC".to_owned(),
            Self::Local => {
                let zone = TimeZone::system();
                zone.iana_name().map_or_else(|| zone.to_offset(now).to_string(), str::to_owned)
            }
            Self::Relative => "age".to_owned(),
        }
    }

    /// Returns the zone in which typed times are read.
    #[must_use]
    pub fn time_zone(self) -> TimeZone {
        if self == Self::Local { TimeZone::system() } else { TimeZone::UTC }
    }

    /// Formats a time for a column: with its date, unless that is the date of `now` by the clock of the server.
    #[must_use]
    pub fn short(self, time: Timestamp, now: Timestamp) -> String {
        let zone = match self {
            Self::Utc => TimeZone::UTC,
            Self::Local => TimeZone::system(),
            Self::Relative => return age(now.duration_since(time)),
        };
        let (then, today) = (time.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone));
        if then.date() == today.date() {
            then.strftime("%H:%M:%S%.3f").to_string()
        } else {
            then.strftime("%Y-%m-%d %H:%M:%S").to_string()
        }
    }

    /// Formats a time with microseconds and zone.
    #[must_use]
    pub fn full(self, time: Timestamp, now: Timestamp) -> String {
        match self {
            Self::Utc => time.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.6f UTC").to_string(),
            Self::Local => time.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S%.6f %:z").to_string(),
            Self::Relative => format!("{} ({})", age(now.duration_since(time)), Self::Utc.full(time, now)),
        }
    }
}

/// Formats an age in its two largest units. The age of a time in the future begins with `in`.
fn age(age: SignedDuration) -> String {
    let seconds = age.as_secs();
    let (sign, seconds) = if seconds < 0 { ("in ", seconds.unsigned_abs()) } else { ("", seconds.unsigned_abs()) };
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let text = match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours:02}h"),
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_date_of_every_day_but_today() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        let today: Timestamp = "2026-03-01T10:02:11.12Z".parse().expect("a time");
        let other: Timestamp = "2026-02-28T10:02:11.12Z".parse().expect("a time");
        assert_eq!(Times::Utc.short(today, now), "10:02:11.120");
        assert_eq!(Times::Utc.short(other, now), "2026-02-28 10:02:11");
        assert_eq!(Times::Relative.short(today, now), "1h57m");
        assert_eq!(Times::Relative.short(now, today), "in 1h57m");
    }
}
