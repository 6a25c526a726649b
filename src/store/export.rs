//! Reads the messages between two global positions, of the whole namespace or of some categories and streams, in order
//! of global positions. It sends one bounded statement after the other, so a slow reader never holds a snapshot and
//! memory stays bounded.

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::read::Messages;
use super::row;
use super::session::Parameter;
use super::{Filter, Namespace, Result, StoreError};
use crate::message::{GlobalPosition, Message, Name};

/// Messages per statement.
const CHUNK: usize = 10_000;

/// Selects the messages of an export.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// Categories and streams; empty for the whole namespace.
    pub names: Vec<Name>,
    /// Conditions on each message.
    pub filter: Filter,
    /// Exclusive lower bound.
    pub above: GlobalPosition,
    /// Inclusive upper bound.
    pub up_to: GlobalPosition,
}

impl Namespace {
    /// Counts the messages without a global position, which no export can contain. Asks the server only if the column
    /// accepts NULL.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn unnumbered(&self) -> Result<u64> {
        if self.shape().columns.global_position.not_null {
            return Ok(0);
        }
        let mut session = self.session().await?;
        session.allow_any_plan();
        session.set_timeout(None);
        let sql = self.query(include_str!("../../sql/query/unnumbered.sql"), &[]);
        let count: i64 = row::column(&session.query_one(&sql, &[]).await?, 0)?;
        Ok(count.unsigned_abs())
    }

    /// Returns each message once, by ascending global position. The result is consistent if no message can appear at or
    /// below `up_to` any more (see [`Namespace::final_end`]).
    ///
    /// # Errors
    /// [`StoreError::HistoryChanged`] if the store is emptied, restored or failed over meanwhile, and errors from the
    /// server.
    #[must_use]
    pub fn export(&self, options: ExportOptions) -> Messages {
        let reading = Reading {
            namespace: self.clone(),
            options,
            left: 0,
            rows: stream::empty().boxed(),
            last: None,
            returned: Vec::new(),
            known: Vec::new(),
            others: false,
            table: None,
        };
        stream::try_unfold(reading, async |mut reading| Ok(reading.message().await?.map(|message| (message, reading))))
            .boxed()
    }
}

struct Reading {
    namespace: Namespace,
    options: ExportOptions,
    /// Messages that the running statement can still return; 0 before the first statement.
    left: usize,
    rows: BoxStream<'static, Result<Row>>,
    /// The global position of the last message, and the IDs of the messages at it. Without a unique index there can be
    /// several.
    last: Option<GlobalPosition>,
    returned: Vec<Uuid>,
    /// Those that the running statement returns again.
    known: Vec<Uuid>,
    /// Whether it has returned others at that global position.
    others: bool,
    /// The table and its server before the first statement.
    table: Option<String>,
}

impl Reading {
    async fn message(&mut self) -> Result<Option<Message>> {
        loop {
            if let Some(row) = self.rows.next().await {
                let message = row::message(&row?)?;
                self.left -= 1;
                if self.last == Some(message.global_position) {
                    if let Some(index) = self.known.iter().position(|id| *id == message.id) {
                        self.known.swap_remove(index);
                        continue;
                    }
                    self.others = true;
                } else {
                    self.require_same_history().await?;
                    self.last = Some(message.global_position);
                    self.returned.clear();
                }
                self.returned.push(message.id);
                return Ok(Some(message));
            }
            if self.left > 0 {
                self.require_same_history().await?;
                return Ok(None);
            }
            self.send().await?;
        }
    }

    /// Fails if the last message of the statement before has been replaced, or is gone with the table that had it. If
    /// only the message is gone, it was deleted.
    async fn require_same_history(&mut self) -> Result<()> {
        if self.known.is_empty() {
            return Ok(());
        }
        self.known.clear();
        let table = self.namespace.table();
        let state = self.namespace.session().await?.query(TABLE_STATE, &[(&table, Type::TEXT)]).await?;
        if self.others || self.table != Some(table_state(&state, &self.namespace)?) {
            return Err(StoreError::HistoryChanged { above: self.last });
        }
        Ok(())
    }

