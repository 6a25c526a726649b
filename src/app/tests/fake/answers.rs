//! The answer to each question of the screen.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::{Fake, head, namespace};
use crate::app::request::{Answer, Created, Lookup, Outcome, Question, Slot, Traces};
use crate::app::state_view::StateView;
use crate::fold::history::History;
use crate::message::{Message, MessageHead, Written};
use crate::store::browse::{
    Count, CountStep, Page, Scope, SearchRange, SearchStep, StreamMatches, StreamsFrom, StreamsOf,
};
use crate::store::session::ServerInfo;
use crate::store::{NamespaceInfo, StoreError};

impl Fake {
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
                let listed = |id| match id {
                    "shop" => {
                        NamespaceInfo { hides_rows: self.hides_rows, caution: self.caution.clone(), ..namespace(id) }
                    }
                    _ => namespace(id),
                };
                Answer::Namespaces(ids.map(listed).collect())
            }
            Question::CategoryNames { .. } => {
                Answer::CategoryNames(self.categories().into_iter().map(|row| row.category).collect())
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
}

/// Answers a question about the namespace without messages.
fn of_an_empty_namespace(question: &Question) -> Option<Answer> {
    let nothing = SearchStep { heads: Vec::new(), searched: 0, between: None, next: None };
    let none = CountStep { matches: 0, searched: 0, through: None, next: None };
    let (namespace, answer) = match question {
        Question::CategoryNames { namespace } => (namespace, Answer::CategoryNames(Vec::new())),
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

fn server() -> ServerInfo {
    ServerInfo {
        version: "17.5".to_owned(),
        database: "shop".to_owned(),
        user: "postgres".to_owned(),
        standby: false,
        read_only: None,
        clock_ahead_us: 0,
    }
}
