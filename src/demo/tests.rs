//! The sample data as messages, and the demo that keeps writing.

#[cfg(feature = "embedded")]
use futures_util::StreamExt as _;
use jiff::SignedDuration;
use serde_json::Value;

use super::*;
use crate::store::import::{ImportedMessage, Placement};
#[cfg(feature = "embedded")]
use crate::{
    message::Category,
    store::consumers::Consumer,
    store::{Options, embedded::Embedded, read::CategoryOptions},
};

fn position_of(message: &ImportedMessage) -> i64 {
    match message.placement {
        Placement::Kept { position, .. } => position,
        Placement::Next { .. } => panic!("the plan sets positions"),
    }
}

fn time_of(message: &ImportedMessage) -> Timestamp {
    match message.placement {
        Placement::Kept { time, .. } => time,
        Placement::Next { .. } => panic!("the plan sets times"),
    }
}

#[test]
fn the_sample_data_is_a_few_thousand_messages_that_end_now() {
    let scenario = Scenario::load();
    let now: Timestamp = "2026-01-15T12:00:00Z".parse().expect("a time");
    let shop = shop(&scenario).messages(now);
    let all = shop.len() + bank(&scenario).messages(now).len() + odds(&scenario).messages(now).len();
    assert!((2_500..4_000).contains(&all), "{all}");
    assert!(shop.is_sorted_by_key(time_of));
    assert!(shop.iter().all(|message| time_of(message) < now));
}

#[test]
fn causation_metadata_names_the_position_of_the_cause() {
    let now: Timestamp = "2026-01-15T12:00:00Z".parse().expect("a time");
    let messages = shop(&Scenario::load()).messages(now);
    let mut seen = 0;
    for message in &messages {
        let Some(metadata) = &message.metadata else { continue };
        let metadata: Value = serde_json::from_str(metadata).expect("JSON");
        let Some(global) = metadata["causationMessageGlobalPosition"].as_u64() else { continue };
        let cause = &messages[usize::try_from(global).expect("small") - 1];
        assert_eq!(metadata["causationMessageStreamName"], cause.stream.as_str());
        assert_eq!(metadata["causationMessagePosition"].as_i64(), Some(position_of(cause)));
        assert!(time_of(cause) <= time_of(message));
        seen += 1;
    }
    assert!(seen > 1_000, "{seen}");
}

#[test]
fn the_shop_tells_stories_in_several_conventions() {
    use crate::store::trace::{Links, Reference};
    let now: Timestamp = "2026-01-15T12:00:00Z".parse().expect("a time");
    let messages = shop(&Scenario::load()).messages(now);
    let named = |stream: &str| {
        let causes = messages.iter().filter(|message| message.stream.as_str().starts_with(stream));
        causes.filter_map(|message| Links::default().cause(message.metadata.as_deref()?)).collect::<Vec<_>>()
    };
    let protean = named("shop::");
    assert_eq!(protean.len(), 4);
    let first = Reference::Metadata("$.headers.id".parse().expect("a path"), "shop::basket:command-5c0ffee5-0".into());
    assert!(protean.iter().all(|cause| cause.link == "protean") && protean[0].reference == first);
    let charges = named("payment:command-2e7a1ed0");
    assert_eq!(charges.len(), 3);
    assert_eq!(charges[0], charges[1], "the retry names the same cause");
}

#[test]
fn data_and_metadata_are_valid_json() {
    let scenario = Scenario::load();
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1_000_000);
    for message in odds(&scenario).messages(now).iter().chain(&shop(&scenario).messages(now)) {
        for text in [&message.data, &message.metadata].into_iter().flatten() {
            serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }
}

#[cfg(feature = "embedded")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_has_three_namespaces_and_keeps_writing_to_the_shop() {
    let embedded = Embedded::temporary().await.expect("an embedded store");
    let store = Store::new(embedded.settings(), Options::default());
    fill(&store).await.expect("filled");
    let ids: Vec<_> = store.namespaces().await.expect("the namespaces").into_iter().map(|info| info.id).collect();
    assert_eq!(ids, ["bank", "odds", "shop"]);
    let shop = store.namespace(SHOP).await.expect("the shop");
    let consumers = async || shop.consumers(None, &[]).await.expect("the consumers");
    let of = |all: &[Consumer], name: &str| {
        let found = all.iter().find(|consumer| consumer.name == name).expect(name);
        (found.position, found.state.name())
    };
    let first = consumers().await;
    let states = ["current", "within interval", "behind", "stuck", "ahead"];
    let streams = consumers::ALL.map(|stream| of(&first, stream).1);
    assert_eq!(streams, states);
    let before = last_global_position(&shop).await;
    assert!(before > 2_000, "{before}");
    let generator = tokio::spawn(generate(shop.clone()));
    let more = async {
        while last_global_position(&shop).await == before {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), more).await.expect("the generator writes messages");
    // The consumers that read move, and keep their states.
    let moving = async {
        loop {
            let now = consumers().await;
            let moved = |stream: &&str| of(&now, stream).0 > of(&first, stream).0;
            if [consumers::CURRENT.0, consumers::BEHIND.0].iter().all(moved) {
                break now;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let now = tokio::time::timeout(Duration::from_mins(1), moving).await.expect("consumers move");
    // Just after a message, the current one may not have recorded its position yet.
    let states = consumers::ALL.map(|stream| of(&now, stream).1);
    assert!(["current", "within interval"].contains(&states[0]), "{states:?}");
    assert_eq!(states[1..], ["within interval", "behind", "stuck", "ahead"]);
    generator.abort();
}

/// Returns the global position of the last command to an order.
#[cfg(feature = "embedded")]
async fn last_global_position(namespace: &Namespace) -> i64 {
    let category = Category::new("order:command").expect("a category");
    let all = CategoryOptions::default();
    let mut messages = namespace.category_messages(&category, 1, -1, &all).await.expect("a stream");
    let mut last = 0;
    while let Some(message) = messages.next().await {
        last = message.expect("a message").global_position;
    }
    last
}
