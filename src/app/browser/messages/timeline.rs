//! Loading the timeline of the list, and the buckets in which its messages are.

use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;

use super::Messages;
use crate::app::browser::list_key::ListKey;
use crate::app::event::Effect;
use crate::app::request::{Question, Slot};
use crate::app::requests::Requests;
use crate::store::StoreError;
use crate::store::browse::Timeline;

/// The time after a list was loaded until its timeline is asked for. A user who moves on sooner does not need it.
const PAUSE: Duration = Duration::from_millis(150);

impl Messages {
    /// Asks for the timeline if it is out of date and the list is loaded.
    pub(in crate::app) fn load_timeline(&mut self, buckets: usize, requests: &mut Requests) -> Option<Effect> {
        let ListKey { namespace, scope } = self.key.clone()?;
        let range = self.timeline_range();
        let is_asked = self.timeline.asked.as_ref() == Some(&range) && !self.outgrows_timeline();
        if is_asked || self.is_reading() || (self.window.is_empty() && !self.is_filtered()) {
            return None;
        }
        self.timeline.asked = Some(range.clone());
        self.timeline.through = self.newest().filter(|_| self.at_end());
        let question = Question::Timeline { namespace, scope, range, buckets };
        Some(requests.ask_later(Slot::Timeline, question, PAUSE))
    }

    /// Returns true if messages are loaded that were written after the timeline was asked for.
    fn outgrows_timeline(&self) -> bool {
        match (self.timeline.through, &self.timeline.shown) {
            (Some(through), _) => self.newest() > Some(through),
            // It was asked for without the end of the list.
            (None, Some(shown)) if self.timeline.is_whole() && self.at_end() => {
                let end = shown.begins(shown.buckets.len());
                self.row_at(self.newer_edge()).is_some_and(|row| row.head.time >= end)
            }
            _ => false,
        }
    }

    /// Returns the range to show: the last one zoomed into, or the times of the filter.
    fn timeline_range(&self) -> Option<Range<Timestamp>> {
        let (since, until) = (self.filter.since, self.filter.until);
        let filtered = (since.is_some() || until.is_some())
            .then(|| since.unwrap_or(Timestamp::MIN)..until.unwrap_or(Timestamp::MAX));
        self.timeline.zooms.last().cloned().or(filtered)
    }

    /// Cancels the question for the timeline, because the list is left.
    pub(in crate::app) fn stop_timeline(&mut self, requests: &mut Requests) -> Option<Effect> {
        let stop = requests.stop(Slot::Timeline)?;
        self.timeline.outdate();
        Some(stop)
    }

    pub(in crate::app) fn timeline_arrived(&mut self, timeline: Option<Timeline>) {
        if self.timeline_range().is_none() {
            self.begins_at(timeline.iter().flat_map(|timeline| &timeline.buckets).find_map(|bucket| bucket.first));
        }
        self.timeline.shown = timeline;
    }

    pub(in crate::app) fn timeline_failed(&mut self, error: &StoreError) {
        self.timeline.error = Some(error.to_string());
    }

    /// Returns the bucket of the selected message.
    #[must_use]
    pub(crate) fn selected_bucket(&self) -> Option<usize> {
        self.timeline.shown.as_ref()?.bucket_at(self.selection()?.time)
    }

    /// Returns the first and the last bucket of the rows on screen.
    #[must_use]
    pub(crate) fn visible_buckets(&self, rows: usize) -> Option<(usize, usize)> {
        let timeline = self.timeline.shown.as_ref()?;
        let visible = self.window.rows().iter().skip(self.window.top()).take(rows);
        let mut buckets = visible.filter_map(|row| timeline.bucket_at(row.head.time));
        let first = buckets.next()?;
        Some(buckets.fold((first, first), |(low, high), bucket| (low.min(bucket), high.max(bucket))))
    }
}
