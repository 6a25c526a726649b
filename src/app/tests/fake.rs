//! A store in memory that answers at once, and a screen on top of it.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers of a test")]

pub(crate) mod vitals;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::app::keymap::Action;
use crate::app::request::{Answer, Created, Lookup, Outcome, Question, Slot, Traces};
use crate::app::state_view::StateView;
use crate::app::trace_view::{TraceRow, TraceView};
use crate::app::{Effect, Event, ScreenSettings, State};
use crate::fold::history::History;
use crate::json::path::BodyText;
use crate::message::{
    BodyPath, Category, GlobalPosition, Message, MessageHead, PathValues, Size, StreamName, Written, category,
};
use crate::store::browse::{
    CategoryRow, Count, CountStep, NamePart, Page, PageFrom, Scope, SearchRange, SearchStep, StreamMatches, StreamRow,
    StreamsFrom, StreamsOf, Timeline, TimelineBucket,
};
use crate::store::session::ServerInfo;
use crate::store::tail::{BlockingTransaction, Doubt, TailBatch, Tailed};
use crate::store::trace::{Links, NearCause, Reference, Relations, Tally, Workflow};
use crate::store::{Filter, Flavour, NamespaceInfo, StoreError};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use uuid::Uuid;
use vitals::Vitals;

/// Returns noon on 1 March 2026, the time at which the tests begin.
pub(crate) fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}

/// The most matches in one step of a search.
const HITS: usize = 500;

/// A store in memory. Global positions begin at 1.
#[derive(Default)]
pub(crate) struct Fake {
    pub messages: Vec<Message>,
    /// Namespaces that were created in addition to the two initial ones.
    pub created: Vec<String>,
    /// The two initial namespaces do not exist.
    pub without_namespaces: bool,
    /// Errors to answer with, each of them once.
    pub fail: Vec<(Slot, StoreError)>,
    /// The number of messages that one step of a search examines, if not the one in the question.
    pub search_window: Option<usize>,
    /// The scopes and ranges of the timelines that were asked for.
    pub timelines: Vec<(Scope, Option<Range<Timestamp>>)>,
    /// The number of messages that searches and counts have examined.
    pub looked_at: u64,
    /// What the pulse shows.
    pub vitals: Vitals,
}

/// The number of messages by which one can be late.
const LATE: usize = 5;

fn matches(filter: &Filter, head: &MessageHead) -> bool {
    (filter.types.is_empty() || filter.types.contains(&head.message_type))
        && filter.since.is_none_or(|since| head.time >= since)
        && filter.until.is_none_or(|until| head.time < until)
}

impl Fake {
    /// Creates a store with `streams` accounts and as many orders, of five messages each.
    pub(crate) fn shop(streams: usize) -> Self {
        let mut fake = Self::default();
        for position in 0..5 {
            for stream in 0..streams {
                for category in ["account", "order"] {
                    let kind = ["Opened", "Deposited", "Withdrawn", "HoldPlaced", "Closed"][position];
                    let data = format!(
                        r#"{{"amount": {}, "items": [1, {{"sku": "A-{stream}"}}], "exact": 12345678901234567890123, "price": 1.10}}"#,
                        stream * 10 + position
                    );
                    let metadata = format!(
                        r#"{{"correlationStreamName": "order-{stream}", "causationMessageStreamName": "account-{stream}", "causationMessagePosition": {position}}}"#
                    );
                    fake.store(&format!("{category}-{stream}"), position as i64, kind, &data, Some(&metadata));
                }
            }
        }
        fake
    }

    /// Appends a message to the only stream of the store.
    pub(crate) fn append(&mut self, stream: &str, kind: &str) {
        let position = self.messages.len() as i64;
        self.store(stream, position, kind, "{}", None);
    }

    pub(crate) fn push(&mut self, stream: &str, kind: &str, data: &str, metadata: Option<&str>) -> Message {
        let position = self.messages.iter().filter(|message| message.stream.as_str() == stream).count() as i64;
        self.store(stream, position, kind, data, metadata)
    }

