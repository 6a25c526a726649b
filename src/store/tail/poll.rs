//! One poll: a single statement that reads messages and the state of the namespace, and decides how far its messages
//! are final.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use tokio_postgres::types::Type;

use super::super::blocking::BlockingTransaction;
use super::super::browse::Scope;
use super::super::query::member_condition;
use super::super::row;
use super::super::session::{Parameter, Session};
use super::followed::{Followed, Received};
use super::follower::{Incarnation, Tail};
use super::horizon::Horizon;
use super::options::Delivery;
use crate::message::{ConsumerGroup, GlobalPosition};
use crate::store::{Filter, Result, StoreError};

/// The maximum range of global positions in one poll if a filter or a consumer group skips messages, so that the query
/// ends in time.
const SPAN: i64 = 100_000;
/// The size of bodies at which a batch ends, so that memory stays bounded however large the messages are.
pub(super) const BATCH_BYTES: usize = 8 << 20;
/// The maximum number of messages returned above the horizon. Beyond it, only late messages are read until the horizon
/// moves.
const UNSETTLED: usize = 20_000;
/// How often messages above the horizon are read again at least.
const LOOK_BACK: Duration = Duration::from_millis(250);

/// The result of one poll.
pub(super) struct Poll<M> {
    pub(super) seen: Horizon,
    pub(super) messages: Vec<Received<M>>,
    /// Whether there may be more messages.
    pub(super) full: bool,
    /// Everything up to here was read.
    pub(super) read_to: GlobalPosition,
    /// Whether everything above `delivered_to` was read.
    pub(super) looked_back: bool,
    /// Messages up to here are final.
    pub(super) judged: GlobalPosition,
}

/// The global positions to read.
#[derive(Debug, Clone, Copy)]
struct Range {
    above: GlobalPosition,
    up_to: GlobalPosition,
}

impl<M: Followed> Tail<M> {
    /// Chooses the range for this poll from the results of the previous one.
    fn range(&self) -> Range {
        match self.options.delivery {
            Delivery::WhenFinal => {
                let standby = self.incarnation.as_ref().is_some_and(|incarnation| incarnation.standby);
                // A standby without gaps confirms that in the same answer, so it is read to the end.
                let up_to = if standby && self.gapless { GlobalPosition::MAX } else { self.horizon };
                Range { above: self.delivered_to, up_to: up_to.min(self.span_end()) }
            }
            Delivery::AtOnce => {
                let standby = self.incarnation.as_ref().is_some_and(|incarnation| incarnation.standby);
                // A transaction that ended may have filled a gap. One that began and ended between two polls, overtaken
                // by a message that was already returned, is only found by reading the range again now and then.
                let due = self.looked_back.elapsed() >= LOOK_BACK;
                let again = self.some_ended || standby || self.horizon > self.delivered_to || due;
                let room = self.delivered.len() < UNSETTLED;
                Range {
                    above: if again { self.delivered_to } else { self.highest },
                    up_to: if room { GlobalPosition::MAX } else { self.highest },
                }
            }
        }
    }

    /// Polls. `seen` is a poll without messages that has just been made.
    pub(super) async fn poll(&mut self, session: &Session, seen: Option<Horizon>) -> Result<Poll<M>> {
        let Range { above, up_to } = self.range();
        if up_to <= above {
            let seen = self.look_unless(seen, session).await?;
            let judged = self.judged(&seen);
            return Ok(Poll { seen, messages: Vec::new(), full: false, read_to: above, looked_back: false, judged });
        }
        let (seen, mut messages, full) = self.ask(session, Some(Range { above, up_to })).await?;
        let judged = self.judged(&seen);
        let last = messages.last().map_or(above, Received::global_position);
        if self.options.delivery == Delivery::WhenFinal {
            messages.retain(|message| message.global_position() <= judged);
        }
        let looked_back = above == self.delivered_to;
        let read_to = match (full, looked_back) {
            (true, true) => last,
            // Skip global positions that do not exist.
            (false, true) if up_to < judged => self.before_next(session, up_to).await?,
            (false, true) => up_to,
            (_, false) => self.delivered_to,
        };
        Ok(Poll { seen, messages, full, read_to, looked_back, judged })
    }

    /// Returns how far the messages of this poll are final: up to the horizon of the previous poll, if that reached the
    /// same server. If a standby has no gaps, its own snapshot is enough.
    fn judged(&self, seen: &Horizon) -> GlobalPosition {
        if seen.standby && seen.gapless {
            return seen.newest.max(self.delivered_to);
        }
        if self.incarnation.as_ref().is_some_and(|incarnation| *incarnation == Incarnation::of(seen)) {
            self.horizon
        } else {
            self.delivered_to
        }
    }

    /// Returns the global position just before the next existing message.
    async fn before_next(&self, session: &Session, position: GlobalPosition) -> Result<GlobalPosition> {
        let sql = self.namespace.query(include_str!("../../../sql/query/next_message.sql"), &[]);
        let row = session.query_opt(&sql, &[(&position, Type::INT8)]).await?;
        let next: Option<GlobalPosition> = row.map(|row| row::column(&row, 0)).transpose()?;
        Ok(next.map_or(position, |next| next - 1))
    }

