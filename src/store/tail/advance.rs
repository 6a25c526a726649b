//! Polls until there is news, and turns each poll into the next state and a batch.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use super::super::Result;
use super::super::blocking::BlockingTransaction;
use super::batch::{TailBatch, Tailed};
use super::doubts::Doubt;
use super::followed::{Followed, Received};
use super::follower::{Checkpoint, Incarnation, News, Tail};
use super::horizon::Horizon;
use super::options::Delivery;
use super::poll::{BATCH_BYTES, Poll};
use super::rhythm::Found;

/// How often the catalog is checked for changes that would make the locks unreliable.
const CATALOG: Duration = Duration::from_mins(1);

impl<M: Followed> Tail<M> {
    /// Waits for news: messages, a horizon that moved, or a change in the blocking transactions. The first call, and
    /// the first one after an error, also returns once following works.
    ///
    /// Polls every 10 ms (17 ms with [`Delivery::AtOnce`]) while messages arrive, and every 100 ms while none do. After
    /// 30 seconds without messages the interval grows step by step to one second.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error. The next call continues where the last batch ended.
    pub async fn next(&mut self) -> Result<TailBatch<M>> {
        let batch = self.find().await;
        self.has_reported &= batch.is_ok();
        batch
    }

    async fn find(&mut self) -> Result<TailBatch<M>> {
        loop {
            self.rhythm.wait().await;
            self.rhythm.polls(Instant::now());
            let session = self.namespace.session().await?;
            let mut seen = None;
            if self.catalog.is_none_or(|asked| asked.elapsed() >= CATALOG) {
                seen = self.ask_catalog(&session).await?;
            }
            if !self.begun {
                seen = self.begin(&session, seen).await?;
            }
            let poll = self.poll(&session, seen).await?;
            self.meet(&poll.seen);
            if self.is_another_table(&poll.seen) {
                continue;
            }
            if self.parts(&session, &poll.seen).await? {
                continue;
            }
            drop(session);
            if let Some(batch) = self.advance(poll) {
                return Ok(batch);
            }
        }
    }

    /// Returns how many messages to request: about half of what fits in a batch. A batch that overflows is cut short,
    /// which costs a connection.
    fn fitting(&self, messages: &[Received<M>]) -> usize {
        let bytes: usize = messages.iter().map(|received| received.message.bytes()).sum();
        let fitting = (BATCH_BYTES / 2).saturating_mul(messages.len()).checked_div(bytes);
        fitting.unwrap_or(usize::MAX).clamp(1, self.options.batch.max(1))
    }

    /// Applies a poll, and returns a batch if there is news.
    fn advance(&mut self, poll: Poll<M>) -> Option<TailBatch<M>> {
        let before = self.delivered_to;
        let full = poll.full;
        let (seen, messages) = self.apply(poll);
        let blocked_by = self.blocked_by(&seen);
        let blocking: Vec<_> = blocked_by.iter().map(BlockingTransaction::news).collect();
        let has_more = full || (self.options.delivery == Delivery::WhenFinal && self.delivered_to < self.horizon);
        // The first report waits for the first messages, if there are any.
        let first = !(self.has_reported || has_more && messages.is_empty());
        self.has_reported |= first;
        let moved = self.delivered_to != before;
        let is_news =
            first || !messages.is_empty() || moved || blocking != self.reported || self.news != News::default();
        self.reported = blocking;
        self.rhythm.found(self.found(has_more, !messages.is_empty()), Instant::now());
        is_news.then(|| {
            let News { receded_from, diverges_above, continues_after, begins_above, .. } =
                std::mem::take(&mut self.news).at(seen.newest);
            TailBatch {
                messages,
                final_to: self.delivered_to.max(0),
                newest: seen.newest,
                blocked_since: self.checkpoint.as_ref().filter(|_| !blocked_by.is_empty()).map(|held| held.since),
                blocked_by,
                server_time: seen.server_time,
                standby: seen.standby,
                unordered: self.doubts.contains(&Doubt::Unordered),
                doubts: self.doubts.clone(),
                has_more,
                receded_from,
                diverges_above,
                continues_after,
                begins_above,
            }
        })
    }

    /// Moves the state to what a poll has shown.
    fn apply(&mut self, poll: Poll<M>) -> (Horizon, Vec<Tailed<M>>) {
        let Poll { seen, messages, read_to, looked_back, judged, .. } = poll;
        let horizon = self.horizon(&seen);
        if !messages.is_empty() {
            self.limit = self.fitting(&messages);
        }
        let messages = messages.into_iter().map(|received| self.deliver(received)).collect();
        let present: HashSet<String> = seen.blocking.iter().map(|blocking| blocking.transaction.clone()).collect();
        self.some_ended = self.holders.iter().any(|one| !present.contains(one)) || (self.some_ended && !looked_back);
        self.holders = present;
        if looked_back {
            self.looked_back = Instant::now();
        }
        self.delivered_to = self.delivered_to.max(read_to.min(judged));
        self.delivered = self.delivered.split_off(&self.delivered_to.saturating_add(1));
        self.horizon = horizon.max(self.delivered_to);
        self.incarnation = Some(Incarnation::of(&seen));
        self.gapless = seen.gapless;
        if let Some(id) = seen.newest_id {
            self.memory.sight(seen.newest, id);
        }
        let passed = self.checkpoint.as_ref().is_none_or(|c| c.newest <= horizon || !c.holds(&seen));
        if passed {
            let open = seen.newest > horizon;
            self.checkpoint = open.then(|| Checkpoint::of(&seen));
        }
        (seen, messages)
    }

    fn deliver(&mut self, Received { id, message }: Received<M>) -> Tailed<M> {
        let position = message.global_position();
        let late = position < self.highest;
        self.highest = self.highest.max(position);
        self.delivered.insert(position);
        self.memory.remember(position, id);
        Tailed { message, late }
    }

    /// Returns how soon to poll again. Once a blocking transaction has been reported, there is no need to poll often
    /// for its end.
    fn found(&self, has_more: bool, has_messages: bool) -> Found {
        let awaited = self.checkpoint.is_some() && self.reported.is_empty();
        if has_more {
            Found::More
        } else if self.delivered_to < self.horizon || has_messages || awaited {
            Found::Something
        } else {
            Found::Nothing
        }
    }
}
