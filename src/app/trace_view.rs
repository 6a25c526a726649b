//! A trace as the screen shows it: what the store has found so far, as plain values. Nothing here asks the store.

use jiff::SignedDuration;

use crate::message::{GlobalPosition, MessageHead};
use crate::store::trace::{Branch, Correlated, Links, Top, Trace, Traced, causes};
use crate::trace_text;

/// A message of the trace.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TraceRow {
    pub head: MessageHead,
    pub depth: usize,
    /// The global position of its cause, and the time since.
    pub cause: Option<(GlobalPosition, Option<SignedDuration>)>,
    pub link: Option<String>,
    /// The trace began with it.
    pub is_start: bool,
}

/// What a trace has found so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TraceView {
    /// In the order of the tree.
    pub rows: Vec<TraceRow>,
    /// The absent cause of the first row.
    pub missing: Option<String>,
    /// How far the search has come, and what it met.
    pub report: Vec<String>,
    pub done: bool,
}

impl TraceView {
    /// Returns what a trace has found, and whether it is done.
    #[must_use]
    pub(crate) fn of(trace: &Trace, done: bool) -> Self {
        let row = |branch: Branch<'_>| TraceRow {
            head: branch.message.head.clone(),
            depth: branch.depth,
            cause: branch.cause.map(|cause| (cause.head.global_position, trace_text::delay(cause, branch.message))),
            link: branch.link.map(str::to_owned),
            is_start: branch.is_start,
        };
        let missing = match trace.top() {
            Top::Missing { cause, .. } => Some(cause.reference.to_string()),
            _ => None,
        };
        let report = trace_text::lines(trace, (true, true), &continued());
        Self { rows: trace.tree().into_iter().map(row).collect(), missing, report, done }
    }

    /// Returns the messages of a workflow that were found around a message, with their causes among them.
    #[must_use]
    pub(crate) fn of_workflow(
        search: &Correlated,
        found: &[Traced],
        links: &Links,
        start: GlobalPosition,
        done: bool,
    ) -> Self {
        let row = |(message, cause): (&Traced, Option<usize>)| TraceRow {
            head: message.head.clone(),
            depth: 0,
            cause: cause
                .map(|cause| &found[cause])
                .map(|cause| (cause.head.global_position, trace_text::delay(cause, message))),
            link: Some(search.workflow().link.clone()),
            is_start: message.head.global_position == start,
        };
        let rows = found.iter().zip(causes(found, links)).map(row).collect();
        Self { rows, missing: None, report: vec![trace_text::workflow_line(search, &continued())], done }
    }
}

fn continued() -> trace_text::Continued {
    trace_text::Continued { further: "the rest was not searched".to_owned(), more: "use the trace command".to_owned() }
}
