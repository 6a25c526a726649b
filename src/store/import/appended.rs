//! Plans messages without positions, which go to the end of their streams. A message whose ID is stored is compared
//! with the stored one; every other message is new if its expected version is right.

use std::collections::HashMap;

use super::checked::Checked;
use super::error::{AttemptError, ImportError, Problem};
use super::lookup::{self, LookupKey, StoredMessage};
use super::memory::Repeat;
use super::message::{MessageRef, Messages, Placement, PlannedMessage};
use super::plan::{Context, Plan};
use crate::message::{ExpectedVersion, Position, StreamName};
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
    messages: &dyn Messages,
    checked: &Checked,
    again: bool,
) -> Result<Plan, AttemptError> {
    let mut ends = ends(context, messages, checked).await?;
    let mut stored = stored_by_id(context, messages, checked, again).await?;
    let mut plan = Plan::default();
    for index in checked.distinct() {
        let message = messages.get(index);
        let end = &mut ends[checked.stream_of[index]];
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
        let position = end.append(index, message)?;
        plan.new.push(PlannedMessage { index, position });
    }
    refuse_without_room(context, messages, &ends)?;
    plan.versions = ends.into_iter().filter_map(|end| Some((end.first, end.left_at?))).collect();
    Ok(plan)
}

/// Refuses a batch with more new streams than can be remembered, because a later message continues at the version that
/// this import left.
fn refuse_without_room(context: Context<'_>, messages: &dyn Messages, ends: &[End]) -> Result<(), ImportError> {
    let is_unknown = |end: &&End| context.versions.get(messages.get(end.first).stream).is_none();
    match ends.iter().filter(is_unknown).nth(context.versions.room()) {
        Some(end) => Err(ImportError::of(end.first, Problem::TooManyStreams)),
        None => Ok(()),
    }
}

/// Returns the end of each stream of the batch.
async fn ends(context: Context<'_>, messages: &dyn Messages, checked: &Checked) -> StoreResult<Vec<End>> {
    let names: Vec<&str> = checked.streams.iter().map(|first| messages.get(*first).stream).collect();
    let versions = lookup::versions(context.namespace, context.transaction, &names).await?;
    let ends = checked.streams.iter().zip(versions).map(|(first, version)| {
        let left_at = context.versions.get(messages.get(*first).stream);
        let version = version.unwrap_or(-1);
        let version = if context.options.dry_run { version.max(left_at.unwrap_or(-1)) } else { version };
        End { version, left_at, first: *first }
    });
    Ok(ends.collect())
}

/// Returns the stored messages with the IDs of the batch, by index. Generated IDs are looked up only after a lost
/// commit.
async fn stored_by_id(
    context: Context<'_>,
    messages: &dyn Messages,
    checked: &Checked,
    again: bool,
) -> StoreResult<HashMap<usize, StoredMessage>> {
    let can_be_stored =
        |index: &usize| again || !matches!(messages.placement(*index), Placement::Next { generated: true, .. });
    // The positions are unknown; the lookup goes by ID.
    let asked = checked.distinct().filter(can_be_stored).map(|index| PlannedMessage { index, position: -1 });
    let asked: Vec<_> = asked.collect();
    let stored = lookup::stored(context.namespace, context.transaction, messages, &asked, LookupKey::Id).await?;
    Ok(asked.into_iter().zip(stored).filter_map(|(asked, stored)| Some((asked.index, stored?))).collect())
}

impl End {
    /// Returns the position of the next message.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the stream is not at the expected version, and [`Problem::StreamFull`].
    fn append(&mut self, index: usize, message: MessageRef<'_>) -> Result<Position, ImportError> {
        let expected = match message.placement {
            Placement::Next { expected: Some(expected), .. } => expected,
            _ => self.left_at.map_or(ExpectedVersion::Any, ExpectedVersion::At),
        };
        if expected.as_argument().is_some_and(|expected| expected != self.version) {
            let actual = (self.version >= 0).then_some(self.version);
            let error = StoreError::Conflict { stream: StreamName::stored(message.stream), expected, actual };
            return Err(ImportError::Refused { index, error });
        }
        let full = || ImportError::of(index, Problem::StreamFull(StreamName::stored(message.stream)));
        self.version = self.version.checked_add(1).ok_or_else(full)?;
        self.left_at = Some(self.version);
        Ok(self.version)
    }
}