    /// Sends the next statement. It begins at the last global position, which may have more messages.
    async fn send(&mut self) -> Result<()> {
        self.known.clone_from(&self.returned);
        self.others = false;
        let rows = CHUNK + self.known.len();
        let options = &self.options;
        let above = self.last.map_or(options.above, |last| last.saturating_sub(1));
        let names = Names::new(&options.names);
        let (range, order) = names.range_and_order(&self.namespace.category_expression());
        let sql = self.namespace.query(
            include_str!("../../sql/query/export.sql"),
            &[("range", &range), ("order", &order), ("matches", &options.filter.condition(7, &self.namespace))],
        );
        let limit = i64::try_from(rows).unwrap_or(i64::MAX);
        let filter = options.filter.bound(&self.namespace);
        let mut parameters: Vec<Parameter<'_>> = vec![
            (&above, Type::INT8),
            (&options.up_to, Type::INT8),
            (&limit, Type::INT8),
            (&names.only_category, Type::TEXT),
            (&names.categories, Type::TEXT_ARRAY),
            (&names.streams, Type::TEXT_ARRAY),
        ];
        parameters.extend(filter.parameters());
        let mut session = self.namespace.session().await?;
        let several = options.names.len() > 1 || !names.streams.is_empty();
        if several || options.filter != Filter::default() {
            // Matching messages can be far apart, so no time limit fits.
            session.set_timeout(None);
        }
        if several {
            session.allow_any_index();
        }
        if self.table.is_none() {
            let table = self.namespace.table();
            let state = (TABLE_STATE, &[(&table as _, Type::TEXT)][..]);
            let (state, rows) = session.into_stream_after(state, (&sql, &parameters)).await?;
            (self.table, self.rows) = (Some(table_state(&state, &self.namespace)?), rows);
        } else {
            self.rows = session.into_stream(&sql, &parameters).await?;
        }
        self.left = rows;
        Ok(())
    }
}

/// Identifies the table, its file and the run of the server.
const TABLE_STATE: &str = include_str!("../../sql/query/table_state.sql");

fn table_state(rows: &[Row], namespace: &Namespace) -> Result<String> {
    let row = rows.first().ok_or_else(|| StoreError::NamespaceNotFound(namespace.info().id.clone()))?;
    row::column(row, 0)
}

/// The names of an export, by kind.
struct Names<'a> {
    /// Set if the export is of one category and nothing else.
    only_category: Option<&'a str>,
    categories: Vec<&'a str>,
    streams: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn new(names: &'a [Name]) -> Self {
        let (mut categories, mut streams) = (Vec::new(), Vec::new());
        for name in names {
            match name {
                Name::Category(category) => categories.push(category.as_str()),
                Name::Stream(stream) => streams.push(stream.as_str()),
            }
        }
        let only_category = categories.first().copied().filter(|_| names.len() == 1);
        Self { only_category, categories, streams }
    }

    /// Returns the condition that selects the names within the bounds, and the order that fits the index.
    fn range_and_order(&self, category: &str) -> (String, String) {
        let by_position = "global_position > $1 and global_position <= $2";
        if self.only_category.is_some() {
            // Row comparisons with the same order keep the planner on the category index; otherwise it may scan the
            // primary key and filter.
            let range =
                format!("({category}, global_position) > ($4, $1) and ({category}, global_position) <= ($4, $2)");
            return (range, format!("{category}, global_position"));
        }
        let range = if self.categories.is_empty() && self.streams.is_empty() {
            by_position.to_owned()
        } else {
            format!("{by_position} and ({category} = any ($5) or stream_name::text = any ($6))")
        };
        (range, "global_position".to_owned())
    }
}
