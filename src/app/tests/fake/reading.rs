//! Reads the messages of a scope: pages, searches, counts and timelines.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use super::{Fake, head, matches, number};
use crate::message::{Message, MessageHead};
use crate::store::Filter;
use crate::store::browse::{
    Count, CountStep, Page, PageFrom, Scope, SearchRange, SearchStep, Timeline, TimelineBucket,
};

/// The most matches in one step of a search.
const MOST_MATCHES: usize = 500;
/// The number of messages by which one can be late.
const LATE: usize = 5;

impl Fake {
    /// Counts the messages of a scope exactly.
    pub(super) fn count(&self, scope: &Scope) -> Count {
        let messages = self.messages_of(scope);
        let through = messages.last().map_or(-1, |message| number(scope, &head(message)));
        Count { messages: messages.len() as u64, through: Some(through) }
    }

    /// Counts the messages in buckets of whole seconds. Counts above ten are estimates.
    pub(super) fn timeline(&self, scope: &Scope, range: Option<&Range<Timestamp>>, most: usize) -> Option<Timeline> {
        let mut heads = self.of(scope);
        heads.retain(|head| range.is_none_or(|range| range.contains(&head.time)));
        heads.retain(|head| head.time != Timestamp::MIN && head.time != Timestamp::MAX);
        let seconds = |head: &MessageHead| head.time.as_second();
        let (first, last) = (heads.iter().map(seconds).min()?, heads.iter().map(seconds).max()?);
        let width = (last - first).div_euclid(most as i64) + 1;
        let start = first.div_euclid(width) * width;
        let bucket = TimelineBucket { messages: 0, exact: true, first: None };
        let mut buckets = vec![bucket; ((last - start) / width + 1) as usize];
        for head in &heads {
            let bucket = &mut buckets[((seconds(head) - start) / width) as usize];
            bucket.messages += 1;
            bucket.exact = bucket.messages <= 10;
            bucket.first.get_or_insert(number(scope, head));
        }
        let start = Timestamp::from_second(start).expect("a time");
        Some(Timeline { start, width: SignedDuration::from_secs(width), buckets })
    }

    pub(super) fn page(&self, scope: &Scope, from: PageFrom, limit: usize) -> Page {
        let messages = self.messages_of(scope);
        let is_stream = matches!(scope, Scope::Stream(_));
        let number = |message: &Message| if is_stream { message.position } else { message.global_position };
        let first_from = |at: i64| messages.partition_point(|message| number(message) < at);
        let page = |range: Range<usize>| Page {
            at_start: range.start == 0,
            at_end: range.end == messages.len(),
            heads: messages[range].iter().copied().map(head).collect(),
        };
        let rising = |first: usize| page(first..messages.len().min(first + limit));
        let falling = |end: usize| page(end.saturating_sub(limit)..end);
        match from {
            PageFrom::Start => rising(0),
            PageFrom::End => falling(messages.len()),
            PageFrom::At(at) => rising(first_from(at)),
            PageFrom::After(at) => rising(messages.partition_point(|message| number(message) <= at)),
            PageFrom::Before(at) => falling(first_from(at)),
            PageFrom::Around(at) => {
                let middle = first_from(at);
                page(middle.saturating_sub(limit / 2)..messages.len().min(middle + limit / 2))
            }
        }
    }

    /// Returns the range of numbers that the times of a filter allow, extended by [`LATE`].
    pub(super) fn range(&self, scope: &Scope, filter: &Filter) -> SearchRange {
        let heads = self.of(scope);
        let at = |time: Timestamp| heads.partition_point(|head| head.time < time);
        let number = |index: usize| heads.get(index).map_or(i64::MAX, |head| number(scope, head));
        let since = filter.since.map(at);
        let until = filter.until.map(at);
        SearchRange {
            lowest: since.map_or(i64::MIN, |since| number(since.saturating_sub(LATE))),
            highest: until.map_or(i64::MAX, |until| number(until + LATE)),
            start: since.map(number),
            end: until.map(|until| number(until).saturating_sub(1)),
        }
    }

    pub(super) fn search(
        &mut self,
        scope: &Scope,
        filter: &Filter,
        range: &SearchRange,
        from: PageFrom,
        window: usize,
    ) -> SearchStep {
        let from = match from {
            PageFrom::Start => PageFrom::At(range.first()),
            PageFrom::End if range.last() == i64::MAX => PageFrom::End,
            PageFrom::End => PageFrom::Before(range.last() + 1),
            from => from,
        };
        let page = self.page(scope, from, self.search_window.unwrap_or(window));
        self.looked_at += page.heads.len() as u64;
        let number = |head: &MessageHead| number(scope, head);
        let falling = matches!(from, PageFrom::End | PageFrom::Before(_));
        let (first, last) = (page.heads.first().map(number), page.heads.last().map(number));
        let is_outside =
            if falling { first.is_some_and(|first| first <= range.lowest) } else { last >= Some(range.highest) };
        let next = if is_outside {
            None
        } else if falling && !page.at_start {
            page.heads.first().map(|head| PageFrom::Before(number(head)))
        } else if !falling && !page.at_end {
            page.heads.last().map(|head| PageFrom::After(number(head)))
        } else {
            None
        };
        let matches = |head: &MessageHead| matches(filter, head);
        // The step ends before the first match that exceeds the limit.
        let mut next = next;
        let mut looked_at = page.heads;
        let found: Vec<usize> = (0..looked_at.len()).filter(|index| matches(&looked_at[*index])).collect();
        if falling && found.len() > MOST_MATCHES {
            looked_at.drain(..=found[found.len() - MOST_MATCHES - 1]);
            next = looked_at.first().map(|head| PageFrom::Before(number(head)));
        } else if found.len() > MOST_MATCHES {
            looked_at.truncate(found[MOST_MATCHES]);
            next = looked_at.last().map(|head| PageFrom::After(number(head)));
        }
        let searched = looked_at.len() as u64;
        let between = looked_at.first().map(number).zip(looked_at.last().map(number));
        looked_at.retain(matches);
        SearchStep { heads: looked_at, searched, between, next }
    }

    pub(super) fn count_step(
        &mut self,
        scope: &Scope,
        filter: &Filter,
        range: &SearchRange,
        from: Option<i64>,
        window: usize,
    ) -> CountStep {
        let from = PageFrom::At(from.unwrap_or(i64::MIN).max(range.lowest));
        let page = self.page(scope, from, self.search_window.unwrap_or(window));
        let searched = page.heads.len() as u64;
        self.looked_at += searched;
        let through = page.heads.last().map(|head| number(scope, head));
        let next = through.filter(|through| !page.at_end && *through < range.highest).map(|through| through + 1);
        let matches = page.heads.iter().filter(|head| matches(filter, head)).count() as u64;
        CountStep { matches, searched, through, next }
    }
}
