//! How far the order of a namespace is final, for whoever reads up to a fixed end.

use tokio_postgres::types::Type;

use super::super::browse::Scope;
use super::super::row::column;
use super::super::session::Session;
use super::super::{Filter, Namespace, Result};
use super::{BUSY, Checkpoint, Holder, IDLE, Settling, TailFrom, TailOptions};
use crate::message::GlobalPosition;

impl Namespace {
    /// Whether numbers are drawn otherwise than one after the other: see [`TailBatch::unordered`].
    ///
    /// # Errors
    /// The server's.
    pub async fn numbers_are_unordered(&self) -> Result<bool> {
        self.draws_unordered(&self.session().await?).await
    }

    pub(super) async fn draws_unordered(&self, session: &Session) -> Result<bool> {
        let sql = "select seqcache > 1 or seqcycle or seqincrement < 1 from pg_catalog.pg_sequence \
                   where seqrelid = pg_catalog.pg_get_serial_sequence($1, 'global_position')::regclass";
        let row = session.query_opt(sql, &[(&self.table(), Type::TEXT)]).await?;
        row.map_or(Ok(false), |row| column(&row, 0))
    }

    /// The newest global position that is visible now, once nothing can appear at or below it any more. Who is waited for is told
    /// when it takes a while, and again when it changes.
    ///
    /// # Errors
    /// The server's.
    pub async fn settled_end(&self, mut waiting: impl FnMut(&[Holder])) -> Result<GlobalPosition> {
        let options = TailOptions {
            scope: Scope::Namespace,
            from: TailFrom::Start,
            settling: Settling::HoldBack,
            batch: 1,
            filter: Filter::default(),
        };
        let mut tail = self.tail_heads(options);
        loop {
            let session = self.session().await?;
            let seen = tail.look(&session).await?;
            drop(session);
            tail.checkpoint = tail.checkpoint.take().filter(|checkpoint| checkpoint.holds(&seen));
            let horizon = tail.horizon(&seen, false);
            let newest = tail.checkpoint.as_ref().map_or(seen.newest, |checkpoint| checkpoint.newest);
            if horizon >= newest {
                return Ok(newest);
            }
            let holders: Vec<Holder> = tail.waiting_for(&seen);
            let names: Vec<String> = holders.iter().map(|holder| holder.transaction.clone()).collect();
            if names != tail.reported {
                waiting(&holders);
                tail.reported = names;
            }
            tail.checkpoint.get_or_insert_with(|| Checkpoint::of(&seen));
            tail.pause = (tail.pause.max(BUSY) * 3 / 2).min(IDLE);
            tokio::time::sleep(tail.pause).await;
        }
    }
}
