//! Where following begins, and where it goes on if the store is not the one any more that was followed.

use std::collections::HashMap;

use tokio::time::Instant;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::super::row;
use super::super::session::{Parameter, Session};
use super::super::shape::Shape;
use super::memory::History;
use super::{BEFORE, Followed, Found, Horizon, Life, Settling, Tail, TailFrom};
use crate::message::GlobalPosition;
use crate::store::{Result, StoreError};

impl<M: Followed> Tail<M> {
    /// Asks the catalog how numbers are drawn.
    pub(super) async fn ask_catalog(&mut self, session: &Session) -> Result<()> {
        let shape = Shape::read(session, &self.namespace.table()).await?;
        let shape = shape.ok_or_else(|| StoreError::NamespaceNotFound(self.namespace.info().id.clone()))?;
        self.doubts = shape.doubts();
        self.sequence = shape.numbering.sequence;
        self.catalog = Some(Instant::now());
        Ok(())
    }

    /// Finds where to begin. Behind what is there now, and for a screen, which shows a list that ends where it begins, late messages
    /// can come a little before it: what is visible there now counts as given.
    pub(super) async fn begin(&mut self, session: &Session) -> Result<()> {
        if self.options.from == TailFrom::Start {
            self.begun = true;
            return Ok(());
        }
        let newest = self.look(session).await?.newest;
        let first = match self.options.from {
            TailFrom::After(position) => position,
            TailFrom::Now | TailFrom::Start => newest,
        };
        let from = first.saturating_sub(BEFORE);
        self.remember(session, first.min(newest), from).await?;
        if self.options.from == TailFrom::Now || self.options.settling == Settling::ShowAtOnce {
            self.given = self.memory.given_above(from).collect();
            self.settled = from;
        } else {
            self.settled = first;
        }
        self.horizon = self.settled;
        self.highest = first;
        self.news.begins_above = first > newest;
        self.begun = true;
        Ok(())
    }

    /// Remembers messages up to one: all of the last ones, and older ones further and further apart.
    async fn remember(&mut self, session: &Session, last: GlobalPosition, above: GlobalPosition) -> Result<()> {
        let apart = std::iter::successors(Some(BEFORE), |apart| apart.checked_mul(3).map(|apart| apart / 2));
        let older: Vec<i64> =
            apart.map_while(|apart| last.checked_sub(apart)).take_while(|position| *position > 0).collect();
        let sql = self.namespace.query(include_str!("../../../sql/query/tail_ladder.sql"), &[]);
        let parameters: [Parameter<'_>; 3] = [(&last, Type::INT8), (&above, Type::INT8), (&older, Type::INT8_ARRAY)];
        for (position, id) in ids(&session.query(&sql, &parameters).await?)? {
            if position > above {
                self.memory.remember(position, id);
            } else {
                self.memory.remember_old(position, id);
            }
        }
        Ok(())
    }

    /// Whether the store holds other messages than before, at or below what was seen. Then following goes on where the two part,
    /// with everything that was not given.
    pub(super) async fn parts(&mut self, session: &Session, seen: &Horizon) -> Result<bool> {
        let Some((position, id)) = self.memory.newest() else { return Ok(false) };
        if seen.remembered == Some(id) {
            return Ok(false);
        }
        // After a crash a standby shows less for a while, and the same messages again.
        if seen.standby && seen.remembered.is_none() {
            return Ok(false);
        }
        let positions = self.memory.positions();
        let sql = self.namespace.query(include_str!("../../../sql/query/tail_remembered.sql"), &[]);
        let rows = session.query(&sql, &[(&positions, Type::INT8_ARRAY)]).await?;
        let there: HashMap<GlobalPosition, Uuid> = ids(&rows)?.into_iter().collect();
        let back = seen.newest < position;
        let another = self.life.as_ref().is_some_and(|life| *life != Life::of(seen));
        let replaced = self.memory.replaces(&there);
        let History::PartsAbove(part) = self.memory.compare(&there, back || another) else { return Ok(false) };
        if back {
            self.news.went_back_from = self.news.went_back_from.max(Some(position));
        }
        if replaced || !back {
            let before = self.news.parts_above.unwrap_or(part);
            self.news.parts_above = Some(before.min(part));
        }
        self.settled = self.settled.min(part);
        self.horizon = self.settled;
        self.given = self.memory.given_above(self.settled).collect();
        self.highest = self.given.last().copied().unwrap_or(self.settled);
        self.checkpoint = None;
        self.life = None;
        self.rhythm.found(Found::More, Instant::now());
        Ok(true)
    }
}

/// Positions and ids; of ids that are none, nothing is known.
fn ids(rows: &[tokio_postgres::Row]) -> Result<Vec<(GlobalPosition, Uuid)>> {
    let pair = |row| {
        let id: Option<String> = row::column(row, 1)?;
        Ok((row::column(row, 0)?, id.and_then(|id| Uuid::try_parse(&id).ok()).unwrap_or_default()))
    };
    rows.iter().map(pair).collect()
}
