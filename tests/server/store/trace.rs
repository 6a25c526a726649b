//! Traces of random workflows whose truth is known, in every convention, with absent causes, cycles, causes that come later and
//! unrelated messages. The truth is computed from the links as they were made, not from metadata.

mod workflows;

use std::collections::{BTreeMap, BTreeSet};

use streamscope::store::trace::{Extent, LinkRule, Links, Reference, Top, Trace, TraceOptions};

use crate::support::for_each_route;
use crate::support::stores::TestStore;
use workflows::{Made, Workflows};

for_each_route! {
    traces_of_random_workflows_equal_the_truth,
    a_workflow_is_found_by_its_correlation_value,
}

/// The links of a trace: each message with its cause, by their numbers.
type Tree = BTreeMap<usize, Option<usize>>;

fn options(extent: i64) -> TraceOptions {
    let rule = LinkRule {
        name: "ours".to_owned(),
        cause: Some("$.ours.parent".parse().unwrap()),
        to: "stream@position".parse().unwrap(),
        workflow: Some("$.ours.flow".parse().unwrap()),
    };
    TraceOptions {
        links: Links::with_rules(vec![rule]),
        extent: Extent::Positions(extent),
        messages: 20_000,
        ..TraceOptions::default()
    }
}

async fn traced(store: &TestStore, made: &Made, options: TraceOptions) -> Trace {
    let start = store.namespace.traced(&Reference::Id(made.id)).await.unwrap().expect("a stored message");
    let mut trace = store.namespace.trace(start, options);
    while trace.step().await.unwrap() {}
    trace
}

fn tree(trace: &Trace, workflows: &Workflows) -> Tree {
    let number = |id| workflows.number(id);
    trace
        .tree()
        .into_iter()
        .map(|branch| (number(branch.message.head.id), branch.cause.map(|cause| number(cause.head.id))))
        .collect()
}

/// Runs traces of many messages and compares each with the truth.
async fn compare(store: &TestStore, workflows: &Workflows, indexed: bool) {
    let mut largest = 0;
    for (number, made) in workflows.made.iter().enumerate().step_by(7) {
        for extent in [25, 100_000] {
            let trace = traced(store, made, options(extent)).await;
            let truth = workflows.truth(number, extent, indexed);
            let case = format!("message {number}, extent {extent}, indexed {indexed}");
            assert_eq!(tree(&trace, workflows), truth.tree, "{case}");
            let top = match trace.top() {
                Top::Root => "root",
                Top::Missing { .. } => "missing",
                Top::Cycle(_) => "cycle",
                other => panic!("{case}: {other:?}"),
            };
            assert_eq!(top, truth.top, "{case}");
            assert!(!trace.is_truncated());
            largest = largest.max(truth.tree.len());
        }
    }
    assert!(largest > 20, "the workflows have up to {largest} messages");
}

async fn traces_of_random_workflows_equal_the_truth(store: &TestStore) {
    let workflows = Workflows::generate(400, 11);
    workflows.write(&store.namespace).await;
    compare(store, &workflows, false).await;
    let Some(client) = store.client().await else { return };
    for expression in [
        "metadata ->> 'causationMessageGlobalPosition'",
        "(metadata #>> '{domain,causation_id}')",
        "(metadata -> 'headers' ->> 'id')",
        "((metadata ->> '$causationId')::uuid)",
        "(metadata -> 'ours' ->> 'parent')",
    ] {
        let sql = format!("create index on \"{}\".messages (({expression}))", store.schema);
        client.batch_execute(&sql).await.unwrap();
    }
    compare(store, &workflows, true).await;
}

async fn a_workflow_is_found_by_its_correlation_value(store: &TestStore) {
    let workflows = Workflows::generate(400, 23);
    workflows.write(&store.namespace).await;
    let mut seen = BTreeSet::new();
    for made in &workflows.made {
        let start = store.namespace.traced(&Reference::Id(made.id)).await.unwrap().expect("a stored message");
        let metadata = start.metadata.clone().unwrap_or_default();
        let Some(workflow) = options(1).links.workflows(&metadata).into_iter().next() else { continue };
        if !seen.insert((workflow.path.to_string(), workflow.value.clone())) {
            continue;
        }
        let truth: Vec<usize> = workflows.sharing(&workflow.path.to_string(), &workflow.value);
        let mut search = store.namespace.correlated(&start, workflow, Extent::Positions(100_000), 1_000).await.unwrap();
        let mut found = Vec::new();
        while let Some(step) = search.step().await.unwrap() {
            found.extend(step.into_iter().map(|traced| workflows.number(traced.head.id)));
        }
        assert_eq!(found, truth, "{metadata}");
        assert!(search.is_complete() && !search.is_truncated());
    }
    assert!(seen.len() > 10, "{} workflows", seen.len());
}

/// Every statement of a trace, from a global position or from the newest message, for tests of all reads.
pub(super) async fn every_search(namespace: &streamscope::store::Namespace, global_position: i64) {
    let newest = namespace.newest(&streamscope::store::browse::Scope::Namespace).await.unwrap();
    let start = match namespace.traced(&Reference::GlobalPosition(global_position)).await.unwrap() {
        Some(start) => start,
        None => namespace.traced(&Reference::GlobalPosition(newest)).await.unwrap().expect("a stored message"),
    };
    let mut trace = namespace.trace(start.clone(), TraceOptions::default());
    // One window. The whole extent would read more messages than the test allows.
    for _ in 0..3 {
        trace.step().await.unwrap();
    }
    let metadata = "{\"correlationStreamName\": \"order-1\"}";
    let workflow = Links::default().workflows(metadata).into_iter().next().expect("a correlation stream");
    let mut search = namespace.correlated(&start, workflow, Extent::Positions(1_000), 100).await.unwrap();
    while search.step().await.unwrap().is_some() {}
    let absent = Reference::Metadata("$.headers.id".parse().unwrap(), "app::order-1-0".to_owned());
    assert_eq!(namespace.traced(&absent).await.unwrap(), None);
}
