//! Following with late messages, gaps, and writers that hang or die. Every message is returned once and in final order.

mod doubts;
mod large;
mod late;
mod numbers;
mod replaced;

use std::time::Duration;

use streamscope::message::{GlobalPosition, Message, MessageHead};
use streamscope::store::Filter;
use streamscope::store::browse::Scope;
use streamscope::store::tail::{Delivery, Tail, TailBatch, TailFrom, TailOptions};

/// The timeout for any single step.
const LIMIT: Duration = Duration::from_secs(20);

/// Follows everything in a scope.
pub(crate) fn options(scope: Scope, from: TailFrom, delivery: Delivery) -> TailOptions {
    TailOptions { scope, from, delivery, batch: 100, filter: Filter::default() }
}

/// Follows until `enough` returns true, and returns the global positions.
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

/// Returns the next batch for which `wanted` returns true.
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
