//! One poll: a statement that reads messages and looks at the namespace, and what its answer is worth.

use futures_util::TryStreamExt as _;
use tokio_postgres::types::Type;

use super::super::query::member_condition;
use super::super::row;
use super::super::session::{Parameter, Session};
use super::{BATCH_BYTES, Followed, Horizon, LOOK_BACK, Life, SPAN, Scope, Settling, Tail, UNSETTLED};
use crate::message::{ConsumerGroup, GlobalPosition};
use crate::store::{Filter, Result, StoreError};

/// What one poll found.
pub(super) struct Poll<M> {
    pub(super) seen: Horizon,
    pub(super) messages: Vec<M>,
    /// There may be more.
    pub(super) full: bool,
    /// Everything up to here was read.
    pub(super) read_to: GlobalPosition,
    /// All that is above `settled` was looked at.
    pub(super) looked_back: bool,
    /// What was read up to here is final.
    pub(super) judged: GlobalPosition,
}

/// Messages to read.
#[derive(Debug, Clone, Copy)]
struct Range {
    above: GlobalPosition,
    up_to: GlobalPosition,
}

impl<M: Followed> Tail<M> {
    /// What is to be read, by what the poll before has shown.
    fn range(&self) -> Range {
        match self.options.settling {
            Settling::HoldBack => {
                let standby = self.life.as_ref().is_some_and(|life| life.standby);
                // Whether no number is missing on a standby, its own answer tells.
                let up_to = if standby && self.gapless { GlobalPosition::MAX } else { self.horizon };
                Range { above: self.settled, up_to: up_to.min(self.span_end()) }
            }
            Settling::ShowAtOnce => {
                let standby = self.life.as_ref().is_some_and(|life| life.standby);
                // Who ended may have filled a gap. And who came and went between two looks, overtaken by a message that was given, is
                // found by looking back now and then.
                let due = self.looked_back.elapsed() >= LOOK_BACK;
                let again = self.ended || standby || self.horizon > self.settled || due;
                let room = self.given.len() < UNSETTLED;
                Range {
                    above: if again { self.settled } else { self.highest },
                    up_to: if room { GlobalPosition::MAX } else { self.highest },
                }
            }
        }
    }

    pub(super) async fn poll(&mut self, session: &Session) -> Result<Poll<M>> {
        let Range { above, up_to } = self.range();
        if up_to <= above {
            let seen = self.look(session).await?;
            let judged = self.judged(&seen);
            return Ok(Poll { seen, messages: Vec::new(), full: false, read_to: above, looked_back: false, judged });
        }
        let (seen, mut messages, full) = self.ask(session, Some(Range { above, up_to })).await?;
        let judged = self.judged(&seen);
        let last = messages.last().map_or(above, Followed::global_position);
        if self.options.settling == Settling::HoldBack {
            messages.retain(|message| message.global_position() <= judged);
        }
        let looked_back = above == self.settled;
        let read_to = match (full, looked_back) {
            (true, true) => last,
            // Numbers that nobody has need not be gone over.
            (false, true) if up_to < judged => self.before_next(session, up_to).await?,
            (false, true) => up_to,
            (_, false) => self.settled,
        };
        Ok(Poll { seen, messages, full, read_to, looked_back, judged })
    }

    /// How far what this poll read is final: as far as the poll before has seen the horizon, on the same server. Where a standby
    /// misses no number, its own snapshot says it.
    fn judged(&self, seen: &Horizon) -> GlobalPosition {
        if seen.standby && seen.gapless {
            return seen.newest.max(self.settled);
        }
        if self.life.as_ref().is_some_and(|life| *life == Life::of(seen)) { self.horizon } else { self.settled }
    }

    /// The position before the next message there is.
    async fn before_next(&self, session: &Session, position: GlobalPosition) -> Result<GlobalPosition> {
        let sql = self.namespace.query(
            "select global_position::bigint as number from {table} where global_position > $1 \
             order by global_position limit 1",
            &[],
        );
        let row = session.query_opt(&sql, &[(&position, Type::INT8)]).await?;
        let next: Option<GlobalPosition> = row.map(|row| row::column(&row, 0)).transpose()?;
        Ok(next.map_or(position, |next| next - 1))
    }

    /// How far one poll goes.
    fn span_end(&self) -> GlobalPosition {
        let leaves_out = self.options.filter != Filter::default() || matches!(self.options.scope, Scope::Member(..));
        if leaves_out { self.settled.max(-1).saturating_add(SPAN) } else { GlobalPosition::MAX }
    }

    /// A look alone.
    pub(super) async fn look(&self, session: &Session) -> Result<Horizon> {
        Ok(self.ask(session, None).await?.0)
    }

    /// A look, the next messages of a range, and whether there may be more.
    async fn ask(&self, session: &Session, range: Option<Range>) -> Result<(Horizon, Vec<M>, bool)> {
        let sql = self.statement(range.is_some());
        let Range { above, up_to } = range.unwrap_or(Range { above: 0, up_to: 0 });
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let scope = &self.options.scope;
        let given: Vec<i64> = self.given.range(above.saturating_add(1)..).copied().collect();
        let (member, size) = (scope.member().map(ConsumerGroup::member), scope.member().map(ConsumerGroup::size));
        let (name, table) = (scope.name(), self.namespace.table());
        let remembered = self.memory.newest().map(|(position, _)| position);
        // The server takes it from the newest, which must not overflow.
        let settled = self.settled.max(-1);
        let filter = self.options.filter.bound();
        let mut parameters: Vec<Parameter<'_>> = vec![
            (&above, Type::INT8),
            (&up_to, Type::INT8),
            (&limit, Type::INT8),
            (&given, Type::INT8_ARRAY),
            (&name, Type::TEXT),
            (&member, Type::INT8),
            (&size, Type::INT8),
        ];
        parameters.extend(filter.parameters());
        parameters.extend::<[Parameter<'_>; 4]>([
            (&table, Type::TEXT),
            (&remembered, Type::INT8),
            (&self.sequence, Type::OID),
            (&settled, Type::INT8),
        ]);
        let mut rows = match scope {
            // The whole stream may be shorter than what all streams have above the number.
            Scope::Stream(_) => session.stream_by_choice(&sql, &parameters).await?,
            _ => session.stream(&sql, &parameters).await?,
        };
        let (mut seen, mut messages, mut bytes) = (None, Vec::new(), 0);
        while let Some(row) = rows.try_next().await? {
            if seen.is_none() {
                seen = Some(Horizon::read(&row)?);
            }
            let there = row.len().checked_sub(Horizon::COLUMNS + 1);
            let Some(there) = there else { continue };
            if row::column::<Option<bool>>(&row, there)?.is_none() {
                continue;
            }
            let message = M::read(&row)?;
            bytes += message.bytes();
            messages.push(message);
            // The last one is followed by the end of the answer, and the session can be used again.
            if bytes >= BATCH_BYTES && messages.len() < self.limit {
                break;
            }
        }
        let full = messages.len() >= self.limit || bytes >= BATCH_BYTES;
        let seen = seen.ok_or_else(|| StoreError::Server {
            code: "XX000".to_owned(),
            message: "no row from a query that always has one".to_owned(),
        })?;
        Ok((seen, messages, full))
    }

    /// The statement, with or without messages.
    fn statement(&self, messages: bool) -> String {
        let poll = include_str!("../../../sql/query/tail_poll.sql");
        if !messages {
            return self.namespace.query(poll, &[("rows", ""), ("joined", "")]);
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
        self.namespace.query(poll, &[("rows", "r.*, "), ("joined", &joined)])
    }
}