    fn store(&mut self, stream: &str, position: i64, kind: &str, data: &str, metadata: Option<&str>) -> Message {
        let global_position = self.messages.len() as i64 + 1;
        let message = Message {
            id: Uuid::from_u128(global_position as u128),
            stream: StreamName::stored(stream),
            message_type: kind.to_owned(),
            position,
            global_position,
            data: Some(data.to_owned()),
            metadata: metadata.map(str::to_owned),
            time: noon() - SignedDuration::from_mins(60) + SignedDuration::from_secs(global_position),
            flaw: None,
        };
        self.messages.push(message.clone());
        message
    }

    pub(crate) fn of(&self, scope: &Scope) -> Vec<MessageHead> {
        self.messages_of(scope).into_iter().map(head).collect()
    }

    fn messages_of(&self, scope: &Scope) -> Vec<&Message> {
        let wanted = |message: &&Message| match scope {
            Scope::Namespace => true,
            Scope::Category(name) => category(message.stream.as_str()) == name.as_str(),
            Scope::Member(name, group) => {
                category(message.stream.as_str()) == name.as_str() && group.has(message.stream.as_str())
            }
            Scope::Stream(name) => message.stream == *name,
        };
        self.messages.iter().filter(wanted).collect()
    }

    /// Counts the messages of a scope exactly.
    fn count(&self, scope: &Scope) -> Count {
        let messages = self.messages_of(scope);
        let through = messages.last().map_or(-1, |message| number(scope, &head(message)));
        Count { messages: messages.len() as u64, through: Some(through) }
    }

