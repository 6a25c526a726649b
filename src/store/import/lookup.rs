//! The queries of an import: locks, stream versions, stored messages. Every lookup is for thousands of messages, so it
//! uses an index whatever the statistics say. Nothing here writes a message.

use std::collections::BTreeSet;

use futures_util::future::join;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::error::{ImportError, Problem};
use super::message::{ImportOptions, MessageRef, Messages, Placement, PlannedMessage};
use crate::message::{Difference, GlobalPosition, Position, StreamName};
use crate::store::row::{ServerTime, column, text};
use crate::store::session::Transaction;
use crate::store::shape::{Column, ColumnType, MICROSECONDS};
use crate::store::{Flavour, Namespace, Result, StoreError};

/// Most bytes of bodies in one comparison.
const COMPARED: usize = 1 << 20;
/// Most messages in one lookup.
const AT_ONCE: usize = 2_000;
/// The server ends an idle transaction and releases its locks after this time, in case it does not notice a lost
/// connection. An import is never idle within a batch.
const IDLE_LIMIT: &str = "10s";

/// Takes the category locks of a batch in the order that every import uses, until the transaction ends.
pub(super) async fn lock(
    namespace: &Namespace,
    transaction: &Transaction<'_>,
    categories: &BTreeSet<String>,
) -> Result<()> {
    // Message DB's functions find their helpers through the search path, as in write.rs. Functions of other stores do
    // not need it, and triggers of the table need the search path of the role.
    let set = "select pg_catalog.set_config('search_path', coalesce($1, pg_catalog.current_setting('search_path')), true), \
               pg_catalog.set_config('idle_in_transaction_session_timeout', $2, true)";
    let search_path = (namespace.info().flavour != Flavour::Streamscope).then(|| namespace.search_path());
    let acquire_lock = namespace.function("acquire_lock");
    let hash_64 = namespace.function("hash_64");
    let values = [("acquire_lock", acquire_lock.as_str()), ("hash_64", hash_64.as_str())];
    let sql = namespace.query(include_str!("../../../sql/query/import_lock.sql"), &values);
    let settings = [(&search_path as _, Type::TEXT), (&IDLE_LIMIT as _, Type::TEXT)];
    let categories: Vec<&String> = categories.iter().collect();
    let categories = [(&categories as _, Type::TEXT_ARRAY)];
    // Polled in this order, so sent in this order and without waiting for one another.
    let (set, locked) = join(transaction.query(set, &settings), transaction.query(&sql, &categories)).await;
    set.and(locked).map(drop)
}

/// Returns the version of each stream; `None` if the stream does not exist.
pub(super) async fn versions(
    namespace: &Namespace,
    transaction: &Transaction<'_>,
    streams: &[&str],
) -> Result<Vec<Option<Position>>> {
    if streams.is_empty() {
        return Ok(Vec::new());
    }
    let sql = namespace.query(include_str!("../../../sql/query/import_versions.sql"), &[]);
    let rows = transaction.query(&sql, &[(&streams, Type::TEXT_ARRAY)]).await?;
    rows.iter().map(|row| column(row, 0)).collect()
}

/// The key of a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LookupKey {
    Position,
    Id,
}

/// A stored message, compared with one of the batch.
#[derive(Debug)]
pub(super) struct StoredMessage {
    /// `None` if the stored ID is not a UUID.
    id: Option<Uuid>,
    stream: String,
    pub(super) position: Position,
    global_position: GlobalPosition,
    time: Timestamp,
    /// How many decimals of a second the column of times keeps.
    decimals: u32,
    same_type: bool,
    same_data: bool,
    same_metadata: bool,
    /// Set if data or metadata are the same value with a different text.
    pub(super) spelling: Option<Difference>,
}

impl StoredMessage {
    /// Reads a row of `import_found.sql`. Returns `None` if no message is stored.
    fn read(row: &Row, decimals: u32) -> Result<Option<Self>> {
        let Some(id) = column::<Option<&str>>(row, 0)? else { return Ok(None) };
        let spelling = |field, first: usize, differs: usize| -> Result<Option<Difference>> {
            let texts = column::<Option<&str>>(row, first)?.zip(column::<Option<&str>>(row, first + 1)?);
            Ok(Difference::of_text(field, texts, column(row, differs)?))
        };
        Ok(Some(Self {
            id: Uuid::parse_str(id.trim_end()).ok(),
            stream: text(row, 1)?,
            position: column(row, 2)?,
            global_position: column(row, 3)?,
            time: column::<ServerTime>(row, 4)?.0,
            decimals,
            same_type: column(row, 5)?,
            same_data: column(row, 6)?,
            same_metadata: column(row, 7)?,
            spelling: spelling("data", 8, 12)?.or(spelling("metadata", 10, 13)?),
        }))
    }

