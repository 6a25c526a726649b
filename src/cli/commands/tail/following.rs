//! The state of following: where it ends, what was printed or handled, and how long it has been silent. It takes one
//! batch at a time; waiting for batches and signals is up to `tail`.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::TailArguments;
use super::delivered::Delivered;
use super::exec::Exec;
use super::kept_position::KeptPosition;
use super::position_file::HandledMessage;
use super::server::Server;
use crate::cli::error::{CommandError, Result, Status};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::messages::MessageTable;
use crate::cli::output::{Output, json};
use crate::cli::selection::Point;
use crate::cli::unreadable::Unreadable;
use crate::message::{GlobalPosition, Message};
use crate::store::browse::Scope;
use crate::store::tail::{Delivery, Tail, TailBatch, TailFrom, TailOptions, Tailed};
use crate::store::{Namespace, StoreError};

/// Messages per batch.
const BATCH: usize = 2_000;
/// Messages that commands handle between two records of the position.
const PART: usize = 100;

/// Where following stops.
#[derive(Debug, Clone, Copy)]
enum End {
    Never,
    /// After this global position.
    Position(GlobalPosition),
    /// After the messages that exist at this time.
    Time(Timestamp),
}

/// The state of following.
pub(super) struct Following {
    pub(super) tail: Tail<Message>,
    end: End,
    table: MessageTable,
    limit: Option<u64>,
    idle: Option<Duration>,
    given: u64,
    /// The last message printed since it was last asked for, and the number of messages.
    pub(super) handled: Option<(HandledMessage, u64)>,
    delivered: Arc<Delivered>,
    last_activity: Instant,
    /// Whether more messages are available at once.
    behind: bool,
    /// How far the server's clock is ahead of ours, once the server has answered.
    clock_ahead: Option<SignedDuration>,
    server: Server,
}

impl Following {
    /// Finds where following begins and ends.
    pub(super) async fn begin(
        namespace: &Namespace,
        scope: Scope,
        arguments: TailArguments,
        delivered: Arc<Delivered>,
    ) -> Result<Self> {
        let mut filter = arguments.matching.filter(namespace).await?;
        let from = match arguments.from {
            Point::Now => TailFrom::Now,
            Point::Start => TailFrom::Start,
            Point::Position(position) => TailFrom::After(position.saturating_sub(1)),
            Point::Time(time) => {
                filter.since = Some(time);
                TailFrom::After(namespace.between(Some(time), None).await?.0)
            }
        };
        let end = match arguments.until {
            None | Some(Point::Start) => End::Never,
            Some(Point::Now) => End::Position(namespace.newest(&Scope::Namespace).await?),
            Some(Point::Position(position)) => End::Position(position),
            Some(Point::Time(time)) => {
                filter.until = Some(time);
                End::Time(time)
            }
        };
        if let End::Position(last) = end {
            delivered.ends_at(last);
        }
        let table = MessageTable::new(matches!(scope, Scope::Stream(_)));
        let options = TailOptions { scope, from, delivery: Delivery::WhenFinal, batch: BATCH, filter };
        Ok(Self {
            tail: namespace.tail(options),
            end,
            table,
            limit: arguments.limit.number(),
            idle: arguments.exit_when_idle,
            given: 0,
            handled: None,
            delivered,
            last_activity: Instant::now(),
            behind: true,
            clock_ahead: None,
            server: Server::default(),
        })
    }

    /// Returns whether silence means that there are no more messages for now.
    pub(super) fn may_be_idle(&self) -> bool {
        self.idle.is_some() && !self.behind
    }

    /// Returns when the silence has lasted long enough to stop.
    pub(super) fn quiet_until(&self) -> Instant {
        self.last_activity + self.idle.unwrap_or_default()
    }

    /// Returns when the end time is reached by the server's clock, once that clock is known.
    pub(super) fn due(&self) -> Option<Instant> {
        let (End::Time(end), Some(ahead)) = (self.end, self.clock_ahead) else { return None };
        let left = Timestamp::now().duration_until(end).saturating_sub(ahead);
        Some(Instant::now() + Duration::try_from(left).unwrap_or_default())
    }

    /// Fixes the end once its time is reached: the newest message now, or an earlier position if no later message can
    /// be from before that time.
    pub(super) async fn find_end(&mut self, namespace: &Namespace) -> Result<bool, StoreError> {
        let End::Time(time) = self.end else { return Ok(false) };
        let newest = namespace.newest(&Scope::Namespace).await?;
        let end = newest.min(namespace.between(None, Some(time)).await?.1);
        self.end = End::Position(end);
        // Otherwise, the last poll may start only a second later.
        self.tail.poll_trigger().fire();
        self.delivered.ends_at(end);
        Ok(self.tail.resume_position() >= end)
    }

