//! Tests of what `bench` does on every kind of store, but not of its speed.

use crate::support::place::{Place, in_each_place};

in_each_place!(
    writes_to_a_new_category,
    counts_each_followed_message_once,
    measures_each_kind_of_read_and_writes_nothing,
    benchmarks_that_write_need_confirmation,
);

fn values(output: &str) -> Vec<serde_json::Value> {
    output.lines().map(|line| serde_json::from_str(line).expect("every line is a JSON value")).collect()
}

fn messages(place: &Place) -> usize {
    let categories = values(&place.run(&["categories"]).done());
    let of = |value: &serde_json::Value| {
        let category = value["category"].as_str().expect("a name");
        place.run(&["get", category, "--batch-size", "-1"]).done().lines().count()
    };
    categories.iter().map(of).sum()
}

fn writes_to_a_new_category(place: &Place) {
    place.run(&["write", "account-1", "Opened"]).done();
    let told = values(&place.run(&["bench", "write", "--seconds", "1", "--connections", "2", "--yes"]).done());
    let count = told[0]["count"].as_u64().expect("a count");
    let connections = if place.database.is_some() { "2 connections" } else { "1 connection" };
    assert!(told[0]["what"].as_str().is_some_and(|what| what.contains(&format!("{connections},"))), "{told:?}");
    assert!(
        count > 0 && told[0]["perSecond"].as_f64() > Some(0.0) && told[0]["p99Ms"].as_f64() > Some(0.0),
        "{told:?}"
    );
    assert_eq!(messages(place) as u64, count + 1);
    assert_eq!(place.run(&["get", "account"]).done().lines().count(), 1);
    let categories = place.run(&["categories"]).done();
    assert_eq!(categories.matches("\"streamscopeBench").count(), 1, "{categories}");
}

fn counts_each_followed_message_once(place: &Place) {
    let told = values(&place.run(&["bench", "tail", "--rate", "20", "--seconds", "1", "--yes"]).done());
    assert_eq!(told[0]["count"], 20);
    assert_eq!(messages(place), 20);
}

fn measures_each_kind_of_read_and_writes_nothing(place: &Place) {
    let told = place.run(&["bench", "read", "--read-only"]).failed(4);
    assert!(told.contains("no messages to read"), "{told}");
    let told = place.run(&["bench", "read", "--category", "nope"]).failed(4);
    assert!(told.contains("category nope has no messages"), "{told}");
    for number in 0..3 {
        place.run(&["write", &format!("account-{number}"), "Opened"]).done();
    }
    let told = values(&place.run(&["bench", "read", "--seconds", "1", "--read-only"]).done());
    let what: Vec<_> = told.iter().map(|value| value["what"].as_str().expect("a text")).collect();
    assert_eq!(
        what,
        ["lists of categories", "pages of 100 streams of account", "reads of up to 1,000 messages of account"]
    );
    assert!(told.iter().all(|value| value["count"].as_u64() > Some(0)), "{told:?}");
    assert_eq!(messages(place), 3);
}

fn benchmarks_that_write_need_confirmation(place: &Place) {
    for what in ["write", "tail"] {
        let told = place.run(&["bench", what, "--seconds", "1"]).failed(2);
        assert!(told.contains("cannot be deleted afterwards") && told.contains("--yes"), "{told}");
        place.run(&["bench", what, "--seconds", "1", "--yes", "--read-only"]).failed(7);
    }
    assert_eq!(messages(place), 0);
}