    /// Returns the first field that differs; `None` if the messages are the same.
    pub(super) fn difference(&self, message: MessageRef<'_>, options: ImportOptions) -> Option<&'static str> {
        let placement = match message.placement {
            Placement::Kept { position, .. } if position != self.position => Some("position"),
            Placement::Kept { time, .. } if rounded(time, self.decimals) != self.time => Some("time"),
            Placement::Kept { global_position, .. }
                if options.keep_global_positions && global_position != Some(self.global_position) =>
            {
                Some("global position")
            }
            Placement::Kept { .. } | Placement::Next { .. } => None,
        };
        let differences = [
            (self.id != Some(message.id), "id"),
            (self.stream != message.stream, "stream"),
            (!self.same_type, "type"),
            (!self.same_data, "data"),
            (!self.same_metadata, "metadata"),
        ];
        differences.into_iter().find_map(|(differs, name)| differs.then_some(name)).or(placement)
    }

    pub(super) fn id_taken(&self, id: Uuid) -> Problem {
        Problem::IdTaken { id, stream: StreamName::stored(self.stream.clone()), position: self.position }
    }
}

/// Rounds a time as the server does when it stores it in a column of type `timestamp(decimals)`: halves away from the
/// year 2000.
fn rounded(time: Timestamp, decimals: u32) -> Timestamp {
    const YEAR_2000: i64 = 946_684_800_000_000;
    let Some(unit) = MICROSECONDS.checked_sub(decimals).map(|missing| 10_i64.pow(missing)) else { return time };
    let since = time.as_microsecond().saturating_sub(YEAR_2000);
    let rounded = (since.saturating_add(since.signum() * (unit / 2))) / unit * unit;
    Timestamp::from_microsecond(rounded.saturating_add(YEAR_2000)).unwrap_or(time)
}

/// Returns the condition that a stored message `m` has the ID of a message `n`. Without an index on IDs, it is limited
/// to the stream, because the whole table could be too large to scan.
fn same_id(namespace: &Namespace) -> String {
    let same_id = namespace.id_is("m.id", "n.id");
    if namespace.shape().ids_are_indexed() { same_id } else { format!("m.stream_name::text = n.stream and {same_id}") }
}

/// Returns the condition that the text of a body column differs from the sent one. A jsonb column has the server's text
/// for any value. Exports replace line breaks by blanks, and JSON has line breaks only between its tokens, so the two
/// count as equal.
fn text_differs(name: &str, column: &Column) -> String {
    let one_line = |body: &str| format!("translate({body}.{name}, chr(10) || chr(13), '  ')");
    if column.kind == ColumnType::Jsonb {
        "false".to_owned()
    } else {
        format!("{} <> {}", one_line("m"), one_line("n"))
    }
}

/// Returns the stored messages that have the position or the ID of messages of the batch.
pub(super) async fn stored(
    namespace: &Namespace,
    transaction: &Transaction<'_>,
    messages: &dyn Messages,
    planned: &[PlannedMessage],
    key: LookupKey,
) -> Result<Vec<Option<StoredMessage>>> {
    let condition = match key {
        LookupKey::Position => "m.stream_name::text = n.stream and m.position = n.position".to_owned(),
        LookupKey::Id => same_id(namespace),
    };
    let columns = &namespace.shape().columns;
    let id_is = namespace.id_is("m.id", "n.id");
    let data_differs = text_differs("data", &columns.data);
    let metadata_differs = text_differs("metadata", &columns.metadata);
    let values = [
        ("condition", condition.as_str()),
        ("id_is", &id_is),
        ("data_differs", &data_differs),
        ("metadata_differs", &metadata_differs),
    ];
    let sql = namespace.query(include_str!("../../../sql/query/import_found.sql"), &values);
    let decimals = columns.time.decimals();
    let mut all = Vec::with_capacity(planned.len());
    let mut rest = planned;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(compared_at_once(messages, rest));
        rest = later;
        let of = |planned: &PlannedMessage| messages.get(planned.index);
        let id: Vec<Uuid> = now.iter().map(|planned| of(planned).id).collect();
        let stream: Vec<&str> = now.iter().map(|planned| of(planned).stream).collect();
        let position: Vec<Position> = now.iter().map(|planned| planned.position).collect();
        let message_type: Vec<&str> = now.iter().map(|planned| of(planned).message_type).collect();
        let data: Vec<Option<&str>> = now.iter().map(|planned| of(planned).data).collect();
        let metadata: Vec<Option<&str>> = now.iter().map(|planned| of(planned).metadata).collect();
        let rows = transaction
            .query(
                &sql,
                &[
                    (&id, Type::UUID_ARRAY),
                    (&stream, Type::TEXT_ARRAY),
                    (&position, Type::INT8_ARRAY),
                    (&message_type, Type::TEXT_ARRAY),
                    (&data, Type::TEXT_ARRAY),
                    (&metadata, Type::TEXT_ARRAY),
                ],
            )
            .await?;
        for row in &rows {
            all.push(StoredMessage::read(row, decimals)?);
        }
    }
    Ok(all)
}

