//! Reads whole messages: streams, categories, single messages and stream versions. The semantics are those of Message
//! DB's `get_…` functions, but the queries are direct and use each flavour's own indexes. Long results are streamed,
//! never collected.

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

/// The default limit on the number of messages in a read, as in Message DB.
pub const DEFAULT_BATCH_SIZE: i64 = 1_000;

/// Messages requested by one statement. With a larger limit the planner might sort instead of using the index. Separate
/// statements also mean that a slow reader holds no snapshot.
const CHUNK: i64 = 10_000;

/// Options of [`Namespace::category_messages`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategoryOptions {
    /// Return only messages whose `correlationStreamName` belongs to this category.
    pub correlation: Option<Category>,
    /// Return only messages of the streams assigned to this member.
    pub consumer_group: Option<ConsumerGroup>,
}

/// A stream of messages in order. The reader may take as long as it likes between them.
pub type Messages = BoxStream<'static, Result<Message>>;

#[derive(Debug)]
enum Source {
    Stream(StreamName),
    Category(Category),
    Filtered(Category, CategoryOptions),
}

/// A read in progress. It sends one statement after another, each for at most [`CHUNK`] messages.
struct Reading {
    namespace: Namespace,
    source: Source,
    filter: Filter,
    sql: String,
    /// The number at which the next statement begins. `None` after the last statement.
    next: Option<i64>,
    /// The number of messages still wanted. `None` for all.
    wanted: Option<i64>,
    /// The number of messages that the current statement may still return.
    expected: i64,
    rows: BoxStream<'static, Result<Row>>,
}

impl Reading {
    /// Sends the first statement at once, so that errors surface before anything is read.
    async fn begin(
        namespace: &Namespace,
        source: Source,
        filter: Filter,
        from: i64,
        batch_size: i64,
    ) -> Result<Messages> {
        if batch_size < -1 {
            let reason = format!("{batch_size} is not a number of messages; use -1 for all");
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

    async fn send(&mut self) -> Result<()> {
        let limit = self.wanted.map_or(CHUNK, |wanted| wanted.min(CHUNK));
        let from = self.next.take();
        let mut session = self.namespace.session().await?;
        let mut parameters: Vec<Parameter<'_>> = vec![(&from, Type::INT8), (&limit, Type::INT8)];
        let name: &str;
        let (correlation, member, size);
        let filter = self.filter.bound(&self.namespace);
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
            // Matches can be far apart, so this may take a long time.
            session.set_timeout(None);
        }
        self.expected = limit;
        self.rows = session.into_stream(&self.sql, &parameters).await?.boxed();
        Ok(())
    }

    /// Returns the next message, from this statement or another one.
    async fn message(&mut self) -> Result<Option<Message>> {
        loop {
            // The result is read to its end even if no more messages are wanted, so that the session can be reused.
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
                // If the limit cut the matches short, continue after the last match instead of after the window.
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

fn after(number: i64) -> Option<i64> {
    number.checked_add(1)
}

impl Namespace {
    /// Reads messages of a stream in order, beginning at `position` (`get_stream_messages`). A `batch_size` of -1 means
    /// no limit.
    ///
    /// # Errors
    /// [`super::StoreError::Invalid`] for a batch size below -1, or any error from the server.
    pub async fn stream_messages(&self, stream: &StreamName, position: Position, batch_size: i64) -> Result<Messages> {
        Reading::begin(self, Source::Stream(stream.clone()), Filter::default(), position, batch_size).await
    }

    /// Reads messages of a category in order, beginning at `global_position` (`get_category_messages`). A `batch_size`
    /// of -1 means no limit.
    ///
    /// ```no_run
    /// # async fn example(namespace: streamscope::store::Namespace) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::TryStreamExt as _;
    /// use streamscope::message::{Category, ConsumerGroup};
    /// use streamscope::store::read::CategoryOptions;
    ///
    /// let options = CategoryOptions { consumer_group: Some(ConsumerGroup::new(0, 3)?), ..CategoryOptions::default() };
    /// let mut messages = namespace.category_messages(&Category::new("account")?, 0, -1, &options).await?;
    /// while let Some(message) = messages.try_next().await? {
    ///     println!("{} {}", message.stream, message.position);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`super::StoreError::Invalid`] for a batch size below -1, or any error from the server.
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

    /// Reads messages that match a filter in order, from a stream (beginning at a position) or a category (beginning at
    /// a global position). `options` apply to categories only. A `batch_size` of -1 means no limit.
    ///
    /// # Errors
    /// [`super::StoreError::Invalid`] for a batch size below -1, or any error from the server.
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

    /// Returns the last message of a stream, or its last message of a type (`get_last_stream_message`).
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn last_stream_message(
        &self,
        stream: &StreamName,
        message_type: Option<&str>,
    ) -> Result<Option<Message>> {
        self.one_message(
            include_str!("../../sql/query/last_stream_message.sql"),
            &[(&stream.as_str(), Type::TEXT), (&message_type, Type::TEXT)],
        )
        .await
    }

    /// Returns the position of the stream's last message, or `None` if the stream does not exist (`stream_version`).
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn stream_version(&self, stream: &StreamName) -> Result<Option<Position>> {
        let sql = self.query(include_str!("../../sql/query/stream_version.sql"), &[]);
        let session = self.session().await?;
        let row = session.query_opt(&sql, &[(&stream.as_str(), Type::TEXT)]).await?;
        row.map(|row| column(&row, 0)).transpose()
    }

    /// Returns the message at a global position.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn message(&self, global_position: GlobalPosition) -> Result<Option<Message>> {
        self.one_message(include_str!("../../sql/query/message.sql"), &[(&global_position, Type::INT8)]).await
    }

    /// Returns the message with an ID.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn message_by_id(&self, id: Uuid) -> Result<Option<Message>> {
        // Served by messages_id.
        let template = format!("select {{message}} from {{table}} where {}", self.id_is("id", "$1"));
        self.one_message(&template, &[(&id, Type::UUID)]).await
    }

    /// Returns the message at a position of a stream.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
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
