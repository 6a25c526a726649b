//! Reports on standard error what happens to the server: interruptions, blocking transactions, a standby, doubts about
//! the order of messages, and a store that was replaced. Each is reported once. Nothing here changes what is followed.

use std::time::Duration;

use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::cli::{stderr, warnings};
use crate::message::{GlobalPosition, Message};
use crate::store::StoreError;
use crate::store::tail::{BlockingTransaction, Doubt, TailBatch};

/// The longest pause between two attempts to resume.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often a long interruption is reported.
const AWAY: Duration = Duration::from_secs(10);

/// What has been reported about the server.
#[derive(Default)]
pub(super) struct Server {
    /// Set while the server, its database or the table is away.
    lost: Option<Lost>,
    blocked_by: Vec<String>,
    standby: bool,
    doubts: Vec<Doubt>,
}

/// An interruption.
struct Lost {
    since: Instant,
    reported: Instant,
    backoff: Backoff,
}

impl Server {
    /// Reports what a batch says about the server. `after` is the position after which following continues.
    pub(super) fn answered(&mut self, batch: &TailBatch<Message>, after: GlobalPosition) {
        if let Some(lost) = self.lost.take() {
            stderr::line(&format!("streamscope: resumed after {:.1} s", lost.since.elapsed().as_secs_f64()));
        }
        if batch.standby && !self.standby {
            stderr::line(
                "streamscope: the server is a standby, which shows no locks, so tail waits 2 s at a gap, then skips it",
            );
        }
        for doubt in batch.doubts.iter().filter(|doubt| !self.doubts.contains(doubt)) {
            warnings::doubt(doubt);
        }
        if batch.begins_above {
            let (first, newest) = (after.saturating_add(1), batch.newest);
            stderr::line(&format!(
                "streamscope: --from {first} is above the newest message, {newest}. If an earlier run printed messages up to \
                 there, the store has been emptied or restored since; check its contents"
            ));
        }
        let last = batch.continues_after.unwrap_or(batch.newest);
        if let Some(part) = batch.diverges_above {
            let what = if part > 0 { format!(" above {part}") } else { String::new() };
            stderr::line(&format!(
                "streamscope: the store was emptied, restored or failed over, and its messages{what} have changed; tail \
                 continues after {last} with every message that it has not printed"
            ));
        } else if let Some(before) = batch.receded_from {
            let now = batch.newest;
            stderr::line(&format!(
                "streamscope: the newest message moved back from {before} to {now}, because messages were deleted or the server \
                 lost them; tail continues after {last} with every message that it has not printed"
            ));
        }
        self.standby = batch.standby;
        self.doubts.clone_from(&batch.doubts);
        self.report_blocking(&batch.blocked_by);
    }

    /// Reports an interruption, at first and then now and then. Returns how long to wait before the next attempt.
    pub(super) fn lost(&mut self, error: &StoreError) -> Duration {
        let now = Instant::now();
        let is_news = self.lost.as_ref().is_none_or(|lost| now - lost.reported >= AWAY);
        let new = || Lost { since: now, reported: now, backoff: Backoff::up_to(LONGEST_PAUSE) };
        let lost = self.lost.get_or_insert_with(new);
        let pause = lost.backoff.pause();
        if is_news {
            lost.reported = now;
            let (waited, wait) = (lost.since.elapsed().as_secs(), pause.as_secs_f64());
            stderr::line(&format!("streamscope: {error}; interrupted for {waited} s, next attempt in {wait:.1} s"));
        }
        pause
    }

    fn report_blocking(&mut self, holders: &[BlockingTransaction]) {
        let names: Vec<String> = holders.iter().map(|holder| holder.transaction.clone()).collect();
        if names != self.blocked_by {
            warnings::blocking_transactions(holders);
            self.blocked_by = names;
        }
    }
}
