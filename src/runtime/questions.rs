//! Answers the questions of the screen from the store. It knows nothing of slots and generations, and keeps no state
//! besides the open namespaces and the trace under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::TryStreamExt as _;
use futures_util::future::{BoxFuture, Shared};

use super::provenance::{self, Tracing};
use super::states::{States, Wanted};
use crate::app::pulse_view::Pulse;
use crate::app::request::{Answer, Completing, Lookup, Question};
use crate::config::Config;
use crate::message::{GlobalPosition, Message, MessageHead, Position, StreamName};
use crate::store::browse::{PageFrom, Scope, SearchRange, StreamMatches, StreamsFrom, StreamsOf};
use crate::store::consumers::Consumer;
use crate::store::{Filter, Namespace, Result, Store, StoreError};

/// The messages in a window of the search for recent streams, and the most windows per answer.
const RECENT_WINDOW: u32 = 10_000;
const RECENT_WINDOWS: usize = 5;
/// The most messages that are shown beside a draft after a conflict.
const SINCE: i64 = 100;
/// The most bytes of the bodies of marked messages; two messages are always read.
const MARKED: usize = 64 << 20;
/// The most names that are offered for completion.
const COMPLETIONS: usize = 20;
/// The most streams that are suggested for each beginning of a name.
const SUGGESTIONS: u32 = 10;

/// An attempt to open a store. It starts when it is first awaited, and fails with a message for the user.
pub(crate) type Attempt = BoxFuture<'static, Result<Store, String>>;

/// A store that may still be opening, because the screen does not wait for it. After a failure, the next question
/// retries.
pub(crate) struct Opening {
    open: Box<dyn Fn() -> Attempt + Send + Sync>,
    attempt: Mutex<Shared<Attempt>>,
    named: Option<String>,
}

impl Opening {
    /// Prepares the first attempt. `named` is the namespace that the user named on the command line.
    #[must_use]
    pub(crate) fn new(named: Option<String>, open: impl Fn() -> Attempt + Send + Sync + 'static) -> Self {
        let attempt = Mutex::new(open().shared());
        Self { open: Box::new(open), attempt, named }
    }

    /// Starts the first attempt, which would otherwise start with the first question. Must be called within a tokio
    /// runtime.
    pub(crate) fn start(&self) {
        tokio::spawn(self.attempt.lock().unwrap_or_else(PoisonError::into_inner).clone());
    }

    /// Opens the store and waits until its server answers.
    ///
    /// # Errors
    /// The reason, for the user.
    pub(crate) async fn check(&self) -> std::result::Result<(), String> {
        let store = self.store().await.map_err(|error| error.to_string())?;
        store.server().await.map(drop).map_err(|error| error.to_string())
    }

    async fn store(&self) -> Result<Store> {
        let attempt = self.attempt.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let opened = attempt.clone().await;
        if opened.is_err() {
            let mut current = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
            // Another question that awaited the same attempt may already have replaced it.
            if current.ptr_eq(&attempt) {
                *current = (self.open)().shared();
            }
        }
        opened.map_err(StoreError::NotOpened)
    }
}

/// The store and its open namespaces.
pub(crate) struct Answerer {
    opening: Opening,
    open: Mutex<HashMap<String, Namespace>>,
    /// The trace under way.
    tracing: Tracing,
    /// The states of the stream on screen.
    states: States,
}

impl Answerer {
    #[must_use]
    pub(crate) fn new(opening: Opening) -> Self {
        Self { opening, open: Mutex::default(), tracing: Tracing::default(), states: States::default() }
    }

    async fn store(&self) -> Result<Store> {
        self.opening.store().await
    }

