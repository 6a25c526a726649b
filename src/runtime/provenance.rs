//! Answers the questions about the links of a message. A trace continues from step to step, so the one under way is
//! kept.

use std::time::{Duration, Instant};

use crate::app::request::{TraceStep, Traces};
use crate::app::trace_view::TraceView;
use crate::config::Config;
use crate::message::GlobalPosition;
use crate::store::trace::{
    Correlated, DEFAULT_MESSAGES, Extent, Links, Reference, Relations, Trace, TraceOptions, Traced,
};
use crate::store::{Namespace, Result, StoreError};

/// How long a trace is continued before what it has found is shown.
const MOMENT: Duration = Duration::from_millis(50);

/// The trace under way, if there is one.
#[derive(Default)]
pub(super) struct Tracing(tokio::sync::Mutex<Option<Search>>);

/// A search that continues from step to step.
enum Search {
    Trace(Box<Trace>),
    /// A workflow, with its messages so far in order of global position.
    Workflow(Box<Correlated>, Vec<Traced>, Links),
}

impl Tracing {
    /// Takes steps of a trace for a moment, and returns all that it has found.
    pub(super) async fn step(
        &self,
        namespace: &Namespace,
        global_position: GlobalPosition,
        of: &Traces,
        extent: i64,
        step: TraceStep,
    ) -> Result<TraceView> {
        let mut kept = self.0.lock().await;
        let mut search = match kept.take().filter(|_| step != TraceStep::First) {
            Some(search) => search,
            None => begin(namespace, global_position, of, Extent::Positions(extent)).await?,
        };
        let view = search.go_on(global_position, step == TraceStep::Extend).await;
        *kept = Some(search);
        view
    }
}

async fn begin(namespace: &Namespace, global_position: GlobalPosition, of: &Traces, extent: Extent) -> Result<Search> {
    let gone = || StoreError::Invalid { field: "message", reason: "it no longer exists".to_owned() };
    let start = namespace.traced(&Reference::GlobalPosition(global_position)).await?.ok_or_else(gone)?;
    let links = links();
    Ok(match of {
        Traces::CausesAndEffects => {
            Search::Trace(Box::new(namespace.trace(start, TraceOptions { links, extent, ..TraceOptions::default() })))
        }
        Traces::Workflow(workflow) => {
            let search = namespace.correlated(&start, workflow.clone(), extent, DEFAULT_MESSAGES).await?;
            Search::Workflow(Box::new(search), Vec::new(), links)
        }
    })
}

impl Search {
    async fn go_on(&mut self, start: GlobalPosition, extends: bool) -> Result<TraceView> {
        let begun = Instant::now();
        let mut goes_on = true;
        match self {
            Self::Trace(trace) => {
                if extends {
                    trace.extend();
                }
                while goes_on && begun.elapsed() < MOMENT {
                    goes_on = trace.step().await?;
                }
                Ok(TraceView::of(trace, !goes_on))
            }
            Self::Workflow(search, found, links) => {
                if extends {
                    search.extend().await?;
                }
                while goes_on && begun.elapsed() < MOMENT {
                    match search.step().await? {
                        Some(messages) => found.extend(messages),
                        None => goes_on = false,
                    }
                }
                // An extended search reads its last positions again.
                found.sort_by_key(|traced| traced.head.global_position);
                found.dedup_by_key(|traced| traced.head.global_position);
                Ok(TraceView::of_workflow(search, found, links, start, !goes_on))
            }
        }
    }
}

/// Returns what is near a message. `None` if it no longer exists.
pub(super) async fn relations(namespace: &Namespace, global_position: GlobalPosition) -> Result<Option<Relations>> {
    match namespace.traced(&Reference::GlobalPosition(global_position)).await? {
        Some(start) => Ok(Some(namespace.relations(&start, &links()).await?)),
        None => Ok(None),
    }
}

/// Returns the conventions of the configuration. A mistake in it was reported at the start.
fn links() -> Links {
    Links::with_rules(Config::load().map(|config| config.link_rules()).unwrap_or_default())
}
