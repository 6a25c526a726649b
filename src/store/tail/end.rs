//! Waits until the current end of a namespace is final, for exports and other reads up to a fixed end.

use std::time::Duration;

use super::super::blocking::BlockingTransaction;
use super::super::browse::Scope;
use super::super::{Filter, Namespace, Result};
use super::doubts::Doubt;
use super::follower::{BUSY, Checkpoint};
use super::options::{Delivery, TailFrom, TailOptions};
use crate::message::GlobalPosition;

/// The longest pause between two checks.
const LOOK: Duration = Duration::from_millis(100);

/// The end of the final messages of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalEnd {
    /// Messages up to this global position are final.
    pub position: GlobalPosition,
    /// The reasons why a message can appear below it all the same.
    pub doubts: Vec<Doubt>,
}

impl Namespace {
    /// Waits until messages up to the newest visible global position are final, and returns that position. Calls
    /// `waiting` with the blocking transactions if this takes half a second or longer, and again whenever they change.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn final_end(&self, mut waiting: impl FnMut(&[BlockingTransaction])) -> Result<FinalEnd> {
        let options = TailOptions {
            scope: Scope::Namespace,
            from: TailFrom::Start,
            delivery: Delivery::WhenFinal,
            batch: 1,
            filter: Filter::default(),
        };
        let mut tail = self.tail_heads(options);
        let mut pause = BUSY;
        loop {
            let session = self.session().await?;
            let seen = if tail.catalog.is_none() { tail.ask_catalog(&session).await? } else { None };
            let seen = tail.look_unless(seen, &session).await?;
            drop(session);
            tail.checkpoint = tail.checkpoint.take().filter(|checkpoint| checkpoint.holds(&seen));
            let horizon = tail.horizon(&seen);
            let newest = tail.checkpoint.as_ref().map_or(seen.newest, |checkpoint| checkpoint.newest);
            if horizon >= newest {
                return Ok(FinalEnd { position: newest, doubts: tail.doubts });
            }
            let holders: Vec<BlockingTransaction> = tail.blocked_by(&seen);
            let blocking: Vec<_> = holders.iter().map(BlockingTransaction::news).collect();
            if blocking != tail.reported {
                waiting(&holders);
                tail.reported = blocking;
            }
            tail.checkpoint.get_or_insert_with(|| Checkpoint::of(&seen));
            pause = (pause * 3 / 2).min(LOOK);
            tokio::time::sleep(pause).await;
        }
    }
}
