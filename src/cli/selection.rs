//! Which messages `tail` and `export` are asked for: a point in the store's order, types, and a path on data, checked before
//! anything is opened.

use std::str::FromStr;

use clap::Args;
use jiff::Timestamp;

use crate::locator::parse_time;
use crate::message::{GlobalPosition, Name};
use crate::store::browse::Scope;
use crate::store::{Filter, Namespace, StoreError};

use super::failure::{Failure, Result};

/// A point in the order of global positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Behind what is there.
    Now,
    /// Before everything.
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
            return text.parse().map(Self::Position).map_err(|_| format!("{text} is past the highest position"));
        }
        parse_time(text, Timestamp::now()).map(Self::Time).ok_or_else(|| {
            "give now, start, a global position, or a time (2026-03-01, \"2026-03-01 12:00\", 12:00, -2h; UTC)"
                .to_owned()
        })
    }
}

/// A time on the command line: see [`Point`].
///
/// # Errors
/// In words.
pub fn time(text: &str) -> Result<Timestamp, String> {
    parse_time(text, Timestamp::now())
        .ok_or_else(|| "give a time: 2026-03-01, \"2026-03-01 12:00\", 12:00, now or -2h (UTC)".to_owned())
}

/// What messages must match.
#[derive(Debug, Clone, Default, Args)]
pub struct MatchingArguments {
    /// Only messages of this type; may be given several times
    #[arg(long = "type", value_name = "T", allow_hyphen_values = true)]
    pub types: Vec<String>,
    /// Only messages whose data matches this jsonpath: $.amount > 100, or $.items[*] ? (@.sku == "A-7")
    #[arg(long = "where", value_name = "JSONPATH", allow_hyphen_values = true)]
    pub path: Option<String>,
}

impl MatchingArguments {
    /// As the store takes it, and the server has taken the path, where there is one.
    ///
    /// # Errors
    /// [`super::failure::Status::Usage`] for a path that cannot be one; the store's.
    pub async fn filter(&self, namespace: &Namespace) -> Result<Filter> {
        let filter = Filter { types: self.types.clone(), data_path: self.path.clone(), ..Filter::default() };
        namespace.check_paths(&filter).await.map_err(|error| match error {
            StoreError::Invalid { reason, .. } => Failure::usage(format!("--where is not a jsonpath: {reason}")),
            error => error.into(),
        })?;
        Ok(filter)
    }
}

/// The scope of a name; none is the whole namespace.
///
/// # Errors
/// [`super::failure::Status::Usage`] for a name that cannot be.
pub fn scope(name: Option<&str>) -> Result<Scope> {
    Ok(match name.map(Name::new).transpose()? {
        None => Scope::Namespace,
        Some(Name::Stream(stream)) => Scope::Stream(stream),
        Some(Name::Category(category)) => Scope::Category(category),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_point_is_understood() {
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
