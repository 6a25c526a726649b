//! The surroundings of one message: its cause, its direct effects, and the other messages of its workflow. Each takes
//! one bounded search, cheap enough for every message that a reader stops at.

use std::time::{Duration, Instant};

use tokio_postgres::types::Type;

use super::keys::Keys;
use super::{Cause, DEFAULT_EXTENT, Extent, Links, Top, TraceOptions, Traced, Workflow};
use crate::message::{GlobalPosition, MessageHead};
use crate::store::browse::Scope;
use crate::store::session::Parameter;
use crate::store::{Namespace, Result};

/// The positions that the first and the largest window have.
const WINDOWS: (i64, i64) = (5_000, 50_000);
/// A search starts no further window after this time.
const ENOUGH: Duration = Duration::from_millis(500);
/// The most effects, and the most messages of a workflow, that are counted.
const EFFECTS: usize = 100;
const MESSAGES: usize = 1_000;

/// What is known about the cause that a message names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NearCause {
    /// It exists.
    Present(Box<MessageHead>),
    /// It does not exist.
    Missing,
    /// No index finds it, and it is not among this many global positions before the message.
    NotWithin(u64),
}

/// A number of messages, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The messages found.
    pub messages: usize,
    /// The message, if exactly one was found.
    pub only: Option<Box<MessageHead>>,
    /// Whether there can be more.
    pub at_least: bool,
    /// How many global positions were searched in each direction.
    pub within: u64,
}

/// The surroundings of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relations {
    /// `None` if the message names no cause.
    pub cause: Option<NearCause>,
    /// The messages after it that name it as their cause.
    pub effects: Tally,
    /// The messages of its workflow, with itself. `None` if it has no correlation value.
    pub workflow: Option<Tally>,
}

impl Namespace {
    /// Looks for the cause, the direct effects and the workflow of a message, in at most 100,000 global positions and
    /// about half a second each.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn relations(&self, start: &Traced, links: &Links) -> Result<Relations> {
        let metadata = start.metadata.as_deref().unwrap_or_default();
        let cause = match links.cause(metadata) {
            Some(cause) => Some(self.near_cause(start, links, &cause).await?),
            None => None,
        };
        let effects = self.direct_effects(start, links).await?;
        let workflow = match links.workflows(metadata).into_iter().next() {
            Some(workflow) => Some(self.near_workflow(start, workflow).await?),
            None => None,
        };
        Ok(Relations { cause, effects, workflow })
    }

    async fn near_cause(&self, start: &Traced, links: &Links, cause: &Cause) -> Result<NearCause> {
        let number = start.head.global_position;
        if let Some(found) = self.traced(&cause.reference).await? {
            return Ok(NearCause::Present(Box::new(found.head)));
        }
        let options = TraceOptions {
            links: links.clone(),
            down: false,
            hops: 1,
            extent: Extent::Positions(DEFAULT_EXTENT),
            ..TraceOptions::default()
        };
        let mut trace = self.trace(start.clone(), options);
        let begun = Instant::now();
        while trace.messages() < 2 && trace.step().await? && begun.elapsed() < ENOUGH {}
        let reached = trace.reached_back().unwrap_or(number.saturating_sub(1));
        let before = |above: GlobalPosition| NearCause::NotWithin(number.saturating_sub(1).abs_diff(above.max(0)));
        Ok(match (trace.tree().first(), trace.top()) {
            (Some(root), _) if !root.is_start => NearCause::Present(Box::new(root.message.head.clone())),
            (_, Top::Missing { searched: None, .. }) => NearCause::Missing,
            (_, Top::Missing { searched: Some((above, _)), .. }) => before(*above),
            _ => before(reached),
        })
    }

    async fn direct_effects(&self, start: &Traced, links: &Links) -> Result<Tally> {
        let newest = self.newest(&Scope::Namespace).await?;
        let from = start.head.global_position;
        let end = from.saturating_add(DEFAULT_EXTENT).min(newest);
        let names = links.names_of(start);
        let keys = Keys::new(self, links, 5);
        let sql = include_str!("../../../sql/query/trace_direct_effects.sql");
        let sql = self.query(sql, &[("cause", &keys.cause)]);
        let session = self.session().await?;
        let (mut next, mut window) = (from, WINDOWS.0);
        let mut found: Vec<Traced> = Vec::new();
        let begun = Instant::now();
        while next < end && found.len() <= EFFECTS && begun.elapsed() < ENOUGH {
            let to = next.saturating_add(window).min(end);
            let room = i64::try_from(EFFECTS + 1 - found.len()).unwrap_or(i64::MAX);
            let mut parameters: Vec<Parameter<'_>> =
                vec![(&next, Type::INT8), (&to, Type::INT8), (&names, Type::TEXT_ARRAY), (&room, Type::INT8)];
            parameters.extend(keys.paths.iter().map(|path| -> Parameter<'_> { (path, Type::TEXT_ARRAY) }));
            for row in session.query(&sql, &parameters).await? {
                found.push(Traced::of(&row)?);
            }
            next = to;
            window = window.saturating_mul(5).min(WINDOWS.1);
        }
        let more = found.len() > EFFECTS;
        Ok(tally(found, EFFECTS, more || next < newest, from.abs_diff(next)))
    }

    async fn near_workflow(&self, start: &Traced, workflow: Workflow) -> Result<Tally> {
        let mut search = self.correlated(start, workflow, Extent::Positions(DEFAULT_EXTENT), MESSAGES).await?;
        let mut found: Vec<Traced> = Vec::new();
        let begun = Instant::now();
        while begun.elapsed() < ENOUGH
            && let Some(step) = search.step().await?
        {
            found.extend(step);
        }
        let at_least = !search.is_complete() || search.is_truncated();
        let number = start.head.global_position;
        // A search that ran out of time may not have come as far as the message itself.
        if !found.iter().any(|traced| traced.head.global_position == number) && !search.is_truncated() {
            found.push(start.clone());
        }
        let (above, up_to): (GlobalPosition, GlobalPosition) = search.searched();
        let within = number.abs_diff(above).saturating_sub(1).max(up_to.saturating_sub(number).max(0).unsigned_abs());
        Ok(tally(found, MESSAGES, at_least, within))
    }
}

fn tally(found: Vec<Traced>, most: usize, at_least: bool, within: u64) -> Tally {
    let messages = found.len().min(most);
    let only = (messages == 1).then(|| found.into_iter().next()).flatten().map(|traced| Box::new(traced.head));
    Tally { messages, only, at_least, within }
}
