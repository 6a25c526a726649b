//! Tests of reading, following, exporting and counting from the command line, on each kind of store.

#[cfg(target_os = "linux")]
mod blocked;
mod consumers;
mod counting;
mod exec;
mod exporting;
mod following;
mod foreign;
mod getting;
mod manual;
mod restored;
mod states;
mod tracing;
mod unreadable;

use serde_json::Value;
use tokio_postgres::Client;

use crate::support::place::Place;
use crate::support::server::Database;

/// Imports messages with five types, in ten streams of two categories.
fn fill(place: &Place, messages: usize) {
    let line = |n: usize| {
        let category = ["account", "order"][n % 2];
        format!(
            "{{\"stream\":\"{category}-{}\",\"type\":\"T{}\",\"data\":{{\"n\":{n},\"exact\":1.10}}}}\n",
            n % 10,
            n % 5
        )
    };
    let told = place.run_with_input(&["import", "-"], &(0..messages).map(line).collect::<String>());
    assert_eq!(told.status, 0, "{told:?}");
}

/// Returns a connection whose open transaction blocks following and exports until it is rolled back.
async fn blocking_transaction(place: &Place, database: &Database) -> Client {
    let schema = lines(&place.run(&["ns", "list"]).done())[0]["schema"].as_str().unwrap().to_owned();
    let client = database.client().await;
    let lock = format!("begin; lock table \"{schema}\".messages in row exclusive mode");
    client.batch_execute(&lock).await.unwrap();
    client
}

fn lines(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn positions(lines: &[Value]) -> Vec<i64> {
    lines.iter().map(|line| line["gpos"].as_i64().unwrap()).collect()
}

/// Returns the first number after a text.
fn number_after(told: &str, word: &str) -> i64 {
    let rest = told.split_once(word).unwrap_or_else(|| panic!("no {word:?} in {told:?}")).1;
    rest.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty()).unwrap().parse().unwrap()
}
