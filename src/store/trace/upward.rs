//! Follows the causes of a message upward, one at a time. A cause that is named by an ID or a position is one probe of
//! an index. A cause that is named by a value in its metadata is searched backward, window by window.

use super::links::{Cause, Reference};
use super::{Extent, MAX_HOPS, Top, Trace, Traced};
use crate::message::GlobalPosition;
use crate::store::browse::Scope;
use crate::store::{Namespace, Result};

/// The positions that the first and the largest backward window have.
const WINDOWS: (i64, i64) = (2_000, 50_000);

/// How far the causes have been followed.
#[derive(Debug, Default)]
pub(super) struct Upward {
    hops: usize,
    /// The backward search for the cause of the root, if one is under way.
    search: Option<Backward>,
}

/// A search for a value in metadata, from newer to older messages.
#[derive(Debug)]
struct Backward {
    above: GlobalPosition,
    from: GlobalPosition,
    next: GlobalPosition,
    window: i64,
}

/// The result of a step upward.
pub(super) enum Hop {
    /// A cause was found, or the search for it continues.
    Up,
    /// The root is the highest cause.
    Ended(Top),
}

impl Upward {
    /// Returns the global position above which the search for the cause of the root has come, if one is under way.
    pub(super) fn reached(&self) -> Option<GlobalPosition> {
        self.search.as_ref().map(|search| search.next)
    }

    /// Takes one step. Returns itself even after an error, so that the trace can continue.
    pub(super) async fn step(mut self, trace: &mut Trace) -> (Result<Hop>, Self) {
        let outcome = self.hop(trace).await;
        (outcome, self)
    }

    async fn hop(&mut self, trace: &mut Trace) -> Result<Hop> {
        let root = trace.root;
        let Some(cause) = trace.cause_of(root) else { return Ok(Hop::Ended(Top::Root)) };
        let key = trace.options.links.name(&cause.reference);
        if trace.by_key.contains_key(&key) {
            return Ok(Hop::Ended(Top::Cycle(cause)));
        }
        if self.hops >= trace.options.hops.min(MAX_HOPS) || trace.is_full() {
            return Ok(Hop::Ended(Top::Limit(cause)));
        }
        let namespace = trace.namespace.clone();
        let (found, searched) = match (&mut self.search, &cause.reference) {
            (None, _) => match (namespace.traced(&cause.reference).await?, &cause.reference) {
                (None, Reference::Metadata(_, value)) => {
                    let indexes = trace.link_indexes().await?;
                    if let Some(index) = indexes.iter().find(|index| index.serves(&cause.reference)) {
                        let found = namespace.probe_index(index, &[(value.clone(), None)], 1).await?;
                        return Ok(self.found(trace, cause, found.into_iter().next(), None));
                    }
                    let head = &trace.nodes[root].traced.head;
                    let from = head.global_position.saturating_sub(1);
                    let above = namespace.extent_before(trace.options.extent, head.global_position, head.time).await?;
                    self.search = Some(Backward { above, from, next: from, window: WINDOWS.0 });
                    return Ok(Hop::Up);
                }
                (found, _) => (found, None),
            },
            (Some(search), Reference::Metadata(path, value)) => {
                let above = search.next.saturating_sub(search.window).max(search.above);
                let found = namespace.traced_by_metadata(path, value, above, search.next).await?;
                search.next = above;
                search.window = search.window.saturating_mul(5).min(WINDOWS.1);
                if found.is_none() && search.next > search.above {
                    return Ok(Hop::Up);
                }
                (found, Some((search.above, search.from)))
            }
            (Some(_), _) => (None, None),
        };
        self.search = None;
        Ok(self.found(trace, cause, found, searched))
    }

    /// Makes the cause of the root the new root.
    fn found(
        &mut self,
        trace: &mut Trace,
        cause: Cause,
        found: Option<Traced>,
        searched: Option<(GlobalPosition, GlobalPosition)>,
    ) -> Hop {
        let Some(found) = found else { return Hop::Ended(Top::Missing { cause, searched }) };
        // The store can name the same message in two ways.
        if trace.by_number.contains_key(&found.head.global_position) {
            return Hop::Ended(Top::Cycle(cause));
        }
        self.hops += 1;
        let (below, root) = (trace.root, trace.add(found, None));
        trace.root = root;
        trace.nodes[below].cause = Some((root, cause.link));
        Hop::Up
    }
}

impl Namespace {
    /// Returns the global position above which a search backward ends.
    async fn extent_before(
        &self,
        extent: Extent,
        number: GlobalPosition,
        time: jiff::Timestamp,
    ) -> Result<GlobalPosition> {
        match extent {
            Extent::Positions(positions) => Ok(number.saturating_sub(1).saturating_sub(positions.max(0))),
            Extent::Time(duration) => {
                let since = time.checked_sub(duration).unwrap_or(jiff::Timestamp::MIN);
                let first = self.first_at(&Scope::Namespace, since).await?;
                Ok(first.map_or(number, |head| head.global_position).saturating_sub(1))
            }
        }
    }
}
