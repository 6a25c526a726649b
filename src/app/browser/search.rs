//! The progress of a filtered search, which examines messages in bounded steps towards both edges of the list. It asks
//! nothing itself.

use crate::store::browse::{PageFrom, SearchStep};

/// An edge of the list on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Edge {
    First,
    Last,
}

impl Edge {
    pub(super) fn other(self) -> Self {
        match self {
            Self::First => Self::Last,
            Self::Last => Self::First,
        }
    }
}

/// The progress of a filtered search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SearchProgress {
    /// Messages examined.
    pub searched: u64,
    /// Matches among them.
    pub matches: u64,
    /// Matches since the user last asked for more.
    pub(super) run: u64,
    /// The oldest message that can match was examined.
    pub(super) reached_oldest: bool,
    /// The newest message that can match was examined.
    pub(super) reached_newest: bool,
    /// The start of the next step towards the first row of the screen; none once that end is reached.
    pub(super) towards_first: Option<PageFrom>,
    /// The start of the next step towards the last row of the screen.
    pub(super) towards_last: Option<PageFrom>,
    /// The lowest and the highest number examined. Messages between them are not counted again.
    reached: Option<(i64, i64)>,
}

impl SearchProgress {
    /// Returns the start of the next step at an edge.
    pub(super) fn towards(&mut self, edge: Edge) -> &mut Option<PageFrom> {
        match edge {
            Edge::First => &mut self.towards_first,
            Edge::Last => &mut self.towards_last,
        }
    }

    /// Lets a search that examined the newest message continue with those written since.
    pub(super) fn look_beyond(&mut self, newer_edge: Edge) {
        let from = self.reached.map_or(PageFrom::Start, |(_, highest)| PageFrom::After(highest));
        *self.towards(newer_edge) = Some(from);
    }

    /// Returns true once every message that can match was examined.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.reached_oldest && self.reached_newest
    }

    /// Returns true while there are messages to examine.
    #[must_use]
    pub(crate) fn can_go_on(&self) -> bool {
        self.towards_first.is_some() || self.towards_last.is_some()
    }

    /// Counts a step and its matches, given by their numbers. Messages that were examined before are not counted again.
    pub(super) fn count(&mut self, step: &SearchStep, numbers: &[i64]) {
        let Some((lowest, highest)) = step.between else { return };
        let (low, high) = self.reached.unwrap_or((i64::MAX, i64::MIN));
        // Estimates the new messages by the share of new numbers, which is exact in a stream.
        let span = highest.abs_diff(lowest).saturating_add(1);
        let (from, to) = (low.max(lowest), high.min(highest));
        let again = if from <= to { to.abs_diff(from).saturating_add(1) } else { 0 };
        let new = u128::from(step.searched) * u128::from(span - again) / u128::from(span);
        self.searched += u64::try_from(new).unwrap_or(step.searched);
        let matches = numbers.iter().filter(|number| !(low..=high).contains(number)).count() as u64;
        self.matches += matches;
        self.run += matches;
        self.reached = Some((low.min(lowest), high.max(highest)));
    }
}
