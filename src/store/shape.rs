//! The shape of a namespace's table `messages` according to the catalog: column types, unique indexes, numbering, and
//! everything that an INSERT can trigger. It is read once, when the namespace is opened. Reading it never calls code of
//! the namespace.

use std::collections::BTreeSet;

use serde::Deserialize;
use tokio_postgres::types::Type;

use super::row::{Lossy, column};
use super::session::Session;
use super::template::{fill, hex};
use super::{Result, StoreError, untrusted};

/// The shape of a table `messages`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "the facts are independent")]
pub struct Shape {
    /// The OID of the table.
    pub table: u32,
    /// The columns of a message.
    pub columns: Columns,
    /// How `global_position` is numbered.
    pub numbering: Numbering,
    /// Partitions and inheriting tables, at every level.
    pub parts: Vec<Part>,
    /// Enabled triggers that fire on INSERT, without internal ones.
    pub triggers: Vec<Trigger>,
    /// The names of rewrite rules.
    pub rules: Vec<String>,
    /// Whether row security policies apply to this role.
    pub row_security: bool,
    /// Whether a logical subscription writes to the table or to a partition.
    pub subscribed: bool,
    /// Whether stream names sort bytewise. Only then are the streams of a category, or with a prefix, adjacent.
    pub bytewise: bool,
    /// Functions and operators that reading the table calls and that are not built into the server.
    pub calls: BTreeSet<String>,
    /// OIDs of the argument types of `write_message`: ID, stream, type, data, metadata, expected version.
    write_arguments: Option<Vec<u32>>,
    /// The body of `write_message`, unless it is standard SQL.
    pub(super) write_body: Option<String>,
    kind: char,
    ids_are_indexed: bool,
    /// The columns of each unique index by number, in index order.
    unique: Vec<Vec<i16>>,
}

/// The names of the columns of a message.
pub(super) const COLUMNS: [&str; 8] =
    ["id", "stream_name", "type", "position", "global_position", "data", "metadata", "time"];

/// Returns the columns of a message as an array in SQL.
pub(super) fn columns() -> String {
    format!("'{{{}}}'::name[]", COLUMNS.join(","))
}

/// The columns of a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the fields are named after the columns")]
pub struct Columns {
    pub global_position: Column,
    pub position: Column,
    pub time: Column,
    pub stream_name: Column,
    #[serde(rename = "type")]
    pub message_type: Column,
    pub data: Column,
    pub metadata: Column,
    pub id: Column,
}

impl Columns {
    /// Returns which column has a type that cannot represent the corresponding field of a message.
    pub(super) fn unsupported(&self) -> Option<String> {
        let all = [
            ("global_position", &self.global_position, ColumnType::is_number as fn(ColumnType) -> bool),
            ("position", &self.position, ColumnType::is_number),
            ("time", &self.time, ColumnType::is_time),
            ("stream_name", &self.stream_name, ColumnType::is_text),
            ("type", &self.message_type, ColumnType::is_text),
            ("data", &self.data, ColumnType::is_body),
            ("metadata", &self.metadata, ColumnType::is_body),
            ("id", &self.id, ColumnType::is_id),
        ];
        let (name, Column { type_name, generated, .. }, _) =
            all.into_iter().find(|(_, column, fits)| !fits(column.kind))?;
        let computed = if *generated { " (generated)" } else { "" };
        Some(format!("column {name} has type {type_name}{computed}, which is not supported for a message's {name}"))
    }
}

/// The most decimals of a second that a time can have.
pub(super) const MICROSECONDS: u32 = 6;

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "CatalogColumn")]
pub struct Column {
    /// The base type.
    pub kind: ColumnType,
    /// The type's name in SQL, such as `character varying(36)` or the name of a domain.
    pub type_name: String,
    /// Whether the column has a NOT NULL constraint.
    pub not_null: bool,
    /// Whether the column is `GENERATED … AS IDENTITY`.
    pub identity: bool,
    /// Whether the column is computed from other columns.
    pub generated: bool,
    number: i16,
    /// The modifier of the base type, such as the 3 of `timestamp(3)`; negative if it has none.
    modifier: i32,
}

impl Column {
    /// Returns how many decimals of a second a column of times keeps. The server rounds the others away.
    #[must_use]
    pub fn decimals(&self) -> u32 {
        u32::try_from(self.modifier).map_or(MICROSECONDS, |decimals| decimals.min(MICROSECONDS))
    }
}

