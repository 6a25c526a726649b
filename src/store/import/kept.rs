//! Plans messages that keep their positions. A message at or below the version of its stream is compared with the
//! stored one; a message above it is new. Sends as few queries as it can: the version of a stream that this import has
//! seen is not looked up again, and the unique indexes of the table refuse messages that are stored in spite of it.

use std::collections::HashSet;

use super::checked::Checked;
use super::error::{AttemptError, ImportError, Problem};
use super::lookup::{self, LookupKey};
use super::memory::Repeat;
use super::message::{MessageRef, Messages, Placement, PlannedMessage};
use super::plan::{Context, Plan};
use crate::message::{Position, StreamName};
use crate::store::Result as StoreResult;

/// The end of a stream.
struct End {
    /// The version in the store, or the position before the first message of the batch if the store need not be asked.
    stored: Position,
    /// The version with the earlier messages of the input.
    version: Position,
    /// The index of its last new message.
    last: Option<usize>,
}

enum Decision {
    /// The message is new; `checked` is false if it may leave a gap that the memory does not show.
    Write { checked: bool },
    /// The position is taken in the store.
    Compare,
    /// A dry run would have written the same message before.
    Present,
    /// A dry run does not know.
    Unchecked,
}

pub(super) async fn plan(
    context: Context<'_>,
    messages: &dyn Messages,
    checked: &Checked,
) -> Result<Plan, AttemptError> {
    let mut ends = ends(context, messages, checked).await?;
    let mut plan = Plan::default();
    let mut to_compare = Vec::new();
    // The positions of this batch, which need not rise in streams with gaps.
    let mut placed = HashSet::new();
    for index in checked.distinct() {
        let (stream, position) = (checked.stream_of[index], position_of(messages, index));
        let end = &mut ends[stream];
        if context.options.allow_gaps && !placed.insert((stream, position)) {
            return Err(ImportError::of(index, taken(messages.get(index), position, "id")).into());
        }
        let decision = decide(context, messages, PlannedMessage { index, position }, end);
        match decision.map_err(|problem| ImportError::of(index, problem))? {
            Decision::Compare => to_compare.push(PlannedMessage { index, position }),
            Decision::Present => plan.present += 1,
            Decision::Unchecked => plan.unchecked += 1,
            Decision::Write { checked } => {
                plan.unchecked += u64::from(!checked);
                end.version = position.max(end.version);
                end.last = Some(index);
                plan.new.push(PlannedMessage { index, position });
            }
        }
    }
    plan.versions = ends.iter().filter_map(|end| Some((end.last?, end.version))).collect();
    compare(context, messages, &to_compare, &mut plan).await?;
    plan.new.sort_unstable_by_key(|new| new.index);
    Ok(plan)
}

/// Returns the end of each stream of the batch.
async fn ends(context: Context<'_>, messages: &dyn Messages, checked: &Checked) -> StoreResult<Vec<End>> {
    let mut asked = Vec::new();
    let mut ends = Vec::with_capacity(checked.streams.len());
    for (number, first) in checked.streams.iter().enumerate() {
        let stream = messages.get(*first).stream;
        let before = position_of(messages, *first).saturating_sub(1);
        // Stored positions stay taken, so a version that was seen before needs no lookup.
        let is_known = || before < 0 || context.versions.get(stream).is_some_and(|version| version >= before);
        if context.compare_first || !is_known() {
            asked.push((number, stream));
        }
        ends.push(End { stored: before, version: before, last: None });
    }
    let names: Vec<&str> = asked.iter().map(|(_, stream)| *stream).collect();
    let versions = lookup::versions(context.namespace, context.transaction, &names).await?;
    for ((number, stream), version) in asked.into_iter().zip(versions) {
        let stored = version.unwrap_or(-1);
        let planned = if context.options.dry_run { context.versions.get(stream).unwrap_or(-1) } else { -1 };
        ends[number] = End { stored, version: stored.max(planned), last: None };
    }
    Ok(ends)
}

fn decide(
    context: Context<'_>,
    messages: &dyn Messages,
    PlannedMessage { index, position }: PlannedMessage,
    end: &End,
) -> Result<Decision, Problem> {
    let Context { options, versions, memory, .. } = context;
    if position <= end.stored {
        return Ok(Decision::Compare);
    }
    if options.allow_gaps && !options.dry_run {
        return Ok(Decision::Write { checked: true });
    }
    if position <= end.version {
        // The memory is empty except in a dry run, so another import refuses the message.
        let message = messages.get(index);
        return match memory.repeat(message) {
            Repeat::Identical(_) => Ok(Decision::Present),
            Repeat::Unknown => Ok(Decision::Unchecked),
            // The message may fill a gap.
            Repeat::New if options.allow_gaps => Ok(Decision::Unchecked),
            Repeat::Different | Repeat::New => Err(taken(message, position, "id")),
        };
    }
    if options.allow_gaps || position.checked_sub(1) == Some(end.version) {
        return Ok(Decision::Write { checked: true });
    }
    let message = messages.get(index);
    if options.dry_run && versions.room() == 0 && versions.get(message.stream).is_none() {
        return Ok(Decision::Write { checked: false });
    }
    let version = (end.version >= 0).then_some(end.version);
    Err(Problem::Gap { stream: StreamName::stored(message.stream), position, version })
}

/// Compares messages with the stored ones at their positions.
async fn compare(
    context: Context<'_>,
    messages: &dyn Messages,
    planned: &[PlannedMessage],
    plan: &mut Plan,
) -> Result<(), AttemptError> {
    let Context { namespace, transaction, options, .. } = context;
    let stored = lookup::stored(namespace, transaction, messages, planned, LookupKey::Position).await?;
    for (new, stored) in planned.iter().zip(stored) {
        let PlannedMessage { index, position } = *new;
        let message = messages.get(index);
        let Some(stored) = stored else {
            // The stream has a gap in the store, and this message fills it.
            plan.new.push(*new);
            continue;
        };
        if let Some(different) = stored.difference(message, options) {
            return Err(ImportError::of(index, taken(message, position, different)).into());
        }
        plan.present += 1;
        plan.differs(index, stored.spelling);
    }
    Ok(())
}

fn position_of(messages: &dyn Messages, index: usize) -> Position {
    match messages.placement(index) {
        Placement::Kept { position, .. } => position,
        Placement::Next { .. } => 0,
    }
}

fn taken(message: MessageRef<'_>, position: Position, different: &'static str) -> Problem {
    Problem::PositionTaken { stream: StreamName::stored(message.stream), position, different }
}
