//! Filters for searching, following and exporting, and the SQL condition for them. Values are always sent as
//! parameters.

use std::fmt::Write as _;

use jiff::Timestamp;
use tokio_postgres::types::Type;

use super::row::ServerTime;
use super::session::Parameter;
use super::{Namespace, Result, StoreError};

/// SQLSTATE of a jsonpath that cannot be parsed.
const SYNTAX_ERROR: &str = "42601";
/// SQLSTATE of a type that the server does not know.
const UNDEFINED_OBJECT: &str = "42704";

/// Conditions that a message must meet, all of them. The default matches every message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The type is one of these. Empty for any type.
    pub types: Vec<String>,
    /// The stream name begins with this text.
    pub stream_prefix: Option<String>,
    /// The time is not before this one.
    pub since: Option<Timestamp>,
    /// The time is before this one.
    pub until: Option<Timestamp>,
    /// The text of data or metadata contains this, ignoring case.
    pub text: Option<String>,
    /// A jsonpath on data. A predicate such as `$.amount > 5` must be true; any other path, such as `$.items[*] ? (@ >
    /// 5)`, must select something. A body with another structure does not match and is not an error.
    pub data_path: Option<String>,
    /// A jsonpath on metadata, with the same rules.
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
    /// Returns the condition for a namespace, with seven parameters that begin at number `first`. Cheap comparisons
    /// come first, and bodies are read only if the filter needs them. Without a path the condition has no jsonpath,
    /// which PostgreSQL 11 and older do not know.
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

    pub(super) fn bound(&self, namespace: &Namespace) -> Bound<'_> {
        Bound {
            filter: self,
            types: (!self.types.is_empty()).then_some(&self.types),
            since: self.since.map(ServerTime),
            until: self.until.map(ServerTime),
            patterns: self.patterns(namespace.has_bytes()),
        }
    }

    /// Returns ILIKE patterns for the text as it is and as it appears inside a JSON string, where `"` is `\"`; with
    /// `bytes`, also as the server escapes bytes.
    fn patterns(&self, bytes: bool) -> Option<Vec<String>> {
        let text = self.text.as_deref().filter(|text| !text.is_empty())?;
        let spelled = serde_json::Value::from(text).to_string();
        let mut forms = vec![text.to_owned(), spelled[1..spelled.len() - 1].to_owned()];
        if bytes {
            forms.extend([escaped(&forms[0]), escaped(&forms[1])]);
        }
        let mut patterns: Vec<String> = Vec::with_capacity(forms.len());
        for pattern in forms.iter().map(|form| contains(form)) {
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
        Some(patterns)
    }
}

impl Namespace {
    /// Checks the filter's paths on the server. Sends nothing if there are none.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the server does not accept a path, or any other error from the server.
    pub async fn check_paths(&self, filter: &Filter) -> Result<()> {
        for (field, path) in [("path on data", &filter.data_path), ("path on metadata", &filter.metadata_path)] {
            let Some(path) = path else { continue };
            match self.session().await?.query("select $1::jsonpath is null", &[(path, Type::TEXT)]).await {
                Err(StoreError::Server { code, .. }) if code == UNDEFINED_OBJECT => {
                    let reason = "jsonpath needs PostgreSQL 12 or newer, but this server is older".to_owned();
                    return Err(StoreError::Invalid { field, reason });
                }
                Err(StoreError::Server { code, message }) if code == SYNTAX_ERROR || code.starts_with("22") => {
                    return Err(StoreError::Invalid { field, reason: format!("{message} (SQLSTATE {code})") });
                }
                answer => answer.map(drop)?,
            }
        }
        Ok(())
    }
}

impl Bound<'_> {
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

/// A path is a predicate if it returns exactly one true, false or null for an empty object. The `_tz` functions exist
/// since PostgreSQL 13, which also added times to jsonpath. The functions without `_tz` fail if a time with a zone is
/// compared with one without, even in silent mode.
fn path_condition(column: &str, path: &str, version: u32) -> String {
    let zoned = if version >= 13 { "_tz" } else { "" };
    format!(
        "case \
         when (select jsonb_path_query_array{zoned}('{{}}', {path}::jsonpath, '{{}}', true) in ('[true]', '[false]', '[null]')) \
         then jsonb_path_match{zoned}({column}, {path}::jsonpath, '{{}}', true) \
         else jsonb_path_exists{zoned}({column}, {path}::jsonpath, '{{}}', true) end"
    )
}

/// Escapes a text as `encode(…, 'escape')` does.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'\\' => out.push_str(r"\\"),
            0x80.. => {
                let _ = write!(out, "\\{byte:o}");
            }
            _ => out.push(char::from(byte)),
        }
    }
    out
}

/// Returns an ILIKE pattern for values that contain the text. `%`, `_` and `\` are escaped.
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
    fn wildcards_in_the_text_are_escaped() {
        assert_eq!(contains(r"50%_\"), r"%50\%\_\\%");
    }

    #[test]
    fn searches_for_the_text_as_json_escapes_it_too() {
        let filter = Filter { text: Some("say \"hi\"".to_owned()), ..Filter::default() };
        assert_eq!(filter.patterns(false).expect("a text to look for"), [r#"%say "hi"%"#, r#"%say \\"hi\\"%"#]);
        let filter = Filter { text: Some("plain".to_owned()), ..Filter::default() };
        assert_eq!(filter.patterns(true).expect("a text to look for"), ["%plain%"]);
        let filter = Filter { text: Some("é".to_owned()), ..Filter::default() };
        assert_eq!(filter.patterns(true).expect("a text to look for"), ["%é%", r"%\\303\\251%"]);
    }
}
