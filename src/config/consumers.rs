//! `[[consumers]]`: queries for consumers that follow none of the built-in conventions.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::store::consumers::ConsumerQuery;

/// A query that returns consumers and their positions.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsumerSource {
    /// Returns consumer, category and position, and optionally `moved_at`.
    #[serde(deserialize_with = "not_empty")]
    #[schemars(regex(pattern = r"\S"), example = &"select consumer, category, position from jobs.positions")]
    sql: String,
    /// The name in the list if the query fails.
    #[serde(default)]
    #[schemars(with = "String", example = &"jobs")]
    name: Option<String>,
    /// Run it only in every user@host/database that contains this text.
    #[serde(default)]
    #[schemars(with = "String", example = &"@db.example.org")]
    target: Option<String>,
    /// Run it only for this namespace.
    #[serde(default)]
    #[schemars(with = "String", example = &"shop")]
    namespace: Option<String>,
}

fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let sql = String::deserialize(deserializer)?;
    if sql.trim().is_empty() { Err(D::Error::custom("the query is empty")) } else { Ok(sql) }
}

/// Returns the queries for a namespace of a target (`user@host/database`).
pub(super) fn queries(sources: &[ConsumerSource], target: &str, namespace: &str) -> Vec<ConsumerQuery> {
    let applies = |source: &ConsumerSource| {
        source.target.as_ref().is_none_or(|part| target.contains(part))
            && source.namespace.as_ref().is_none_or(|only| only == namespace)
    };
    let query = |(number, source): (usize, &ConsumerSource)| {
        let name = source.name.clone().unwrap_or_else(|| format!("query {number}"));
        applies(source).then(|| ConsumerQuery { name, sql: source.sql.clone() })
    };
    (1..).zip(sources).filter_map(query).collect()
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn queries_apply_to_their_target_and_namespace() {
        let config = Config::parse(
            "[[consumers]]\nsql = \"select 1\"\n\
             [[consumers]]\nsql = \"select 2\"\nname = \"jobs\"\ntarget = \"@db\"\nnamespace = \"shop\"\n",
        )
        .expect("a configuration");
        let names = |target, namespace| {
            let queries = config.consumer_queries(target, namespace);
            queries.into_iter().map(|query| query.name).collect::<Vec<_>>()
        };
        assert_eq!(names("app@db/shop", "shop"), ["query 1", "jobs"]);
        assert_eq!(names("app@db/shop", "bank"), ["query 1"]);
        assert_eq!(names("app@localhost/shop", "shop"), ["query 1"]);
        let problems = Config::parse("[[consumers]]\nsql = \" \"").expect_err("a mistake");
        assert_eq!(problems[0].to_string(), "line 2, column 7: the query is empty");
    }
}
