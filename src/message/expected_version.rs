//! The version that a writer expects.

use std::fmt;
use std::str::FromStr;

use super::Position;

/// The version that a writer expects the stream to have. The version of a stream is the position of its last message.
///
/// ```
/// use streamscope::message::ExpectedVersion;
///
/// assert_eq!("any".parse(), Ok(ExpectedVersion::Any));
/// assert_eq!("none".parse(), Ok(ExpectedVersion::NoStream));
/// assert_eq!("4".parse(), Ok(ExpectedVersion::At(4)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ExpectedVersion {
    /// Do not check the version.
    #[default]
    Any,
    /// The stream must not exist (`-1` in SQL).
    NoStream,
    /// The stream's last message must have this position.
    At(Position),
}

impl ExpectedVersion {
    /// Returns the argument for `write_message`: `None` for any version, -1 for no stream.
    #[must_use]
    pub fn as_argument(self) -> Option<i64> {
        match self {
            Self::Any => None,
            Self::NoStream => Some(-1),
            Self::At(position) => Some(position),
        }
    }

    /// Expects the current version of a stream, which is `None` if the stream does not exist.
    #[must_use]
    pub fn from_version(version: Option<Position>) -> Self {
        version.map_or(Self::NoStream, Self::At)
    }
}

impl fmt::Display for ExpectedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::NoStream => f.write_str("none"),
            Self::At(position) => write!(f, "{position}"),
        }
    }
}

impl FromStr for ExpectedVersion {
    type Err = String;

    /// Parses `any`, `none`, `-1` (the same as `none`) or a version.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "any" => Ok(Self::Any),
            "none" | "-1" => Ok(Self::NoStream),
            _ => match text.parse::<i64>() {
                Ok(position) if position >= 0 => Ok(Self::At(position)),
                _ => Err(format!("\"{text}\" is not an expected version; use any, none or a version ≥ 0")),
            },
        }
    }
}
