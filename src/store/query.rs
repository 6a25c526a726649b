//! The queries of `sql/query` for one namespace: a template's `{names}` are filled with its table, its flavour's expressions and
//! the scope's conditions. Values are never put into the text; they go as parameters.

use super::flavour::quote_ident;
use super::{Flavour, Namespace};

/// Whether a message is for a consumer group member (`member` and `size` are parameters, `$6`): Message DB's
/// `mod(@hash_64(cardinal_id(stream_name)), size) = member` on built-in functions, so that it reads the same in every flavour.
/// The remainder is taken before the absolute value, which then cannot overflow. A stream without id belongs to none.
pub(super) fn member_condition(member: &str, size: &str) -> String {
    format!(
        "case when strpos(stream_name::text, '-') > 0 then abs(mod(\
         ('x' || left(md5(split_part(substr(stream_name::text, strpos(stream_name::text, '-') + 1), '+', 1)), 16))::bit(64)::bigint, \
         {size})) = {member} else false end"
    )
}

/// Fills the `{names}` of a template in one pass, so that nothing is looked for inside of what was put in, and leaves out
/// its comments.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    for line in template.lines().filter(|line| !line.starts_with("--")) {
        let mut rest = line;
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            let value = values.iter().find_map(|(name, value)| {
                let after = from[1..].strip_prefix(name)?.strip_prefix('}')?;
                Some((value, after))
            });
            if let Some((value, after)) = value {
                out.push_str(value);
                rest = after;
            } else {
                out.push('{');
                rest = &from[1..];
            }
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}

/// What the queries need to know of a flavour: its own index expressions, its names, and what its text sorts like.
///
/// Names, types and categories are `varchar` in some stores, and are compared as `text`, here and in every query: for `varchar` an
/// operator or function that somebody planted in `public` would fit better than the server's own, and be called by whoever
/// reads. The cast costs nothing, and indexes are used all the same.
impl Namespace {
    fn quoted_schema(&self) -> String {
        quote_ident(&self.info.schema)
    }

    /// The table, qualified.
    pub(super) fn table(&self) -> String {
        format!("{}.messages", self.quoted_schema())
    }

    /// A function of the namespace, qualified.
    pub(super) fn function(&self, name: &str) -> String {
        format!("{}.{name}", self.quoted_schema())
    }

    /// The search path under which its functions find only their own helpers.
    pub(super) fn search_path(&self) -> String {
        format!("{}, pg_temp", self.quoted_schema())
    }

    /// The expression that the category index is on.
    pub(super) fn category_expression(&self) -> String {
        self.info.flavour.category_expression(&quote_ident(&self.info.schema))
    }

    /// The category of a message's correlation.
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
    /// A template of `sql/query`, for this namespace; `values` are filled in besides the namespace's own.
    pub(super) fn query(&self, template: &str, values: &[(&str, &str)]) -> String {
        let table = self.table();
        let category = self.category_expression();
        let correlation = self.correlation_expression();
        let (message, head) = (self.message_columns(), self.head_columns());
        let (m_data, m_metadata) = (self.body_as_jsonb("m.data"), self.body_as_jsonb("m.metadata"));
        let (m_data_text, m_metadata_text) = (self.body_as_text("m.data"), self.body_as_text("m.metadata"));
        let m_time = self.time_expression().replace("time::", "m.time::");
        let (data, metadata) = (self.body_as_jsonb("data"), self.body_as_jsonb("metadata"));
        let mut all = vec![
            ("table", table.as_ref()),
            ("category", category.as_ref()),
            ("correlation", correlation.as_ref()),
            ("message", message.as_ref()),
            ("head", head.as_ref()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_once() {
        let text =
            fill("-- says {table}\nselect '{}', {table}\nfrom {table}", &[("table", "\"{table}\".m"), ("x", "y")]);
        assert_eq!(text, "select '{}', \"{table}\".m\nfrom \"{table}\".m\n");
    }
}