    /// Returns a namespace by its ID, and opens it if necessary.
    pub(crate) async fn namespace(&self, id: &str) -> Result<Namespace> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some(namespace) = open {
            return Ok(namespace);
        }
        let store = self.store().await?;
        // Selecting a namespace does not mean that the user trusts it, unlike naming it on the command line.
        let named = self.opening.named.as_deref() == Some(id);
        let namespace = if named { store.namespace(id).await? } else { store.namespace_unasked(id).await? };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), namespace.clone());
        Ok(namespace)
    }

    /// Replaces the open namespaces by those that were just listed.
    fn keep(&self, namespaces: impl Iterator<Item = Namespace>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clear();
        // A registered id wins over a schema of the same name.
        let (registered, others): (Vec<_>, Vec<_>) = namespaces.partition(|namespace| namespace.info().registered);
        for namespace in others.into_iter().chain(registered) {
            open.insert(namespace.info().id.clone(), namespace);
        }
    }

    fn forget(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Answers a question.
    #[allow(clippy::too_many_lines, reason = "one arm for each question")]
    pub(crate) async fn answer(&self, question: &Question) -> Result<Answer> {
        Ok(match question {
            Question::Server => Answer::Server(self.store().await?.server().await?),
            Question::Namespaces => {
                let (infos, open): (Vec<_>, Vec<_>) = self.store().await?.list().await?.into_iter().unzip();
                self.keep(open.into_iter().flatten());
                Answer::Namespaces(infos)
            }
            Question::CategoryNames { namespace } => {
                Answer::CategoryNames(self.namespace(namespace).await?.category_names().await?)
            }
            Question::Categories { namespace } => {
                Answer::Categories(self.namespace(namespace).await?.categories().await?)
            }
            Question::Streams { namespace, of, from, limit } => {
                let rows = self.namespace(namespace).await?.streams(of, from, *limit).await?;
                Answer::Streams { from: from.clone(), end: rows.len() < *limit, rows }
            }
            Question::RecentStreams { namespace, category, before, limit } => {
                let namespace = self.namespace(namespace).await?;
                let (mut rows, mut next) = (Vec::new(), *before);
                for _ in 0..RECENT_WINDOWS {
                    let found = namespace.recent_streams(category, next, RECENT_WINDOW).await?;
                    rows.extend(found.streams);
                    next = found.next;
                    if next.is_none() || rows.len() >= *limit {
                        break;
                    }
                }
                Answer::RecentStreams { rows, next }
            }
            Question::Page { namespace, scope, from, limit, paths } => {
                let namespace = self.namespace(namespace).await?.with_paths(Arc::clone(paths));
                Answer::Page(namespace.page(scope, *from, *limit).await?)
            }
            Question::Search { namespace, scope, filter, range, from, window, paths } => {
                let namespace = self.namespace(namespace).await?.with_paths(Arc::clone(paths));
                let range = known_or_found(&namespace, scope, filter, *range).await?;
                Answer::Search(namespace.search_within(scope, filter, &range, *from, *window).await?, range)
            }
            Question::CountMatches { namespace, scope, filter, range, from, window } => {
                let namespace = self.namespace(namespace).await?;
                let range = known_or_found(&namespace, scope, filter, *range).await?;
                Answer::CountStep(namespace.count_step(scope, filter, &range, *from, *window).await?, range)
            }
            Question::Message { namespace, global_position } => {
                let message = self.namespace(namespace).await?.message(*global_position).await?;
                Answer::Message(message.map(Box::new))
            }
            Question::Marked { of } => Answer::Marked(self.marked(of).await?),
            Question::Estimate { namespace, scope } => {
                Answer::Count(self.namespace(namespace).await?.estimate(scope).await?)
            }
            Question::Timeline { namespace, scope, range, buckets } => {
                Answer::Timeline(self.namespace(namespace).await?.timeline(scope, range.clone(), *buckets).await?)
            }
            Question::Count { namespace, scope } => {
                Answer::Count(Some(self.namespace(namespace).await?.count(scope).await?))
            }
            Question::Find { namespace, what } => {
                let head = find(&self.namespace(namespace).await?, what).await?;
                Answer::Found(head.map(Box::new))
            }
            Question::Complete { namespace, prefix, what } => {
                let namespace = self.namespace(namespace).await?;
                Answer::Completions(complete(&namespace, prefix, what).await?)
            }
            Question::Suggest { namespace, prefixes, check, categories } => {
                let namespace = self.namespace(namespace).await?;
                let rows = namespace.streams_with_prefixes(prefixes, SUGGESTIONS).await?;
                let exists = match check {
                    Some(what) => Some(find(&namespace, what).await?.is_some()),
                    None => None,
                };
                let categories = if *categories { Some(namespace.categories().await?) } else { None };
                Answer::Suggested { rows, exists, categories }
            }
            Question::StreamsContaining { namespace, of, part, after, names, limit } => {
                let namespace = self.namespace(namespace).await?;
                let found = namespace.streams_containing(of, part, after.as_ref(), *names, *limit).await?;
                Answer::StreamsContaining(found)
            }
            Question::SearchStreams { namespace, of, part, after, names, limit, estimate } => {
                let namespace = self.namespace(namespace).await?;
                // If the streams of a category are not adjacent, it cannot be searched any faster than the whole
                // namespace.
                let is_useless = *of != StreamsOf::Namespace && !namespace.bytewise();
                let found = if is_useless {
                    StreamMatches { streams: Vec::new(), searched: 0, next: None }
                } else {
                    namespace.streams_containing(of, part, after.as_ref(), *names, *limit).await?
                };
                let total = if *estimate { namespace.estimate_streams().await? } else { None };
                Answer::FoundStreams { found, total }
            }
            Question::Relations { namespace, global_position } => {
                let namespace = self.namespace(namespace).await?;
                Answer::Relations(provenance::relations(&namespace, *global_position).await?.map(Box::new))
            }
            Question::Trace { namespace, global_position, of, extent, step } => {
                let namespace = self.namespace(namespace).await?;
                let view = self.tracing.step(&namespace, *global_position, of, *extent, *step).await?;
                Answer::Trace(Box::new(view))
            }
            Question::State { namespace, stream, position, from, first } => {
                let namespace = self.namespace(namespace).await?;
                let wanted = Wanted { stream, position: *position, from: *from, first: *first };
                Answer::State(Box::new(self.states.state(&namespace, wanted).await?))
            }
            Question::CategoryRates { namespace, range, periods } => {
                let rates = self.namespace(namespace).await?.category_rates(range.clone(), *periods).await?;
                Answer::Pulse(Box::new(Pulse::Rates(rates)))
            }
            Question::Consumers { namespace } => {
                let consumers = self.consumers(&self.namespace(namespace).await?).await?;
                Answer::Pulse(Box::new(Pulse::Consumers(consumers)))
            }
            Question::Holdups { namespace } => {
                let holdups = self.namespace(namespace).await?.holdups().await?;
                Answer::Pulse(Box::new(Pulse::Holdups(holdups)))
            }
            Question::Findings { namespace } => {
                let limits = Config::load().map(|config| config.doctor_limits()).unwrap_or_default();
                let findings = self.namespace(namespace).await?.examine(&limits, |_| true).await?;
                Answer::Pulse(Box::new(Pulse::Findings(findings)))
            }
            Question::Write { namespace, message } => {
                Answer::Written(self.namespace(namespace).await?.write(message).await?)
            }
            Question::Version { namespace, stream } => {
                Answer::Version(self.namespace(namespace).await?.stream_version(stream).await?)
            }
            Question::Since { namespace, stream, version } => {
                self.since(&self.namespace(namespace).await?, stream, *version).await?
            }
            Question::CreateNamespace { id, description } => {
                let created = self.store().await?.create_namespace(id, description.as_deref()).await?;
                Answer::Created(Box::new(created.into()))
            }
            Question::DeleteNamespace { id } => {
                self.forget();
                Answer::Deleted { messages: self.store().await?.delete_namespace(id).await? }
            }
        })
    }

    /// Returns messages by namespace and global position, until their bodies exceed [`MARKED`].
    async fn marked(&self, of: &[(String, GlobalPosition)]) -> Result<Vec<Option<Message>>> {
        let (mut messages, mut bytes) = (Vec::new(), 0);
        for (namespace, global_position) in of {
            let message = self.namespace(namespace).await?.message(*global_position).await?;
            let bodies = message.iter().flat_map(|message| [&message.data, &message.metadata]).flatten();
            bytes += bodies.map(String::len).sum::<usize>();
            if bytes > MARKED && messages.len() >= 2 {
                break;
            }
            messages.push(message);
        }
        Ok(messages)
    }

    /// Returns the consumers of a namespace, also those that only the configuration knows.
    async fn consumers(&self, namespace: &Namespace) -> Result<Vec<Consumer>> {
        // A mistake in the configuration was reported at the start.
        let config = Config::load();
        let queries = config.map(|config| config.consumer_queries(&namespace.target(), &namespace.info().id));
        namespace.consumers(None, &queries.unwrap_or_default()).await
    }

    /// Returns the messages of a stream after a version, at most the last [`SINCE`], and its current version.
    async fn since(&self, namespace: &Namespace, stream: &StreamName, version: Option<Position>) -> Result<Answer> {
        let now = namespace.stream_version(stream).await?;
        let first = version.map_or(0, |version| version.saturating_add(1));
        let first = first.max(now.map_or(0, |now| now - SINCE + 1));
        let messages = namespace.stream_messages(stream, first, SINCE).await?.try_collect().await?;
        Ok(Answer::Since { messages, version: now })
    }
}

