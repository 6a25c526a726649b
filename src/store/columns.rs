//! SQL expressions that read a namespace's columns. Columns can have different types in different stores, so these expressions cast
//! them to the types that `row` decodes. Comparisons use the bare column, so that its index still serves them.

use super::Namespace;
use super::row::{PREVIEW, READ_FOR_PATHS};
use super::shape::{Column, ColumnType};
use crate::message::BodyPath;

impl Namespace {
    /// Returns the select list that `row::message` decodes.
    pub(super) fn message_columns(&self) -> String {
        let columns = &self.shape().columns;
        let (data, metadata) = (body_text("data", &columns.data), body_text("metadata", &columns.metadata));
        format!("{}, {data}, {metadata}", self.identity_columns())
    }

    /// Returns what a list of streams shows of the last message of a stream: its version, global position and time.
    /// NULL positions, which another program's table may allow, are 0, because a row without a position is the end of a
    /// page.
    pub(super) fn last_columns(&self) -> String {
        let time = self.time_expression();
        format!(
            "coalesce(position::bigint, 0) as version, coalesce(global_position::bigint, 0) as number, {time} as time"
        )
    }

    /// Returns the select list that `row::head` decodes. A body that takes more than 8 KiB in the table has no preview, because the
    /// server would have to fetch and decompress all of it. Its size is the stored size as a negative number; the size of any
    /// other body is the length of its text. If paths lead into a body, its text comes along unless it is longer than 8 KiB. As in
    /// [`body_text`], the type of the preview tells whether to check it.
    pub(super) fn head_columns(&self) -> String {
        let (length, text, preview) = match self.shape().columns.data.kind {
            ColumnType::Bytea => {
                ("octet_length(data::bytea)", "data::bytea", format!("substr(data::bytea, 1, {PREVIEW})"))
            }
            ColumnType::Json | ColumnType::Jsonb => {
                ("octet_length(data::text)", "data::text", format!("left(data::text, {PREVIEW})"))
            }
            _ => ("octet_length(data::text)", "data::varchar", format!("left(data::text, {PREVIEW})::varchar")),
        };
        let data = if self.paths.iter().any(|path| !path.is_in_metadata()) {
            format!("case when {length} <= {READ_FOR_PATHS} then {text} else {preview} end")
        } else {
            preview
        };
        let metadata = if self.paths.iter().any(BodyPath::is_in_metadata) {
            let (length, text) = match self.shape().columns.metadata.kind {
                ColumnType::Bytea => ("octet_length(metadata::bytea)", "metadata::bytea"),
                _ => ("octet_length(metadata::text)", "metadata::text"),
            };
            format!(
                "{}, case when pg_column_size(metadata) <= {READ_FOR_PATHS} and {length} <= {READ_FOR_PATHS} then {text} end",
                size("metadata", length)
            )
        } else {
            "null::bigint, null::text".to_owned()
        };
        format!(
            "{}, {}, case when pg_column_size(data) > {READ_FOR_PATHS} then '' else {data} end, {metadata}",
            self.identity_columns(),
            size("data", length)
        )
    }

    /// Returns the select list of [`Namespace::head_columns`] followed by the metadata, which `row::traced` decodes.
    pub(super) fn traced_columns(&self) -> String {
        format!("{}, {}", self.head_columns(), body_text("metadata", &self.shape().columns.metadata))
    }

    /// The aliases differ from the column names. Otherwise `order by` would refer to the cast values, which have no index.
    fn identity_columns(&self) -> String {
        let id = if self.shape().columns.id.kind == ColumnType::Uuid { "id::uuid" } else { "id::text" };
        let time = self.time_expression();
        format!(
            "{id}, stream_name::text, type::text, \
             position::bigint as in_stream, global_position::bigint as in_namespace, {time}"
        )
    }

    /// Returns the time as a UTC timestamp without time zone.
    pub(super) fn time_expression(&self) -> &'static str {
        match self.shape().columns.time.kind {
            ColumnType::TimestampTz => "(time::timestamptz at time zone 'UTC')",
            _ => "time::timestamp",
        }
    }

    /// Compares the ID column, which may be qualified (`m.id`), with an expression of type uuid. If IDs are stored as text they are
    /// compared as text, in the server's spelling, so that the index serves the comparison.
    pub(super) fn id_is(&self, id: &str, value: &str) -> String {
        match self.shape().columns.id.kind {
            ColumnType::Uuid => format!("{id} = {value}"),
            ColumnType::Char => format!("{id}::bpchar = {value}::text::bpchar"),
            _ => format!("{id}::text = {value}::text"),
        }
    }

    /// Returns `data` or `metadata`, which may be qualified (`m.data`), as jsonb. If the column does not have a JSON type, a body that
    /// is not JSON is an error.
    pub(super) fn body_as_jsonb(&self, name: &str) -> String {
        match self.body(name).kind {
            ColumnType::Json | ColumnType::Jsonb => format!("{name}::jsonb"),
            ColumnType::Bytea => format!("convert_from({name}::bytea, 'UTF8')::jsonb"),
            _ => format!("{name}::text::jsonb"),
        }
    }

    /// Returns the body as JSON text.
    pub(super) fn body_as_text(&self, name: &str) -> String {
        match self.body(name).kind {
            ColumnType::Bytea => format!("convert_from({name}::bytea, 'UTF8')"),
            _ => format!("{name}::text"),
        }
    }

    /// Returns the body as text to search in. Bytes outside ASCII are escaped in a bytea column, because they need not be valid text.
    pub(super) fn body_as_searched(&self, name: &str) -> String {
        match self.body(name).kind {
            ColumnType::Bytea => format!("encode({name}::bytea, 'escape')"),
            _ => format!("{name}::text"),
        }
    }

    fn body(&self, name: &str) -> &Column {
        let columns = &self.shape().columns;
        if name.ends_with("metadata") { &columns.metadata } else { &columns.data }
    }
}

/// The type tells `row` what to trust: `text` comes from a JSON column and is JSON for certain, while `varchar` and `bytea` must be
/// checked.
fn body_text(name: &str, column: &Column) -> String {
    match column.kind {
        ColumnType::Json | ColumnType::Jsonb => format!("{name}::text"),
        ColumnType::Bytea => format!("{name}::bytea"),
        _ => format!("{name}::varchar"),
    }
}

/// The size of a body: the length of its text, or the stored size as a negative number if finding the length would cost too much.
fn size(name: &str, length: &str) -> String {
    format!(
        "case when pg_column_size({name}) <= {READ_FOR_PATHS} then {length} else coalesce(-pg_column_size({name}), 0) end::bigint"
    )
}
