//! Import files for the tests, and helpers that read a store.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::support::place::Place;

/// Writes a file into the user's home directory and returns its path.
pub(super) fn file(place: &Place, name: &str, content: impl AsRef<[u8]>) -> String {
    let path: PathBuf = place.user.home().join(name);
    std::fs::write(&path, content).unwrap();
    path.to_string_lossy().into_owned()
}

/// Returns the ID of the message with a number.
pub(super) fn id(number: u64) -> String {
    format!("0191b2c3-0000-7000-8000-{number:012x}")
}

/// Returns a line of an export. Everything but stream and position depends on the number alone.
pub(super) fn line(number: u64, stream: &str, position: u64) -> String {
    format!(
        "{{\"id\":\"{}\",\"stream\":\"{stream}\",\"type\":\"T{}\",\"pos\":{position},\"gpos\":{},\
         \"data\":{{\"n\": {number}}},\"meta\":null,\"time\":\"2020-02-29T23:59:59.{:05}1Z\"}}\n",
        id(number),
        number % 3,
        number + 1,
        number % 100_000,
    )
}

/// Returns an export of `count` messages that go to `streams` streams of a category in turn.
pub(super) fn export(category: &str, count: u64, streams: u64) -> String {
    let mut out = String::new();
    for number in 0..count {
        write!(out, "{}", line(number, &format!("{category}-{}", number % streams), number / streams)).unwrap();
    }
    out
}

/// Returns all messages of a category, as the program prints them.
pub(super) fn all(place: &Place, category: &str) -> String {
    place.run(&["get", category, "--batch-size", "-1", "--format", "json"]).done()
}

/// Removes a member before the last from a line.
pub(super) fn without(line: &str, key: &str) -> String {
    let (before, rest) = line.split_once(&format!("\"{key}\":")).unwrap();
    let (_, after) = rest.split_once(',').unwrap();
    format!("{before}{after}")
}

/// Removes the global positions from lines.
pub(super) fn without_global_positions(lines: &str) -> String {
    lines.lines().map(|line| without(line, "gpos") + "\n").collect()
}

/// Returns a pseudorandom number (`SplitMix64`).
pub(super) fn noise(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Compares line by line, so that the message of a failure is short.
#[track_caller]
pub(super) fn assert_same(found: &str, expected: &str) {
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert!(found == expected, "line {}: found {found:.400}, expected {expected:.400}", number + 1);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}

/// Returns the schema of the namespace.
pub(super) fn schema(place: &Place) -> String {
    let listed = place.run(&["ns", "list", "--format", "json"]).done();
    serde_json::from_str::<serde_json::Value>(&listed).unwrap()["schema"].as_str().unwrap().to_owned()
}