/// Returns the range of numbers that the times of a filter allow. Only the first step of a search looks it up.
async fn known_or_found(
    namespace: &Namespace,
    scope: &Scope,
    filter: &Filter,
    range: Option<SearchRange>,
) -> Result<SearchRange> {
    match range {
        Some(range) => Ok(range),
        None => namespace.search_range(scope, filter).await,
    }
}

async fn first_of(namespace: &Namespace, scope: &Scope, from: PageFrom) -> Result<Option<MessageHead>> {
    Ok(namespace.page(scope, from, 1).await?.heads.into_iter().next())
}

async fn at(namespace: &Namespace, scope: &Scope, number: i64) -> Result<Option<MessageHead>> {
    first_of(namespace, scope, PageFrom::At(number)).await
}

async fn find(namespace: &Namespace, what: &Lookup) -> Result<Option<MessageHead>> {
    match what {
        Lookup::Id(id) => match namespace.message_by_id(*id).await? {
            Some(message) => at(namespace, &Scope::Namespace, message.global_position).await,
            None => Ok(None),
        },
        Lookup::At(stream, position) => {
            let scope = Scope::Stream(stream.clone());
            match position {
                None => first_of(namespace, &scope, PageFrom::End).await,
                Some(position) => match at(namespace, &scope, *position).await? {
                    Some(head) => Ok(Some(head)),
                    // Past the end, the last message is the nearest.
                    None => first_of(namespace, &scope, PageFrom::End).await,
                },
            }
        }
        Lookup::Global(scope, position) => nearest(namespace, scope, *position).await,
        Lookup::Time(scope, time) => match namespace.first_at(scope, *time).await? {
            Some(head) => Ok(Some(head)),
            None => first_of(namespace, scope, PageFrom::End).await,
        },
        Lookup::Category(category) => first_of(namespace, &Scope::Category(category.clone()), PageFrom::End).await,
    }
}

/// Returns the first message at or after a global position, or else the last message.
async fn nearest(namespace: &Namespace, scope: &Scope, position: GlobalPosition) -> Result<Option<MessageHead>> {
    match at(namespace, scope, position).await? {
        Some(head) => Ok(Some(head)),
        None => first_of(namespace, scope, PageFrom::End).await,
    }
}

async fn complete(namespace: &Namespace, prefix: &str, what: &Completing) -> Result<Vec<String>> {
    Ok(match what {
        Completing::Type(category) => namespace.recent_types(category).await?,
        Completing::Stream if prefix.contains('-') => {
            let of = StreamsOf::Prefix(prefix.to_owned());
            let rows = namespace.streams(&of, &StreamsFrom::Start, COMPLETIONS).await?;
            rows.into_iter().map(|row| row.stream.to_string()).collect()
        }
        Completing::Stream => {
            let categories = namespace.category_names().await?;
            categories
                .into_iter()
                .filter(|category| category.as_str().starts_with(prefix))
                .map(|category| format!("{category}-"))
                .take(COMPLETIONS)
                .collect()
        }
    })
}
