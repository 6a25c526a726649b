//! The timeline of a list: the messages per bucket of time, and the ranges zoomed into. It is kept with the
//! list, which loads it. Where its buckets are on screen is in [`super::super::timeline`].

use std::ops::Range;

use jiff::Timestamp;

use crate::store::browse::Timeline;

/// The timeline of a list.
#[derive(Debug, Default)]
pub(crate) struct ListTimeline {
    /// None before the first answer, and if the list has no messages.
    pub shown: Option<Timeline>,
    pub error: Option<String>,
    /// The ranges zoomed into, each within the one before.
    pub(super) zooms: Vec<Range<Timestamp>>,
    /// The range that was asked for last; none if the timeline is out of date.
    #[allow(clippy::option_option, reason = "the whole list is asked for without a range")]
    pub(super) asked: Option<Option<Range<Timestamp>>>,
    /// The newest number when it was asked for; none if the end of the list was not loaded.
    pub(super) through: Option<i64>,
}

impl ListTimeline {
    /// Marks the timeline as out of date. It stays on screen until the next answer.
    pub(in crate::app) fn outdate(&mut self) {
        self.asked = None;
        self.error = None;
    }

    /// Returns true if the whole list is shown.
    #[must_use]
    pub(crate) fn is_whole(&self) -> bool {
        self.zooms.is_empty()
    }

    pub(in crate::app) fn zoom_to(&mut self, range: Range<Timestamp>) {
        self.zooms.push(range);
        self.error = None;
    }

    /// Shows the range before the last zoom. Returns false if there is none.
    pub(in crate::app) fn zoom_out(&mut self) -> bool {
        self.error = None;
        self.zooms.pop().is_some()
    }

    /// Returns the indices of the buckets with messages.
    pub(in crate::app) fn filled(&self) -> impl DoubleEndedIterator<Item = usize> {
        let buckets = self.shown.iter().flat_map(|timeline| timeline.buckets.iter().enumerate());
        buckets.filter(|(_, bucket)| bucket.first.is_some()).map(|(index, _)| index)
    }
}
