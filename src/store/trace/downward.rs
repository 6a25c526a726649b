//! Searches for effects in windows of global positions after the cause. One query finds the effects in a window with
//! the effects of these effects, so a window is read once however deep the tree is.
//!
//! If the messages share a correlation stream, the category index finds the effects that have it first, because it
//! skips the messages of other workflows. Effects without it are found by the windows.
//!
//! A message can name a cause that comes after it, for example after an import. If an effect is found in a later
//! window, the earlier windows are therefore read again, until a pass over the whole range finds nothing new.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio_postgres::types::Type;

use super::keys::Keys;
use super::{Extent, Trace, Traced};
use crate::message::GlobalPosition;
use crate::store::Result;
use crate::store::browse::Scope;
use crate::store::session::Parameter;

/// The positions that the first, the second and the largest window have. The first answer comes quickly, and no window
/// takes longer than about two seconds.
const WINDOWS: (i64, i64) = (2_000, 50_000);
/// A window that takes longer than this is not enlarged, and one that takes twice as long is halved.
const QUICK: Duration = Duration::from_millis(500);

/// How many positions are read again if a finished trace is extended. Late messages trail by at most the positions that
/// are given out while a transaction runs.
pub(super) const AGAIN: i64 = 1_000;

/// How many messages one step looks up in the store's own indexes.
const PROBES: usize = 50;

/// How far the search for effects has come.
#[derive(Debug, Default)]
pub(super) struct Downward {
    /// The ranges to search, above the first number and up to the second. `None` before the first step.
    ranges: Option<Vec<(GlobalPosition, GlobalPosition)>>,
    /// The range being read, and the last position read in it.
    at: usize,
    next: Option<GlobalPosition>,
    window: i64,
    /// Whether this pass has read a window without knowing a message that was found later.
    again: bool,
    /// Whether this pass has read a window.
    begun: bool,
    /// How many messages have been looked up in the store's own indexes.
    probed: usize,
    /// How far the category index has been searched. `None` before.
    narrowed: Option<Narrowed>,
    /// Whether the ranges reach the newest message.
    to_the_end: bool,
}

/// How far the category index has been searched for effects.
#[derive(Debug)]
struct Narrowed {
    /// The correlation stream. `None` if there is nothing more to search.
    stream: Option<String>,
    at: usize,
    next: Option<GlobalPosition>,
    window: i64,
    /// Messages of the workflow whose cause is not known, or not yet.
    waiting: Vec<Traced>,
}

/// The positions that the first and the largest window of the category index have.
const NARROWED: (i64, i64) = (20_000, 500_000);

impl Downward {
    /// Looks up indexed effects, or reads one window. Returns whether anything is left to do.
    pub(super) async fn step(&mut self, trace: &mut Trace) -> Result<bool> {
        if let Some(added) = trace.probe_effects(&mut self.probed).await? {
            self.again |= self.begun && added > 0;
            return Ok(!trace.truncated);
        }
        let Some(ranges) = &self.ranges else {
            let (ranges, to_the_end) = trace.ranges().await?;
            (self.ranges, self.to_the_end) = (Some(ranges), to_the_end);
            self.window = WINDOWS.0;
            return Ok(true);
        };
        let narrowed = self.narrowed.get_or_insert_with(|| Narrowed::of(trace));
        if narrowed.stream.is_some() {
            narrowed.step(trace, ranges).await?;
            return Ok(!trace.truncated);
        }
        let Some((above, up_to)) = ranges.get(self.at).copied() else {
            self.at = 0;
            self.begun = false;
            let again = std::mem::take(&mut self.again);
            trace.reached_end = self.to_the_end && !again;
            return Ok(again);
        };
        let from = self.next.unwrap_or(above);
        let to = from.saturating_add(self.window).min(up_to);
        let begun = Instant::now();
        let found = trace.effects(from, to).await?;
        let took = begun.elapsed();
        if took < QUICK {
            self.window = self.window.saturating_mul(5).min(WINDOWS.1);
        } else if took > 2 * QUICK {
            self.window = (self.window / 2).max(WINDOWS.0);
        }
        let added = trace.attach(found);
        trace.note_searched(from, to);
        self.again |= self.begun && added > 0;
        self.begun = true;
        self.next = (to < up_to).then_some(to);
        if self.next.is_none() {
            self.at += 1;
        }
        Ok(!trace.truncated)
    }
}

