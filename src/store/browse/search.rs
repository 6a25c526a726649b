//! Search on the server, one bounded window after another, so that it can be watched and stopped.

use tokio_postgres::types::Type;

use super::super::query::member_condition;
use super::super::row::{self, ServerTime, column};
use super::super::{Namespace, Result, StoreError};
use super::scope::Direction;
use super::{Filter, PageFrom, Scope, SearchStep};
use crate::message::ConsumerGroup;

/// SQLSTATE of a jsonpath that cannot be parsed.
const SYNTAX_ERROR: &str = "42601";

impl Filter {
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

impl Namespace {
    /// One bounded step of a search: looks at no more than `window` messages of the scope.
    ///
    /// A jsonpath predicate (`$.amount > 5`) must be true, another path (`$.items[*] ? (@ > 5)`) must find something;
    /// a body that the path does not fit is no hit and no error.
    ///
    /// # Errors
    /// [`super::super::StoreError::Invalid`] for a jsonpath that the server does not take; the server's.
    pub async fn search(&self, scope: &Scope, filter: &Filter, from: PageFrom, window: u32) -> Result<SearchStep> {
        let Some((bound, direction)) = from.bound() else {
            return Ok(SearchStep { heads: Vec::new(), searched: 0, next: None });
        };
        let window_sql = self.window(scope, direction, "$1", "$3");
        let sql = self.query(
            include_str!("../../../sql/query/search.sql"),
            &[("number", scope.number()), ("window", &window_sql), ("member", &member_condition("$11", "$12"))],
        );
        let types = (!filter.types.is_empty()).then_some(&filter.types);
        let window = i64::from(window.max(1));
        let session = self.session().await?;
        let answer = session
            .query(
                &sql,
                &[
                    (&bound, Type::INT8),
                    (&window, Type::INT8),
                    (&scope.name(), Type::TEXT),
                    (&types, Type::TEXT_ARRAY),
                    (&filter.stream_prefix, Type::TEXT),
                    (&filter.since.map(ServerTime), Type::TIMESTAMP),
                    (&filter.until.map(ServerTime), Type::TIMESTAMP),
                    (&filter.patterns(), Type::TEXT_ARRAY),
                    (&filter.data_path, Type::TEXT),
                    (&filter.metadata_path, Type::TEXT),
                    (&scope.member().map(ConsumerGroup::member), Type::INT8),
                    (&scope.member().map(ConsumerGroup::size), Type::INT8),
                ],
            )
            .await;
        drop(session);
        let rows = match answer {
            Err(error) => return Err(self.path_error(filter, error).await),
            Ok(rows) => rows,
        };

        let mut step = SearchStep { heads: Vec::new(), searched: 0, next: None };
        for row in &rows {
            let searched: Option<i64> = column(row, 8)?;
            let Some(searched) = searched else {
                step.heads.push(row::head(row)?);
                continue;
            };
            step.searched = searched.try_into().unwrap_or_default();
            if searched == window {
                step.next = match direction {
                    Direction::Rising => column::<Option<i64>>(row, 10)?.map(PageFrom::After),
                    Direction::Falling => column::<Option<i64>>(row, 9)?.map(PageFrom::Before),
                };
            }
        }
        match scope {
            Scope::Stream(_) => step.heads.sort_by_key(|head| head.position),
            Scope::Namespace | Scope::Category(_) | Scope::Member(..) => {
                step.heads.sort_by_key(|head| head.global_position);
            }
        }
        Ok(step)
    }

    /// Which path the server did not take, where that is why a search failed.
    async fn path_error(&self, filter: &Filter, error: StoreError) -> StoreError {
        for (field, path) in [("path on data", &filter.data_path), ("path on metadata", &filter.metadata_path)] {
            let (Some(path), Ok(session)) = (path, self.session().await) else { continue };
            if let Err(StoreError::Server { code, message }) =
                session.query("select $1::jsonpath", &[(path, Type::TEXT)]).await
                && (code == SYNTAX_ERROR || code.starts_with("22"))
            {
                return StoreError::Invalid { field, reason: message };
            }
        }
        error
    }
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