/// Returns how many of the messages fit into one comparison: at least one.
fn compared_at_once(messages: &dyn Messages, planned: &[PlannedMessage]) -> usize {
    let mut bytes = 0;
    let fitting = planned.iter().take(AT_ONCE).take_while(|planned| {
        let message = messages.get(planned.index);
        bytes += message.data.map_or(0, str::len) + message.metadata.map_or(0, str::len);
        bytes <= COMPARED
    });
    fitting.count().max(1)
}

/// Returns an error for the first new message whose ID or global position is taken.
pub(super) async fn first_taken(
    namespace: &Namespace,
    transaction: &Transaction<'_>,
    messages: &dyn Messages,
    new: &[PlannedMessage],
    options: ImportOptions,
) -> Result<Option<ImportError>> {
    let same_id = same_id(namespace);
    let same_id = [("same_id", same_id.as_str())];
    let ids = namespace.query(include_str!("../../../sql/query/import_ids.sql"), &same_id);
    let global = namespace.query(include_str!("../../../sql/query/import_global_positions.sql"), &[]);
    for some in new.chunks(AT_ONCE) {
        let id: Vec<Uuid> = some.iter().map(|new| messages.get(new.index).id).collect();
        let stream: Vec<&str> = some.iter().map(|new| messages.get(new.index).stream).collect();
        let by_id = transaction.query_opt(&ids, &[(&id, Type::UUID_ARRAY), (&stream, Type::TEXT_ARRAY)]).await?;
        let number: Vec<Option<GlobalPosition>> = some
            .iter()
            .map(|new| match messages.placement(new.index) {
                Placement::Kept { global_position, .. } if options.keep_global_positions => global_position,
                _ => None,
            })
            .collect();
        let by_number = if options.keep_global_positions {
            transaction.query_opt(&global, &[(&number, Type::INT8_ARRAY)]).await?
        } else {
            None
        };
        let at = |row: &Row| -> Result<(usize, StreamName, Position)> {
            let ordinal: i64 = column(row, 0)?;
            let index = usize::try_from(ordinal - 1).ok().filter(|index| *index < some.len());
            let message = || format!("the server named message {ordinal} of {}", some.len());
            let index = index.ok_or_else(|| StoreError::Server { code: "XX000".to_owned(), message: message() })?;
            Ok((index, StreamName::stored(column::<String>(row, 1)?), column(row, 2)?))
        };
        let by_id = by_id.as_ref().map(at).transpose()?;
        let by_number = by_number.as_ref().map(at).transpose()?;
        if let Some((at, stream, position)) = by_id.filter(|(at, ..)| by_number.as_ref().is_none_or(|(n, ..)| at <= n))
        {
            return Ok(Some(ImportError::of(some[at].index, Problem::IdTaken { id: id[at], stream, position })));
        }
        if let Some((at, stream, position)) = by_number {
            let global_position = number[at].unwrap_or_default();
            let problem = Problem::GlobalPositionTaken { global_position, stream, position };
            return Ok(Some(ImportError::of(some[at].index, problem)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_times_as_the_server_does() {
        // As `select time::timestamp(decimals)` answers.
        for (time, decimals, expected) in [
            ("2026-01-01T10:00:00.123456Z", 6, "2026-01-01T10:00:00.123456Z"),
            ("2026-01-01T10:00:00.123456Z", 3, "2026-01-01T10:00:00.123Z"),
            ("2026-01-01T10:00:00.1235Z", 3, "2026-01-01T10:00:00.124Z"),
            ("2026-01-01T10:00:59.5Z", 0, "2026-01-01T10:01:00Z"),
            ("2026-01-01T10:00:59.499999Z", 0, "2026-01-01T10:00:59Z"),
            ("1999-01-01T10:00:59.5Z", 0, "1999-01-01T10:00:59Z"),
            ("1999-01-01T10:00:59.500001Z", 0, "1999-01-01T10:01:00Z"),
        ] {
            let time: Timestamp = time.parse().expect("a time");
            assert_eq!(rounded(time, decimals), expected.parse().expect("a time"), "{time} to {decimals}");
        }
    }
}
