//! Compares the check of numbers before a write with the server's own, including the limits of `numeric`.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use streamscope::message::NewMessage;
use streamscope::store::StoreError;

use super::Pair;
use crate::store::messages::new;

#[tokio::test(flavor = "multi_thread")]
async fn rejects_exactly_the_numbers_that_the_server_rejects() {
    let pair = Pair::new().await;
    let ends = [
        "0e131072",
        "0e1073741822",
        "0e1073741824",
        "0e-16383",
        "0e-16384",
        "0e99999999999",
        "0.00001e131075",
        "12345e131071",
        "1.5e-16383",
        "1e131071",
        "1e131072",
        "1e-16383",
        "1e-16384",
        "10e-16384",
        "-0e5",
        "-1e131072",
        "1e-99999999999",
        "1e-9223372036854775808",
        "0.1e-9223372036854775808",
    ];
    let mut numbers: Vec<String> = ends.into_iter().map(str::to_owned).collect();
    numbers.extend(["9".repeat(131_072), "9".repeat(131_073)]);
    numbers.extend([format!("0.{}", "9".repeat(16_383)), format!("0.{}", "9".repeat(16_384))]);
    let mut runner = TestRunner::default();
    let near =
        "-?(0|[1-9][0-9]{0,6})([.][0-9]{1,6})?[eE][+]?1310[67][0-9]|-?(0|[1-9][0-9]{0,3})([.][0-9]{1,4})?e-1638[0-9]";
    let near = proptest::string::string_regex(near).expect("a pattern");
    for _ in 0..200 {
        numbers.push(near.new_tree(&mut runner).expect("a number").current());
    }
    for number in numbers {
        let taken = pair.ours.1.query_one("select $1::text::jsonb is not null", &[&number]).await.is_ok();
        let ours =
            pair.ours.0.namespace.write(&NewMessage { data: number.clone(), ..new("account-1", "Counted") }).await;
        assert_eq!(ours.is_ok(), taken, "{number:.40}: {ours:?}");
        assert!(matches!(ours, Ok(_) | Err(StoreError::Invalid { field: "data", .. })), "{number:.40}: {ours:?}");
    }
}