impl Narrowed {
    /// Begins with the correlation stream of the root cause, or else of the given message.
    fn of(trace: &Trace) -> Self {
        let stream = |node: usize| {
            let metadata = trace.nodes[node].traced.metadata.as_deref()?;
            let mut workflows = trace.options.links.workflows(metadata).into_iter();
            workflows.find(super::Workflow::is_in_category_index).map(|workflow| workflow.value)
        };
        let stream = stream(trace.root).or_else(|| stream(0));
        Self { stream, at: 0, next: None, window: NARROWED.0, waiting: Vec::new() }
    }

    /// Searches one window of the category index.
    async fn step(&mut self, trace: &mut Trace, ranges: &[(GlobalPosition, GlobalPosition)]) -> Result<()> {
        let (Some((above, up_to)), Some(stream)) = (ranges.get(self.at).copied(), self.stream.clone()) else {
            self.stream = None;
            return Ok(());
        };
        let from = self.next.unwrap_or(above);
        let to = from.saturating_add(self.window).min(up_to);
        let room = trace.options.messages.saturating_sub(trace.nodes.len());
        let limit = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
        let begun = Instant::now();
        let mut found = trace.namespace.correlated_by_category(&stream, from, to, limit).await?;
        if begun.elapsed() > QUICK {
            // Most messages belong to workflows of this category, so the index saves nothing.
            self.stream = None;
        }
        self.window = self.window.saturating_mul(5).min(NARROWED.1);
        self.next = (to < up_to).then_some(to);
        self.at += usize::from(self.next.is_none());
        found.append(&mut self.waiting);
        found.retain(|traced| !trace.by_number.contains_key(&traced.head.global_position));
        found.sort_by_key(|traced| traced.head.global_position);
        self.waiting = trace.attach_within(found, room);
        Ok(())
    }
}

impl Trace {
    /// Returns the ranges to search for effects, in order, and whether they reach the newest message.
    async fn ranges(&self) -> Result<(Vec<(GlobalPosition, GlobalPosition)>, bool)> {
        let newest = self.namespace.newest(&Scope::Namespace).await?;
        let mut ranges: Vec<(GlobalPosition, GlobalPosition)> = Vec::new();
        let mut to_the_end = true;
        for node in [self.root, 0] {
            let head = &self.nodes[node].traced.head;
            let end = match self.options.extent {
                Extent::Positions(positions) => head.global_position.saturating_add(positions.max(0)),
                Extent::Time(duration) => {
                    let until = head.time.checked_add(duration).unwrap_or(jiff::Timestamp::MAX);
                    let beyond = self.namespace.first_at(&Scope::Namespace, until).await?;
                    beyond.map_or(newest, |head| head.global_position)
                }
            };
            to_the_end &= end >= newest;
            let above = self.unsearched_above(head.global_position);
            ranges.push((above, end.min(newest)));
        }
        ranges.retain(|(above, up_to)| above < up_to);
        Ok((merged(ranges), to_the_end))
    }

    /// Returns the position above which messages after a position are still to be searched.
    fn unsearched_above(&self, above: GlobalPosition) -> GlobalPosition {
        let covered = self.searched.iter().find(|(from, to)| *from <= above && above < *to);
        covered.map_or(above, |(_, to)| to.saturating_sub(AGAIN).max(above))
    }

    /// Looks up the effects of messages that were not looked up yet in the store's own indexes, which are not limited
    /// to a range. Returns how many effects were added, or `None` if there was no message to look up.
    async fn probe_effects(&mut self, probed: &mut usize) -> Result<Option<usize>> {
        let indexes = self.link_indexes().await?;
        let to = self.nodes.len().min(probed.saturating_add(PROBES));
        if indexes.is_empty() || *probed >= to {
            return Ok(None);
        }
        let mut found: BTreeMap<GlobalPosition, Traced> = BTreeMap::new();
        let room = self.options.messages.saturating_sub(self.nodes.len());
        let limit = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
        for index in &indexes {
            let nodes = self.nodes[*probed..to].iter();
            let wanted: Vec<_> = nodes.flat_map(|node| index.effects_of(&node.traced, &self.options.links)).collect();
            if !wanted.is_empty() {
                let effects = self.namespace.probe_index(index, &wanted, limit).await?;
                found.extend(effects.into_iter().map(|traced| (traced.head.global_position, traced)));
            }
        }
        found.retain(|number, _| !self.by_number.contains_key(number));
        self.truncated |= found.len() > room;
        *probed = to;
        Ok(Some(self.attach(found.into_values().take(room).collect())))
    }

