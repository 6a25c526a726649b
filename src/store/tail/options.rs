//! What to follow, where to begin, and whether to wait until messages are final.

use super::super::Filter;
use super::super::browse::Scope;
use crate::message::GlobalPosition;

/// Where following begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailFrom {
    /// After the newest message that is visible at the first poll.
    Now,
    /// At the first message.
    Start,
    /// After this global position.
    After(GlobalPosition),
}

/// How to treat messages above the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Return them at once, and mark messages that appear below them later as late.
    AtOnce,
    /// Return messages only once they are final, in strictly ascending order.
    WhenFinal,
}

/// Options of [`Namespace::tail`](crate::store::Namespace::tail) and
/// [`Namespace::tail_heads`](crate::store::Namespace::tail_heads).
#[derive(Debug, Clone)]
pub struct TailOptions {
    /// The messages to follow.
    pub scope: Scope,
    /// Where to begin.
    pub from: TailFrom,
    /// How to treat messages above the horizon.
    pub delivery: Delivery,
    /// The maximum number of messages in a batch.
    pub batch: usize,
    /// Return only messages that match this filter.
    pub filter: Filter,
}
