//! What messages must match, and the SQL that says so: the same for a search, for following and for an export.

use jiff::Timestamp;
use tokio_postgres::types::Type;

use super::row::ServerTime;
use super::session::Parameter;
use super::{Namespace, Result, StoreError};

/// SQLSTATE of a jsonpath that cannot be parsed.
const SYNTAX_ERROR: &str = "42601";
/// SQLSTATE of a type that the server does not know.
const UNDEFINED_OBJECT: &str = "42704";

/// What messages must match, all of it. Every part is sent as a parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// One of these types; empty for any.
    pub types: Vec<String>,
    /// Stream name begins with this.
    pub stream_prefix: Option<String>,
    /// Not before (UTC).
    pub since: Option<Timestamp>,
    /// Before (UTC).
    pub until: Option<Timestamp>,
    /// Text that data or metadata (as text) contains, letter case ignored.
    pub text: Option<String>,
    /// A jsonpath on data: a predicate (`$.amount > 5`) must be true, another path (`$.items[*] ? (@ > 5)`) must find
    /// something. A body that it does not fit is left out, and is no error.
    pub data_path: Option<String>,
    /// A jsonpath on metadata.
    pub metadata_path: Option<String>,
}

/// A filter's parameters, in the order of [`Filter::condition`].
pub(super) struct Bound<'a> {
    filter: &'a Filter,
    types: Option<&'a Vec<String>>,
    since: Option<ServerTime>,
    until: Option<ServerTime>,
    patterns: Option<Vec<String>>,
}

impl Filter {
    /// The condition over the seven parameters from number `first` on, for the table and the server of a namespace. What is cheap is compared
    /// first; a body is unpacked only where it is asked about, and a server that knows no jsonpath (before PostgreSQL 12) is
    /// not asked for one.
    pub(super) fn condition(&self, first: usize, namespace: &Namespace) -> String {
        let parameter = |index: usize| format!("${}", first + index);
        let [types, prefix, since, until, patterns, data, metadata] = std::array::from_fn(parameter);
        let path = |column, path: &Option<String>, parameter: &str| match path {
            Some(_) => path_condition(&namespace.body_as_jsonb(column), parameter, namespace.sessions.server_version()),
            None => format!("{parameter}::text is null"),
        };
        let data = path("data", &self.data_path, &data);
        let metadata = path("metadata", &self.metadata_path, &metadata);
        let (data_text, metadata_text) = (namespace.body_as_searched("data"), namespace.body_as_searched("metadata"));
        let time = namespace.time_expression();
        format!(
            "({types}::text[] is null or type::text = any({types})) \
             and ({prefix}::text is null or left(stream_name::text, length({prefix})) = {prefix}) \
             and ({since}::timestamp is null or {time} >= {since}) \
             and ({until}::timestamp is null or {time} < {until}) \
             and {data} and {metadata} \
             and ({patterns}::text[] is null or {data_text} ilike any({patterns}) or {metadata_text} ilike any({patterns}))"
        )
    }

    /// What [`Filter::condition`] is given.
    pub(super) fn bound(&self) -> Bound<'_> {
        Bound {
            filter: self,
            types: (!self.types.is_empty()).then_some(&self.types),
            since: self.since.map(ServerTime),
            until: self.until.map(ServerTime),
            patterns: self.patterns(),
        }
    }

    /// Patterns for ILIKE that find the text as it is, and as a JSON string spells it (`"` is stored as `\"`).
    fn patterns(&self) -> Option<Vec<String>> {
        let text = self.text.as_deref().filter(|text| !text.is_empty())?;
        let mut patterns = vec![contains(text)];
        let spelled = serde_json::Value::from(text).to_string();
        let spelled = &spelled[1..spelled.len() - 1];
        if spelled != text {
            patterns.push(contains(spelled));
        }
        Some(patterns)
    }
}

impl Namespace {
    /// Whether the server takes the paths of a filter; it is not asked where there are none.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a path that it does not take; the server's.
    pub async fn check_paths(&self, filter: &Filter) -> Result<()> {
        for (field, path) in [("path on data", &filter.data_path), ("path on metadata", &filter.metadata_path)] {
            let Some(path) = path else { continue };
            match self.session().await?.query("select $1::jsonpath is null", &[(path, Type::TEXT)]).await {
                Err(StoreError::Server { code, .. }) if code == UNDEFINED_OBJECT => {
                    let reason = "jsonpath needs PostgreSQL 12 or newer, and this server is older".to_owned();
                    return Err(StoreError::Invalid { field, reason });
                }
                Err(StoreError::Server { code, message }) if code == SYNTAX_ERROR || code.starts_with("22") => {
                    return Err(StoreError::Invalid { field, reason: message });
                }
                answer => answer.map(drop)?,
            }
        }
        Ok(())
    }
}

impl Bound<'_> {
    /// The parameters.
    pub(super) fn parameters(&self) -> [Parameter<'_>; 7] {
        [
            (&self.types, Type::TEXT_ARRAY),
            (&self.filter.stream_prefix, Type::TEXT),
            (&self.since, Type::TIMESTAMP),
            (&self.until, Type::TIMESTAMP),
            (&self.patterns, Type::TEXT_ARRAY),
            (&self.filter.data_path, Type::TEXT),
            (&self.filter.metadata_path, Type::TEXT),
        ]
    }
}

/// Which of the two a path is, is seen by what it gives for an empty object: a predicate gives exactly one true, false or null.
/// The functions for times with a zone (PostgreSQL 13, which also brought times to jsonpath): to the others such a time
/// beside one without is an error, which nothing silences.
fn path_condition(column: &str, path: &str, version: u32) -> String {
    let zoned = if version >= 13 { "_tz" } else { "" };
    format!(
        "case \
         when (select jsonb_path_query_array{zoned}('{{}}', {path}::jsonpath, '{{}}', true) in ('[true]', '[false]', '[null]')) \
         then jsonb_path_match{zoned}({column}, {path}::jsonpath, '{{}}', true) \
         else jsonb_path_exists{zoned}({column}, {path}::jsonpath, '{{}}', true) end"
    )
}

/// An ILIKE pattern for what contains a text; `%`, `_` and `\` stand for themselves.
fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_text_stand_for_themselves() {
        assert_eq!(contains(r"50%_\"), r"%50\%\_\\%");
    }

    #[test]
    fn a_text_is_also_looked_for_as_json_spells_it() {
        let filter = Filter { text: Some("say \"hi\"".to_owned()), ..Filter::default() };
        assert_eq!(filter.patterns().expect("a text to look for"), [r#"%say "hi"%"#, r#"%say \\"hi\\"%"#]);
        let filter = Filter { text: Some("plain".to_owned()), ..Filter::default() };
        assert_eq!(filter.patterns().expect("a text to look for"), ["%plain%"]);
    }
}
