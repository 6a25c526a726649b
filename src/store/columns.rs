//! How the columns of one namespace are read, as SQL: whatever type a column has, a query gives the one that rows are decoded from. What is
//! compared stays the bare column, so that its index serves the comparison.

use super::Namespace;
use super::shape::{Column, ColumnType};

impl Namespace {
    /// What `row::message` reads, as a select list over the table.
    pub(super) fn message_columns(&self) -> String {
        let columns = &self.shape().columns;
        let (data, metadata) = (body_text("data", &columns.data), body_text("metadata", &columns.metadata));
        format!("{}, {data}, {metadata}", self.identity_columns())
    }

    /// What `row::head` reads, as a select list over the table. A body over 8 KiB as stored has no preview, and its length is not known: it
    /// would have to be fetched and unpacked whole for it. The size is the length of the text, or negative the bytes that are stored.
    pub(super) fn head_columns(&self) -> String {
        let (length, preview) = match self.shape().columns.data.kind {
            ColumnType::Bytea => ("octet_length(data::bytea)", "substr(data::bytea, 1, 240)"),
            _ => ("octet_length(data::text)", "left(data::text, 240)"),
        };
        format!(
            "{}, case when pg_column_size(data) <= 8192 then {length} else coalesce(-pg_column_size(data), 0) end::bigint, \
             case when pg_column_size(data) <= 8192 then {preview} else '' end",
            self.identity_columns()
        )
    }

    /// Positions have other names than their columns, or `order by` would mean these values and find no index where they are cast.
    /// Positions have other names than their columns, or `order by` would mean these values and find no index where they are cast.
    fn identity_columns(&self) -> String {
        let id = if self.shape().columns.id.kind == ColumnType::Uuid { "id::uuid" } else { "id::text" };
        let time = self.time_expression();
        format!(
            "{id}, stream_name::text, type::text, \
             position::bigint as in_stream, global_position::bigint as in_namespace, {time}"
        )
    }

    /// The time without a zone, UTC.
    pub(super) fn time_expression(&self) -> &'static str {
        match self.shape().columns.time.kind {
            ColumnType::TimestampTz => "(time::timestamptz at time zone 'UTC')",
            _ => "time::timestamp",
        }
    }

    /// Whether the id is the one that an expression of type uuid gives. An id that is text is compared as text, in the spelling of the
    /// server, so that its index serves. The column is `id`, or has the name of its row before it.
    pub(super) fn id_is(&self, id: &str, value: &str) -> String {
        match self.shape().columns.id.kind {
            ColumnType::Uuid => format!("{id} = {value}"),
            ColumnType::Char => format!("{id}::bpchar = {value}::text::bpchar"),
            _ => format!("{id}::text = {value}::text"),
        }
    }

    /// The body `data` or `metadata`, or that of a row (`m.data`), as jsonb. If the column is not JSON to the server, a body that is not JSON is
    /// an error.
    pub(super) fn body_as_jsonb(&self, name: &str) -> String {
        match self.body(name).kind {
            ColumnType::Json | ColumnType::Jsonb => format!("{name}::jsonb"),
            ColumnType::Bytea => format!("convert_from({name}::bytea, 'UTF8')::jsonb"),
            _ => format!("{name}::text::jsonb"),
        }
    }

    /// The body as text that was JSON when it was stored.
    pub(super) fn body_as_text(&self, name: &str) -> String {
        match self.body(name).kind {
            ColumnType::Bytea => format!("convert_from({name}::bytea, 'UTF8')"),
            _ => format!("{name}::text"),
        }
    }

    /// The body as text that is searched. Of bytes that is what is ASCII in them, since others need not be text.
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

/// What the server keeps as JSON is given as `text` and is JSON for certain; everything else comes as `varchar` or `bytea`, and is looked
/// at before it passes for JSON.
fn body_text(name: &str, column: &Column) -> String {
    match column.kind {
        ColumnType::Json | ColumnType::Jsonb => format!("{name}::text"),
        ColumnType::Bytea => format!("{name}::bytea"),
        _ => format!("{name}::varchar"),
    }
}
