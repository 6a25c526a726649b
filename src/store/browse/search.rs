//! Searches on the server in bounded steps, so that callers can show progress and stop.

use super::super::row::{self, column};
use super::super::{Filter, Namespace, Result};
use super::scope::Direction;
use super::window::SearchWindow;
use super::{PageFrom, Scope, SearchRange, SearchStep};

/// The maximum number of matches in one step. A caller may keep the matches of several steps.
const MAX_MATCHES: usize = 500;

impl Namespace {
    /// Searches in one bounded step: reads at most `window` messages of the scope and stops after 500 matches.
    ///
    /// ```no_run
    /// # async fn example(namespace: streamscope::store::Namespace) -> streamscope::store::Result<()> {
    /// use streamscope::store::Filter;
    /// use streamscope::store::browse::{PageFrom, Scope};
    ///
    /// let filter = Filter { data_path: Some("$.amount > 1000".to_owned()), ..Filter::default() };
    /// let mut from = Some(PageFrom::End);
    /// while let Some(next) = from {
    ///     let step = namespace.search(&Scope::Namespace, &filter, next, 10_000).await?;
    ///     for head in &step.heads {
    ///         println!("{} {}", head.global_position, head.preview);
    ///     }
    ///     from = step.next;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`super::super::StoreError::Invalid`] if the server does not accept a jsonpath, or any other error from the
    /// server.
    pub async fn search(&self, scope: &Scope, filter: &Filter, from: PageFrom, window: u32) -> Result<SearchStep> {
        self.search_within(scope, filter, &SearchRange::EVERYTHING, from, window).await
    }

    /// Searches in one bounded step, as [`Namespace::search`], but only within a range from
    /// [`Namespace::search_range`]. [`PageFrom::Start`] and [`PageFrom::End`] refer to the range.
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
        let (order, at_or_beyond) = match direction {
            Direction::Rising => ("asc", ">="),
            Direction::Falling => ("desc", "<="),
        };
        let limit = MAX_MATCHES.to_string();
        let values = [("order", order), ("from", at_or_beyond), ("limit", limit.as_str())];
        let window = SearchWindow { scope, filter, direction, first: bound, size: i64::from(window.max(1)) };
        let rows = self.query_window(include_str!("../../../sql/query/search.sql"), &values, &window).await?;

        let mut step = nothing;
        for row in &rows {
            let searched: Option<i64> = column(row, 10)?;
            let Some(searched) = searched else {
                step.heads.push(row::head(row, &self.paths)?);
                continue;
            };
            step.searched = searched.try_into().unwrap_or_default();
            step.between = column::<Option<i64>>(row, 11)?.zip(column(row, 12)?);
            if column(row, 13)? {
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
