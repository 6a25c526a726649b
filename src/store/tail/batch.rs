//! What a follower returns: messages, and how far their order is final.

use jiff::Timestamp;

use super::super::blocking::BlockingTransaction;
use super::doubts::Doubt;
use crate::message::GlobalPosition;

/// A followed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tailed<M> {
    /// The message.
    pub message: M,
    /// Whether a message with a higher global position was returned before.
    pub late: bool,
}

/// New messages, and how far their order is final.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "the flags are independent")]
pub struct TailBatch<M> {
    /// Messages by ascending global position.
    pub messages: Vec<Tailed<M>>,
    /// Messages up to this global position are final: none can appear at or below it.
    pub final_to: GlobalPosition,
    /// The newest visible global position in the namespace.
    pub newest: GlobalPosition,
    /// Transactions that have been blocking for half a second or longer, the oldest first.
    pub blocked_by: Vec<BlockingTransaction>,
    /// When the oldest blocked message was seen, by the server's clock. `None` if no transaction is reported.
    pub blocked_since: Option<Timestamp>,
    /// The server's clock at the poll.
    pub server_time: Timestamp,
    /// Whether the server is a standby. Following then waits two seconds for gaps to fill, because it cannot see the
    /// primary's locks.
    pub standby: bool,
    /// Whether the sequence hands out numbers out of order: see [`Doubt::Unordered`].
    pub unordered: bool,
    /// Reasons why a message can still appear at or below `final_to`.
    pub doubts: Vec<Doubt>,
    /// Whether more messages can be read at once, because following has not caught up with the newest message.
    pub has_more: bool,
    /// The former newest global position, above `newest`, if that message has disappeared. Messages were deleted or the
    /// server lost them, and global positions after `newest` may be reused.
    pub receded_from: Option<GlobalPosition>,
    /// The global position above which the store contains different messages than before, because it was refilled,
    /// restored or failed over. It is below every message if all of them are different. The new messages are returned
    /// once each.
    pub diverges_above: Option<GlobalPosition>,
    /// The global position after which following continued, if one of the two fields above is set. It can be below
    /// `newest`, because following remembers only some of the messages that a filter or scope excludes. No message that
    /// was returned before is repeated.
    pub continues_after: Option<GlobalPosition>,
    /// Whether following was to begin above the newest message, so the messages it was to continue from are missing.
    pub begins_above: bool,
}
