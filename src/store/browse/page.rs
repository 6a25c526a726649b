//! Pages of message heads from anywhere in a scope. A page costs the same whatever the size of the scope.

use tokio_postgres::types::Type;

use super::super::row;
use super::super::{Filter, Namespace, Result};
use super::scope::Direction;
use super::{Page, PageFrom, Scope};
use crate::message::{ConsumerGroup, GlobalPosition, MessageHead};

/// The minimum and maximum number of messages to read in one step when filling a consumer group member's page.
const MEMBER_WINDOW: std::ops::RangeInclusive<i64> = 200..=10_000;

impl Namespace {
    /// Reads a page of at most `limit` message heads.
    ///
    /// The page is read from one index, so it costs the same wherever it is. Only the page of a consumer group member
    /// may need several reads of its category.
    ///
    /// ```no_run
    /// # async fn example(namespace: streamscope::store::Namespace) -> Result<(), Box<dyn std::error::Error>> {
    /// use streamscope::message::StreamName;
    /// use streamscope::store::browse::{PageFrom, Scope};
    ///
    /// let scope = Scope::Stream(StreamName::new("account-1")?);
    /// let newest = namespace.page(&scope, PageFrom::End, 100).await?;
    /// if let (false, Some(first)) = (newest.at_start, newest.heads.first()) {
    ///     let older = namespace.page(&scope, PageFrom::Before(first.position), 100).await?;
    ///     println!("{} older messages", older.heads.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn page(&self, scope: &Scope, from: PageFrom, limit: usize) -> Result<Page> {
        let PageFrom::Around(number) = from else { return self.side(scope, from, limit).await };
        let before = self.side(scope, PageFrom::Before(number), limit / 2).await?;
        let mut page = self.side(scope, PageFrom::At(number), limit - limit / 2).await?;
        page.heads.splice(..0, before.heads);
        Ok(Page { at_start: before.at_start, ..page })
    }

    /// Returns the highest visible global position of a scope, or 0 if it has no messages.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn newest(&self, scope: &Scope) -> Result<GlobalPosition> {
        let page = self.page(scope, PageFrom::End, 1).await?;
        Ok(page.heads.first().map_or(0, |head| head.global_position))
    }

    /// Reads a page in one direction.
    async fn side(&self, scope: &Scope, from: PageFrom, limit: usize) -> Result<Page> {
        let Some((bound, direction)) = from.bound() else {
            return Ok(Page { heads: Vec::new(), at_start: false, at_end: true });
        };
        // One more message than the page needs shows whether any lie beyond it.
        let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let mut heads = match scope.member() {
            Some(group) => self.heads_of_member(scope, group, from, direction, wanted).await?,
            None => self.heads(scope, bound, direction, wanted).await?,
        };
        let beyond = heads.len() > limit;
        heads.truncate(limit);
        if direction == Direction::Falling {
            heads.reverse();
        }
        Ok(Page {
            heads,
            at_start: match from {
                PageFrom::Start => true,
                PageFrom::End | PageFrom::Before(_) => !beyond,
                PageFrom::At(_) | PageFrom::After(_) | PageFrom::Around(_) => false,
            },
            at_end: match from {
                PageFrom::Start | PageFrom::At(_) | PageFrom::After(_) | PageFrom::Around(_) => !beyond,
                PageFrom::End => true,
                PageFrom::Before(_) => false,
            },
        })
    }

    /// Returns heads in reading direction.
    async fn heads(&self, scope: &Scope, bound: i64, direction: Direction, limit: i64) -> Result<Vec<MessageHead>> {
        let window = self.window(scope, direction, "$1", "$3");
        let sql = self.query(include_str!("../../../sql/query/page.sql"), &[("window", &window)]);
        let session = self.session().await?;
        let rows =
            session.query(&sql, &[(&bound, Type::INT8), (&limit, Type::INT8), (&scope.name(), Type::TEXT)]).await?;
        rows.iter().map(|row| row::head(row, &self.paths)).collect()
    }

    /// Returns the heads of a consumer group member in reading direction, reading window after window.
    async fn heads_of_member(
        &self,
        scope: &Scope,
        group: ConsumerGroup,
        mut from: PageFrom,
        direction: Direction,
        limit: i64,
    ) -> Result<Vec<MessageHead>> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let window = limit.saturating_mul(group.size()).clamp(*MEMBER_WINDOW.start(), *MEMBER_WINDOW.end());
        let window = u32::try_from(window).unwrap_or(u32::MAX);
        let mut heads: Vec<MessageHead> = Vec::new();
        loop {
            let mut step = self.search(scope, &Filter::default(), from, window).await?;
            if direction == Direction::Falling {
                step.heads.reverse();
            }
            heads.append(&mut step.heads);
            match step.next {
                Some(next) if heads.len() < wanted => from = next,
                _ => break,
            }
        }
        heads.truncate(wanted);
        Ok(heads)
    }
}
