//! Finds the messages of a workflow: those that share a value in their metadata. Reads windows of global positions,
//! narrowed by the category index if the value is Eventide's correlation stream and that is faster, or one expression
//! index if the store has it. The category index contains only the category of the correlation stream, and reads the
//! table in a different order.

use std::time::{Duration, Instant};

use tokio_postgres::types::Type;

use super::indexes::PROBED;
use super::links::is_traceparent;
use super::{Extent, Links, Traced, Workflow};
use crate::message::{GlobalPosition, category};
use crate::store::browse::Scope;
use crate::store::session::Parameter;
use crate::store::{Namespace, Result};

/// The positions that the first window has, through the primary key and through the category index.
const FIRST: i64 = 2_000;
const FIRST_NARROWED: i64 = 20_000;
/// A window that takes longer than this is not enlarged, and one that takes twice as long is halved.
const QUICK: Duration = Duration::from_millis(500);

/// How many positions are read again if a finished search is extended, because late messages trail.
const AGAIN: i64 = 1_000;

/// A way to read a window.
#[derive(Debug, Clone, Copy)]
struct Way {
    by_category: bool,
    /// The positions of its next window, and of its largest one.
    window: i64,
    largest: i64,
    /// The nanoseconds that a position took in its last window.
    cost: Option<u128>,
}

impl Way {
    /// Learns from a window of this many positions.
    fn learn(&mut self, positions: i64, took: Duration) {
        self.cost = Some(took.as_nanos() / u128::from(positions.max(1).unsigned_abs()));
        if took < QUICK {
            // Each window through the category index costs a probe for each category, so there should be few.
            let growth = if self.by_category { 10 } else { 5 };
            self.window = self.window.saturating_mul(growth).min(self.largest);
        } else if took > 2 * QUICK {
            self.window = (self.window / 2).max(FIRST);
        }
    }
}

/// A search for the messages of a workflow, in order of global position. Each [`Correlated::step`] reads one window.
#[derive(Debug)]
pub struct Correlated {
    namespace: Namespace,
    workflow: Workflow,
    /// Above the first position and up to the second.
    range: (GlobalPosition, GlobalPosition),
    /// The position at which the extent ends. `None` if it has no end yet.
    end: Option<GlobalPosition>,
    /// The last position read.
    next: GlobalPosition,
    /// Through the category index if it serves the value, and through the primary key.
    ways: Vec<Way>,
    room: usize,
    newest: GlobalPosition,
    truncated: bool,
    /// Whether an index has answered for the whole namespace.
    everywhere: bool,
    done: bool,
}

impl Namespace {
    /// Prepares a search for the messages of a workflow, up to `extent` before and after a message of it. If the store
    /// has an index on the value, the search covers the whole namespace.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn correlated(
        &self,
        start: &Traced,
        workflow: Workflow,
        extent: Extent,
        messages: usize,
    ) -> Result<Correlated> {
        let newest = self.newest(&Scope::Namespace).await?;
        let (above, end) = self.around(start, extent).await?;
        let key = Way { by_category: false, window: FIRST, largest: 50_000, cost: None };
        let has_column = workflow.is_in_category_index();
        let narrowed =
            has_column.then_some(Way { by_category: true, window: FIRST_NARROWED, largest: 2_000_000, ..key });
        let ways = narrowed.into_iter().chain([key]).collect();
        let range = (above, end.map_or(newest, |end| end.min(newest)));
        Ok(Correlated {
            namespace: self.clone(),
            workflow,
            next: range.0,
            range,
            end,
            ways,
            room: messages,
            newest,
            truncated: false,
            everywhere: false,
            done: false,
        })
    }

    /// Returns the position above which, and up to which, an extent around a message reaches. `None` for no end.
    async fn around(&self, start: &Traced, extent: Extent) -> Result<(GlobalPosition, Option<GlobalPosition>)> {
        let number = start.head.global_position;
        match extent {
            Extent::Positions(positions) => {
                let positions = positions.max(0);
                // No global position is negative.
                let above = number.saturating_sub(positions).saturating_sub(1).max(-1);
                Ok((above, Some(number.saturating_add(positions))))
            }
            Extent::Time(time) => {
                let at = async |point: jiff::Timestamp| self.first_at(&Scope::Namespace, point).await;
                let since = start.head.time.checked_sub(time).unwrap_or(jiff::Timestamp::MIN);
                let until = start.head.time.checked_add(time).unwrap_or(jiff::Timestamp::MAX);
                let above = at(since).await?.map_or(number, |head| head.global_position).saturating_sub(1);
                Ok((above, at(until).await?.map(|head| head.global_position)))
            }
        }
    }
}

impl Workflow {
    /// Returns whether the third column of the category index contains the category of the value.
    pub(super) fn is_in_category_index(&self) -> bool {
        matches!(self.path.steps(), [key] if key == "correlationStreamName")
    }
}

