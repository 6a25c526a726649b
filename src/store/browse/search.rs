//! Searches on the server in bounded steps, so that callers can show progress and stop.

use tokio_postgres::types::Type;

use super::super::query::member_condition;
use super::super::row::{self, column};
use super::super::session::Parameter;
use super::super::{Filter, Namespace, Result};
use super::scope::Direction;
use super::{PageFrom, Scope, SearchRange, SearchStep};
use crate::message::ConsumerGroup;

/// The maximum number of matches in one step. A caller may keep the matches of several steps.
const HITS: usize = 500;

impl Namespace {
    /// Searches in one bounded step: reads at most `window` messages of the scope and stops after 500 matches.
    ///
    /// # Errors
    /// [`super::super::StoreError::Invalid`] if the server does not accept a jsonpath, or any other error from the server.
    pub async fn search(&self, scope: &Scope, filter: &Filter, from: PageFrom, window: u32) -> Result<SearchStep> {
        self.search_within(scope, filter, &SearchRange::EVERYTHING, from, window).await
    }

    /// Searches in one bounded step, as [`Namespace::search`], but only within a range from [`Namespace::search_range`].
    /// [`PageFrom::Start`] and [`PageFrom::End`] refer to the range.
    ///
    /// # Errors
    /// As [`Namespace::search`].
    pub async fn search_within(
        &self,
        scope: &Scope,
        filter: &Filter,
        range: &SearchRange,
        from: PageFrom,
        window: u32,
    ) -> Result<SearchStep> {
        let nothing = SearchStep { heads: Vec::new(), searched: 0, between: None, next: None };
        let (bound, direction) = match from {
            PageFrom::Start => (range.first(), Direction::Rising),
            PageFrom::End => (range.last(), Direction::Falling),
            _ => match from.bound() {
                Some((bound, Direction::Rising)) if bound <= range.highest => {
                    (bound.max(range.lowest), Direction::Rising)
                }
                Some((bound, Direction::Falling)) if bound >= range.lowest => {
                    (bound.min(range.highest), Direction::Falling)
                }
                _ => return Ok(nothing),
            },
        };
        let window_sql = self.window(scope, direction, "$1", "$3");
        let (order, from_hit) = match direction {
            Direction::Rising => ("asc", ">="),
            Direction::Falling => ("desc", "<="),
        };
        let sql = self.query(
            include_str!("../../../sql/query/search.sql"),
            &[
                ("number", scope.number()),
                ("window", &window_sql),
                ("order", order),
                ("from", from_hit),
                ("hits", &HITS.to_string()),
                ("member", &member_condition("$4", "$5")),
                ("matches", &filter.condition(6, self)),
            ],
        );
        let window = i64::from(window.max(1));
        let (member, size) = (scope.member().map(ConsumerGroup::member), scope.member().map(ConsumerGroup::size));
        let name = scope.name();
        let bound_filter = filter.bound();
        let mut parameters: Vec<Parameter<'_>> = vec![
            (&bound, Type::INT8),
            (&window, Type::INT8),
            (&name, Type::TEXT),
            (&member, Type::INT8),
            (&size, Type::INT8),
        ];
        parameters.extend(bound_filter.parameters());
        let session = self.session().await?;
        let answer = session.query(&sql, &parameters).await;
        drop(session);
        let rows = match answer {
            // The paths are checked only after an error. Errors are rare, and a check before every step would add a round trip.
            Err(error) => return Err(self.check_paths(filter).await.err().unwrap_or(error)),
            Ok(rows) => rows,
        };

        let mut step = nothing;
        for row in &rows {
            let searched: Option<i64> = column(row, 8)?;
            let Some(searched) = searched else {
                step.heads.push(row::head(row)?);
                continue;
            };
            step.searched = searched.try_into().unwrap_or_default();
            step.between = column::<Option<i64>>(row, 9)?.zip(column(row, 10)?);
            if column(row, 11)? {
                step.next = step.between.and_then(|(lowest, highest)| match direction {
                    Direction::Rising => (highest < range.highest).then_some(PageFrom::After(highest)),
                    Direction::Falling => (lowest > range.lowest).then_some(PageFrom::Before(lowest)),
                });
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
}