/// The column types that can be read. A domain counts as its base type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the variants are named after the types")]
pub enum ColumnType {
    SmallInt,
    Integer,
    BigInt,
    Timestamp,
    TimestampTz,
    Text,
    Varchar,
    Char,
    Name,
    Uuid,
    Json,
    Jsonb,
    Bytea,
    /// An enum type without user-defined casts.
    Enum,
    /// Any other type. Its values are never read.
    Other,
}

impl ColumnType {
    fn is_number(self) -> bool {
        matches!(self, Self::SmallInt | Self::Integer | Self::BigInt)
    }

    fn is_time(self) -> bool {
        matches!(self, Self::Timestamp | Self::TimestampTz)
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Varchar | Self::Char | Self::Name | Self::Enum)
    }

    fn is_body(self) -> bool {
        matches!(self, Self::Json | Self::Jsonb | Self::Text | Self::Varchar | Self::Char | Self::Bytea)
    }

    fn is_id(self) -> bool {
        matches!(self, Self::Uuid | Self::Text | Self::Varchar | Self::Char)
    }
}

/// How `global_position` is numbered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Numbering {
    /// The default expression, as the server prints it.
    pub default: Option<String>,
    /// Whether the default is exactly `nextval` of the sequence.
    pub is_nextval: bool,
    /// The OID of the sequence: that of the identity column, or the one in the default expression.
    pub sequence: Option<u32>,
    /// The qualified name of the sequence, quoted for SQL.
    pub sequence_name: Option<String>,
    /// Whether the column owns the sequence. A column that became an identity column can own an unused one besides.
    pub owned: bool,
    /// How many numbers a session reserves at once.
    pub cache: Option<i64>,
    /// The increment of the sequence.
    pub increment: Option<i64>,
    /// Whether the sequence starts again after its last number.
    pub cycles: Option<bool>,
}

/// A partition or inheriting table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Part {
    /// The OID of the table.
    pub oid: u32,
    /// The qualified name, quoted for SQL.
    pub name: String,
    /// The OID of the sequence that numbers rows inserted directly into this table. 0 if the default of
    /// `global_position` is not exactly `nextval` of a sequence, `None` without a default.
    draws_from: Option<u32>,
    kind: char,
}

impl Part {
    /// Whether it is a foreign table. Reading one calls its owner's code.
    pub(super) fn is_foreign(&self) -> bool {
        self.kind == 'f'
    }
}

/// A trigger that fires on INSERT.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Trigger {
    /// The name of the trigger.
    pub name: String,
    /// Whether it fires for each row rather than for each statement.
    pub row: bool,
    /// Whether it fires before the row is stored, and so can change or drop it.
    pub before: bool,
    /// Whether it may set `global_position`: it fires before the row is stored, and its function mentions that column.
    pub numbers: bool,
}

/// A column in the description of `shape.sql`.
#[derive(Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "the catalog has these flags")]
struct CatalogColumn {
    number: i16,
    oid: u32,
    modifier: i32,
    kind: char,
    name: String,
    not_null: bool,
    identity: bool,
    generated: bool,
    nondeterministic: bool,
    has_casts: bool,
}

impl From<CatalogColumn> for Column {
    fn from(column: CatalogColumn) -> Self {
        let CatalogColumn {
            number,
            oid,
            modifier,
            kind,
            name,
            not_null,
            identity,
            generated,
            nondeterministic,
            has_casts,
        } = column;
        if nondeterministic {
            // Different names would be equal, and the server cannot search in them.
            let type_name = format!("{name} with a nondeterministic collation");
            return Self { kind: ColumnType::Other, type_name, not_null, identity, generated, number, modifier };
        }
        let kind = match Type::from_oid(oid) {
            Some(Type::INT2) => ColumnType::SmallInt,
            Some(Type::INT4) => ColumnType::Integer,
            Some(Type::INT8) => ColumnType::BigInt,
            Some(Type::TIMESTAMP) => ColumnType::Timestamp,
            Some(Type::TIMESTAMPTZ) => ColumnType::TimestampTz,
            Some(Type::TEXT) => ColumnType::Text,
            Some(Type::VARCHAR) => ColumnType::Varchar,
            Some(Type::BPCHAR) => ColumnType::Char,
            Some(Type::NAME) => ColumnType::Name,
            Some(Type::UUID) => ColumnType::Uuid,
            Some(Type::JSON) => ColumnType::Json,
            Some(Type::JSONB) => ColumnType::Jsonb,
            Some(Type::BYTEA) => ColumnType::Bytea,
            // With user-defined casts, reading it would call its owner's functions.
            None if kind == 'e' && !has_casts => ColumnType::Enum,
            _ => ColumnType::Other,
        };
        Self { kind, type_name: name, not_null, identity, generated, number, modifier }
    }
}

