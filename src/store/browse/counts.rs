//! Counts messages: quick estimates, exact counts on request, and filtered counts in bounded steps.

use tokio_postgres::types::Type;

use super::super::query::member_condition;
use super::super::row::column;
use super::super::session::Parameter;
use super::super::{Filter, Namespace, Result};
use super::scope::Direction;
use super::window::SearchWindow;
use super::{Count, CountStep, Scope, SearchRange};
use crate::message::{ConsumerGroup, StreamName};

/// Up to this many messages are counted instead of estimated.
const COUNTED: i64 = 10_000;

impl Namespace {
    /// Estimates the number of messages in a scope from the planner's statistics. The result is exact for a stream, and
    /// for up to 10,000 messages unless the statistics say that there are more. Returns `None` if there are more and
    /// the table was never analysed.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn estimate(&self, scope: &Scope) -> Result<Option<Count>> {
        if let Scope::Stream(stream) = scope {
            return self.stream_length(stream).await.map(Some);
        }
        let roughly = |messages| u64::try_from(messages).ok().map(|messages| Count { messages, through: None });
        let estimate = self.estimate_from_statistics(scope).await?;
        if estimate.is_some_and(|estimate| estimate > COUNTED) {
            return Ok(estimate.and_then(roughly));
        }
        let whole = match scope {
            Scope::Member(category, _) => &Scope::Category(category.clone()),
            _ => scope,
        };
        let window = self.window(whole, Direction::Rising, "'-9223372036854775808'::bigint", "$2");
        let sql = self
            .query("select count(*) from (select 1 from {table} {window} limit $1) as bounded", &[("window", &window)]);
        let limit = COUNTED + 1;
        let session = self.session().await?;
        let row = session.query_opt(&sql, &[(&limit, Type::INT8), (&whole.name(), Type::TEXT)]).await?;
        drop(session);
        let counted: i64 = row.map_or(Ok(0), |row| column(&row, 0))?;
        let counted = match scope.member() {
            Some(group) => counted / group.size(),
            None => counted,
        };
        let known = if counted > COUNTED { estimate.map(|estimate| estimate.max(counted)) } else { Some(counted) };
        Ok(known.and_then(roughly))
    }

    /// Computes the length of a stream from its first and last position, because positions have no gaps.
    async fn stream_length(&self, stream: &StreamName) -> Result<Count> {
        let sql = self.query(include_str!("../../../sql/query/stream_length.sql"), &[]);
        let session = self.session().await?;
        let Some(row) = session.query_opt(&sql, &[(&stream.as_str(), Type::TEXT)]).await? else {
            return Ok(Count::NONE);
        };
        let (first, last): (i64, i64) = (column(&row, 0)?, column(&row, 1)?);
        let messages = last.saturating_sub(first).saturating_add(1);
        Ok(Count { messages: messages.try_into().unwrap_or_default(), through: Some(last) })
    }

    #[allow(clippy::cast_possible_truncation, reason = "an estimate of messages is far under 2^63")]
    async fn estimate_from_statistics(&self, scope: &Scope) -> Result<Option<i64>> {
        let sql = self.query(include_str!("../../../sql/query/estimate.sql"), &[]);
        let session = self.session().await?;
        let table = self.table();
        let Some(row) = session.query_opt(&sql, &[(&table, Type::TEXT), (&scope.name(), Type::TEXT)]).await? else {
            return Ok(None);
        };
        let messages: Option<f64> = column(&row, 0)?;
        let share: Option<f64> = column(&row, 1)?;
        let estimate = match scope {
            Scope::Namespace => messages,
            _ => messages.zip(share).map(|(messages, share)| messages * share),
        };
        let parts = scope.member().map_or(1, ConsumerGroup::size);
        Ok(estimate.map(|estimate| estimate.max(0.0).round() as i64 / parts))
    }

    /// Counts the messages of a scope exactly. This can take a long time on a large store and has no timeout. Drop the
    /// future to cancel the query.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn count(&self, scope: &Scope) -> Result<Count> {
        // An equality rather than a row comparison: the order does not matter, so the planner may read the scope in any
        // way.
        let condition = match scope {
            Scope::Namespace => "$1::text is null".to_owned(),
            Scope::Category(_) => "{category} = $1".to_owned(),
            Scope::Member(..) => format!("{{category}} = $1 and {}", member_condition("$2", "$3")),
            Scope::Stream(_) => "stream_name::text = $1".to_owned(),
        };
        let number = scope.number();
        let sql = self.query(
            &format!("select count(*), coalesce(max({number})::bigint, -1) from {{table}} where {condition}"),
            &[],
        );
        let member = scope.member().map(ConsumerGroup::member);
        let size = scope.member().map(ConsumerGroup::size);
        let mut session = self.session().await?;
        session.set_timeout(None);
        session.allow_any_plan();
        let parameters: [Parameter<'_>; 3] = [(&scope.name(), Type::TEXT), (&member, Type::INT8), (&size, Type::INT8)];
        let Some(row) = session.query_opt(&sql, &parameters).await? else { return Ok(Count::NONE) };
        let messages: i64 = column(&row, 0)?;
        Ok(Count { messages: messages.try_into().unwrap_or_default(), through: Some(column(&row, 1)?) })
    }

    /// Counts the matches in one bounded step, within the range of the filter's times. Reads at most `window` messages
    /// of the scope, beginning at number `from`, or at the lowest if it is `None`.
    ///
    /// # Errors
    /// [`super::super::StoreError::Invalid`] if the server does not accept a jsonpath, or any other error from the
    /// server.
    pub async fn count_step(
        &self,
        scope: &Scope,
        filter: &Filter,
        range: &SearchRange,
        from: Option<i64>,
        window: u32,
    ) -> Result<CountStep> {
        let first = from.unwrap_or(i64::MIN).max(range.lowest);
        let window =
            SearchWindow { scope, filter, direction: Direction::Rising, first, size: i64::from(window.max(1)) };
        let rows = self.query_window(include_str!("../../../sql/query/count_step.sql"), &[], &window).await?;
        let Some(row) = rows.first() else {
            return Ok(CountStep { matches: 0, searched: 0, through: None, next: None });
        };
        let (matches, searched): (i64, i64) = (column(row, 0)?, column(row, 1)?);
        let through: Option<i64> = column(row, 2)?;
        let goes_on = searched == window.size;
        Ok(CountStep {
            matches: matches.unsigned_abs(),
            searched: searched.unsigned_abs(),
            through,
            next: through
                .filter(|through| goes_on && *through < range.highest)
                .and_then(|through| through.checked_add(1)),
        })
    }
}
