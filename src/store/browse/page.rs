//! Pages of message heads: both ends of any scope at once, whatever its size, and what is new in it.

use tokio_postgres::types::Type;

use super::super::row;
use super::super::{Filter, Namespace, Result};
use super::scope::Direction;
use super::{Page, PageFrom, Scope};
use crate::message::{ConsumerGroup, GlobalPosition, MessageHead};

/// Messages of a category that are looked at in one step to fill a member's page, at least and at most.
const MEMBER_WINDOW: std::ops::RangeInclusive<i64> = 200..=10_000;

impl Namespace {
    /// A page of heads of a scope, at most `limit`.
    ///
    /// A consumer group member's page is filled from as many windows of its category as it takes; everything else is
    /// read by one index, so that a page costs the same wherever it lies.
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

    /// The highest visible global position of a scope; 0 where it has no message.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn newest(&self, scope: &Scope) -> Result<GlobalPosition> {
        let page = self.page(scope, PageFrom::End, 1).await?;
        Ok(page.heads.first().map_or(0, |head| head.global_position))
    }

    /// A page that lies on one side of where it begins.
    async fn side(&self, scope: &Scope, from: PageFrom, limit: usize) -> Result<Page> {
        let Some((bound, direction)) = from.bound() else {
            return Ok(Page { heads: Vec::new(), at_start: false, at_end: true });
        };
        // One more than the page holds tells whether anything lies beyond.
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

    /// Heads in the direction that they are read in.
    async fn heads(&self, scope: &Scope, bound: i64, direction: Direction, limit: i64) -> Result<Vec<MessageHead>> {
        let window = self.window(scope, direction, "$1", "$3");
        let sql = self.query(include_str!("../../../sql/query/page.sql"), &[("window", &window)]);
        let session = self.session().await?;
        let rows =
            session.query(&sql, &[(&bound, Type::INT8), (&limit, Type::INT8), (&scope.name(), Type::TEXT)]).await?;
        rows.iter().map(row::head).collect()
    }

    /// Heads of a member's part, in the direction that they are read in, window after window.
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
