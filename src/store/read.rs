//! Reading messages whole: a stream, a category, the last one, the version. Message DB's `get_…` functions in meaning, as
//! direct queries over each flavour's own index. Never collects what can be streamed.

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::query::member_condition;
use super::row::{self, column};
use super::session::Parameter;
use super::{Filter, Namespace, Result, StoreError};
use crate::message::{Category, ConsumerGroup, GlobalPosition, Message, Name, Position, StreamName};

/// How many messages a read gives at most where nothing else is said (Message DB's default).
pub const DEFAULT_BATCH_SIZE: i64 = 1_000;

/// Messages asked for by one statement. More would let the planner leave the index and sort; and a cursor over statements holds no
/// snapshot while its reader is slow.
const CHUNK: i64 = 10_000;

/// What [`Namespace::category_messages`] narrows by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategoryOptions {
    /// Only messages whose `correlationStreamName` is of this category.
    pub correlation: Option<Category>,
    /// Only the streams of this member.
    pub consumer_group: Option<ConsumerGroup>,
}

/// Messages as they arrive. The time that the reader takes between them has no limit.
pub type Messages = BoxStream<'static, Result<Message>>;

/// What a [`Reading`] reads.
#[derive(Debug)]
enum Source {
    Stream(StreamName),
    Category(Category),
    Filtered(Category, CategoryOptions),
}

/// A read in progress: statement after statement, each of a bounded number of messages.
struct Reading {
    namespace: Namespace,
    source: Source,
    /// What messages must match besides.
    filter: Filter,
    sql: String,
    /// Number that the next statement begins at; none when the last one has been sent.
    next: Option<i64>,
    /// Messages still wanted; none for all.
    wanted: Option<i64>,
    /// Messages that the running statement can still give.
    expected: i64,
    rows: BoxStream<'static, Result<Row>>,
}

impl Reading {
    /// Sends the first statement, so that what cannot work is said before anything is read.
    async fn begin(
        namespace: &Namespace,
        source: Source,
        filter: Filter,
        from: i64,
        batch_size: i64,
    ) -> Result<Messages> {
        if batch_size < -1 {
            let reason = format!("{batch_size} is neither -1 (all) nor a number of messages");
            return Err(StoreError::Invalid { field: "batch size", reason });
        }
        let matches = |first| {
            if filter == Filter::default() { "true".to_owned() } else { filter.condition(first, namespace) }
        };
        let sql = match &source {
            Source::Stream(_) => {
                namespace.query(include_str!("../../sql/query/stream_messages.sql"), &[("matches", &matches(4))])
            }
            Source::Category(_) => namespace.query(include_str!("../../sql/query/category_messages.sql"), &[]),
            Source::Filtered(..) => namespace.query(
                include_str!("../../sql/query/category_messages_filtered.sql"),
                &[("member", &member_condition("$6", "$7")), ("matches", &matches(8))],
            ),
        };
        let mut reading = Self {
            namespace: namespace.clone(),
            source,
            filter,
            sql,
            next: Some(from),
            wanted: (batch_size >= 0).then_some(batch_size),
            expected: 0,
            rows: stream::empty().boxed(),
        };
        reading.send().await?;
        Ok(stream::try_unfold(reading, |mut reading| async move {
            Ok(reading.message().await?.map(|message| (message, reading)))
        })
        .boxed())
    }

    /// The next statement.
    async fn send(&mut self) -> Result<()> {
        let limit = self.wanted.map_or(CHUNK, |wanted| wanted.min(CHUNK));
        let from = self.next.take();
        let mut session = self.namespace.session().await?;
        let mut parameters: Vec<Parameter<'_>> = vec![(&from, Type::INT8), (&limit, Type::INT8)];
        let name: &str;
        let (correlation, member, size);
        let filter = self.filter.bound();
        match &self.source {
            Source::Stream(stream) => {
                name = stream.as_str();
                parameters.push((&name, Type::TEXT));
            }
            Source::Category(category) => {
                name = category.as_str();
                parameters.push((&name, Type::TEXT));
            }
            Source::Filtered(category, options) => {
                name = category.as_str();
                correlation = options.correlation.as_ref().map(Category::as_str);
                member = options.consumer_group.map(ConsumerGroup::member);
                size = options.consumer_group.map(ConsumerGroup::size);
                parameters.push((&name, Type::TEXT));
                parameters.push((&CHUNK, Type::INT8));
                parameters.push((&correlation, Type::TEXT));
                parameters.push((&member, Type::INT8));
                parameters.push((&size, Type::INT8));
            }
        }
        if self.filter != Filter::default() {
            parameters.extend(filter.parameters());
            // What matches can be far apart.
            session.set_limit(None);
        }
        self.expected = limit;
        self.rows = session.into_stream(&self.sql, &parameters).await?.boxed();
        Ok(())
    }

