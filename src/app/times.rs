//! The formats of times: UTC, local and relative. Every time on screen names its zone or is an age.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};

pub(crate) use crate::config::TimeFormat;
use crate::message::stored_instead;

/// The format in use and the time zone of this machine, which is read once at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Times {
    format: TimeFormat,
    configured: TimeFormat,
    local: TimeZone,
}

impl Default for Times {
    fn default() -> Self {
        Self::new(TimeFormat::default())
    }
}

impl Times {
    /// Returns the configured format, with UTC as the time zone of this machine.
    #[must_use]
    pub(crate) fn new(format: TimeFormat) -> Self {
        Self { format, configured: format, local: TimeZone::UTC }
    }

    /// Sets the time zone of this machine.
    #[must_use]
    pub(crate) fn in_zone(self, local: TimeZone) -> Self {
        Self { local, ..self }
    }

    /// Uses a format that was chosen in an earlier run.
    pub(super) fn choose(&mut self, format: TimeFormat) {
        self.format = format;
    }

    /// Returns the format in use, if it is not the configured one.
    #[must_use]
    pub(super) fn chosen(&self) -> Option<TimeFormat> {
        (self.format != self.configured).then_some(self.format)
    }

    /// Switches to the next format.
    pub(crate) fn switch(&mut self) {
        self.format = match self.format {
            TimeFormat::Utc => TimeFormat::Local,
            TimeFormat::Local => TimeFormat::Relative,
            TimeFormat::Relative => TimeFormat::Utc,
        };
    }

    /// Returns true if times are shown as ages, which change by themselves.
    #[must_use]
    pub(crate) fn is_relative(&self) -> bool {
        self.format == TimeFormat::Relative
    }

    /// Returns the name of the zone, or its offset now, or `age`.
    #[must_use]
    pub(crate) fn zone(&self, now: Timestamp) -> String {
        match self.format {
            TimeFormat::Utc => "UTC".to_owned(),
            TimeFormat::Local => {
                let name = self.local.iana_name();
                name.map_or_else(|| self.local.to_offset(now).to_string(), str::to_owned)
            }
            TimeFormat::Relative => "age".to_owned(),
        }
    }

    /// Returns the zone in which typed times are read.
    #[must_use]
    pub(crate) fn time_zone(&self) -> TimeZone {
        if self.format == TimeFormat::Local { self.local.clone() } else { TimeZone::UTC }
    }

    /// Returns the zone whose days divide a list; none if times are shown as ages.
    #[must_use]
    pub(crate) fn day_zone(&self) -> Option<TimeZone> {
        (!self.is_relative()).then(|| self.time_zone())
    }

    /// Formats the time of day for a column whose rows have their date elsewhere.
    #[must_use]
    pub(crate) fn of_day(&self, time: Timestamp, millis: bool) -> String {
        let format = if millis { "%H:%M:%S%.3f" } else { "%H:%M:%S" };
        or_infinity(time, || self.time_zone().to_datetime(time).strftime(format).to_string())
    }

    /// Formats the date of a time.
    #[must_use]
    pub(crate) fn date(&self, time: Timestamp) -> String {
        or_infinity(time, || self.time_zone().to_datetime(time).strftime("%Y-%m-%d").to_string())
    }

    /// Formats a time for a column: with its date, unless that is the date of `now` by the clock of the server.
    #[must_use]
    pub(crate) fn short(&self, time: Timestamp, now: Timestamp) -> String {
        or_infinity(time, || {
            if self.is_relative() {
                return age(now.duration_since(time));
            }
            let zone = self.time_zone();
            let (then, today) = (time.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone));
            let format = if then.date() == today.date() { "%H:%M:%S%.3f" } else { "%Y-%m-%d %H:%M:%S" };
            then.strftime(format).to_string()
        })
    }

    /// Formats when a period begins and ends, as precisely as `precision` needs, and as ages if times are ages. Days
    /// other than today are named, but not twice.
    #[must_use]
    pub(crate) fn between(
        &self,
        from: Timestamp,
        to: Timestamp,
        precision: SignedDuration,
        now: Timestamp,
    ) -> (String, String) {
        if self.is_relative() {
            return (age(now.duration_since(from)), age(now.duration_since(to)));
        }
        let zone = self.time_zone();
        let [from, to, now] = [from, to, now].map(|time| time.to_zoned_datetime(zone.clone()));
        let year = if from.year() == now.year() && to.year() == now.year() { "" } else { "%Y-" };
        if precision >= SignedDuration::from_hours(24) {
            let day = |time: &ZonedDateTime| time.strftime(&format!("{year}%m-%d")).to_string();
            return (day(&from), day(&to));
        }
        let time = match precision.as_millis() {
            60_000.. => "%H:%M",
            1_000.. => "%H:%M:%S",
            _ => "%H:%M:%S%.3f",
        };
        let text = |time: &ZonedDateTime, today: &ZonedDateTime, format: &str| {
            let day = if time.date() == today.date() { String::new() } else { format!("{year}%m-%d ") };
            time.strftime(&format!("{day}{format}")).to_string()
        };
        (text(&from, &now, time), text(&to, &from, time))
    }

    /// Formats a time with microseconds and zone.
    #[must_use]
    pub(crate) fn full(&self, time: Timestamp, now: Timestamp) -> String {
        let in_utc = || time.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.6f UTC").to_string();
        or_infinity(time, || match self.format {
            TimeFormat::Utc => in_utc(),
            TimeFormat::Local => {
                time.to_zoned_datetime(self.local.clone()).strftime("%Y-%m-%d %H:%M:%S%.6f %:z").to_string()
            }
            TimeFormat::Relative => format!("{} ({})", age(now.duration_since(time)), in_utc()),
        })
    }
}

/// Returns the name of an infinite time, and otherwise its format.
fn or_infinity(time: Timestamp, format: impl FnOnce() -> String) -> String {
    stored_instead(time, None).map_or_else(format, str::to_owned)
}

/// Formats an age in its two largest units. The age of a time in the future begins with `in`.
pub(crate) fn age(age: SignedDuration) -> String {
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
        let times = Times::default();
        assert_eq!(times.short(today, now), "10:02:11.120");
        assert_eq!(times.short(other, now), "2026-02-28 10:02:11");
        let relative = Times::new(TimeFormat::Relative);
        assert_eq!(relative.short(today, now), "1h57m");
        assert_eq!(relative.short(now, today), "in 1h57m");
    }

    #[test]
    fn shows_local_times_in_the_zone_of_the_machine() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        let times = Times::new(TimeFormat::Local).in_zone(TimeZone::fixed(jiff::tz::offset(-5)));
        assert_eq!(times.short(now, now), "07:00:00.000");
        assert_eq!(times.full(now, now), "2026-03-01 07:00:00.000000 -05:00");
        assert_eq!(times.zone(now), "-05");
    }
}
