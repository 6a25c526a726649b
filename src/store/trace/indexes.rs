//! Finds the store's own expression indexes on links in metadata, and probes them. An index is used only if the server
//! prints its expression exactly as one that is known here, so reading never calls another role's function.

use tokio_postgres::types::Type;

use super::links::{CAUSATION_IDS, LinkTarget, Links, PROTEAN_CAUSE, Reference, top_or_headers};
use super::path::Path;
use super::{Traced, Workflow};
use crate::store::row::{Lossy, column, text};
use crate::store::session::Parameter;
use crate::store::shape::ColumnType;
use crate::store::{Namespace, Result};

/// The types to which an indexed text can be cast.
const CASTS: [&str; 3] = ["", "bigint", "uuid"];
/// The most messages that a probe for a workflow returns. Longer workflows are read in windows.
pub(super) const PROBED: i64 = 10_000;

/// An expression index on a value in metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LinkIndex {
    /// The name of the index.
    pub(super) name: String,
    /// Where the value is.
    pub(super) path: Path,
    /// The expression, over a table `m`.
    expression: String,
    /// The type of the expression; empty for text.
    cast: &'static str,
}

/// The values that find the effects of a message in an index, with a second value that the effects must have.
type Wanted = (String, Option<String>);

impl Namespace {
    /// Returns the expression indexes on paths that links use.
    pub(super) async fn link_indexes(&self, links: &Links) -> Result<Vec<LinkIndex>> {
        // Another type has other operators, so the expression would not match the index.
        if self.shape().columns.metadata.kind != ColumnType::Jsonb {
            return Ok(Vec::new());
        }
        let session = self.session().await?;
        let table = self.table();
        let rows = session.query(include_str!("../../../sql/query/trace_indexes.sql"), &[(&table, Type::TEXT)]).await?;
        let known = known(links);
        let mut found = Vec::new();
        for row in &rows {
            let predicate = column::<Option<Lossy>>(row, 2)?.map(|predicate| predicate.text);
            found.extend(recognised(&text(row, 0)?, &text(row, 1)?, predicate.as_deref(), &known));
        }
        Ok(found)
    }

    /// Returns messages whose indexed value is one of these, at most `limit` for each value.
    pub(super) async fn probe_index(&self, index: &LinkIndex, wanted: &[Wanted], limit: i64) -> Result<Vec<Traced>> {
        let value = match index.cast {
            "" => "wanted.value".to_owned(),
            cast => format!("wanted.value::{cast}"),
        };
        let second = format!(
            "(wanted.second is null or {} ->> 'causationMessagePosition' = wanted.second)",
            self.body_as_jsonb("m.metadata")
        );
        let sql = self.query(
            include_str!("../../../sql/query/trace_probe.sql"),
            &[("expression", &index.expression), ("value", &value), ("second", &second)],
        );
        let (values, seconds): (Vec<_>, Vec<_>) = wanted.iter().cloned().unzip();
        let parameters: [Parameter<'_>; 3] =
            [(&values, Type::TEXT_ARRAY), (&seconds, Type::TEXT_ARRAY), (&limit, Type::INT8)];
        self.session().await?.query(&sql, &parameters).await?.iter().map(Traced::of).collect()
    }
}

impl LinkIndex {
    /// Returns the values under which effects of a message are in this index.
    pub(super) fn effects_of(&self, traced: &Traced, links: &Links) -> Vec<Wanted> {
        let head = &traced.head;
        let one = |value: String| vec![(value, None)];
        let identity = |path: &Path| {
            let metadata = traced.metadata.as_deref().unwrap_or_default();
            path.text_in(metadata).map(|value| (value, None)).into_iter().collect()
        };
        let by_rule = links.rules().iter().find(|rule| rule.cause.as_ref() == Some(&self.path));
        let wanted = match (by_rule.map(|rule| &rule.to), self.path.steps()) {
            (Some(LinkTarget::Id), _) => one(head.id.to_string()),
            (Some(LinkTarget::StreamPosition), _) => one(format!("{}@{}", head.stream, head.position)),
            (Some(LinkTarget::GlobalPosition), _) => one(head.global_position.to_string()),
            (Some(LinkTarget::Metadata(path)), _) => identity(path),
            (None, [key]) if key == "causationMessageGlobalPosition" => one(head.global_position.to_string()),
            (None, [key]) if key == "causationMessageStreamName" => {
                vec![(head.stream.to_string(), Some(head.position.to_string()))]
            }
            (None, steps) if steps.iter().map(String::as_str).eq(PROTEAN_CAUSE) => identity(&links.identities()[0]),
            (None, [.., key]) if CAUSATION_IDS.contains(&key.as_str()) => one(head.id.to_string()),
            _ => Vec::new(),
        };
        let fits = |(value, _): &Wanted| match self.cast {
            "bigint" => value.parse::<i64>().is_ok(),
            "uuid" => value.parse::<uuid::Uuid>().is_ok(),
            _ => true,
        };
        wanted.into_iter().filter(fits).collect()
    }

