//! Parses locations: what a user types in the omnibox (`stream@position`, a number, an ID, a time) or passes as the
//! program's argument (`namespace/stream@4`). Clock and time zone are parameters, and nothing is looked up in a store.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::message::{Category, ConsumerGroup, GlobalPosition, Name, Position, StreamName};

/// A location in a namespace.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Target {
    /// The whole namespace.
    Namespace,
    /// A stream or a category.
    Name(Name),
    /// The part of a category that one member of a consumer group receives.
    Member(Category, ConsumerGroup),
    /// A position in a stream.
    StreamPosition(StreamName, Position),
    /// A global position.
    GlobalPosition(GlobalPosition),
    /// The ID of a message.
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

/// Tells which names exist, as far as that is known during parsing.
pub(crate) trait Known {
    /// Whether a namespace with this ID exists. `None` if unknown.
    fn namespace(&self, id: &str) -> Option<bool>;

    /// Whether the current namespace has this stream or category. `None` if unknown.
    fn name(&self, name: &Name) -> Option<bool>;
}

/// Knows nothing, to check only the syntax.
struct Unknown;

impl Known for Unknown {
    fn namespace(&self, _: &str) -> Option<bool> {
        None
    }

    fn name(&self, _: &Name) -> Option<bool> {
        None
    }
}

/// The meaning of a text. Its display describes in full what will be opened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Destination {
    /// The ID of the namespace. `None` for the current one.
    pub namespace: Option<String>,
    /// The location in that namespace.
    pub target: Target,
    /// The namespace to open if the target does not exist.
    pub otherwise: Option<String>,
    /// Hints for other things that the text could mean.
    pub also: Vec<String>,
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.namespace, &self.target, &self.otherwise) {
            (Some(namespace), Target::Namespace, _) => write!(f, "namespace {namespace}"),
            (Some(namespace), target, _) => write!(f, "{target} in namespace {namespace}"),
            (None, target, Some(namespace)) => write!(f, "{target} if it exists, otherwise namespace {namespace}"),
            (None, target, None) => write!(f, "{target}"),
        }?;
        self.also.iter().try_for_each(|also| write!(f, " · {also}"))
    }
}

impl Destination {
    /// Returns a location in the current namespace.
    #[must_use]
    pub(crate) fn here(target: Target) -> Self {
        Self::of(None, target)
    }

    fn of(namespace: Option<&str>, target: Target) -> Self {
        Self { namespace: namespace.map(str::to_owned), target, otherwise: None, also: Vec::new() }
    }

    /// Parses the text of the omnibox or the command line, with these rules in order:
    ///
    /// 1. `NAME/` is a namespace. `NAME/LOCATION` is a location in the namespace `NAME` if it exists; otherwise the slash is part of
    ///    a name.
    /// 2. `=NAME` is a stream or category of the current namespace.
    /// 3. Digits are a global position. Next come an ID, a time, `CATEGORY#MEMBER:SIZE` and `STREAM@POSITION`.
    /// 4. A bare name is a category or stream of the current namespace if it exists there, otherwise a namespace.
    ///
    /// # Errors
    /// A description of the problem.
    pub(crate) fn read(text: &str, known: &impl Known, now: Timestamp, zone: &TimeZone) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('=') {
            return Ok(Self::here(parse_target(text, now, zone)?));
        }
        match text.split_once('/') {
            Some((namespace, "")) if !namespace.is_empty() => {
                return if known.namespace(namespace) == Some(false) {
                    Err(format!("no namespace named {namespace}"))
                } else {
                    Ok(Self::of(Some(namespace), Target::Namespace))
                };
            }
            Some(("", rest)) => return Ok(Self::here(parse_target(rest, now, zone)?)),
            Some((namespace, rest)) if known.namespace(namespace) != Some(false) => {
                return Ok(Self::of(Some(namespace), parse_target(rest, now, zone)?));
            }
            _ => {}
        }
        let mut destination = Self::here(parse_target(text, now, zone)?);
        let is_namespace = known.namespace(text) == Some(true);
        let opens_namespace = || format!("{text}/ opens the namespace");
        match &destination.target {
            Target::Name(name) if is_namespace => match known.name(name) {
                Some(true) => destination.also.push(opens_namespace()),
                Some(false) => return Ok(Self::of(Some(text), Target::Namespace)),
                None => destination.otherwise = Some(text.to_owned()),
            },
            Target::Name(_) => {}
            _ => {
                let kind = Name::new(text).ok().filter(|name| known.name(name) == Some(true)).map(|name| match name {
                    Name::Stream(_) => "stream",
                    Name::Category(_) => "category",
                });
                destination.also.extend(kind.map(|kind| format!("={text} opens the {kind}")));
                destination.also.extend(is_namespace.then(opens_namespace));
            }
        }
        Ok(destination)
    }
}

