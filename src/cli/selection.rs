//! Options that select messages for `get`, `tail` and `export`: a starting point, types, and a jsonpath on data.
//! Everything except the jsonpath is checked before a store is opened. This module never reads messages.

use std::fmt;
use std::str::FromStr;

use clap::Args;
use jiff::Timestamp;

use crate::invocation::suggested;
use crate::locator::parse_time;
use crate::message::{GlobalPosition, Name, StreamName};
use crate::store::browse::Scope;
use crate::store::{Filter, Namespace, StoreError};

use super::error::{CommandError, Result};

/// A point in order of global position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// After the newest message.
    Now,
    /// Before the first message.
    Start,
    /// A global position.
    Position(GlobalPosition),
    /// A time.
    Time(Timestamp),
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "now" => return Ok(Self::Now),
            "start" => return Ok(Self::Start),
            _ => {}
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            return text
                .parse()
                .map(Self::Position)
                .map_err(|_| format!("{text} is above the highest possible position"));
        }
        parse_time(text, Timestamp::now()).map(Self::Time).ok_or_else(|| {
            "use now, start, a position, or a time such as 2026-03-01, \"2026-03-01 12:00\", 12:00 or -2h (UTC)"
                .to_owned()
        })
    }
}

/// The highest number of results to print. All commands accept the same values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Print all.
    All,
    /// Print at most this many; never 0.
    AtMost(u64),
}

impl Limit {
    /// Returns the number; `None` for all.
    pub(crate) fn number(self) -> Option<u64> {
        match self {
            Self::All => None,
            Self::AtMost(number) => Some(number),
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(-1) => Ok(Self::All),
            Ok(number @ 1..) => Ok(Self::AtMost(i64::unsigned_abs(number))),
            _ => Err("use 1 or more, or -1 for all".to_owned()),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("-1"),
            Self::AtMost(number) => write!(f, "{number}"),
        }
    }
}

/// Parses a time on the command line.
///
/// # Errors
/// Returns a text that lists the accepted forms.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    parse_time(text, Timestamp::now())
        .ok_or_else(|| "use a time such as 2026-03-01, \"2026-03-01 12:00\", 12:00, now or -2h (UTC)".to_owned())
}

/// Filters on type, stream, data and metadata.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct MatchingArguments {
    /// Only messages of this type; may be repeated
    #[arg(long = "type", value_name = "TYPE", allow_hyphen_values = true)]
    pub types: Vec<String>,
    /// Only messages whose data matches this jsonpath, such as $.amount > 100 or $.items[*] ? (@.sku == "A-7")
    #[arg(long = "where", value_name = "JSONPATH", allow_hyphen_values = true)]
    pub path: Option<String>,
    /// Only messages whose metadata matches this jsonpath
    #[arg(long, value_name = "JSONPATH", allow_hyphen_values = true)]
    pub where_metadata: Option<String>,
    /// Only messages whose data or metadata contains this text, ignoring case
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub contains: Option<String>,
    /// Only messages of streams whose names begin with this text
    #[arg(long, value_name = "PREFIX", allow_hyphen_values = true)]
    pub stream_prefix: Option<String>,
}

impl MatchingArguments {
    /// Returns the filter for the store, after the server has accepted its jsonpath.
    ///
    /// # Errors
    /// Returns [`super::error::Status::Usage`] for an invalid jsonpath, and the errors of the store.
    pub(crate) async fn filter(&self, namespace: &Namespace) -> Result<Filter> {
        let filter = Filter {
            types: self.types.clone(),
            data_path: self.path.clone(),
            metadata_path: self.where_metadata.clone(),
            text: self.contains.clone(),
            stream_prefix: self.stream_prefix.clone(),
            ..Filter::default()
        };
        namespace.check_paths(&filter).await.map_err(|error| match error {
            StoreError::Invalid { field, reason } => {
                let option = if field.contains("metadata") { "--where-metadata" } else { "--where" };
                CommandError::usage(format!("{option} is not a valid jsonpath: {reason}"))
            }
            error => error.into(),
        })?;
        Ok(filter)
    }
}

/// Returns the scope of a name; without a name, the whole namespace.
///
/// # Errors
/// Returns [`super::error::Status::Usage`] for an invalid name.
pub(super) fn scope(name: Option<&str>) -> Result<Scope> {
    Ok(match name.map(Name::new).transpose()? {
        None => Scope::Namespace,
        Some(Name::Stream(stream)) => Scope::Stream(stream),
        Some(Name::Category(category)) => Scope::Category(category),
    })
}

/// Parses the name of a stream to read. A store can hold streams whose names have no ID part.
///
/// # Errors
/// Returns [`super::error::Status::Usage`] for an invalid name.
pub(super) fn stored_stream(name: &str) -> Result<StreamName> {
    Name::new(name)?;
    Ok(StreamName::stored(name))
}

/// Returns whether a name is that of a category. A store can still hold a stream with this name.
pub(super) fn is_category(name: &StreamName) -> bool {
    matches!(Name::new(name.as_str()), Ok(Name::Category(_)))
}

/// Returns the error of a command that needs a stream but was given a category.
pub(super) fn needs_a_stream(category: &StreamName, command: &str) -> CommandError {
    CommandError::usage(format!("{category} is a category; {command} needs a stream such as {category}-1"))
        .remedy(format!("To list its streams: {}", suggested(&["streams"], Some(category.as_str()), &[])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_positive_or_minus_one() {
        assert_eq!("20".parse(), Ok(Limit::AtMost(20)));
        assert_eq!("-1".parse(), Ok(Limit::All));
        assert_eq!("9223372036854775807".parse(), Ok(Limit::AtMost(i64::MAX.unsigned_abs())));
        for wrong in ["0", "-2", "", "x", "1.5", "9223372036854775808"] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
        for limit in [Limit::All, Limit::AtMost(7)] {
            assert_eq!(limit.to_string().parse(), Ok(limit));
        }
    }

    #[test]
    fn the_command_that_lists_streams_takes_any_category() {
        let error = needs_a_stream(&StreamName::stored("-a b"), "last");
        assert_eq!(error.remedy.as_deref(), Some("To list its streams: streamscope streams -- '-a b'"));
    }

    #[test]
    fn parses_every_form_of_a_point() {
        assert_eq!("now".parse(), Ok(Point::Now));
        assert_eq!("start".parse(), Ok(Point::Start));
        assert_eq!("120".parse(), Ok(Point::Position(120)));
        assert!(matches!("2026-03-01 12:00".parse(), Ok(Point::Time(_))));
        assert!(matches!("-2h".parse(), Ok(Point::Time(_))));
        for wrong in ["", "yesterday", "99999999999999999999", "-2y"] {
            assert!(wrong.parse::<Point>().is_err(), "{wrong}");
        }
    }
}
