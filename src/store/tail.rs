//! Follows a scope: returns every message exactly once, in order of global position, and reports how far that order is
//! final. Never writes, and keeps nothing on the server between polls, so a pooler or a single connection is enough.
//!
//! A lower global position can be committed after a higher one. A transaction that may still do so holds a lock that
//! every session can see. Once all transactions that held such a lock when a newest message was seen have ended,
//! messages up to that one are final: that is the *horizon*. [`Delivery::WhenFinal`] returns messages only up to the
//! horizon. [`Delivery::AtOnce`] returns them at once, and marks messages that appear below others later as late.
//!
//! Each poll is one statement. Its snapshot is older than its view of the locks, so the horizon of one poll applies to
//! the messages of the next, provided that both polls reach the same server without a restart in between. Following
//! remembers messages that it has seen, because a store that was emptied, restored or failed over reuses global
//! positions. It then continues where the new history diverges from the old one.

mod advance;
mod batch;
mod begin;
mod doubts;
mod end;
mod followed;
mod follower;
mod horizon;
mod memory;
mod options;
mod poll;
mod rhythm;
mod statements;

pub use batch::{TailBatch, Tailed};
pub use doubts::Doubt;
pub use end::FinalEnd;
pub use followed::Followed;
pub use follower::Tail;
pub use options::{Delivery, TailFrom, TailOptions};
pub use rhythm::{PollInProgress, PollTrigger};

use super::Namespace;
pub use super::blocking::BlockingTransaction;
use crate::message::{Message, MessageHead};

impl Namespace {
    /// Follows a scope and returns message heads.
    #[must_use]
    pub fn tail_heads(&self, options: TailOptions) -> Tail<MessageHead> {
        Tail::new(self.clone(), options)
    }

    /// Follows a scope and returns whole messages.
    ///
    /// ```no_run
    /// # use streamscope::message::Category;
    /// # use streamscope::store::browse::Scope;
    /// # use streamscope::store::tail::{Delivery, TailFrom, TailOptions};
    /// # use streamscope::store::{Filter, Namespace};
    /// # async fn example(namespace: Namespace) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut tail = namespace.tail(TailOptions {
    ///     scope: Scope::Category(Category::new("account")?),
    ///     from: TailFrom::Now,
    ///     delivery: Delivery::WhenFinal,
    ///     batch: 100,
    ///     filter: Filter::default(),
    /// });
    /// loop {
    ///     let batch = tail.next().await?;
    ///     for tailed in batch.messages {
    ///         println!("{} {}", tailed.message.global_position, tailed.message.message_type);
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn tail(&self, options: TailOptions) -> Tail<Message> {
        Tail::new(self.clone(), options)
    }
}
