//! The differences between Message DB, EventoDB and streamscope's own namespaces. The flavour is detected in the
//! catalog, never configured.

/// The program that created a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// Message DB: plpgsql functions that find their tables through `search_path`.
    MessageDb,
    /// EventoDB: functions with qualified names that return uuid and jsonb and report conflicts as `P0003`.
    EventoDb,
    /// streamscope, with [`super::Store::create_namespace`].
    Streamscope,
}

impl Flavour {
    /// Returns the name used in output and JSON: `message-db`, `eventodb` or `streamscope`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessageDb => "message-db",
            Self::EventoDb => "eventodb",
            Self::Streamscope => "streamscope",
        }
    }

    /// Decides by the catalog: streamscope's version table, else Message DB's version function, else EventoDB.
    #[must_use]
    pub(super) fn of(has_our_version: bool, has_message_db_version: bool) -> Self {
        match (has_our_version, has_message_db_version) {
            (true, _) => Self::Streamscope,
            (false, true) => Self::MessageDb,
            (false, false) => Self::EventoDb,
        }
    }

    /// Returns the indexed category expression, cast to text. `schema` must already be quoted.
    pub(super) fn category_expression(self, schema: &str) -> String {
        match self {
            // The function takes a varchar, to which names and enumerations are not cast implicitly.
            Self::MessageDb => format!("{schema}.category(stream_name::varchar)::text"),
            Self::EventoDb | Self::Streamscope => "split_part(stream_name::text, '-', 1)".to_owned(),
        }
    }
}

/// Quotes a name as an SQL identifier. No other code puts names into statements.
#[must_use]
pub(super) fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
