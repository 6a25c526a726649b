//! What differs between Message DB, EventoDB and our own namespaces, in one place. Found in the catalog, never configured.

/// Who made a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// Message DB: plpgsql functions that find their tables through `search_path`.
    MessageDb,
    /// EventoDB: qualified names, results as uuid and jsonb, conflicts as `P0003`.
    EventoDb,
    /// Made by [`super::Store::create_namespace`].
    Streamscope,
}

impl Flavour {
    /// For people and for json: `message-db`, `eventodb`, `streamscope`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessageDb => "message-db",
            Self::EventoDb => "eventodb",
            Self::Streamscope => "streamscope",
        }
    }

    /// By what the catalog shows: our version table; else Message DB's version function; else what EventoDB makes.
    #[must_use]
    pub fn of(has_our_version: bool, has_message_db_version: bool) -> Self {
        match (has_our_version, has_message_db_version) {
            (true, _) => Self::Streamscope,
            (false, true) => Self::MessageDb,
            (false, false) => Self::EventoDb,
        }
    }

    /// The expression that the category index of a schema is on, as text: see [`super::Namespace`]'s queries. The schema is quoted.
    pub(super) fn category_expression(self, schema: &str) -> String {
        match self {
            Self::MessageDb => format!("{schema}.category(stream_name)::text"),
            Self::EventoDb | Self::Streamscope => "split_part(stream_name::text, '-', 1)".to_owned(),
        }
    }
}

/// A name as an SQL identifier. The only place where a name becomes a part of a statement.
#[must_use]
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
