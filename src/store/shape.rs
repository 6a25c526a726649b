//! The shape of a namespace's table `messages`, as the catalog describes it: the types of its columns, its unique indexes, how it
//! numbers messages, and everything that an INSERT can set off. It is read once, when the namespace is opened, and calls nothing
//! that belongs to the namespace.

use serde::Deserialize;
use tokio_postgres::types::Type;

use super::query::fill;
use super::row::{Lossy, column};
use super::session::Session;
use super::{Result, StoreError};

/// What the catalog says of one table `messages`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Shape {
    /// Its oid.
    pub table: u32,
    /// Its columns.
    pub columns: Columns,
    /// How `global_position` gets its numbers.
    pub numbering: Numbering,
    /// Its partitions and the tables that inherit from it, at every level.
    pub parts: Vec<Part>,
    /// Enabled triggers that an INSERT fires, without the server's own.
    pub triggers: Vec<Trigger>,
    /// Names of its rules.
    pub rules: Vec<String>,
    /// Policies decide which rows this role sees.
    pub row_security: bool,
    /// A logical subscription writes into it.
    pub subscribed: bool,
    /// Stream names sort by their bytes: only then are the streams of a category, or of a prefix, neighbours.
    pub bytewise: bool,
    /// Functions and operators that are not the server's own and that reading the table calls.
    pub calls: Vec<String>,
    /// Oids of the types that `write_message` takes: id, stream, type, data, metadata, expected version.
    write_arguments: Option<Vec<u32>>,
    kind: char,
    ids_are_indexed: bool,
    unique: Vec<Vec<Option<String>>>,
}

/// The columns of a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "they are named as the columns are")]
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
    /// The first column whose values cannot be what a message has there.
    pub(super) fn unsupported(&self) -> Option<(&'static str, &Column)> {
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
        all.into_iter().find(|(_, column, fits)| !fits(column.kind)).map(|(name, column, _)| (name, column))
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "CatalogColumn")]
pub struct Column {
    /// What its values are.
    pub kind: ColumnType,
    /// Its type in the words of SQL: `character varying(36)`, the name of a domain.
    pub type_name: String,
    /// NULL is refused.
    pub not_null: bool,
    /// `GENERATED … AS IDENTITY`.
    pub identity: bool,
    /// Computed from other columns.
    pub generated: bool,
}

/// The types that are known, which every server has. A domain counts as the type that it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "they are named as the types are")]
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
    /// An enumeration without casts of its own.
    Enum,
    /// Any other one: its values are never asked for.
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

/// How `global_position` gets its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Numbering {
    /// The expression of its default, as the server prints it.
    pub default: Option<String>,
    /// The default is `nextval` of the sequence and nothing else.
    pub is_nextval: bool,
    /// Oid of the sequence: that of the identity, or the one that the default names.
    pub sequence: Option<u32>,
    /// The column owns the sequence, so `pg_get_serial_sequence` finds it.
    pub owned: bool,
    /// Numbers that a session draws at once.
    pub cache: Option<i64>,
    /// From one number to the next.
    pub increment: Option<i64>,
    /// It begins again at its end.
    pub cycles: Option<bool>,
}

/// A partition, or a table that inherits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Part {
    /// Its oid.
    pub oid: u32,
    /// Its name with its schema, quoted.
    pub name: String,
    kind: char,
}

impl Part {
    /// Its rows are elsewhere, and come through whatever its owner made of it.
    pub(super) fn is_foreign(&self) -> bool {
        self.kind == 'f'
    }
}

/// A trigger that an INSERT fires.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// For each row, else for each statement.
    pub row: bool,
    /// Before the row is stored, so that it can change or drop it.
    pub before: bool,
    /// It may set `global_position`: a trigger before the row is stored whose function names that column.
    pub numbers: bool,
}

/// A column as the catalog query gives it.
#[derive(Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "these are the catalog's own")]
struct CatalogColumn {
    oid: u32,
    kind: char,
    name: String,
    not_null: bool,
    identity: bool,
    generated: bool,
    has_casts: bool,
}

impl From<CatalogColumn> for Column {
    fn from(column: CatalogColumn) -> Self {
        let CatalogColumn { oid, kind, name, not_null, identity, generated, has_casts } = column;
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
            // With casts of its own, reading it would call its owner's functions.
            None if kind == 'e' && !has_casts => ColumnType::Enum,
            _ => ColumnType::Other,
        };
        Self { kind, type_name: name, not_null, identity, generated }
    }
}

impl Shape {
    /// Reads the shape of a table anew; none where it is gone.
    pub(super) async fn read(session: &Session, table: &str) -> Result<Option<Self>> {
        let shape = include_str!("../../sql/registry/shape.sql");
        let of = "(select oid, relkind, relnamespace as namespace from pg_class where oid = to_regclass($1)) c";
        let sql = fill(&format!("select {{shape}}::text from {of}"), &[("shape", shape)]);
        let Some(row) = session.query_opt(&sql, &[(&table, Type::TEXT)]).await? else { return Ok(None) };
        let Lossy { text, .. } = column(&row, 0)?;
        serde_json::from_str(&text).map(Some).map_err(|error| StoreError::NotOpened(format!("{table}: {error}")))
    }

    /// Type of an argument of `write_message`, from 0.
    pub(super) fn write_argument(&self, index: usize) -> Option<Type> {
        self.write_arguments.as_ref()?.get(index).copied().and_then(Type::from_oid)
    }

    /// Its rows are in its partitions.
    #[must_use]
    pub fn is_partitioned(&self) -> bool {
        self.kind == 'p'
    }

    /// No two messages can have the same id: a unique index on exactly `(id)` holds for all of them.
    #[must_use]
    pub fn ids_are_unique(&self) -> bool {
        self.is_unique(&["id"])
    }

    /// No two messages can have the same position in a stream: a unique index on exactly these two columns, in either order.
    #[must_use]
    pub fn positions_are_unique(&self) -> bool {
        self.is_unique(&["stream_name", "position"]) || self.is_unique(&["position", "stream_name"])
    }

    /// A message is found by its id through an index, unique or not.
    #[must_use]
    pub fn ids_are_indexed(&self) -> bool {
        self.ids_are_indexed
    }

    /// A trigger or a rule can store another message than the one that is inserted, somewhere else, or none.
    #[must_use]
    pub fn changes_rows(&self) -> bool {
        self.triggers.iter().any(|trigger| trigger.row && trigger.before) || !self.rules.is_empty()
    }

    /// `write_message` refuses a second message with an id or a position, stores what it is given, and draws for it the number that
    /// `currval` gives afterwards.
    #[must_use]
    pub fn stores_what_it_is_given(&self) -> bool {
        let drawn = self.numbering.is_nextval || self.columns.global_position.identity;
        let unique = self.ids_are_unique() && self.positions_are_unique();
        unique && drawn && self.numbering.owned && self.triggers.is_empty() && self.rules.is_empty()
    }

    /// A unique index of a table holds only for the rows of that table itself, not for those of tables that inherit from it. One of
    /// a partitioned table holds for all its partitions.
    fn is_unique(&self, columns: &[&str]) -> bool {
        let is_index =
            |index: &Vec<Option<String>>| index.iter().map(Option::as_deref).eq(columns.iter().copied().map(Some));
        (self.parts.is_empty() || self.is_partitioned()) && self.unique.iter().any(is_index)
    }
}
