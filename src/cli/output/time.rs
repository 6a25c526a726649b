//! Formats times: RFC 3339 in UTC for JSON, and a shorter form for people. This module never shows local time.

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::json_lines::rfc3339;

/// Formats a time as RFC 3339 in UTC.
#[must_use]
pub(crate) fn rfc3339_text(time: Timestamp) -> String {
    let mut out = Vec::with_capacity(27);
    rfc3339(&mut out, time);
    String::from_utf8_lossy(&out).into_owned()
}

/// Formats a time for people, to the second and always with the same length: `2026-03-01 12:00:00Z`.
#[must_use]
pub(crate) fn for_people(time: Timestamp) -> String {
    if time == Timestamp::MIN || time == Timestamp::MAX {
        return format!("{:20}", rfc3339_text(time));
    }
    let t = Offset::UTC.to_datetime(time);
    format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}Z", t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(microseconds: i64) -> String {
        rfc3339_text(Timestamp::from_microsecond(microseconds).expect("in range"))
    }

    #[test]
    fn omits_trailing_zeros_of_the_fraction() {
        assert_eq!(printed(0), "1970-01-01T00:00:00Z");
        assert_eq!(printed(1_740_830_400_123_400), "2025-03-01T12:00:00.1234Z");
        assert_eq!(printed(1_740_830_400_000_001), "2025-03-01T12:00:00.000001Z");
        assert_eq!(printed(1_740_830_400_100_000), "2025-03-01T12:00:00.1Z");
        assert_eq!(printed(-1), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn prints_extreme_times_exactly_and_infinite_ones_by_name() {
        for text in [
            "-004713-11-24T00:00:00Z",
            "-000001-01-01T00:00:00Z",
            "0000-12-31T00:00:00Z",
            "9999-12-30T21:59:59.999999Z",
        ] {
            assert_eq!(rfc3339_text(text.parse().expect(text)), text);
        }
        assert_eq!([Timestamp::MIN, Timestamp::MAX].map(rfc3339_text), ["-infinity", "infinity"]);
        assert_eq!([Timestamp::MIN, Timestamp::MAX].map(for_people), ["-infinity           ", "infinity            "]);
    }

    #[test]
    fn times_for_people_have_the_same_length() {
        let time = Timestamp::from_microsecond(1_740_830_400_100_000).expect("in range");
        assert_eq!(for_people(time), "2025-03-01 12:00:00Z");
    }
}