/// Returns the part of a block in PL/pgSQL that describes the table in `_found`.
pub(super) fn description() -> String {
    let indirect = untrusted::indirect("p.polqual");
    fill(include_str!("../../sql/registry/shape.sql"), &[("columns", &columns()), ("indirect", &indirect)])
}

impl Shape {
    /// Reads the current shape of a table. Returns `None` if the table is gone.
    pub(super) async fn read(session: &Session, table: &str) -> Result<Option<Self>> {
        let describe = fill(
            include_str!("../../sql/registry/describe.sql"),
            &[("shape", &description()), ("table", &hex(table.as_bytes()))],
        );
        let rows = session.query_after(&describe, "select nullif(current_setting('streamscope.shape'), '')").await?;
        let text = rows.first().map_or(Ok(None), |row| column::<Option<Lossy>>(row, 0))?;
        let Some(Lossy { text, .. }) = text else { return Ok(None) };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| StoreError::NotOpened(format!("cannot read the shape of {table}: {error}")))
    }

    /// Returns the type of an argument of `write_message`. The first argument has index 0.
    pub(super) fn write_argument(&self, index: usize) -> Option<Type> {
        self.write_arguments.as_ref()?.get(index).copied().and_then(Type::from_oid)
    }

    /// Returns whether the table is partitioned.
    #[must_use]
    pub fn is_partitioned(&self) -> bool {
        self.kind == 'p'
    }

    /// Returns the first partition or inheriting table that does not number its rows from the sequence of the table. A
    /// row inserted directly into it can get a number below those of rows that are already committed.
    pub(super) fn part_numbered_apart(&self) -> Option<&Part> {
        let apart = |part: &&Part| part.draws_from.is_some_and(|sequence| Some(sequence) != self.numbering.sequence);
        self.parts.iter().find(apart)
    }

    /// Returns whether a unique index on exactly `(id)` covers all messages, so that no two can have the same ID.
    #[must_use]
    pub fn ids_are_unique(&self) -> bool {
        self.is_unique(&[&self.columns.id])
    }

    /// Returns whether a unique index on exactly `stream_name` and `position`, in either order, covers all messages.
    #[must_use]
    pub fn positions_are_unique(&self) -> bool {
        let Columns { stream_name, position, .. } = &self.columns;
        self.is_unique(&[stream_name, position]) || self.is_unique(&[position, stream_name])
    }

    /// Returns whether the table refuses a message that it already has, by its ID and by its position.
    #[must_use]
    pub(super) fn refuses_repetitions(&self) -> bool {
        self.ids_are_unique() && self.positions_are_unique()
    }

    /// Returns whether an index, unique or not, finds a message by its ID.
    #[must_use]
    pub fn ids_are_indexed(&self) -> bool {
        self.ids_are_indexed
    }

    /// Returns whether a trigger or rule runs after an INSERT. Even a trigger that only sees stored messages can delete
    /// them.
    #[must_use]
    pub(super) fn runs_code_on_insert(&self) -> bool {
        !self.triggers.is_empty() || !self.rules.is_empty()
    }

    /// Returns whether a trigger or rule can change, redirect or drop a message before it is stored.
    #[must_use]
    pub fn changes_rows(&self) -> bool {
        self.triggers.iter().any(|trigger| trigger.row && trigger.before) || !self.rules.is_empty()
    }

    /// Returns whether the table rejects duplicate IDs and positions, stores messages unchanged, and numbers them from
    /// the sequence, so that `currval` returns the global position after an INSERT.
    #[must_use]
    pub fn stores_messages_faithfully(&self) -> bool {
        let drawn = self.numbering.is_nextval || self.columns.global_position.identity;
        self.refuses_repetitions() && drawn && self.numbering.owned && !self.runs_code_on_insert()
    }

    /// A unique index on a partitioned table covers all partitions. On any other table it does not cover inheriting
    /// tables.
    fn is_unique(&self, columns: &[&Column]) -> bool {
        let is_index = |index: &Vec<i16>| index.iter().eq(columns.iter().map(|column| &column.number));
        (self.parts.is_empty() || self.is_partitioned()) && self.unique.iter().any(is_index)
    }
}
