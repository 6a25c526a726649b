//! One bounded window of a scope, as the queries for searching and counting read it. Both queries take the same
//! parameters.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::super::query::member_condition;
use super::super::session::Parameter;
use super::super::{Filter, Namespace, Result};
use super::Scope;
use super::scope::Direction;
use crate::message::ConsumerGroup;

/// The messages to read in one step, and the filter to apply to them.
pub(super) struct SearchWindow<'a> {
    pub(super) scope: &'a Scope,
    pub(super) filter: &'a Filter,
    pub(super) direction: Direction,
    /// The first number to read.
    pub(super) first: i64,
    /// The maximum number of messages to read.
    pub(super) size: i64,
}

impl Namespace {
    /// Runs `search.sql` or `count_step.sql`. `values` come in addition to those that both use.
    ///
    /// The filter's paths are checked only after an error. Errors are rare, and a check before every step would add a
    /// round trip.
    pub(super) async fn query_window(
        &self,
        template: &str,
        values: &[(&str, &str)],
        window: &SearchWindow<'_>,
    ) -> Result<Vec<Row>> {
        let SearchWindow { scope, filter, direction, first, size } = window;
        let (window, member) = (self.window(scope, *direction, "$1", "$3"), member_condition("$4", "$5"));
        let matches = filter.condition(6, self);
        let mut all = vec![("number", scope.number()), ("window", &window), ("member", &member), ("matches", &matches)];
        all.extend_from_slice(values);
        let sql = self.query(template, &all);
        let (name, group) = (scope.name(), scope.member());
        let (member, group_size) = (group.map(ConsumerGroup::member), group.map(ConsumerGroup::size));
        let filter_parameters = filter.bound(self);
        let mut parameters: Vec<Parameter<'_>> = vec![
            (first, Type::INT8),
            (size, Type::INT8),
            (&name, Type::TEXT),
            (&member, Type::INT8),
            (&group_size, Type::INT8),
        ];
        parameters.extend(filter_parameters.parameters());
        let session = self.session().await?;
        let answer = session.query(&sql, &parameters).await;
        drop(session);
        match answer {
            Err(error) => Err(self.check_paths(filter).await.err().unwrap_or(error)),
            rows => rows,
        }
    }
}