/// The program's location argument. It is resolved once the namespaces are known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Locator {
    /// The ID of the current namespace. `None` for the only one in the database.
    pub namespace: Option<String>,
    /// The text. `None` for the whole namespace.
    pub text: Option<String>,
}

impl Locator {
    /// Returns the location of a whole namespace.
    #[must_use]
    pub(crate) fn of_namespace(id: &str) -> Self {
        Self { namespace: Some(id.to_owned()), text: None }
    }

    /// Checks the syntax of a text for [`Destination::read`]. `namespace` is the ID of the current namespace.
    ///
    /// # Errors
    /// A description of the problem, if the text is invalid whatever exists.
    pub(crate) fn parse(text: &str, namespace: Option<&str>, now: Timestamp) -> Result<Self, String> {
        Destination::read(text, &Unknown, now, &TimeZone::UTC)?;
        Ok(Self { namespace: namespace.map(str::to_owned), text: Some(text.to_owned()) })
    }
}

/// Parses a location in the current namespace. A number is a global position, with or without grouped thousands. Text
/// that looks like an ID or a time is read as one. Everything else is a name: followed by `@` and a number it is a
/// position in a stream, and followed by `#0:3` it is the part of a category for member 0 of 3. After `=` everything is
/// a name.
///
/// # Errors
/// A description of the problem.
pub(crate) fn parse_target(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Target, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("name a category, a stream, stream@position, a global position, a message ID or a time".to_owned());
    }
    if let Some(name) = text.strip_prefix('=') {
        return Name::new(name).map(Target::Name).map_err(|error| error.to_string());
    }
    if let Some(digits) = digits(text) {
        return digits
            .parse()
            .map(Target::GlobalPosition)
            .map_err(|_| format!("{text} is above the highest possible position"));
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
        && let Some(digits) = digits(position)
    {
        let position = digits.parse().map_err(|_| format!("{position} is above the highest possible position"))?;
        let stream = StreamName::new(stream).map_err(|error| error.to_string())?;
        return Ok(Target::StreamPosition(stream, position));
    }
    Name::new(text).map(Target::Name).map_err(|error| error.to_string())
}

/// Parses a time as [`time_in`] does, in UTC unless the text has an offset.
#[must_use]
pub(crate) fn parse_time(text: &str, now: Timestamp) -> Option<Timestamp> {
    time_in(text, now, &TimeZone::UTC)
}

/// Parses `2026-03-01`, `2026-03-01 12:00[:30[.5]]` (also with `T`, an offset or `Z`), `12:00` (today), `now`, and ages
/// such as `-30s`, `-15m`, `-2h`, `-3d` and `-1w`.
#[must_use]
pub(crate) fn time_in(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
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

/// Returns the digits of a whole number that is written with or without grouped thousands.
#[must_use]
pub(crate) fn digits(text: &str) -> Option<String> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = text.split(',');
    let first = groups.next().filter(|first| is_number(first))?;
    let mut digits = first.to_owned();
    for group in groups {
        if first.len() > 3 || group.len() != 3 || !is_number(group) {
            return None;
        }
        digits.push_str(group);
    }
    Some(digits)
}

