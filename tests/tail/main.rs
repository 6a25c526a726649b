//! Following: late messages, gaps, stuck and dying writers. Every message once, in the settled order.
#![allow(clippy::disallowed_methods, reason = "a row of another shape fails the test")]

#[path = "../support/mod.rs"]
mod support;

mod doubts;
mod history;
mod large;
mod late;
mod numbers;
mod replaced;
mod storm;

use std::time::Duration;

use streamscope::message::{GlobalPosition, Message, MessageHead};
use streamscope::store::Filter;
use streamscope::store::browse::Scope;
use streamscope::store::tail::{Settling, Tail, TailBatch, TailFrom, TailOptions};

/// How long anything may take before a test gives up.
const LIMIT: Duration = Duration::from_secs(20);

fn options(scope: Scope, from: TailFrom, settling: Settling) -> TailOptions {
    TailOptions { scope, from, settling, batch: 100, filter: Filter::default() }
}

/// The global positions of what comes until `enough` says so.
async fn follow_until(
    tail: &mut Tail<Message>,
    mut enough: impl FnMut(&[GlobalPosition]) -> bool,
) -> Vec<GlobalPosition> {
    let mut positions = Vec::new();
    while !enough(&positions) {
        let batch = tokio::time::timeout(LIMIT, tail.next()).await.expect("in time").expect("a batch");
        positions.extend(batch.messages.iter().map(|tailed| tailed.message.global_position));
    }
    positions
}

/// The next batch that is wanted.
async fn batch_where(
    tail: &mut Tail<MessageHead>,
    mut wanted: impl FnMut(&TailBatch<MessageHead>) -> bool,
) -> TailBatch<MessageHead> {
    loop {
        let batch = tokio::time::timeout(LIMIT, tail.next()).await.expect("in time").expect("a batch");
        if wanted(&batch) {
            return batch;
        }
    }
}
