//! Traces of random workflows whose truth is known, in every convention, with absent causes, cycles, causes that come
//! later and unrelated messages. The truth is computed from the links as they were made, not from metadata.

mod workflows;

use std::collections::{BTreeMap, BTreeSet};

use streamscope::store::trace::{Extent, LinkRule, Links, NearCause, Reference, Top, Trace, TraceOptions};

use crate::support::stores::TestStore;
use crate::support::{for_each_route, for_each_store};
use workflows::{Known, Made, Workflows};

for_each_route! {
    traces_of_random_workflows_equal_the_truth,
    a_workflow_is_found_by_its_correlation_value,
    the_surroundings_of_each_message_equal_the_truth,
    a_trace_continues_with_messages_that_are_written_later,
}

for_each_store! {
    trees_of_thousands_of_messages_equal_the_truth,
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
    while trace.step().await.unwrap() {
        assert!(!trace.reached_end(), "it goes on");
    }
    assert_eq!(trace.searched_again(), None);
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
async fn compare(store: &TestStore, workflows: &Workflows, indexed: bool, step: usize, least: usize) {
    let mut largest = 0;
    for (number, made) in workflows.made.iter().enumerate().step_by(step) {
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
    assert!(largest > least, "the workflows have up to {largest} messages");
}

pub(super) async fn traces_of_random_workflows_equal_the_truth(store: &TestStore) {
    let workflows = Workflows::generate(400, 11);
    workflows.write(&store.namespace).await;
    compare(store, &workflows, false, 7, 20).await;
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
    compare(store, &workflows, true, 7, 20).await;
}

async fn trees_of_thousands_of_messages_equal_the_truth(store: &TestStore) {
    let workflows = Workflows::generate_with(10_000, 5, 4);
    for range in (0..10_000).step_by(1_000).map(|first| first..first + 1_000) {
        workflows.write_some(&store.namespace, range).await;
    }
    compare(store, &workflows, false, 1_999, 2_000).await;
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

async fn the_surroundings_of_each_message_equal_the_truth(store: &TestStore) {
    let workflows = Workflows::generate(400, 31);
    workflows.write(&store.namespace).await;
    let links = options(1).links;
    let (mut causes, mut effects) = (0, 0);
    for (number, made) in workflows.made.iter().enumerate() {
        let start = store.namespace.traced(&Reference::Id(made.id)).await.unwrap().expect("a stored message");
        let near = store.namespace.relations(&start, &links).await.unwrap();
        let case = format!("message {number}: {near:?}");
        match workflows.cause_of(number) {
            Known::None => assert_eq!(near.cause, None, "{case}"),
            Known::Absent => {
                assert!(matches!(near.cause, Some(NearCause::Missing | NearCause::NotWithin(_))), "{case}");
            }
            Known::Message(cause) => {
                causes += 1;
                let Some(NearCause::Present(head)) = &near.cause else { panic!("{case}") };
                assert_eq!(workflows.number(head.id), cause, "{case}");
            }
        }
        let truth = workflows.direct_effects(number);
        assert_eq!((near.effects.messages, near.effects.at_least), (truth.len(), false), "{case}");
        if let [only] = truth[..] {
            assert_eq!(workflows.number(near.effects.only.as_ref().expect("the effect").id), only, "{case}");
        }
        effects += truth.len();
        let workflow = links.workflows(start.metadata.as_deref().unwrap_or_default()).into_iter().next();
        let shared = workflow.map(|workflow| workflows.sharing(&workflow.path.to_string(), &workflow.value).len());
        assert_eq!(near.workflow.map(|tally| (tally.messages, tally.at_least)), shared.map(|shared| (shared, false)));
    }
    assert!(causes > 100 && effects > 100, "{causes} causes, {effects} effects");
}

async fn a_trace_continues_with_messages_that_are_written_later(store: &TestStore) {
    let workflows = Workflows::generate(400, 47);
    workflows.write_some(&store.namespace, 0..200).await;
    let mut traces = Vec::new();
    for number in (0..200).step_by(2) {
        traces.push((number, traced(store, &workflows.made[number], options(100_000)).await));
    }
    workflows.write_some(&store.namespace, 200..400).await;
    let mut longer = 0;
    for (number, mut trace) in traces {
        let before = trace.messages();
        let root = workflows.number(trace.tree()[0].message.head.id);
        trace.extend();
        while trace.step().await.unwrap() {}
        let truth = workflows.truth(number, 100_000, false);
        // A cause that was written later than its effect is not looked for again.
        if truth.tree.get(&root) == Some(&None) {
            assert_eq!(tree(&trace, &workflows), truth.tree, "message {number}");
            longer += usize::from(trace.messages() > before);
        }
        assert_eq!(trace.searched_again().is_some(), trace.messages() > before);
        assert!(trace.reached_end());
    }
    assert!(longer > 5, "{longer} traces became longer");
}

/// Every statement of a trace, from a global position or from the newest message, for tests of all reads.
pub(super) async fn every_search(namespace: &streamscope::store::Namespace, global_position: i64) {
    let newest = namespace.newest(&streamscope::store::browse::Scope::Namespace).await.unwrap();
    let start = match namespace.traced(&Reference::GlobalPosition(global_position)).await.unwrap() {
        Some(start) => start,
        None => namespace.traced(&Reference::GlobalPosition(newest)).await.unwrap().expect("a stored message"),
    };
    let mut trace = namespace.trace(start.clone(), TraceOptions::default());
    // One window of each way. The whole extent would read more messages than the test allows.
    for _ in 0..5 {
        trace.step().await.unwrap();
    }
    let metadata = "{\"correlationStreamName\": \"order-1\"}";
    let workflow = Links::default().workflows(metadata).into_iter().next().expect("a correlation stream");
    let mut search = namespace.correlated(&start, workflow, Extent::Positions(1_000), 100).await.unwrap();
    while search.step().await.unwrap().is_some() {}
    namespace.relations(&start, &Links::default()).await.unwrap();
    let absent = Reference::Metadata("$.headers.id".parse().unwrap(), "app::order-1-0".to_owned());
    assert_eq!(namespace.traced(&absent).await.unwrap(), None);
}