    /// Returns the messages in a range that follow from known ones and are not known yet, in order of global position.
    async fn effects(&mut self, above: GlobalPosition, up_to: GlobalPosition) -> Result<Vec<Traced>> {
        let keys = Keys::new(&self.namespace, &self.options.links, 6);
        let sql = self.namespace.query(
            include_str!("../../../sql/query/trace_effects.sql"),
            &[("identities", &keys.identities), ("cause", &keys.cause)],
        );
        let known: serde_json::Map<String, serde_json::Value> =
            self.by_key.keys().map(|key| (key.clone(), serde_json::Value::Null)).collect();
        let known = serde_json::Value::Object(known).to_string();
        let numbers: Vec<i64> = self.by_number.keys().copied().collect();
        let room = self.options.messages.saturating_sub(self.nodes.len());
        // One more shows whether there are too many.
        let limit = i64::try_from(room).unwrap_or(i64::MAX).saturating_add(1);
        let mut parameters: Vec<Parameter<'_>> = vec![
            (&above, Type::INT8),
            (&up_to, Type::INT8),
            (&known, Type::TEXT),
            (&limit, Type::INT8),
            (&numbers, Type::INT8_ARRAY),
        ];
        parameters.extend(keys.paths.iter().map(|path| -> Parameter<'_> { (path, Type::TEXT_ARRAY) }));
        let rows = self.namespace.session().await?.query(&sql, &parameters).await?;
        let mut found: Vec<Traced> = rows.iter().map(Traced::of).collect::<Result<_>>()?;
        if found.len() > room {
            found.truncate(room);
            self.truncated = true;
        }
        Ok(found)
    }

    /// Adds found messages below their causes. Returns how many were added.
    fn attach(&mut self, found: Vec<Traced>) -> usize {
        let before = self.nodes.len();
        let room = found.len();
        self.attach_within(found, room);
        self.nodes.len() - before
    }

    /// Adds at most `room` found messages below their causes. Returns those whose cause is not known.
    fn attach_within(&mut self, mut found: Vec<Traced>, room: usize) -> Vec<Traced> {
        let most = self.nodes.len().saturating_add(room);
        loop {
            let had = found.len();
            let mut waiting = Vec::new();
            for traced in found {
                let cause = traced.metadata.as_deref().and_then(|metadata| self.options.links.cause(metadata));
                let by = cause.as_ref().and_then(|cause| self.by_key.get(&self.options.links.name(&cause.reference)));
                match (by.copied(), cause) {
                    (Some(_), Some(_)) if self.nodes.len() >= most => self.truncated = true,
                    (Some(by), Some(cause)) => {
                        self.add(traced, Some((by, cause.link)));
                    }
                    // The cause follows in the same answer.
                    _ => waiting.push(traced),
                }
            }
            if waiting.is_empty() || waiting.len() == had {
                return waiting;
            }
            found = waiting;
        }
    }

    fn note_searched(&mut self, above: GlobalPosition, up_to: GlobalPosition) {
        let mut ranges = std::mem::take(&mut self.searched);
        ranges.push((above, up_to));
        self.searched = merged(ranges);
    }
}

/// Sorts ranges and joins those that touch.
fn merged(mut ranges: Vec<(GlobalPosition, GlobalPosition)>) -> Vec<(GlobalPosition, GlobalPosition)> {
    ranges.sort_unstable();
    let mut merged: Vec<(GlobalPosition, GlobalPosition)> = Vec::new();
    for (above, up_to) in ranges {
        match merged.last_mut() {
            Some(last) if above <= last.1 => last.1 = last.1.max(up_to),
            _ => merged.push((above, up_to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_joined() {
        assert_eq!(merged(vec![(9, 12), (1, 4), (4, 6), (5, 5)]), [(1, 6), (9, 12)]);
        assert!(merged(Vec::new()).is_empty());
    }
}