    /// Processes what a batch says besides its messages. Returns the messages to hand on, and whether they are the
    /// last.
    fn receive<'a>(&mut self, batch: &'a TailBatch<Message>) -> (&'a [Tailed<Message>], bool) {
        self.server.answered(batch, self.tail.resume_position());
        self.lower_end(batch);
        self.behind = batch.has_more;
        self.clock_ahead = Some(batch.server_time.duration_since(Timestamp::now()));
        let left = self.limit.map_or(usize::MAX, |limit| usize::try_from(limit - self.given).unwrap_or(usize::MAX));
        let messages = &batch.messages;
        let inside = match self.end {
            End::Position(last) => messages.partition_point(|tailed| tailed.message.global_position <= last),
            End::Never | End::Time(_) => messages.len(),
        };
        let wanted = inside.min(left);
        if let Some(next) = messages.get(wanted) {
            self.delivered.ends_at(next.message.global_position - 1);
        }
        self.given += wanted as u64;
        let at_end = matches!(self.end, End::Position(last) if batch.final_to >= last);
        let over = at_end || wanted < messages.len() || self.limit.is_some_and(|limit| self.given >= limit);
        (&messages[..wanted], over)
    }

    /// Prints a batch and returns whether it was the last.
    pub(super) fn print(
        &mut self,
        batch: &TailBatch<Message>,
        output: &mut Output,
        unreadable: &mut Unreadable,
    ) -> Result<bool> {
        let (messages, over) = self.receive(batch);
        self.delivered.completes(self.tail.resume_position());
        let delivered = Arc::clone(&self.delivered);
        let mut printed = |end, position| delivered.printed(end, position);
        for Tailed { message, .. } in messages {
            if output.is_json() {
                let terminal = output.terminal;
                json::message(output.buffer(), message, terminal);
                printed(output.printed(), message.global_position);
                output.line_done()?;
            } else {
                self.table.row(output, message, &mut printed)?;
            }
            unreadable.see(message);
        }
        self.table.flush(output, &mut printed)?;
        output.finish()?;
        if let Some(last) = messages.last() {
            self.handled = Some(((&last.message).into(), messages.len() as u64));
            // Measured after printing, so that a slow reader does not count as idleness.
            self.last_activity = Instant::now();
        }
        Ok(over)
    }

    /// Runs a command for each message of a batch and returns whether it was the last. After a signal, waits for the
    /// commands that run.
    pub(super) async fn hand_over(
        &mut self,
        batch: &TailBatch<Message>,
        exec: &Exec,
        mut kept: Option<&mut KeptPosition>,
        namespace: &Namespace,
        interrupt: &mut Interrupt,
        unreadable: &mut Unreadable,
    ) -> Result<bool> {
        let (messages, over) = self.receive(batch);
        if let Some(first) = messages.first() {
            self.delivered.handled(0, Some(first.message.global_position - 1));
        }
        for part in messages.chunks(PART) {
            let part: Vec<&Message> = part.iter().map(|tailed| &tailed.message).collect();
            for message in &part {
                unreadable.see(message);
            }
            let handled = {
                let work = exec.handle(&part);
                tokio::pin!(work);
                tokio::select! {
                    biased;
                    handled = &mut work => handled,
                    _ = interrupt.signalled() => {
                        exec.stop();
                        work.await
                    }
                }
            };
            self.last_activity = Instant::now();
            self.delivered.handled(handled.messages, handled.complete.map(|last| last.position));
            if let Some(open) = handled.open {
                self.delivered.ends_at(open - 1);
            }
            if let (Some(kept), Some(complete)) = (kept.as_deref_mut(), handled.complete) {
                let is_last = handled.open.is_some() || interrupt.so_far().is_some();
                if kept.advance(complete, handled.messages) || is_last {
                    self.record(kept, namespace, interrupt).await?;
                }
            }
            if let Some(failure) = handled.failure {
                return Err(CommandError::new(Status::Failed, failure));
            }
            if let Some(number) = interrupt.so_far() {
                return Err(CommandError::signalled(number));
            }
        }
        self.delivered.completes(self.tail.resume_position());
        Ok(over)
    }

    /// Records the position. Waits for a server that is away, unless a signal has come.
    pub(super) async fn record(
        &mut self,
        kept: &mut KeptPosition,
        namespace: &Namespace,
        interrupt: &mut Interrupt,
    ) -> Result<()> {
        while let Err(error) = kept.record(namespace).await? {
            if interrupt.so_far().is_some() {
                return Err(error.into());
            }
            let pause = tokio::time::sleep(self.lost(error)?);
            // After a signal, one more attempt is made.
            tokio::select! {
                () = pause => {}
                _ = interrupt.signalled() => {}
            }
        }
        Ok(())
    }

    /// Brings the end back to the newest message if messages before the end were deleted or lost.
    fn lower_end(&mut self, batch: &TailBatch<Message>) {
        if let Some(before) = batch.receded_from
            && let End::Position(last) = &mut self.end
            && *last <= before
        {
            *last = batch.newest.min(*last);
            self.delivered.ends_at(*last);
        }
    }

    /// Returns how long to wait before the next attempt after an error that can pass. Returns other errors.
    pub(super) fn lost(&mut self, error: StoreError) -> Result<Duration> {
        // A position of unknown outcome can be recorded again.
        if !error.is_passing_for_followers() && !matches!(error, StoreError::OutcomeUnknown { .. }) {
            return Err(error.into());
        }
        self.last_activity = Instant::now();
        Ok(self.server.lost(&error))
    }
}
