//! What a person types to get somewhere: in the go-to box (`stream@position`, a number, an id, a time) and as the
//! program's argument (`namespace/stream@4`). Pure: the clock and the zone are given.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::message::{Category, ConsumerGroup, GlobalPosition, Name, Position, StreamName};

/// A place in a namespace.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The whole namespace.
    Namespace,
    /// A stream or a category.
    Name(Name),
    /// What one member of a consumer group gets of a category.
    Member(Category, ConsumerGroup),
    /// A position of a stream.
    StreamPosition(StreamName, Position),
    /// A bare number.
    GlobalPosition(GlobalPosition),
    /// A message's id.
    Id(Uuid),
    /// The first message at or after a time.
    Time(Timestamp),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace => f.write_str("the whole namespace"),
            Self::Name(Name::Stream(stream)) => write!(f, "stream {stream}"),
            Self::Name(Name::Category(category)) => write!(f, "category {category}"),
            Self::Member(category, group) => {
                write!(f, "member {} of {} of category {category}", group.member(), group.size())
            }
            Self::StreamPosition(stream, position) => write!(f, "stream {stream} at position {position}"),
            Self::GlobalPosition(position) => write!(f, "global position {position}"),
            Self::Id(id) => write!(f, "message {id}"),
            Self::Time(time) => write!(f, "time {}", time.strftime("%Y-%m-%d %H:%M:%S UTC")),
        }
    }
}

/// A place, with the namespace where it is named.
#[derive(Debug, Clone, PartialEq)]
pub struct Locator {
    /// The namespace's id; none where there is only one to mean.
    pub namespace: Option<String>,
    /// Where in it.
    pub target: Target,
}

impl Locator {
    /// A whole namespace.
    #[must_use]
    pub fn of_namespace(id: &str) -> Self {
        Self { namespace: Some(id.to_owned()), target: Target::Namespace }
    }

    /// Reads `namespace/stream@4`, `namespace/category`, `namespace/`, or any of them without the namespace.
    /// Everything up to the first `/` is the namespace's id, unless the text begins with `=`: then all behind it is a name.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, String> {
        let (namespace, rest) = match text.split_once('/').filter(|_| !text.starts_with('=')) {
            Some((namespace, rest)) => (Some(namespace.to_owned()).filter(|id| !id.is_empty()), rest),
            None => (None, text),
        };
        let target = if rest.is_empty() && namespace.is_some() {
            Target::Namespace
        } else {
            parse_target(rest, now, &TimeZone::UTC)?
        };
        Ok(Self { namespace, target })
    }
}

/// Reads what the go-to box takes. A number is a global position; what looks like an id or a time is one; everything else
/// is a name, with `@` and a number behind it a position of a stream, with `#0:3` behind it what member 0 of 3 gets of a category.
/// Behind a `=` everything is a name.
///
/// # Errors
/// What is wrong, in words.
pub fn parse_target(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Target, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("a stream, stream@position, a global position, a message id or a time".to_owned());
    }
    if let Some(name) = text.strip_prefix('=') {
        return Name::new(name).map(Target::Name).map_err(|error| error.to_string());
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map(Target::GlobalPosition).map_err(|_| format!("{text} is past the highest position"));
    }
    if let Ok(id) = Uuid::try_parse(text) {
        return Ok(Target::Id(id));
    }
    if let Some(time) = time_in(text, now, zone) {
        return Ok(Target::Time(time));
    }
    if let Some((category, group)) = text.rsplit_once('#')
        && let Some((member, size)) = group.split_once(':')
        && let (Ok(member), Ok(size)) = (member.parse(), size.parse())
    {
        let category = Category::new(category).map_err(|error| error.to_string())?;
        return ConsumerGroup::new(member, size).map(|group| Target::Member(category, group));
    }
    if let Some((stream, position)) = text.rsplit_once('@')
        && !position.is_empty()
        && position.bytes().all(|b| b.is_ascii_digit())
    {
        let position = position.parse().map_err(|_| format!("{position} is past the highest position"))?;
        let stream = StreamName::new(stream).map_err(|error| error.to_string())?;
        return Ok(Target::StreamPosition(stream, position));
    }
    Name::new(text).map(Target::Name).map_err(|error| error.to_string())
}