    /// Returns whether the index is on a cause, and not on a workflow or an identity.
    pub(super) fn finds_effects(&self, links: &Links) -> bool {
        let by_rule = links.rules().iter().any(|rule| rule.cause.as_ref() == Some(&self.path));
        let last = self.path.steps().last().map_or("", String::as_str);
        by_rule || last.starts_with("causationMessage") || last == PROTEAN_CAUSE[1] || CAUSATION_IDS.contains(&last)
    }

    /// Returns whether the index finds the message that a reference names.
    pub(super) fn serves(&self, reference: &Reference) -> bool {
        matches!(reference, Reference::Metadata(path, _) if *path == self.path && self.cast.is_empty())
    }

    /// Returns whether the index finds the messages of a workflow.
    pub(super) fn finds(&self, workflow: &Workflow) -> bool {
        self.path == workflow.path && self.cast.is_empty() && !super::links::is_traceparent(&workflow.path)
    }
}

/// Returns every path whose index helps.
fn known(links: &Links) -> Vec<Path> {
    let mut paths = links.identities();
    for rule in links.rules() {
        paths.extend(rule.cause.iter().chain(&rule.workflow).cloned());
    }
    for name in ["causationMessageGlobalPosition", "causationMessageStreamName", "correlationStreamName"] {
        paths.push(Path::of(&[name]));
    }
    paths.push(Path::of(&PROTEAN_CAUSE));
    paths.push(Path::of(&["domain", "correlation_id"]));
    paths.extend(top_or_headers(CAUSATION_IDS));
    paths.extend(top_or_headers(["$correlationId", "correlationId", "correlation_id"]));
    paths.extend(top_or_headers(["traceId"]));
    paths
}

/// Recognises an index by its expression. A partial index must contain every message that has the value.
fn recognised(name: &str, expression: &str, predicate: Option<&str>, known: &[Path]) -> Option<LinkIndex> {
    let printed = bare(expression);
    for path in known {
        // A name with other characters could be printed in several ways.
        if path.steps().iter().any(|step| !step.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')) {
            continue;
        }
        for spelled in spellings(path) {
            for cast in CASTS {
                let whole = if cast.is_empty() { spelled.clone() } else { format!("(({spelled})::{cast})") };
                if bare(&whole.replace("m.metadata", "metadata")) != printed {
                    continue;
                }
                let all = |predicate: &str| {
                    bare(predicate) == format!("{}ISNOTNULL", bare(&spelled.replace("m.metadata", "metadata")))
                };
                return predicate.is_none_or(all).then(|| LinkIndex {
                    name: name.to_owned(),
                    path: path.clone(),
                    expression: whole,
                    cast,
                });
            }
        }
    }
    None
}

/// Returns the expressions that select the text at a path.
fn spellings(path: &Path) -> Vec<String> {
    let steps = path.steps();
    let array = format!("(m.metadata #>> '{{{}}}'::text[])", steps.join(","));
    let Some((last, parents)) = steps.split_last() else { return Vec::new() };
    let mut chain = "m.metadata".to_owned();
    for parent in parents {
        chain = format!("({chain} -> '{parent}'::text)");
    }
    vec![format!("({chain} ->> '{last}'::text)"), array]
}

/// Removes what the server may print in several ways: parentheses and blanks.
fn bare(expression: &str) -> String {
    expression.chars().filter(|c| !matches!(c, '(' | ')' | ' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(expression: &str, predicate: Option<&str>) -> Option<(String, &'static str)> {
        recognised("i", expression, predicate, &known(&Links::default()))
            .map(|index| (index.path.to_string(), index.cast))
    }

    #[test]
    fn recognises_indexes_as_the_server_prints_them() {
        let cases = [
            ("(metadata ->> 'causationMessageGlobalPosition'::text)", "$.causationMessageGlobalPosition", ""),
            (
                "((metadata ->> 'causationMessageGlobalPosition'::text)::bigint)",
                "$.causationMessageGlobalPosition",
                "bigint",
            ),
            ("((metadata -> 'domain'::text) ->> 'causation_id'::text)", "$.domain.causation_id", ""),
            ("(metadata #>> '{domain,causation_id}'::text[])", "$.domain.causation_id", ""),
            ("((metadata ->> '$causationId'::text)::uuid)", "$.$causationId", "uuid"),
        ];
        for (expression, path, cast) in cases {
            assert_eq!(index(expression, None), Some((path.to_owned(), cast)), "{expression}");
        }
    }

    #[test]
    fn ignores_indexes_that_call_functions_or_omit_messages() {
        assert_eq!(index("evil((metadata ->> 'causationId'::text))", None), None);
        assert_eq!(index("lower((metadata ->> 'causationId'::text))", None), None);
        assert_eq!(index("(metadata OPERATOR(public.->>) 'causationId'::text)", None), None);
        let expression = "(metadata ->> 'causationId'::text)";
        assert!(index(expression, Some("((metadata ->> 'causationId'::text) IS NOT NULL)")).is_some());
        assert_eq!(index(expression, Some("(type = 'Placed'::text)")), None);
    }
}
