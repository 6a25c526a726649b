//! Decides which messages of a batch are new and at which positions, from the stored messages and the earlier batches. It sends as
//! few queries as it can: the version of a stream that this import has seen is not looked up again, and the unique indexes of the
//! table refuse messages that are stored in spite of it. Nothing here writes a message.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::super::session::Transaction;
use super::super::{Namespace, Result, StoreError};
use super::look::{self, By, Found};
use super::memory::Known;
use super::{Failure, Import, ImportError, ImportOptions, Imported, ImportedMessage, Place, Problem};
use crate::message::{Difference, ExpectedVersion, Position};

/// The reason for refusing the last global position of the sequence.
pub(super) const NONE_LEFT: &str = "it leaves none for the next message";

/// A new message.
#[derive(Debug, Clone, Copy)]
pub(super) struct New {
    /// Index in the batch.
    pub(super) index: usize,
    pub(super) position: Position,
}

/// The plan for a batch.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Messages to write, in order.
    pub(super) new: Vec<New>,
    /// The index of a message of each stream, and the version of the stream after the batch.
    pub(super) ends: Vec<(usize, Position)>,
    present: u64,
    unchecked: u64,
    differing: u64,
    /// The first stored message that differs from the one sent.
    pub(super) difference: Option<(usize, Difference)>,
}

impl Plan {
    pub(super) fn counts(&self) -> Imported {
        Imported {
            imported: self.new.len() as u64,
            present: self.present,
            differing: self.differing,
            unchecked: self.unchecked,
        }
    }

    fn differs(&mut self, index: usize, difference: Option<Difference>) {
        let Some(difference) = difference else { return };
        self.differing += 1;
        self.difference.get_or_insert((index, difference));
    }

    /// Checks that the messages are stored as they were sent, because triggers and policies can drop or change them.
    pub(super) async fn verify(
        &mut self,
        namespace: &Namespace,
        transaction: &Transaction<'_>,
        messages: &[ImportedMessage],
        options: ImportOptions,
    ) -> Result<(), Failure> {
        let stored = look::found(namespace, transaction, messages, &self.new, By::Position).await?;
        for (at, stored) in stored.into_iter().enumerate() {
            let New { index, position } = self.new[at];
            let message = &messages[index];
            let Some(stored) = stored else {
                let problem = Problem::NotStored { stream: message.stream.clone(), position };
                return Err(ImportError::of(index, problem).into());
            };
            self.differs(index, stored.difference(message, options).map(Difference::Value).or(stored.spelling));
        }
        Ok(())
    }
}

/// A batch that is consistent in itself. Holds for each message whether it repeats an earlier one.
#[derive(Debug)]
pub struct Checked(Vec<bool>);

impl Checked {
    /// Checks a batch without the store.
    ///
    /// # Errors
    /// The index of the first message that cannot be imported, whatever the store holds, and the reason.
    pub fn new(messages: &[ImportedMessage], options: ImportOptions) -> Result<Self, (usize, Problem)> {
        let mut repeated = vec![false; messages.len()];
        let mut ids = HashMap::with_capacity(messages.len());
        let mut global_positions = HashMap::new();
        let kept = messages.first().is_some_and(|message| matches!(message.place, Place::Kept { .. }));
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
            match message.place {
                Place::Kept { global_position, .. } if kept => {
                    if !options.keep_global_positions {
                        continue;
                    }
                    match global_position {
                        None => return of(Problem::NoGlobalPosition("the message has none")),
                        Some(..0) => return of(Problem::NoGlobalPosition("it is below 0, where readers begin")),
                        Some(i64::MAX) => return of(Problem::NoGlobalPosition(NONE_LEFT)),
                        Some(number) => {
                            if global_positions.insert(number, index).is_some() {
                                return of(Problem::GlobalPositionTwice(number));
                            }
                        }
                    }
                }
                Place::Next { .. } if !kept => {
                    if options.keep_global_positions {
                        return of(Problem::NoGlobalPosition("the message has none"));
                    }
                }
                _ => return of(Problem::Mixed),
            }
        }
        Ok(Self(repeated))
    }
}