/// Reads a time where the zone is UTC unless it is said: see [`time_in`].
#[must_use]
pub fn parse_time(text: &str, now: Timestamp) -> Option<Timestamp> {
    time_in(text, now, &TimeZone::UTC)
}

/// Reads `2026-03-01`, `2026-03-01 12:00[:30[.5]]` (with `T` as well, and an offset or `Z`), `12:00` (today), `now`, and
/// ages: `-30s`, `-15m`, `-2h`, `-3d`, `-1w`.
#[must_use]
pub fn time_in(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if text == "now" {
        return Some(now);
    }
    if let Some(age) = text.strip_prefix('-') {
        return now.checked_sub(duration(age)?).ok();
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let in_zone = |time: DateTime| zone.to_timestamp(time).ok();
    if let Ok(time) = text.parse::<DateTime>() {
        return in_zone(time);
    }
    if let Ok(date) = text.parse::<Date>() {
        return in_zone(date.at(0, 0, 0, 0));
    }
    let time = text.contains(':').then(|| text.parse::<Time>().ok()).flatten()?;
    in_zone(now.to_zoned_datetime(zone.clone()).date().at(
        time.hour(),
        time.minute(),
        time.second(),
        time.subsec_nanosecond(),
    ))
}

/// Reads a length of time: a whole number and one of `ms`, `s`, `m`, `h`, `d`, `w`.
#[must_use]
pub fn duration(text: &str) -> Option<SignedDuration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    Some(SignedDuration::from_millis(number.checked_mul(milliseconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-02T09:30:00Z".parse().expect("a time")
    }

    fn target(text: &str) -> Target {
        parse_target(text, now(), &TimeZone::UTC).expect(text)
    }

    #[test]
    fn each_form_is_understood_and_said() {
        let cases = [
            ("account-123", "stream account-123"),
            ("account", "category account"),
            ("account-123@4", "stream account-123 at position 4"),
            ("a-b@c.example@12", "stream a-b@c.example at position 12"),
            ("8123", "global position 8123"),
            ("0197a0d8-7f4e-7c3e-9c58-0f4d2b7a9d11", "message 0197a0d8-7f4e-7c3e-9c58-0f4d2b7a9d11"),
            ("2026-03-01 12:00", "time 2026-03-01 12:00:00 UTC"),
            ("2026-03-01", "time 2026-03-01 00:00:00 UTC"),
            ("2026-03-01T12:00:00+02:00", "time 2026-03-01 10:00:00 UTC"),
            ("08:15", "time 2026-03-02 08:15:00 UTC"),
            ("-2h", "time 2026-03-02 07:30:00 UTC"),
            ("order:command-1", "stream order:command-1"),
            ("account#0:3", "member 0 of 3 of category account"),
            ("a#b#12", "category a#b#12"),
            ("=8123", "category 8123"),
            ("=2026-03-01", "stream 2026-03-01"),
            ("=account-1@4", "stream account-1@4"),
            ("=a#0:3", "category a#0:3"),
        ];
        for (text, said) in cases {
            assert_eq!(target(text).to_string(), said, "{text}");
        }
    }

    #[test]
    fn a_locator_names_the_namespace_up_to_the_first_slash() {
        let locator = Locator::parse("shop/account-1/2@4", now()).expect("a locator");
        assert_eq!(locator.namespace.as_deref(), Some("shop"));
        assert_eq!(locator.target.to_string(), "stream account-1/2 at position 4");
        assert_eq!(Locator::parse("shop/", now()).expect("a locator").target, Target::Namespace);
        let literal = Locator::parse("=a/b-1", now()).expect("a locator");
        assert_eq!((literal.namespace, literal.target.to_string().as_str()), (None, "stream a/b-1"));
        assert_eq!(Locator::parse("account", now()).expect("a locator").namespace, None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in ["", "99999999999999999999", "category@4", "a\0b", "a#3:3", "a-1#0:3", "="] {
            assert!(parse_target(text, now(), &TimeZone::UTC).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered_without_a_panic(text in ".*") {
            let _ = parse_target(&text, now(), &TimeZone::UTC);
            let _ = Locator::parse(&text, now());
        }
    }
}
