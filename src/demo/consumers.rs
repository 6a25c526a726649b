//! The consumers of the shop: one in each state. They keep their positions as Eventide does. Two never move, and the
//! generator moves the others.

use std::collections::VecDeque;

use serde_json::json;
use uuid::Uuid;

use super::plan::{Plan, RECORDED, recorded};
use crate::message::{Category, ExpectedVersion, GlobalPosition, NewMessage, StreamName};
use crate::store::browse::{PageFrom, Scope};
use crate::store::{Namespace, Result};

/// A position stream, and the category that its consumer reads.
type Stream = (&'static str, &'static str);

/// Records every message at once.
pub(super) const CURRENT: Stream = ("order:command+position-orderComponent", "order:command");
/// Records now and then.
pub(super) const WITHIN_INTERVAL: Stream = ("order:position-shipping", "order");
/// Moves, but stays [`LATE`] messages behind.
pub(super) const BEHIND: Stream = ("payment:position-accounting", "payment");
/// Stopped two days ago.
const STUCK: Stream = ("order:position-loyalty", "order");
/// Has read messages that a restored backup does not have.
const AHEAD: Stream = ("payment:position-archive", "payment");

/// All of them: current, within its interval, behind, stuck and ahead.
#[cfg(test)]
pub(super) const ALL: [&str; 5] = [CURRENT.0, WITHIN_INTERVAL.0, BEHIND.0, STUCK.0, AHEAD.0];

/// The unread messages of the consumer that is behind. Eventide's interval is 100.
const LATE: usize = 130;
/// Messages of the category between two records of the consumer within its interval.
const INTERVAL: usize = 50;

/// Adds the last records before the end of a plan.
pub(super) fn add(plan: &mut Plan, end: i64) {
    plan.progress(end - 2 * 86_400, STUCK.0, STUCK.1, 0);
    plan.add(end - 86_400, AHEAD.0.to_owned(), RECORDED, json!({ "position": 1_000_000 }), None);
    plan.progress(end, CURRENT.0, CURRENT.1, 0);
    plan.progress(end, BEHIND.0, BEHIND.1, LATE);
}

/// The consumers while the generator writes.
pub(super) struct Running {
    namespace: Namespace,
    /// The unread messages of the consumer that is behind.
    late: VecDeque<GlobalPosition>,
    /// Messages since the last record of the consumer within its interval.
    since: usize,
}

impl Running {
    /// Continues where the sample data ends.
    ///
    /// # Errors
    /// Errors from the server.
    pub(super) async fn start(namespace: &Namespace) -> Result<Self> {
        let scope = Scope::Category(Category::stored(BEHIND.1));
        let newest = namespace.page(&scope, PageFrom::End, LATE).await?;
        let late = newest.heads.iter().map(|head| head.global_position).collect();
        Ok(Self { namespace: namespace.clone(), late, since: 0 })
    }

    /// Lets the consumers handle a message that was written.
    ///
    /// # Errors
    /// Errors from the server.
    pub(super) async fn handle(&mut self, stream: &StreamName, position: GlobalPosition) -> Result<()> {
        let category = stream.category();
        if category.as_str() == CURRENT.1 {
            self.record(CURRENT, position).await?;
        }
        if category.as_str() == WITHIN_INTERVAL.1 {
            self.since += 1;
            if self.since == INTERVAL {
                self.since = 0;
                self.record(WITHIN_INTERVAL, position).await?;
            }
        }
        if category.as_str() == BEHIND.1 {
            self.late.push_back(position);
            if let Some(handled) = self.late.pop_front() {
                self.record(BEHIND, handled).await?;
            }
        }
        Ok(())
    }

    async fn record(&self, (stream, _): Stream, position: GlobalPosition) -> Result<()> {
        let message = NewMessage {
            id: Uuid::now_v7(),
            stream: StreamName::stored(stream),
            message_type: RECORDED.to_owned(),
            data: recorded(position),
            metadata: None,
            expected_version: ExpectedVersion::Any,
        };
        self.namespace.write(&message).await?;
        Ok(())
    }
}