    /// The next message, from this statement or a further one.
    async fn message(&mut self) -> Result<Option<Message>> {
        loop {
            // Read to its end even when nothing more is wanted, so that the session can be used again.
            let Some(row) = self.rows.next().await else {
                if self.next.is_none() || self.wanted == Some(0) {
                    return Ok(None);
                }
                self.send().await?;
                continue;
            };
            let row = row?;
            if matches!(self.source, Source::Filtered(..)) && column::<Option<i64>>(&row, 4)?.is_none() {
                let went_to: Option<i64> = column(&row, 8)?;
                // Where the hits were cut by the limit, the last of them says where to go on, not the window.
                self.next = self.next.or(went_to.and_then(after));
                continue;
            }
            let message = row::message(&row)?;
            self.wanted = self.wanted.map(|wanted| wanted - 1);
            self.expected -= 1;
            if self.expected == 0 {
                let number = match self.source {
                    Source::Stream(_) => message.position,
                    Source::Category(_) | Source::Filtered(..) => message.global_position,
                };
                self.next = after(number);
            }
            return Ok(Some(message));
        }
    }
}

/// The number after this one; none where there is none.
fn after(number: i64) -> Option<i64> {
    number.checked_add(1)
}

impl Namespace {
    /// Messages of a stream from `position` on, in order (`get_stream_messages`). `batch_size` -1 gives all.
    ///
    /// # Errors
    /// [`super::StoreError::Invalid`] for a batch size under -1; the server's.
    pub async fn stream_messages(&self, stream: &StreamName, position: Position, batch_size: i64) -> Result<Messages> {
        Reading::begin(self, Source::Stream(stream.clone()), Filter::default(), position, batch_size).await
    }

    /// Messages of a category from `global_position` on, in order (`get_category_messages`). `batch_size` -1 gives all.
    ///
    /// # Errors
    /// [`super::StoreError::Invalid`] for a batch size under -1; the server's.
    pub async fn category_messages(
        &self,
        category: &Category,
        global_position: GlobalPosition,
        batch_size: i64,
        options: &CategoryOptions,
    ) -> Result<Messages> {
        let source = if *options == CategoryOptions::default() {
            Source::Category(category.clone())
        } else {
            Source::Filtered(category.clone(), options.clone())
        };
        Reading::begin(self, source, Filter::default(), global_position, batch_size).await
    }

    /// Messages of a stream from a position on, or of a category from a global position on, that match a filter, in order. A stream
    /// knows nothing of `options`. `batch_size` -1 gives all.
    ///
    /// # Errors
    /// [`super::StoreError::Invalid`] for a batch size under -1; the server's.
    pub async fn matching_messages(
        &self,
        name: &Name,
        from: i64,
        batch_size: i64,
        options: &CategoryOptions,
        filter: &Filter,
    ) -> Result<Messages> {
        let nothing_asked = *filter == Filter::default() && *options == CategoryOptions::default();
        let source = match name {
            Name::Stream(stream) => Source::Stream(stream.clone()),
            Name::Category(category) if nothing_asked => Source::Category(category.clone()),
            Name::Category(category) => Source::Filtered(category.clone(), options.clone()),
        };
        Reading::begin(self, source, filter.clone(), from, batch_size).await
    }

    /// The last message of a stream, or its last of a type (`get_last_stream_message`).
    ///
    /// # Errors
    /// The server's.
    pub async fn last_stream_message(
        &self,
        stream: &StreamName,
        message_type: Option<&str>,
    ) -> Result<Option<Message>> {
        // Served by messages_stream, backwards.
        self.one_message(
            "select {message} from {table} where stream_name::text = $1 and ($2::text is null or type::text = $2) \
             order by position desc limit 1",
            &[(&stream.as_str(), Type::TEXT), (&message_type, Type::TEXT)],
        )
        .await
    }

    /// Position of the stream's last message; none where there is no stream (`stream_version`).
    ///
    /// # Errors
    /// The server's.
    pub async fn stream_version(&self, stream: &StreamName) -> Result<Option<Position>> {
        // Served by messages_stream, backwards.
        let sql =
            self.query("select position::bigint as version from {table} where stream_name::text = $1 order by position desc limit 1", &[]);
        let session = self.session().await?;
        let row = session.query_opt(&sql, &[(&stream.as_str(), Type::TEXT)]).await?;
        row.map(|row| column(&row, 0)).transpose()
    }

    /// The message at a global position, whole.
    ///
    /// # Errors
    /// The server's.
    pub async fn message(&self, global_position: GlobalPosition) -> Result<Option<Message>> {
        // Served by messages_pkey: for an equality a planner with old statistics may read the category index from end to end.
        self.one_message(
            "select {message} from {table} where global_position >= $1 and global_position <= $1 \
             order by global_position",
            &[(&global_position, Type::INT8)],
        )
        .await
    }

    /// The message with an id, whole.
    ///
    /// # Errors
    /// The server's.
    pub async fn message_by_id(&self, id: Uuid) -> Result<Option<Message>> {
        // Served by messages_id.
        let template = format!("select {{message}} from {{table}} where {}", self.id_is("id", "$1"));
        self.one_message(&template, &[(&id, Type::UUID)]).await
    }

    /// The message at a position of a stream, whole.
    ///
    /// # Errors
    /// The server's.
    pub async fn message_at(&self, stream: &StreamName, position: Position) -> Result<Option<Message>> {
        // Served by messages_stream.
        self.one_message(
            "select {message} from {table} where stream_name::text = $1 and position = $2",
            &[(&stream.as_str(), Type::TEXT), (&position, Type::INT8)],
        )
        .await
    }

    async fn one_message(&self, template: &str, parameters: &[Parameter<'_>]) -> Result<Option<Message>> {
        let sql = self.query(template, &[]);
        let row = self.session().await?.query_opt(&sql, parameters).await?;
        row.as_ref().map(row::message).transpose()
    }
}
