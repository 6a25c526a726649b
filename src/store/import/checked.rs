//! Checks a batch without the store: repeated messages, taken IDs and global positions within the batch.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::error::{NONE_LEFT, Problem};
use super::message::{ImportOptions, MessageRef, Messages, Placement, are_kept};
use crate::message::{GlobalPosition, category};

/// A batch that is consistent in itself.
#[derive(Debug)]
pub(crate) struct Checked {
    /// For each message, whether it repeats an earlier one of the batch.
    pub(super) repeated: Vec<bool>,
    /// The index of the first message of each stream.
    pub(super) streams: Vec<usize>,
    /// For each message, the index of its stream in [`Checked::streams`].
    pub(super) stream_of: Vec<usize>,
    /// The categories of its streams.
    pub(super) categories: BTreeSet<String>,
}

impl Checked {
    /// Checks a batch without the store.
    ///
    /// # Errors
    /// The index of the first message that cannot be imported, whatever the store holds, and the reason.
    pub(crate) fn new(messages: &dyn Messages, options: ImportOptions) -> Result<Self, (usize, Problem)> {
        let mut repeated = vec![false; messages.count()];
        let mut ids = HashMap::with_capacity(messages.count());
        let mut numbers = HashMap::new();
        let mut streams = Vec::new();
        let mut stream_of = Vec::with_capacity(messages.count());
        let mut global_positions = HashSet::new();
        let mut categories = BTreeSet::new();
        let kept = are_kept(messages);
        for (index, repeated) in repeated.iter_mut().enumerate() {
            let message = messages.get(index);
            let of = |problem| Err((index, problem));
            stream_of.push(*numbers.entry(message.stream).or_insert_with(|| {
                let category = category(message.stream);
                if !categories.contains(category) {
                    categories.insert(category.to_owned());
                }
                streams.push(index);
                streams.len() - 1
            }));
            match ids.entry(message.id) {
                Entry::Vacant(entry) => {
                    entry.insert(index);
                }
                Entry::Occupied(entry) if messages.get(*entry.get()) == message => {
                    *repeated = true;
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
        Ok(Self { repeated, streams, stream_of, categories })
    }

    /// Returns the indices of the messages that do not repeat an earlier one.
    pub(super) fn distinct(&self) -> impl Iterator<Item = usize> {
        (0..self.repeated.len()).filter(|index| !self.repeated[*index])
    }
}

/// Returns the global position that a message keeps. All messages of a batch must have positions (`kept`), or none.
fn global_position(
    message: MessageRef<'_>,
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
