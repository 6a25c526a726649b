//! Turns the templates in `sql/query` into statements for one namespace by filling in its table, its flavour's
//! expressions and the conditions of a scope. Values never become part of the text; they are sent as parameters.

use super::flavour::quote_ident;
use super::template::fill;
use super::{Flavour, Namespace};

/// Returns the condition that a message belongs to a consumer group member. `member` and `size` are SQL, for example
/// `$6`. It is Message DB's `mod(@hash_64(cardinal_id(stream_name)), size) = member`, written with built-in functions
/// so that it works in every flavour. Taking the remainder before the absolute value avoids an overflow. A stream
/// without an ID belongs to no member.
pub(super) fn member_condition(member: &str, size: &str) -> String {
    format!(
        "case when strpos(stream_name::text, '-') > 0 then abs(mod(\
         ('x' || left(md5(split_part(substr(stream_name::text, strpos(stream_name::text, '-') + 1), '+', 1)), 16))::bit(64)::bigint, \
         {size})) = {member} else false end"
    )
}

/// Every query compares names, types and categories as `text`, even if the column is `varchar`. For `varchar` a
/// function or operator planted in `public` could match better than the built-in one, and readers would call it. The
/// cast is free, and indexes still serve the comparison.
impl Namespace {
    fn quoted_schema(&self) -> String {
        quote_ident(&self.info.schema)
    }

    pub(super) fn table(&self) -> String {
        format!("{}.messages", self.quoted_schema())
    }

    pub(super) fn function(&self, name: &str) -> String {
        format!("{}.{name}", self.quoted_schema())
    }

    /// Returns a search path under which the namespace's functions find only their own helpers.
    pub(super) fn search_path(&self) -> String {
        format!("{}, pg_temp", self.quoted_schema())
    }

    /// Returns the indexed category expression.
    pub(super) fn category_expression(&self) -> String {
        self.info.flavour.category_expression(&quote_ident(&self.info.schema))
    }

    /// Returns an expression for the category of the correlation stream.
    pub(super) fn correlation_expression(&self) -> String {
        let metadata = self.body_as_jsonb("metadata");
        match self.info.flavour {
            Flavour::MessageDb => {
                format!("{}({metadata} ->> 'correlationStreamName'::text)::text", self.function("category"))
            }
            Flavour::EventoDb | Flavour::Streamscope => {
                format!("split_part({metadata} ->> 'correlationStreamName'::text, '-', 1)")
            }
        }
    }
}

impl Namespace {
    /// Fills in a template for this namespace. `values` come in addition to the namespace's own.
    pub(super) fn query(&self, template: &str, values: &[(&str, &str)]) -> String {
        let table = self.table();
        let category = self.category_expression();
        let correlation = self.correlation_expression();
        let (message, head) = (self.message_columns(), self.head_columns());
        let (traced, last) = (self.traced_columns(), self.last_columns());
        let (m_data, m_metadata) = (self.body_as_jsonb("m.data"), self.body_as_jsonb("m.metadata"));
        let (m_data_text, m_metadata_text) = (self.body_as_text("m.data"), self.body_as_text("m.metadata"));
        // NULLs come first, and an index on the position cannot move them to the end.
        let last_first =
            if self.shape().columns.position.not_null { "position desc" } else { "position desc nulls last" };
        let m_time = self.time_expression().replace("time::", "m.time::");
        let (data, metadata) = (self.body_as_jsonb("data"), self.body_as_jsonb("metadata"));
        let mut all = vec![
            ("table", table.as_ref()),
            ("category", category.as_ref()),
            ("correlation", correlation.as_ref()),
            ("message", message.as_ref()),
            ("head", head.as_ref()),
            ("traced", traced.as_ref()),
            ("last", last.as_ref()),
            ("last_first", last_first),
            ("time", self.time_expression()),
            ("data", data.as_ref()),
            ("metadata", metadata.as_ref()),
            ("m.data", m_data.as_ref()),
            ("m.metadata", m_metadata.as_ref()),
            ("m.data_text", m_data_text.as_ref()),
            ("m.metadata_text", m_metadata_text.as_ref()),
            ("m.time", m_time.as_ref()),
        ];
        all.extend_from_slice(values);
        fill(template, &all)
    }
}