/// Returns the streams of a batch, each with the index of its first message.
fn streams<'a>(messages: &'a [ImportedMessage], repeated: &[bool]) -> Vec<(&'a str, usize)> {
    let mut seen = HashSet::with_capacity(messages.len());
    let mut streams = Vec::new();
    for (index, message) in messages.iter().enumerate().filter(|(index, _)| !repeated[*index]) {
        if seen.insert(message.stream.as_str()) {
            streams.push((message.stream.as_str(), index));
        }
    }
    streams
}

impl Import {
    pub(super) async fn plan(
        &self,
        transaction: &Transaction<'_>,
        messages: &[ImportedMessage],
        Checked(repeated): &Checked,
        again: bool,
    ) -> Result<Plan, Failure> {
        let same = repeated.iter().filter(|repeated| **repeated).count() as u64;
        let mut plan = match messages.first().map(|message| message.place) {
            None => Plan::default(),
            Some(Place::Kept { .. }) => self.plan_kept(transaction, messages, repeated).await?,
            Some(Place::Next { .. }) => self.plan_next(transaction, messages, repeated, again).await?,
        };
        plan.present += same;
        Ok(plan)
    }

    async fn plan_kept(
        &self,
        transaction: &Transaction<'_>,
        messages: &[ImportedMessage],
        repeated: &[bool],
    ) -> Result<Plan, Failure> {
        let streams = streams(messages, repeated);
        let position_of = |index: usize| match messages[index].place {
            Place::Kept { position, .. } => position,
            Place::Next { .. } => 0,
        };
        // Stored positions stay taken, so a version that was seen before needs no lookup.
        let asked = |(stream, first): &(&str, usize)| {
            let before = position_of(*first) - 1;
            self.thorough || (before >= 0 && self.ends.get(stream).is_none_or(|end| end < before))
        };
        let (ask, rest): (Vec<_>, Vec<_>) = streams.into_iter().partition(asked);
        let names: Vec<&str> = ask.iter().map(|(stream, _)| *stream).collect();
        let versions = look::versions(&self.namespace, transaction, &names).await?;

        // The version of each stream in the store, and with the earlier messages of the input.
        let mut ends: HashMap<&str, (Position, Position)> = HashMap::with_capacity(ask.len() + rest.len());
        for ((stream, _), version) in ask.into_iter().zip(versions) {
            let stored = version.unwrap_or(-1);
            let known = if self.options.dry_run { self.ends.get(stream).unwrap_or(-1) } else { -1 };
            ends.insert(stream, (stored, stored.max(known)));
        }
        for (stream, first) in rest {
            let before = position_of(first) - 1;
            ends.insert(stream, (before, before));
        }

        let mut plan = Plan::default();
        let mut look_at = Vec::new();
        // The positions of this batch, which need not rise in streams with gaps.
        let mut placed: HashSet<(&str, Position)> = HashSet::new();
        let mut last_of: HashMap<&str, usize> = HashMap::with_capacity(ends.len());
        for (index, message) in messages.iter().enumerate().filter(|(index, _)| !repeated[*index]) {
            let stream = message.stream.as_str();
            let position = position_of(index);
            let (stored, end) = ends.get_mut(stream).expect("every stream of the batch was looked up");
            if self.options.allow_gaps && !placed.insert((stream, position)) {
                return Err(ImportError::of(index, taken(message, position, "id")).into());
            }
            if position <= *stored {
                look_at.push(New { index, position });
                continue;
            }
            let unknown = self.options.dry_run && self.ends.is_full() && self.ends.get(stream).is_none();
            if self.options.allow_gaps && (!self.options.dry_run || position > *end) {
                // Any position is accepted.
            } else if position > *end + 1 && unknown {
                plan.unchecked += 1;
            } else if position > *end + 1 {
                let version = (*end >= 0).then_some(*end);
                let problem = Problem::Gap { stream: message.stream.clone(), position, version };
                return Err(ImportError::of(index, problem).into());
            } else if position <= *end {
                // Only a dry run gets here: an earlier batch would have written the position.
                match self.seen.known(message) {
                    Known::Same(_) => plan.present += 1,
                    Known::Forgotten => plan.unchecked += 1,
                    // The message may fill a gap.
                    Known::New if self.options.allow_gaps => plan.unchecked += 1,
                    Known::Other | Known::New => {
                        return Err(ImportError::of(index, taken(message, position, "id")).into());
                    }
                }
                continue;
            }
            *end = position.max(*end);
            last_of.insert(stream, index);
            plan.new.push(New { index, position });
        }
        plan.ends = ends.iter().filter_map(|(stream, (_, end))| Some((*last_of.get(stream)?, *end))).collect();
        let found = look::found(&self.namespace, transaction, messages, &look_at, By::Position).await?;
        for (new, found) in look_at.into_iter().zip(found) {
            let New { index, position } = new;
            let message = &messages[index];
            match found {
                // The stream has a gap in the store, and this message fills it.
                None => plan.new.push(new),
                Some(found) => match found.difference(message, self.options) {
                    None => {
                        plan.present += 1;
                        plan.differs(index, found.spelling);
                    }
                    Some(different) => return Err(ImportError::of(index, taken(message, position, different)).into()),
                },
            }
        }
        plan.new.sort_unstable_by_key(|new| new.index);
        Ok(plan)
    }

