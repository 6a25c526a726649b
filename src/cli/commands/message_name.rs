//! The argument that names one message: a position in a stream, a global position or an ID. Knows no options and prints
//! nothing.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::error::{CommandError, Result, Status};
use crate::locator::{Target, parse_target};
use crate::store::Namespace;
use crate::store::trace::Reference;

/// What names a message.
const NAMES: &str = "Use STREAM@POSITION, a global position or a message ID";

/// Parses the name of a message.
///
/// # Errors
/// [`Status::Usage`] if it names anything else.
pub(super) fn reference(text: &str) -> Result<Reference> {
    if text.trim().is_empty() {
        return Err(CommandError::usage("an empty text does not name a message").remedy(NAMES));
    }
    match parse_target(text, Timestamp::now(), &TimeZone::UTC).map_err(CommandError::usage)? {
        Target::StreamPosition(stream, position) => Ok(Reference::Position(stream, position)),
        Target::GlobalPosition(position) => Ok(Reference::GlobalPosition(position)),
        Target::Id(id) => Ok(Reference::Id(id)),
        _ => Err(CommandError::usage(format!("{text} does not name a message")).remedy(NAMES)),
    }
}

/// Returns the error of a name that no message has.
pub(super) fn absent(namespace: &Namespace, text: &str, reference: &Reference) -> CommandError {
    let remedy = match reference {
        Reference::Id(_) if !namespace.shape().ids_are_indexed() => {
            "The table has no index on IDs; use STREAM@POSITION or a global position"
        }
        _ => "Check the namespace (-n)",
    };
    CommandError::new(Status::NotFound, format!("no message {text}")).remedy(remedy)
}