    /// Counts the messages in buckets of whole seconds. Counts above ten are estimates.
    fn timeline(&self, scope: &Scope, range: Option<&Range<Timestamp>>, most: usize) -> Option<Timeline> {
        let mut heads = self.of(scope);
        heads.retain(|head| range.is_none_or(|range| range.contains(&head.time)));
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

    fn page(&self, scope: &Scope, from: PageFrom, limit: usize) -> Page {
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
    fn range(&self, scope: &Scope, filter: &Filter) -> SearchRange {
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

    fn search(
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
        let hits: Vec<usize> = (0..looked_at.len()).filter(|index| matches(&looked_at[*index])).collect();
        if falling && hits.len() > HITS {
            looked_at.drain(..=hits[hits.len() - HITS - 1]);
            next = looked_at.first().map(|head| PageFrom::Before(number(head)));
        } else if hits.len() > HITS {
            looked_at.truncate(hits[HITS]);
            next = looked_at.last().map(|head| PageFrom::After(number(head)));
        }
        let searched = looked_at.len() as u64;
        let between = looked_at.first().map(number).zip(looked_at.last().map(number));
        looked_at.retain(matches);
        SearchStep { heads: looked_at, searched, between, next }
    }

    fn count_step(
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

    #[allow(clippy::too_many_lines, reason = "one arm for each question")]
    pub(crate) fn answer(&mut self, slot: Slot, question: &Question) -> Outcome {
        if let Some(index) = self.fail.iter().position(|(failing, _)| *failing == slot) {
            return Err(Arc::new(self.fail.remove(index).1));
        }
        if let Some(answer) = of_an_empty_namespace(question) {
            return Ok(answer);
        }
        if let Some(answer) = self.vitals.answer(question) {
            return Ok(answer);
        }
        Ok(match question {
            Question::Server => Answer::Server(server()),
            Question::Namespaces => {
                let initial: &[&str] = if self.without_namespaces { &[] } else { &["shop", "audit"] };
                let ids = initial.iter().copied().chain(self.created.iter().map(String::as_str));
                Answer::Namespaces(ids.map(namespace).collect())
            }
            Question::Categories { .. } => Answer::Categories(self.categories()),
            Question::Streams { of, from, limit, .. } => {
                let mut rows = self.streams(of);
                rows.retain(|row| match from {
                    StreamsFrom::Start | StreamsFrom::End => true,
                    StreamsFrom::At(name) => row.stream >= *name,
                    StreamsFrom::After(name) => row.stream > *name,
                    StreamsFrom::Before(name) => row.stream < *name,
                });
                let end = rows.len() < *limit;
                if from.is_backward() {
                    rows.drain(..rows.len().saturating_sub(*limit));
                } else {
                    rows.truncate(*limit);
                }
                Answer::Streams { from: from.clone(), rows, end }
            }
            Question::RecentStreams { category, .. } => {
                let mut rows = self.streams(&StreamsOf::Category(category.clone()));
                rows.sort_by_key(|row| -row.last_global_position);
                Answer::RecentStreams { rows, next: None }
            }
            Question::Page { scope, from, limit, paths, .. } => {
                let mut page = self.page(scope, *from, *limit);
                self.find_values(&mut page.heads, paths);
                Answer::Page(page)
            }
            Question::Search { scope, filter, range, from, window, paths, .. } => {
                let range = range.unwrap_or_else(|| self.range(scope, filter));
                let mut step = self.search(scope, filter, &range, *from, *window as usize);
                self.find_values(&mut step.heads, paths);
                Answer::Search(step, range)
            }
            Question::CountMatches { scope, filter, range, from, window, .. } => {
                let range = range.unwrap_or_else(|| self.range(scope, filter));
                Answer::CountStep(self.count_step(scope, filter, &range, *from, *window as usize), range)
            }
            Question::Message { global_position, .. } => {
                let found = self.messages.iter().find(|message| message.global_position == *global_position);
                Answer::Message(found.cloned().map(Box::new))
            }
            Question::Marked { of } => {
                let found = |at: i64| self.messages.iter().find(|message| message.global_position == at).cloned();
                Answer::Marked(of.iter().map(|(_, global_position)| found(*global_position)).collect())
            }
            Question::Relations { global_position, .. } => {
                Answer::Relations(self.relations(*global_position).map(Box::new))
            }
            Question::Trace { global_position, of, .. } => Answer::Trace(Box::new(match of {
                Traces::CausesAndEffects => self.trace(*global_position),
                Traces::Workflow(workflow) => self.workflow(*global_position, workflow),
            })),
            Question::State { stream, position, from, .. } => {
                let messages: Vec<&Message> =
                    self.messages.iter().filter(|message| message.stream == *stream).collect();
                let last = (messages.len() as i64 - 1).min(*position);
                let mut history = History::new(None, from.unwrap_or(0).min(last));
                let range = history.from()..=last;
                for message in messages.iter().filter(|message| range.contains(&message.position)) {
                    let added = history.add(message, message.position == last).now_or_never();
                    added.expect("merging does not wait").expect("JSON");
                }
                Answer::State(Box::new(StateView::of(&history, stream.clone(), last, None, None)))
            }
            Question::Estimate { scope, .. } => {
                let count = self.count(scope);
                let exact = matches!(scope, Scope::Stream(_));
                Answer::Count(Some(Count { through: count.through.filter(|_| exact), ..count }))
            }
            Question::Timeline { scope, range, buckets, .. } => {
                self.timelines.push((scope.clone(), range.clone()));
                Answer::Timeline(self.timeline(scope, range.as_ref(), *buckets))
            }
            Question::Count { scope, .. } => Answer::Count(Some(self.count(scope))),
            Question::Find { what, .. } => Answer::Found(self.find(what).map(Box::new)),
            Question::Complete { prefix, .. } => {
                let rows = self.streams(&StreamsOf::Prefix(prefix.clone()));
                Answer::Completions(rows.into_iter().map(|row| row.stream.to_string()).collect())
            }
            Question::Suggest { prefixes, check, categories, .. } => {
                let of_prefix = |prefix: &String| self.streams(&StreamsOf::Prefix(prefix.clone())).into_iter().take(10);
                let rows = prefixes.iter().flat_map(of_prefix).collect();
                Answer::Suggested {
                    rows,
                    exists: check.as_ref().map(|what| self.find(what).is_some()),
                    categories: categories.then(|| self.categories()),
                }
            }
            Question::SearchStreams { of, part, after, names, limit, estimate, .. } => {
                let total = estimate.then_some(self.streams(&StreamsOf::Namespace).len() as u64);
                let found = self.streams_containing(of, part, after.as_ref(), *names, *limit);
                Answer::FoundStreams { found, total }
            }
            Question::StreamsContaining { of, part, after, names, limit, .. } => {
                Answer::StreamsContaining(self.streams_containing(of, part, after.as_ref(), *names, *limit))
            }
            Question::Write { message, .. } => {
                let heads = self.of(&Scope::Stream(message.stream.clone()));
                let actual = heads.last().map(|head| head.position);
                let expected = message.expected_version;
                if expected.as_argument().is_some_and(|version| version != actual.unwrap_or(-1)) {
                    let stream = message.stream.clone();
                    return Err(Arc::new(StoreError::Conflict { stream, expected, actual }));
                }
                let stream = message.stream.to_string();
                let written = self.push(&stream, &message.message_type, &message.data, message.metadata.as_deref());
                Answer::Written(Written {
                    was_stored: false,
                    differs: None,
                    id: message.id,
                    position: written.position,
                    global_position: written.global_position,
                })
            }
            Question::Version { stream, .. } => {
                Answer::Version(self.of(&Scope::Stream(stream.clone())).last().map(|head| head.position))
            }
            Question::Since { stream, version, .. } => {
                let first = version.map_or(0, |version| version + 1);
                let of_stream = self.messages.iter().filter(|message| message.stream == *stream);
                let messages: Vec<Message> = of_stream.filter(|message| message.position >= first).cloned().collect();
                let version = self.of(&Scope::Stream(stream.clone())).last().map(|head| head.position);
                Answer::Since { messages, version }
            }
            Question::CreateNamespace { id, .. } => {
                self.created.push(id.clone());
                let token = "ns_dG9rZW4_0123456789abcdef".to_owned();
                Answer::Created(Box::new(Created { info: namespace(id), token }))
            }
            Question::DeleteNamespace { .. } => Answer::Deleted { messages: self.messages.len() as u64 },
            Question::CategoryRates { .. }
            | Question::Consumers { .. }
            | Question::Holdups { .. }
            | Question::Findings { .. } => unreachable!("the vitals answer"),
        })
    }

    /// Finds the values of paths in small messages, as the real store does.
    fn find_values(&self, heads: &mut [MessageHead], paths: &Arc<[BodyPath]>) {
        for head in heads {
            let message = self.messages.iter().find(|message| message.global_position == head.global_position);
            if let Some(message) = message {
                head.values = values(message, paths);
            }
        }
    }

    fn find(&self, what: &Lookup) -> Option<MessageHead> {
        match what {
            Lookup::Id(id) => self.messages.iter().find(|message| message.id == *id).map(head),
            Lookup::At(stream, position) => {
                let heads = self.of(&Scope::Stream(stream.clone()));
                let at = position.and_then(|position| heads.iter().find(|head| head.position == position));
                at.or(heads.last()).cloned()
            }
            Lookup::Global(scope, position) => {
                let heads = self.of(scope);
                heads.iter().find(|head| head.global_position >= *position).or(heads.last()).cloned()
            }
            Lookup::Time(scope, time) => {
                let heads = self.of(scope);
                heads.iter().find(|head| head.time >= *time).or(heads.last()).cloned()
            }
            Lookup::Category(name) => self.of(&Scope::Category(name.clone())).last().cloned(),
        }
    }

    fn categories(&self) -> Vec<CategoryRow> {
        let mut names: Vec<&str> = self.messages.iter().map(|message| category(message.stream.as_str())).collect();
        names.sort_unstable();
        names.dedup();
        let row = |name: &str| {
            let estimate = Some(self.messages_of(&Scope::Category(Category::stored(name))).len() as u64);
            CategoryRow { category: Category::stored(name), estimate }
        };
        names.into_iter().map(row).collect()
    }

    fn streams_containing(
        &self,
        of: &StreamsOf,
        part: &NamePart,
        after: Option<&StreamName>,
        names: u32,
        limit: usize,
    ) -> StreamMatches {
        let rows = self.streams(of).into_iter().filter(|row| after.is_none_or(|after| row.stream > *after));
        let mut found = StreamMatches { streams: Vec::new(), searched: 0, next: None };
        let names = self.search_window.unwrap_or(names as usize);
        let mut rows = rows.peekable();
        while let Some(row) = rows.next() {
            found.searched += 1;
            let stream = row.stream.clone();
            found.streams.extend(part.find_in(stream.as_str()).map(|_| row));
            if found.searched as usize == names || found.streams.len() == limit {
                found.next = rows.peek().map(|_| stream);
                break;
            }
        }
        found
    }

    /// Returns the message that a reference names.
    fn named(&self, reference: &Reference) -> Option<&Message> {
        self.messages.iter().find(|message| match reference {
            Reference::Position(stream, position) => message.stream == *stream && message.position == *position,
            Reference::GlobalPosition(position) => message.global_position == *position,
            Reference::Id(id) => message.id == *id,
            Reference::Metadata(..) => false,
        })
    }

    /// Returns the messages that share a value, in order.
    fn sharing(&self, workflow: &Workflow) -> Vec<&Message> {
        let shares = |message: &&Message| {
            Links::default().workflows(message.metadata.as_deref().unwrap_or_default()).contains(workflow)
        };
        self.messages.iter().filter(shares).collect()
    }

    /// Returns what is around a message. In a large store nothing is found, because every message would be parsed.
    fn relations(&self, global_position: GlobalPosition) -> Option<Relations> {
        if self.messages.len() > 1_000 {
            return None;
        }
        let links = Links::default();
        let start = self.messages.iter().find(|message| message.global_position == global_position)?;
        let cause_of = |message: &Message| links.cause(message.metadata.as_deref()?);
        let names_start = |message: &&Message| {
            let named = cause_of(message).and_then(|cause| self.named(&cause.reference));
            named.is_some_and(|named| named.global_position == global_position)
        };
        let tally = |found: Vec<&Message>| Tally {
            messages: found.len(),
            only: if let [only] = found[..] { Some(Box::new(head(only))) } else { None },
            at_least: false,
            within: 100_000,
        };
        let workflow = links.workflows(start.metadata.as_deref().unwrap_or_default()).into_iter().next();
        Some(Relations {
            cause: cause_of(start).map(|cause| match self.named(&cause.reference) {
                Some(cause) => NearCause::Present(Box::new(head(cause))),
                None => NearCause::Missing,
            }),
            effects: tally(self.messages.iter().filter(names_start).collect()),
            workflow: workflow.map(|workflow| tally(self.sharing(&workflow))),
        })
    }

    /// Returns the messages of a workflow.
    fn workflow(&self, start: GlobalPosition, workflow: &Workflow) -> TraceView {
        let row = |message: &Message| TraceRow {
            head: head(message),
            depth: 0,
            cause: None,
            link: None,
            is_start: message.global_position == start,
        };
        let rows = self.sharing(workflow).into_iter().map(row).collect();
        TraceView { rows, missing: None, report: vec!["searched the whole namespace".to_owned()], done: true }
    }

    /// Returns a trace in which each message of a stream is caused by the one before it.
    fn trace(&self, global_position: GlobalPosition) -> TraceView {
        let start = self.messages.iter().find(|message| message.global_position == global_position);
        let stream = start.map(|start| start.stream.clone());
        let messages: Vec<&Message> =
            self.messages.iter().filter(|message| Some(&message.stream) == stream.as_ref()).collect();
        let row = |(depth, message): (usize, &&Message)| TraceRow {
            head: head(message),
            depth,
            cause: depth
                .checked_sub(1)
                .map(|cause| (messages[cause].global_position, Some(SignedDuration::from_secs(1)))),
            link: Some("eventide".to_owned()),
            is_start: message.global_position == global_position,
        };
        TraceView {
            rows: messages.iter().enumerate().map(row).collect(),
            missing: None,
            report: vec!["searched for effects at global positions 1 to 9; the rest was not searched".to_owned()],
            done: true,
        }
    }

    fn streams(&self, of: &StreamsOf) -> Vec<StreamRow> {
        let is_meant = |name: &StreamName| match of {
            StreamsOf::Namespace => true,
            StreamsOf::Category(category) => name.category() == *category,
            StreamsOf::Prefix(prefix) => name.as_str().starts_with(prefix),
        };
        // Later messages replace earlier ones, so the map keeps the last message of each stream.
        let last: HashMap<_, _> = self.messages.iter().map(|message| (&message.stream, message)).collect();
        let mut last: Vec<(&StreamName, &Message)> = last.into_iter().filter(|(name, _)| is_meant(name)).collect();
        last.sort_by_key(|(name, _)| *name);
        let row = |(name, last): (&StreamName, &Message)| StreamRow {
            stream: name.clone(),
            version: last.position,
            last_global_position: last.global_position,
            last_time: last.time,
        };
        last.into_iter().map(row).collect()
    }
}

/// Answers a question about the namespace without messages.
fn of_an_empty_namespace(question: &Question) -> Option<Answer> {
    let nothing = SearchStep { heads: Vec::new(), searched: 0, between: None, next: None };
    let none = CountStep { matches: 0, searched: 0, through: None, next: None };
    let (namespace, answer) = match question {
        Question::Categories { namespace } => (namespace, Answer::Categories(Vec::new())),
        Question::Estimate { namespace, .. } | Question::Count { namespace, .. } => (namespace, Answer::Count(None)),
        Question::Timeline { namespace, .. } => (namespace, Answer::Timeline(None)),
        Question::Page { namespace, .. } => {
            (namespace, Answer::Page(Page { heads: Vec::new(), at_start: true, at_end: true }))
        }
        Question::Search { namespace, .. } => (namespace, Answer::Search(nothing, SearchRange::EVERYTHING)),
        Question::CountMatches { namespace, .. } => (namespace, Answer::CountStep(none, SearchRange::EVERYTHING)),
        Question::Suggest { namespace, .. } => {
            (namespace, Answer::Suggested { rows: Vec::new(), exists: Some(false), categories: Some(Vec::new()) })
        }
        Question::SearchStreams { namespace, .. } => {
            let found = StreamMatches { streams: Vec::new(), searched: 0, next: None };
            (namespace, Answer::FoundStreams { found, total: None })
        }
        _ => return None,
    };
    (namespace != "shop").then_some(answer)
}

pub(crate) fn head(message: &Message) -> MessageHead {
    MessageHead {
        id: message.id,
        stream: message.stream.clone(),
        message_type: message.message_type.clone(),
        position: message.position,
        global_position: message.global_position,
        time: message.time,
        size: match message.data.as_deref() {
            // The real store does the same for compressed data.
            Some(data) if data.len() > 8_192 => Size::Stored(data.len() as u64 / 11),
            data => Size::of(data),
        },
        preview: message.data.clone().unwrap_or_default().chars().take(200).collect(),
        values: PathValues::default(),
        flaw: message.flaw.clone(),
    }
}

/// Returns the values of paths; those in data of more than 8 KiB are not read.
fn values(message: &Message, paths: &Arc<[BodyPath]>) -> PathValues {
    let data = match head(message).size {
        size @ Size::Stored(_) => BodyText::NotRead(size),
        Size::Text(_) => message.data.as_deref().into(),
    };
    PathValues::read(paths, data, message.metadata.as_deref().into())
}

pub(crate) fn namespace(id: &str) -> NamespaceInfo {
    NamespaceInfo {
        id: id.to_owned(),
        schema: format!("eventodb_{id}"),
        flavour: Flavour::Streamscope,
        registered: true,
        description: None,
        created_at: None,
        version: Some("1".to_owned()),
        outdated: false,
        hides_rows: false,
        closed: None,
        caution: None,
    }
}

pub(crate) fn server() -> ServerInfo {
    ServerInfo {
        version: "17.5".to_owned(),
        database: "shop".to_owned(),
        user: "postgres".to_owned(),
        standby: false,
        read_only: None,
        clock_ahead_us: 0,
    }
}

/// Returns a batch of final messages.
fn batch(messages: Vec<Tailed<MessageHead>>, now: Timestamp) -> TailBatch<MessageHead> {
    let newest = messages.iter().map(|tailed| tailed.message.global_position).max().unwrap_or(0);
    TailBatch {
        messages,
        final_to: newest,
        newest,
        blocked_by: Vec::new(),
        server_time: now,
        standby: false,
        unordered: false,
        has_more: false,
        receded_from: None,
        blocked_since: None,
        doubts: Vec::new(),
        diverges_above: None,
        begins_above: false,
    }
}

/// A screen over a store in memory. Effects are carried out at once, but answers can be held.
pub(crate) struct Screen {
    pub state: State,
    pub fake: Fake,
    /// All effects except questions.
    pub outside: Vec<Effect>,
    /// Answers are computed at once but do not arrive until released.
    pub hold: bool,
    /// Every question that was asked, with the delay before it is sent.
    pub asked: Vec<(Slot, Duration)>,
    pub held: VecDeque<(Slot, u64, Outcome)>,
    /// The followed scope and filter, with the generation.
    pub followed: Option<(u64, Scope, Filter)>,
    /// The paths whose values come with followed messages.
    pub followed_paths: Arc<[BodyPath]>,
    pub now: Timestamp,
}

impl Screen {
    pub(crate) fn new(fake: Fake) -> Self {
        Self::with(
            fake,
            ScreenSettings { target: "postgres@localhost/shop".to_owned(), ..ScreenSettings::default() },
            160,
            45,
        )
    }

    pub(crate) fn with(fake: Fake, setup: ScreenSettings, width: u16, height: u16) -> Self {
        let (state, effects) = State::new(setup, Rect::new(0, 0, width, height), noon());
        let mut screen = Self {
            state,
            fake,
            outside: Vec::new(),
            hold: false,
            asked: Vec::new(),
            held: VecDeque::new(),
            followed: None,
            followed_paths: Arc::default(),
            now: noon(),
        };
        screen.carry_out(effects);
        screen
    }

    pub(crate) fn send(&mut self, event: Event) {
        let effects = self.state.update(event, self.now);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut waiting: VecDeque<Effect> = effects.into();
        while let Some(effect) = waiting.pop_front() {
            match effect {
                Effect::Ask { slot, generation, question, after } => {
                    self.asked.push((slot, after));
                    let outcome = self.fake.answer(slot, &question);
                    if self.hold {
                        self.held.push_back((slot, generation, outcome));
                    } else {
                        waiting.extend(self.state.update(Event::Answered { slot, generation, outcome }, self.now));
                    }
                }
                Effect::Follow { generation, ref namespace, ref scope, ref filter, ref paths } => {
                    self.followed_paths = Arc::clone(paths);
                    // No messages are written to the other namespace.
                    self.followed = (namespace == "shop").then(|| (generation, scope.clone(), filter.clone()));
                    self.outside.push(effect);
                    // Following begins with an empty batch.
                    let begun = Event::Followed { generation, batch: batch(Vec::new(), self.now) };
                    waiting.extend(self.state.update(begun, self.now));
                }
                other => {
                    match &other {
                        Effect::StopFollowing => self.followed = None,
                        Effect::FollowPaths(paths) => self.followed_paths = Arc::clone(paths),
                        _ => {}
                    }
                    self.outside.push(other);
                }
            }
        }
    }

    /// Delivers all held answers, oldest first, and those to the questions that follow.
    pub(crate) fn release(&mut self) {
        self.hold = false;
        while self.release_one() {}
    }

    /// Delivers the oldest held answer. Returns false if there is none.
    pub(crate) fn release_one(&mut self) -> bool {
        let Some((slot, generation, outcome)) = self.held.pop_front() else { return false };
        self.send(Event::Answered { slot, generation, outcome });
        true
    }

    /// Writes a message as another program, and delivers it if it is followed.
    pub(crate) fn arrive(&mut self, stream: &str, kind: &str) -> Message {
        let message = self.fake.push(stream, kind, r#"{"amount": 1}"#, None);
        self.deliver(&message, false);
        message
    }

    /// Delivers a message through following, if it belongs to the followed scope.
    pub(crate) fn deliver(&mut self, message: &Message, late: bool) {
        let Some((generation, scope, filter)) = &self.followed else { return };
        let generation = *generation;
        let is_followed = self.fake.messages_of(scope).iter().any(|of| of.global_position == message.global_position)
            && matches(filter, &head(message));
        if is_followed {
            let message = MessageHead { values: values(message, &self.followed_paths), ..head(message) };
            let batch = batch(vec![Tailed { message, late }], self.now);
            self.send(Event::Followed { generation, batch });
        }
    }

    /// Reports through following that a transaction has blocked for some seconds, or that none does.
    pub(crate) fn held_back(&mut self, holder: Option<BlockingTransaction>, seconds: i64) {
        let Some((generation, ..)) = &self.followed else { return };
        let generation = *generation;
        let blocked_since = holder.as_ref().map(|_| self.now - SignedDuration::from_secs(seconds));
        let batch = TailBatch {
            final_to: 30,
            newest: 31,
            blocked_by: holder.into_iter().collect(),
            blocked_since,
            ..batch(Vec::new(), self.now)
        };
        self.send(Event::Followed { generation, batch });
    }

    /// Reports through following why late messages may be missed.
    pub(crate) fn doubted(&mut self, doubts: Vec<Doubt>) {
        let Some((generation, ..)) = &self.followed else { return };
        let generation = *generation;
        let batch = TailBatch { doubts, ..batch(Vec::new(), self.now) };
        self.send(Event::Followed { generation, batch });
    }

    /// Reports through following that the store was replaced and has these messages now.
    pub(crate) fn replaced(&mut self, messages: &[Message]) {
        let Some((generation, ..)) = &self.followed else { return };
        let generation = *generation;
        let messages = messages.iter().map(|message| Tailed { message: head(message), late: false }).collect();
        let batch = TailBatch { diverges_above: Some(0), ..batch(messages, self.now) };
        self.send(Event::Followed { generation, batch });
    }

    pub(crate) fn key(&mut self, code: KeyCode) {
        self.send(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    pub(crate) fn ctrl(&mut self, letter: char) {
        self.send(Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)));
    }

    /// Carries out an action, as its key or the palette would.
    pub(crate) fn act(&mut self, action: Action) {
        let effects = self.state.act(action);
        self.carry_out(effects);
    }

    pub(crate) fn keys(&mut self, letters: &str) {
        for letter in letters.chars() {
            self.key(KeyCode::Char(letter));
        }
    }

    pub(crate) fn enter(&mut self) {
        self.key(KeyCode::Enter);
    }

    pub(crate) fn esc(&mut self) {
        self.key(KeyCode::Esc);
    }

    pub(crate) fn down(&mut self) {
        self.key(KeyCode::Down);
    }

    /// Enters a target into the omnibox.
    pub(crate) fn go_to(&mut self, target: &str) {
        self.keys(":");
        self.keys(target);
        self.enter();
    }

    /// Goes to a stream and holds the answers as soon as its list is on screen.
    pub(crate) fn go_to_stream_and_hold(&mut self, target: &str) {
        self.hold = true;
        self.go_to(target);
        let arrived = |state: &State| {
            state.browser.messages.key.as_ref().is_some_and(|list| matches!(list.scope, Scope::Stream(_)))
        };
        while !arrived(&self.state) {
            assert!(self.release_one(), "the stream exists");
        }
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.send(Event::Tick);
    }

    /// Returns the selected message as `stream@position`.
    pub(crate) fn selected(&self) -> String {
        self.state
            .browser
            .messages
            .selection()
            .map_or_else(String::new, |head| format!("{}@{}", head.stream, head.position))
    }

    pub(crate) fn terminal(&self) -> Terminal<TestBackend> {
        let area = self.state.browser.area;
        let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).expect("a test back end");
        terminal.draw(|frame| crate::view::draw(frame, &self.state)).expect("drawing to memory");
        terminal
    }

    /// Returns the text on screen.
    pub(crate) fn text(&self) -> String {
        let terminal = self.terminal();
        let buffer = terminal.backend().buffer();
        let line = |row: u16| -> String {
            (0..buffer.area.width)
                .map(|column| buffer[(column, row)].symbol())
                .collect::<String>()
                .trim_end()
                .to_owned()
        };
        (0..buffer.area.height).map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Returns the number that orders a scope.
pub(crate) fn number(scope: &Scope, head: &MessageHead) -> i64 {
    if matches!(scope, Scope::Stream(_)) { head.position } else { head.global_position }
}