    async fn plan_next(
        &self,
        transaction: &Transaction<'_>,
        messages: &[ImportedMessage],
        repeated: &[bool],
        again: bool,
    ) -> Result<Plan, Failure> {
        let streams = streams(messages, repeated);
        let names: Vec<&str> = streams.iter().map(|(stream, _)| *stream).collect();
        let versions = look::versions(&self.namespace, transaction, &names).await?;
        let known = |index: &usize| {
            !repeated[*index] && (again || !matches!(messages[*index].place, Place::Next { minted: true, .. }))
        };
        // The positions are unknown; the lookup goes by ID.
        let look_at: Vec<New> = (0..messages.len()).filter(known).map(|index| New { index, position: -1 }).collect();
        let found = look::found(&self.namespace, transaction, messages, &look_at, By::Id).await?;
        let mut found: HashMap<usize, Found> =
            look_at.into_iter().zip(found).filter_map(|(new, found)| Some((new.index, found?))).collect();

        // For each stream its version, the version that this import left, and the index of its first message.
        let mut ends: HashMap<&str, (Position, Option<Position>, usize)> = HashMap::with_capacity(streams.len());
        for ((stream, first), version) in streams.into_iter().zip(versions) {
            let left_at = self.ends.get(stream);
            let version = version.unwrap_or(-1);
            let version = if self.options.dry_run { version.max(left_at.unwrap_or(-1)) } else { version };
            ends.insert(stream, (version, left_at, first));
        }
        let mut plan = Plan::default();
        for (index, message) in messages.iter().enumerate().filter(|(index, _)| !repeated[*index]) {
            let (version, left_at, _) =
                ends.get_mut(message.stream.as_str()).expect("every stream of the batch was looked up");
            if let Some(found) = found.remove(&index) {
                if found.difference(message, self.options).is_some() {
                    return Err(ImportError::of(index, found.id_taken(message.id)).into());
                }
                plan.present += 1;
                plan.differs(index, found.spelling);
                *left_at = Some(found.position);
                continue;
            }
            match self.seen.known(message) {
                Known::Same(position) => {
                    plan.present += 1;
                    *left_at = Some(position);
                    continue;
                }
                Known::Other => return Err(ImportError::of(index, Problem::IdTwice(message.id)).into()),
                Known::New | Known::Forgotten => {}
            }
            let Place::Next { expected, .. } = message.place else { continue };
            let expected = expected.unwrap_or_else(|| left_at.map_or(ExpectedVersion::Any, ExpectedVersion::At));
            if expected.as_argument().is_some_and(|expected| expected != *version) {
                let actual = (*version >= 0).then_some(*version);
                let error = StoreError::Conflict { stream: message.stream.clone(), expected, actual };
                return Err(Failure::Final(ImportError::Refused { index, error }));
            }
            *version += 1;
            *left_at = Some(*version);
            plan.new.push(New { index, position: *version });
        }
        plan.ends = ends.into_values().filter_map(|(_, left_at, first)| Some((first, left_at?))).collect();
        Ok(plan)
    }
}

fn taken(message: &ImportedMessage, position: Position, different: &'static str) -> Problem {
    Problem::PositionTaken { stream: message.stream.clone(), position, different }
}
