//! Finds where following begins, and where it continues if the store's history has changed.

use std::collections::HashMap;

use futures_util::future::join;
use tokio::time::Instant;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::super::row::{self, StoredId};
use super::super::session::{Parameter, Session};
use super::super::shape::Shape;
use super::followed::Followed;
use super::follower::{Incarnation, Tail};
use super::horizon::Horizon;
use super::memory::History;
use super::options::{Delivery, TailFrom};
use super::rhythm::Found;
use super::statements::Statements;
use crate::message::GlobalPosition;
use crate::store::{Result, StoreError};

/// How far below the beginning late messages are detected, in global positions.
const BEFORE: i64 = 1_000;
/// The number of servers and files that are known. A pooler can alternate between several standbys.
const KNOWN: usize = 16;

impl<M: Followed> Tail<M> {
    /// Reads from the catalog which columns the table has now and how it numbers messages, and polls without reading
    /// messages in the same round trip. If the catalog has changed, the poll was built for the old table, and `None` is
    /// returned instead.
    pub(super) async fn ask_catalog(&mut self, session: &Session) -> Result<Option<Horizon>> {
        let (id, table) = (&self.namespace.info().id, self.namespace.table());
        let (shape, seen) = join(Shape::read(session, &table), self.look(session)).await;
        let shape = shape?.ok_or_else(|| StoreError::NamespaceNotFound(id.clone()))?;
        if let Some(reason) = shape.columns.unsupported() {
            return Err(StoreError::NamespaceClosed { id: id.clone(), reason });
        }
        self.catalog = Some(Instant::now());
        self.described = None;
        if shape == *self.namespace.shape() {
            return seen.map(Some);
        }
        self.doubts = shape.doubts();
        self.sequence = shape.numbering.sequence;
        self.namespace = self.namespace.clone().with_shape(shape);
        self.statements = Statements::default();
        Ok(None)
    }

    /// Returns true if the table is not the one that the catalog described. A table that was created anew can have
    /// other columns and another sequence, so the poll may have missed locks.
    pub(super) fn is_another_table(&mut self, seen: &Horizon) -> bool {
        let storage = seen.storage.clone().unwrap_or_default();
        let is_another = self.described.as_ref().is_some_and(|described| *described != storage);
        self.described = Some(storage);
        if is_another {
            self.catalog = None;
        }
        is_another
    }

    /// Notes whether a server or a file of the table was never seen before. Its newest message can then have the ID and
    /// the global position of a known one, although others have been replaced.
    pub(super) fn meet(&mut self, seen: &Horizon) {
        let now = Incarnation::of(seen);
        if !self.known.contains(&now) {
            self.suspect |= !self.known.is_empty();
            self.known.push_back(now);
            if self.known.len() > KNOWN {
                self.known.pop_front();
            }
        }
    }

    /// Finds where to begin. A follower that begins after the newest message, and the screen, which already shows a
    /// list up to the beginning, should also see late messages a little below it. Messages that are already visible
    /// there count as returned. `seen` is the poll that was sent with the catalog's check. Returns the poll that it
    /// began with, if any.
    pub(super) async fn begin(&mut self, session: &Session, seen: Option<Horizon>) -> Result<Option<Horizon>> {
        if self.options.from == TailFrom::Start {
            self.begun = true;
            return Ok(seen);
        }
        let seen = self.look_unless(seen, session).await?;
        let newest = seen.newest;
        let first = match self.options.from {
            TailFrom::After(position) => position,
            TailFrom::Now | TailFrom::Start => newest,
        };
        let from = first.saturating_sub(BEFORE);
        self.remember(session, first.min(newest), from).await?;
        if self.options.from == TailFrom::Now || self.options.delivery == Delivery::AtOnce {
            self.delivered = self.memory.delivered_above(from).collect();
            self.delivered_to = from;
        } else {
            self.delivered_to = first;
        }
        self.horizon = self.delivered_to;
        self.highest = first;
        self.news.begins_above = first > newest;
        self.begun = true;
        // The memory was read after that poll.
        let remembered = self.memory.newest().map(|(_, id)| id).into_iter().collect();
        Ok(Some(Horizon { remembered, ..seen }))
    }

    /// Remembers messages up to `last`: all recent ones, and older ones at growing distances.
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

    /// Checks whether messages that were seen have been replaced. If so, rewinds to where the new history diverges and
    /// returns true.
    pub(super) async fn parts(&mut self, session: &Session, seen: &Horizon) -> Result<bool> {
        let Some((position, id)) = self.memory.newest() else { return Ok(false) };
        let is_there = seen.remembered.contains(&id);
        if is_there && !self.suspect {
            return Ok(false);
        }
        // After a crash, a standby hides messages for a while and then shows the same ones again.
        if seen.standby && seen.remembered.is_empty() {
            return Ok(false);
        }
        let positions = self.memory.positions();
        let sql = self.namespace.query(include_str!("../../../sql/query/tail_remembered.sql"), &[]);
        let rows = session.query(&sql, &[(&positions, Type::INT8_ARRAY)]).await?;
        let mut there: HashMap<GlobalPosition, Vec<Uuid>> = HashMap::new();
        for (position, id) in ids(&rows)? {
            there.entry(position).or_default().push(id);
        }
        let back = seen.newest < position;
        let another = self.incarnation.as_ref().is_some_and(|incarnation| *incarnation != Incarnation::of(seen));
        let replaced = self.memory.replaces(&there);
        self.suspect = false;
        // Rewriting the file of a table in which old messages were deleted changes no history.
        let is_lost = !is_there && (back || another);
        let History::PartsAbove(part) = self.memory.compare(&there, is_lost) else { return Ok(false) };
        if back {
            self.news.receded_from = self.news.receded_from.max(Some(position));
        }
        let lowest = |before: Option<GlobalPosition>| Some(before.map_or(part, |before| before.min(part)));
        self.news.parts_above = lowest(self.news.parts_above);
        if replaced || !back {
            self.news.diverges_above = lowest(self.news.diverges_above);
        }
        self.delivered_to = self.delivered_to.min(part);
        let before = self.news.continues_after.unwrap_or(self.delivered_to);
        self.news.continues_after = Some(before.min(self.delivered_to).max(0));
        self.horizon = self.delivered_to;
        self.delivered = self.memory.delivered_above(self.delivered_to).collect();
        self.highest = self.delivered.last().copied().unwrap_or(self.delivered_to);
        self.checkpoint = None;
        self.incarnation = None;
        self.rhythm.found(Found::More, Instant::now());
        Ok(true)
    }
}

/// Decodes global positions and IDs. NULL becomes nil, which is never remembered.
fn ids(rows: &[tokio_postgres::Row]) -> Result<Vec<(GlobalPosition, Uuid)>> {
    let pair = |row| {
        let id: Option<StoredId> = row::column(row, 1)?;
        Ok((row::column(row, 0)?, id.map(StoredId::digest).unwrap_or_default()))
    };
    rows.iter().map(pair).collect()
}