/// Parses a duration: a whole number followed by `ms`, `s`, `m`, `h`, `d` or `w`.
#[must_use]
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
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
    use crate::numbers::grouped;

    fn now() -> Timestamp {
        "2026-03-02T09:30:00Z".parse().expect("a time")
    }

    fn target(text: &str) -> Target {
        parse_target(text, now(), &TimeZone::UTC).expect(text)
    }

    #[test]
    fn parses_and_describes_every_form() {
        let cases = [
            ("account-123", "stream account-123"),
            ("account", "category account"),
            ("account-123@4", "stream account-123 at position 4"),
            ("a-b@c.example@12", "stream a-b@c.example at position 12"),
            ("account-123@1,004", "stream account-123 at position 1004"),
            ("8123", "global position 8123"),
            ("5,100,000", "global position 5100000"),
            ("5,10", "category 5,10"),
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
    fn reads_back_grouped_numbers_and_nothing_similar() {
        for number in [0, 999, 1_000, 1_234_567, u64::MAX] {
            let plain = Some(number.to_string());
            assert_eq!((digits(&grouped(number)), digits(&number.to_string())), (plain.clone(), plain));
        }
        for text in ["", ",", "1,", ",100", "1,23", "1234,567", "1,2345", "1,,234", "1.000", "a,100", "-1"] {
            assert_eq!(digits(text), None, "{text}");
        }
    }

    /// Several namespaces. The current one, `shop`, also has a category named like the namespace `audit`.
    struct Shop;

    impl Known for Shop {
        fn namespace(&self, id: &str) -> Option<bool> {
            Some(["shop", "odds", "audit", "my-shop", "8123"].contains(&id))
        }

        fn name(&self, name: &Name) -> Option<bool> {
            match name {
                Name::Category(category) => Some(["account", "audit", "2024"].contains(&category.as_str())),
                Name::Stream(stream) => (stream.as_str() == "account-1").then_some(true),
            }
        }
    }

    #[test]
    fn bare_names_prefer_the_current_namespace_to_other_namespaces() {
        let cases = [
            ("account", "category account"),
            ("odds", "namespace odds"),
            ("odds/", "namespace odds"),
            ("=odds", "category odds"),
            ("audit", "category audit · audit/ opens the namespace"),
            ("audit/", "namespace audit"),
            ("my-shop", "stream my-shop if it exists, otherwise namespace my-shop"),
            ("unheard", "category unheard"),
            ("8123", "global position 8123 · 8123/ opens the namespace"),
            ("2024", "global position 2024 · =2024 opens the category"),
            ("odds/account-1@4", "stream account-1 at position 4 in namespace odds"),
            ("odds/audit", "category audit in namespace odds"),
            ("account-1/2", "stream account-1/2"),
            ("account-1/2@4", "stream account-1/2 at position 4"),
            ("=odds/1-2", "stream odds/1-2"),
            ("/account", "category account"),
        ];
        for (text, said) in cases {
            let read = Destination::read(text, &Shop, now(), &TimeZone::UTC).expect(text);
            assert_eq!(read.to_string(), said, "{text}");
        }
        let missing = Destination::read("shpo/", &Shop, now(), &TimeZone::UTC);
        assert_eq!(missing, Err("no namespace named shpo".to_owned()));
    }

    #[test]
    fn locators_are_checked_before_the_namespaces_are_known() {
        for text in ["shop/account-1/2@4", "shop/", "=a/b-1", "account", "account-1/2"] {
            let locator = Locator::parse(text, Some("shop"), now()).expect(text);
            assert_eq!((locator.namespace.as_deref(), locator.text.as_deref()), (Some("shop"), Some(text)));
        }
        for text in ["", "shop/category@4", "=", "/"] {
            assert!(Locator::parse(text, None, now()).is_err(), "{text}");
        }
    }

    #[test]
    fn rejects_invalid_locations() {
        for text in ["", "99999999999999999999", "category@4", "a\0b", "a#3:3", "a-1#0:3", "="] {
            assert!(parse_target(text, now(), &TimeZone::UTC).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_causes_a_panic(text in ".*") {
            let _ = parse_target(&text, now(), &TimeZone::UTC);
            let _ = Destination::read(&text, &Shop, now(), &TimeZone::UTC);
            let _ = Locator::parse(&text, None, now());
        }
    }
}
