//! Checks a batch without the store: repeated messages, taken IDs and global positions within the batch.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::error::{NONE_LEFT, Problem};
use super::message::{ImportOptions, ImportedMessage, Placement};
use crate::message::GlobalPosition;

/// A batch that is consistent in itself. Holds for each message whether it repeats an earlier one.
#[derive(Debug)]
pub struct Checked(pub(super) Vec<bool>);

impl Checked {
    /// Checks a batch without the store.
    ///
    /// # Errors
    /// The index of the first message that cannot be imported, whatever the store holds, and the reason.
    pub fn new(messages: &[ImportedMessage], options: ImportOptions) -> Result<Self, (usize, Problem)> {
        let mut repeated = vec![false; messages.len()];
        let mut ids = HashMap::with_capacity(messages.len());
        let mut global_positions = HashSet::new();
        let kept = messages.first().is_some_and(|message| matches!(message.placement, Placement::Kept { .. }));
        for (index, message) in messages.iter().enumerate() {
            let of = |problem| Err((index, problem));
            match ids.entry(message.id) {
                Entry::Vacant(entry) => {
                    entry.insert(index);
                }
                Entry::Occupied(entry) if messages[*entry.get()] == *message => {
                    repeated[index] = true;
                    continue;
                }
                Entry::Occupied(_) => return of(Problem::IdTwice(message.id)),
            }
            if let Some(number) = global_position(message, kept, options).map_err(|problem| (index, problem))?
                && !global_positions.insert(number)
            {
                return of(Problem::GlobalPositionTwice(number));
            }
        }
        Ok(Self(repeated))
    }
}

/// Returns the global position that a message keeps. All messages of a batch must have positions (`kept`), or none.
fn global_position(
    message: &ImportedMessage,
    kept: bool,
    options: ImportOptions,
) -> Result<Option<GlobalPosition>, Problem> {
    let global_position = match message.placement {
        Placement::Kept { global_position, .. } if kept => global_position,
        Placement::Next { .. } if !kept => None,
        _ => return Err(Problem::Mixed),
    };
    if !options.keep_global_positions {
        return Ok(None);
    }
    match global_position {
        None => Err(Problem::NoGlobalPosition("the message has none")),
        Some(..0) => Err(Problem::NoGlobalPosition("it is below 0, where readers begin")),
        Some(i64::MAX) => Err(Problem::NoGlobalPosition(NONE_LEFT)),
        Some(number) => Ok(Some(number)),
    }
}
