//! Plans messages without positions, which go to the end of their streams. A message whose ID is stored is compared with the stored
//! one; every other message is new if its expected version is right.

use std::collections::HashMap;

use super::error::{AttemptError, ImportError, Problem};
use super::lookup::{self, LookupKey, StoredMessage};
use super::memory::Repeat;
use super::message::{ImportedMessage, Placement, PlannedMessage};
use super::plan::{Context, Plan, distinct, streams};
use crate::message::{ExpectedVersion, Position};
use crate::store::{Result as StoreResult, StoreError};

/// The end of a stream.
struct End {
    /// The version with the earlier messages of the batch.
    version: Position,
    /// The version that this import left, if it has written to the stream or found a message of its own there.
    left_at: Option<Position>,
    /// The index of the first message of the batch.
    first: usize,
}

/// Plans the messages. After a lost commit (`again`), generated IDs can be stored too.
pub(super) async fn plan(
    context: Context<'_>,
    messages: &[ImportedMessage],
    repeated: &[bool],
    again: bool,
) -> Result<Plan, AttemptError> {
    let mut ends = ends(context, messages, repeated).await?;
    let mut stored = stored_by_id(context, messages, repeated, again).await?;
    let mut plan = Plan::default();
    for (index, message) in distinct(messages, repeated) {
        let end = ends.get_mut(message.stream.as_str()).expect("every stream of the batch was looked up");
        if let Some(stored) = stored.remove(&index) {
            if stored.difference(message, context.options).is_some() {
                return Err(ImportError::of(index, stored.id_taken(message.id)).into());
            }
            plan.present += 1;
            plan.differs(index, stored.spelling);
            end.left_at = Some(stored.position);
            continue;
        }
        match context.memory.repeat(message) {
            Repeat::Identical(position) => {
                plan.present += 1;
                end.left_at = Some(position);
                continue;
            }
            Repeat::Different => return Err(ImportError::of(index, Problem::IdTwice(message.id)).into()),
            Repeat::New | Repeat::Unknown => {}
        }
        let position = end.append(message).map_err(|error| ImportError::Refused { index, error })?;
        plan.new.push(PlannedMessage { index, position });
    }
    refuse_without_room(context, &ends)?;
    plan.versions = ends.into_values().filter_map(|end| Some((end.first, end.left_at?))).collect();
    Ok(plan)
}

/// Refuses a batch with more new streams than can be remembered, because a later message continues at the version that this import left.
fn refuse_without_room(context: Context<'_>, ends: &HashMap<&str, End>) -> Result<(), ImportError> {
    let unknown = |(stream, end): (&&str, &End)| context.versions.get(stream).is_none().then_some(end.first);
    match ends.iter().filter_map(unknown).nth(context.versions.room()) {
        Some(index) => Err(ImportError::of(index, Problem::TooManyStreams)),
        None => Ok(()),
    }
}

/// Returns the end of each stream of the batch.
async fn ends<'a>(
    context: Context<'_>,
    messages: &'a [ImportedMessage],
    repeated: &[bool],
) -> StoreResult<HashMap<&'a str, End>> {
    let streams = streams(messages, repeated);
    let names: Vec<&str> = streams.iter().map(|(stream, _)| *stream).collect();
    let versions = lookup::versions(context.namespace, context.transaction, &names).await?;
    let ends = streams.into_iter().zip(versions).map(|((stream, first), version)| {
        let left_at = context.versions.get(stream);
        let version = version.unwrap_or(-1);
        let version = if context.options.dry_run { version.max(left_at.unwrap_or(-1)) } else { version };
        (stream, End { version, left_at, first })
    });
    Ok(ends.collect())
}

/// Returns the stored messages with the IDs of the batch, by index. Generated IDs are looked up only after a lost commit.
async fn stored_by_id(
    context: Context<'_>,
    messages: &[ImportedMessage],
    repeated: &[bool],
    again: bool,
) -> StoreResult<HashMap<usize, StoredMessage>> {
    let can_be_stored =
        |message: &ImportedMessage| again || !matches!(message.placement, Placement::Next { generated: true, .. });
    let asked = distinct(messages, repeated).filter(|(_, message)| can_be_stored(message));
    // The positions are unknown; the lookup goes by ID.
    let asked: Vec<_> = asked.map(|(index, _)| PlannedMessage { index, position: -1 }).collect();
    let stored = lookup::stored(context.namespace, context.transaction, messages, &asked, LookupKey::Id).await?;
    Ok(asked.into_iter().zip(stored).filter_map(|(asked, stored)| Some((asked.index, stored?))).collect())
}

impl End {
    /// Returns the position of the next message.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the stream is not at the expected version.
    fn append(&mut self, message: &ImportedMessage) -> StoreResult<Position> {
        let expected = match message.placement {
            Placement::Next { expected: Some(expected), .. } => expected,
            _ => self.left_at.map_or(ExpectedVersion::Any, ExpectedVersion::At),
        };
        if expected.as_argument().is_some_and(|expected| expected != self.version) {
            let actual = (self.version >= 0).then_some(self.version);
            return Err(StoreError::Conflict { stream: message.stream.clone(), expected, actual });
        }
        self.version += 1;
        self.left_at = Some(self.version);
        Ok(self.version)
    }
}