impl Namespace {
    /// Returns the messages with a correlation stream in a range of global positions, at most `limit` for each
    /// category. Reads the category index.
    pub(super) async fn correlated_by_category(
        &self,
        stream: &str,
        above: GlobalPosition,
        up_to: GlobalPosition,
        limit: i64,
    ) -> Result<Vec<Traced>> {
        let sql = self.query(include_str!("../../../sql/query/trace_correlated_by_category.sql"), &[]);
        let parameters: [Parameter<'_>; 5] = [
            (&above, Type::INT8),
            (&up_to, Type::INT8),
            (&category(stream), Type::TEXT),
            (&stream, Type::TEXT),
            (&limit, Type::INT8),
        ];
        self.session().await?.query(&sql, &parameters).await?.iter().map(Traced::of).collect()
    }
}

impl Correlated {
    /// Reads one window, or probes an index once. Returns the messages in it, or `None` after the last window.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error. The search can be continued afterwards.
    pub async fn step(&mut self) -> Result<Option<Vec<Traced>>> {
        if self.done {
            return Ok(None);
        }
        if self.next == self.range.0
            && let Some(found) = self.by_index().await?
        {
            self.everywhere = true;
            self.done = true;
            self.next = self.newest;
            return Ok(Some(self.taken(found)));
        }
        // The untried way first, then the faster one.
        let Some(way) = (0..self.ways.len()).min_by_key(|way| self.ways[*way].cost) else { return Ok(None) };
        let Way { by_category, window, .. } = self.ways[way];
        let from = self.next;
        let to = from.saturating_add(window).min(self.range.1);
        let begun = Instant::now();
        let found = if by_category { self.by_category(to).await? } else { self.by_value(to).await? };
        self.ways[way].learn(to.saturating_sub(from), begun.elapsed());
        let found = self.taken(found);
        self.next = to;
        self.done = to >= self.range.1 || self.truncated;
        Ok(Some(found))
    }

    /// Prepares a finished search to continue with the messages that are new since then, within the same extent. The
    /// last positions are read again, so their messages are returned again.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn extend(&mut self) -> Result<()> {
        if self.done && !self.truncated {
            self.newest = self.namespace.newest(&Scope::Namespace).await?;
            self.range.1 = self.end.map_or(self.newest, |end| end.min(self.newest));
            self.next = self.next.min(self.range.1).saturating_sub(AGAIN).max(self.range.0.saturating_add(1));
            self.done = self.next >= self.range.1;
        }
        Ok(())
    }

    /// Returns the value that is searched for.
    #[must_use]
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// Returns the range of global positions searched so far: above the first and up to the second.
    #[must_use]
    pub fn searched(&self) -> (GlobalPosition, GlobalPosition) {
        (self.range.0, self.next)
    }

    /// Returns whether the search covered the whole namespace.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.everywhere || (self.range.0 < 1 && self.next >= self.newest)
    }

    /// Returns whether there are more messages than the limit allows.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Keeps as many messages as there is room for.
    fn taken(&mut self, mut found: Vec<Traced>) -> Vec<Traced> {
        found.sort_by_key(|traced| traced.head.global_position);
        self.truncated = found.len() > self.room;
        found.truncate(self.room);
        self.room -= found.len();
        found
    }

    fn limit(&self) -> i64 {
        i64::try_from(self.room).unwrap_or(i64::MAX).saturating_add(1)
    }

    async fn by_index(&self) -> Result<Option<Vec<Traced>>> {
        let rules = Links::with_rules(vec![super::LinkRule {
            name: String::new(),
            cause: None,
            to: super::LinkTarget::Id,
            workflow: Some(self.workflow.path.clone()),
        }]);
        let indexes = self.namespace.link_indexes(&rules).await?;
        let Some(index) = indexes.iter().find(|index| index.finds(&self.workflow)) else { return Ok(None) };
        let found = self.namespace.probe_index(index, &[(self.workflow.value.clone(), None)], PROBED + 1).await?;
        // The index has no order, so a part of the messages would be an arbitrary part.
        Ok((found.len() <= usize::try_from(PROBED).unwrap_or(usize::MAX)).then_some(found))
    }

    async fn by_value(&self, to: GlobalPosition) -> Result<Vec<Traced>> {
        let text = format!("({} #>> $3)", self.namespace.body_as_jsonb("m.metadata"));
        let value = if is_traceparent(&self.workflow.path) { format!("split_part({text}, '-', 2)") } else { text };
        let sql = include_str!("../../../sql/query/trace_correlated.sql");
        let sql = self.namespace.query(sql, &[("value", &value)]);
        let parameters: [Parameter<'_>; 5] = [
            (&self.next, Type::INT8),
            (&to, Type::INT8),
            (&self.workflow.path.steps(), Type::TEXT_ARRAY),
            (&self.workflow.value, Type::TEXT),
            (&self.limit(), Type::INT8),
        ];
        self.namespace.session().await?.query(&sql, &parameters).await?.iter().map(Traced::of).collect()
    }

    async fn by_category(&self, to: GlobalPosition) -> Result<Vec<Traced>> {
        self.namespace.correlated_by_category(&self.workflow.value, self.next, to, self.limit()).await
    }
}
