//! SQL expressions that read a namespace's columns. Columns can have different types in different stores, so these
//! expressions cast them to the types that `row` decodes. Comparisons use the bare column, so that its index still
//! serves them.

use super::Namespace;
use super::row::{PREVIEW, READ_FOR_PATHS};
use super::shape::{Column, ColumnType};
use super::template::fill;
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

    /// Returns the select list that `row::head` decodes. A body that takes more than 8 KiB in the table has no preview,
    /// because the server would have to fetch and decompress all of it. Its size is the stored size as a negative
    /// number; the size of any other body is the length of its text. If paths lead into a body, its text comes along
    /// unless it is longer than 8 KiB. As in [`body_text`], the type of the preview tells whether to check it.
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

    /// The aliases differ from the column names. Otherwise `order by` would refer to the cast values, which have no
    /// index.
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

    /// Compares the ID column, which may be qualified (`m.id`), with an expression of type uuid. If IDs are stored as
    /// text they are compared as text, in the server's spelling, so that the index serves the comparison.
    pub(super) fn id_is(&self, id: &str, value: &str) -> String {
        match self.shape().columns.id.kind {
            ColumnType::Uuid => format!("{id} = {value}"),
            ColumnType::Char => format!("{id}::bpchar = {value}::text::bpchar"),
            _ => format!("{id}::text = {value}::text"),
        }
    }

    /// Returns `data` or `metadata`, which may be qualified (`m.data`), as jsonb. If the column has another type, a
    /// body that is not JSON, or that jsonb cannot hold, is NULL.
    pub(super) fn body_as_jsonb(&self, name: &str) -> String {
        let kind = self.body(name).kind;
        if kind == ColumnType::Jsonb {
            return format!("{name}::jsonb");
        }
        let body = self.body_as_text(name);
        let valid = if self.sessions.server_version() >= 16 {
            format!("pg_input_is_valid({body}, 'jsonb')")
        } else {
            let valid = fill(include_str!("../../sql/query/valid_json.sql"), &[("body", &body)]);
            // What is JSON already can only contain an escape or an exponent that jsonb does not have.
            if kind == ColumnType::Json { format!(r"({body} !~ E'\\\\u|[0-9][eE]' or {valid})") } else { valid }
        };
        format!("case when {valid} then {body}::jsonb end")
    }

    /// Returns the body as text. If the column has the type bytea, a body that is not UTF-8 is NULL.
    pub(super) fn body_as_text(&self, name: &str) -> String {
        match self.body(name).kind {
            ColumnType::Bytea => {
                format!("case when {} then convert_from({name}::bytea, 'UTF8') end", is_utf8(name))
            }
            _ => format!("{name}::text"),
        }
    }

    /// Returns the body as text to search in. In a column of the type bytea, the bytes outside ASCII of a body that is
    /// not UTF-8 are escaped.
    pub(super) fn body_as_searched(&self, name: &str) -> String {
        match self.body(name).kind {
            // Other encodings do not have every character.
            ColumnType::Bytea => format!(
                "case when current_setting('server_encoding') = 'UTF8' and {} then convert_from({name}::bytea, 'UTF8') \
                 else encode({name}::bytea, 'escape') end",
                is_utf8(name)
            ),
            _ => format!("{name}::text"),
        }
    }

    /// Whether bodies can be in the form that `encode` gives to bytes.
    pub(super) fn has_bytes(&self) -> bool {
        let columns = &self.shape().columns;
        [&columns.data, &columns.metadata].iter().any(|column| column.kind == ColumnType::Bytea)
    }

    fn body(&self, name: &str) -> &Column {
        let columns = &self.shape().columns;
        if name.ends_with("metadata") { &columns.metadata } else { &columns.data }
    }
}

/// Returns a condition that bytes are UTF-8, without the character 0, which text cannot contain. `convert_from` would
/// end the query.
fn is_utf8(name: &str) -> String {
    const FORM: &str = "^(?:0[1-9a-f]|[1-7][0-9a-f]|(?:c[2-9a-f]|d[0-9a-f])[89ab][0-9a-f]|e0[ab][0-9a-f][89ab][0-9a-f]\
        |(?:e[1-9abcef])(?:[89ab][0-9a-f]){2}|ed[89][0-9a-f][89ab][0-9a-f]|f0[9ab][0-9a-f](?:[89ab][0-9a-f]){2}\
        |f[1-3](?:[89ab][0-9a-f]){3}|f48[0-9a-f](?:[89ab][0-9a-f]){2})*$";
    format!("encode({name}::bytea, 'hex') ~ '{FORM}'")
}

/// The type tells `row` what to trust: `text` comes from a JSON column and is JSON for certain, while `varchar` and
/// `bytea` must be checked.
fn body_text(name: &str, column: &Column) -> String {
    match column.kind {
        ColumnType::Json | ColumnType::Jsonb => format!("{name}::text"),
        ColumnType::Bytea => format!("{name}::bytea"),
        _ => format!("{name}::varchar"),
    }
}

/// The size of a body: the length of its text, or the stored size as a negative number if finding the length would cost
/// too much.
fn size(name: &str, length: &str) -> String {
    format!(
        "case when pg_column_size({name}) <= {READ_FOR_PATHS} then {length} else coalesce(-pg_column_size({name}), 0) end::bigint"
    )
}
