//! Compares the functions on stream names in Rust with those on the server.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use streamscope::message::{cardinal_id, category, hash_64, id, is_category};

use super::Pair;

#[tokio::test(flavor = "multi_thread")]
async fn rust_agrees_with_both_servers_for_any_name() {
    let pair = Pair::new().await;
    let mut runner = TestRunner::default();
    let names = prop_oneof!["[a-c+:-]{0,8}", "\\PC{0,12}", "[\u{1}-\u{10ffff}]{0,6}"];
    for _ in 0..300 {
        let name = names.new_tree(&mut runner).expect("a name").current();
        if name.contains('\0') {
            continue;
        }
        for client in [&pair.official.1, &pair.ours.1] {
            let sql = "select category($1), id($1), cardinal_id($1), is_category($1), hash_64($1)";
            let row = client.query_one(sql, &[&name]).await.expect("the functions");
            assert_eq!(row.get::<_, &str>(0), category(&name), "{name:?}");
            assert_eq!(row.get::<_, Option<&str>>(1), id(&name), "{name:?}");
            assert_eq!(row.get::<_, Option<&str>>(2), cardinal_id(&name), "{name:?}");
            assert_eq!(row.get::<_, bool>(3), is_category(&name), "{name:?}");
            assert_eq!(row.get::<_, i64>(4), hash_64(&name), "{name:?}");
        }
    }
}