    /// Returns the last global position that one poll may read.
    fn span_end(&self) -> GlobalPosition {
        let leaves_out = self.options.filter != Filter::default() || matches!(self.options.scope, Scope::Member(..));
        if leaves_out { self.delivered_to.max(-1).saturating_add(SPAN) } else { GlobalPosition::MAX }
    }

    /// Polls without reading messages.
    pub(super) async fn look(&self, session: &Session) -> Result<Horizon> {
        Ok(self.ask(session, None).await?.0)
    }

    /// Polls without reading messages, unless that has just been done.
    pub(super) async fn look_unless(&self, seen: Option<Horizon>, session: &Session) -> Result<Horizon> {
        match seen {
            Some(seen) => Ok(seen),
            None => self.look(session).await,
        }
    }

    /// Polls and reads the next messages of a range. The flag tells whether there may be more.
    async fn ask(&self, session: &Session, range: Option<Range>) -> Result<(Horizon, Vec<Received<M>>, bool)> {
        let detailed = self.needs_details();
        let sql = self.statements.get(range.is_some(), detailed, || self.statement(range.is_some(), detailed));
        let Range { above, up_to } = range.unwrap_or(Range { above: 0, up_to: 0 });
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let scope = &self.options.scope;
        let delivered: Vec<i64> = self.delivered.range(above.saturating_add(1)..).copied().collect();
        let (member, size) = (scope.member().map(ConsumerGroup::member), scope.member().map(ConsumerGroup::size));
        let (name, table) = (scope.name(), self.namespace.table());
        let remembered = self.memory.newest().map(|(position, _)| position);
        // The server subtracts it from the newest global position, which must not overflow.
        let delivered_to = self.delivered_to.max(-1);
        let filter = self.options.filter.bound(&self.namespace);
        let mut parameters: Vec<Parameter<'_>> = vec![
            (&above, Type::INT8),
            (&up_to, Type::INT8),
            (&limit, Type::INT8),
            (&delivered, Type::INT8_ARRAY),
            (&name, Type::TEXT),
            (&member, Type::INT8),
            (&size, Type::INT8),
        ];
        parameters.extend(filter.parameters());
        parameters.extend::<[Parameter<'_>; 4]>([
            (&table, Type::TEXT),
            (&remembered, Type::INT8),
            (&self.sequence, Type::OID),
            (&delivered_to, Type::INT8),
        ]);
        let mut rows = match scope {
            // The whole stream may be shorter than the range of global positions, so the planner chooses.
            Scope::Stream(_) => session.stream_any_index(sql, &parameters).await?,
            _ => session.stream(sql, &parameters).await?,
        };
        let (mut seen, mut messages, mut bytes) = (None, Vec::new(), 0);
        while let Some(row) = rows.try_next().await? {
            if seen.is_none() {
                seen = Some(Horizon::read(&row, detailed)?);
            }
            let there = row.len().checked_sub(Horizon::COLUMNS + 1);
            let Some(there) = there else { continue };
            if row::column::<Option<bool>>(&row, there)?.is_none() {
                continue;
            }
            let received = Received::<M>::read(&row, &self.namespace)?;
            bytes += received.message.bytes();
            messages.push(received);
            // The last requested message is read to the end of the answer, so that the session can be reused.
            if bytes >= BATCH_BYTES && messages.len() < self.limit {
                break;
            }
        }
        let full = messages.len() >= self.limit || bytes >= BATCH_BYTES;
        let seen = seen.ok_or_else(|| StoreError::Server {
            code: "XX000".to_owned(),
            message: "the poll returned no row".to_owned(),
        })?;
        Ok((seen, messages, full))
    }

    /// Builds the statement, with or without reading messages and the details of blocking transactions.
    fn statement(&self, messages: bool, detailed: bool) -> String {
        let poll = include_str!("../../../sql/query/tail_poll.sql");
        let locks = self.namespace.query(include_str!("../../../sql/query/table_locks.sql"), &[]);
        let blocking =
            if detailed { BlockingTransaction::query(&locks) } else { BlockingTransaction::short_query(&locks) };
        if !messages {
            return self.namespace.query(poll, &[("rows", ""), ("joined", ""), ("blocking", &blocking)]);
        }
        let scope = &self.options.scope;
        let category = self.namespace.category_expression();
        let unused = "$6::bigint is null and $7::bigint is null";
        let of_category =
            format!("({category}, global_position) > ($5, $1) and ({category}, global_position) <= ($5, $2)");
        let by_position = "global_position > $1 and global_position <= $2";
        let (range, order) = match scope {
            Scope::Namespace => (format!("{by_position} and $5::text is null and {unused}"), String::new()),
            Scope::Stream(_) => (format!("stream_name::text = $5 and {by_position} and {unused}"), String::new()),
            Scope::Category(_) => (format!("{of_category} and {unused}"), format!("{category}, ")),
            Scope::Member(..) => {
                (format!("{of_category} and {}", member_condition("$6", "$7")), format!("{category}, "))
            }
        };
        let joined = self.namespace.query(
            include_str!("../../../sql/query/tail_rows.sql"),
            &[
                ("columns", &M::columns(&self.namespace)),
                ("range", &range),
                ("order", &format!("{order}global_position")),
                ("matches", &self.options.filter.condition(8, &self.namespace)),
            ],
        );
        self.namespace.query(poll, &[("rows", "r.*, "), ("joined", &joined), ("blocking", &blocking)])
    }
}
