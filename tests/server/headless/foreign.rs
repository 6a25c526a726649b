//! Tests with foreign clients from the Python package index. `message-db-py` writes while `tail` reads, and it reads
//! our messages. Its writes always use the schema `message_store`, so it can only read namespaces in other schemas.
//! Protean reads a category and records its position.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{lines, positions};
use crate::support::place::Place;
use crate::support::server::variable;
use crate::support::stores::Kind;

/// Runs a Python script with a client `db` of the store. Returns its output.
fn python(place: &Place, schema: &str, script: &str) -> String {
    let url = place.url();
    let opening = format!(
        "import json, sys\nfrom message_db.client import MessageDB\n\
         db = MessageDB.from_url(sys.argv[1], options='-csearch_path={schema},pg_temp')\n"
    );
    let output = Command::new(variable("STREAMSCOPE_TEST_PYTHON"))
        .args(["-c", &(opening + script), &url])
        .stdin(Stdio::null())
        .output()
        .expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_messages_written_by_another_client() {
    let place = Place::new(Kind::MessageDb).await;
    let mut child = place
        .user
        .command()
        .args(place.arguments(&["tail", "account", "--limit", "60"]))
        .args(["--from", "start"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let script = "for n in range(20):
    for stream in range(3):
        db.write(f'account-{stream}', 'Deposited', {'n': n, 'text': 'Ünï\\u202e'}, {'by': 'python'}, n - 1)
db.write('order-1', 'Placed', {})
try:
    db.write('account-1', 'Deposited', {}, expected_version=3)
except ValueError as error:
    print(error)
";
    let told = python(&place, "message_store", script);
    assert!(told.contains("Wrong expected version: 3 (Stream: account-1, Stream Version: 19)"), "{told}");
    let given: Vec<String> = BufReader::new(child.stdout.take().expect("a pipe")).lines().map(Result::unwrap).collect();
    assert!(child.wait().expect("it ends").success());
    let given = lines(&given.join("\n"));
    assert_eq!(positions(&given), (1..=60).collect::<Vec<_>>());
    for (index, line) in given.iter().enumerate() {
        assert_eq!(line["stream"], format!("account-{}", index % 3));
        assert_eq!((&line["pos"], &line["data"]["n"]), (&Value::from(index / 3), &Value::from(index / 3)));
        assert_eq!((&line["data"]["text"], &line["meta"]["by"]), (&"Ünï\u{202e}".into(), &"python".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_client_reads_our_messages() {
    // The functions of EventoDB return jsonb, which this client does not support.
    for (kind, schema) in [(Kind::MessageDb, "message_store"), (Kind::OursOnPostgres, "eventodb_test")] {
        let place = Place::new(kind).await;
        for n in 0..12 {
            let (stream, data) = (format!("account-{}", n % 4), format!("{{\"n\": {n}}}"));
            place.run(&["write", &stream, "Opened", "--data", &data, "--metadata", r#"{"by": "us"}"#]).done();
        }
        let script = "show = lambda m: print(json.dumps([m['stream_name'], m['position'], m['data'], m['metadata']]))
for m in db.read_stream('account-1'): show(m)
for m in db.read_category('account', position=5, no_of_messages=2): show(m)
show(db.read_last_message('account-2'))
print(sum(len(db.read_category('account', consumer_group_member=m, consumer_group_size=3)) for m in range(3)))
";
        let told = python(&place, schema, script);
        let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        let message = |n: u64| serde_json::json!([format!("account-{}", n % 4), n / 4, {"n": n}, {"by": "us"}]);
        let expected = [message(1), message(5), message(9), message(4), message(5), message(10), Value::from(12)];
        assert_eq!(told, expected, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_fixed_schema_writes_to_our_namespace_in_that_schema() {
    let place = Place::new(Kind::OursOnPostgres).await;
    place.run(&["ns", "create", "shop", "--schema", "message_store"]).done();
    let script = "print(db.write('account-1', 'Opened', {'n': 0}, {'by': 'python'}))
print(db.write('account-1', 'Closed', {'n': 1}, expected_version=0))
try:
    db.write('account-1', 'Closed', {}, expected_version=0)
except ValueError as error:
    print(error)
print([m['type'] for m in db.read_category('account')])
";
    let told = python(&place, "message_store", script);
    let conflict = "Wrong expected version: 0 (Stream: account-1, Stream Version: 1)";
    assert!(told.contains(conflict) && told.ends_with("['Opened', 'Closed']\n"), "{told}");
    let given = lines(&place.run(&["-n", "shop", "get", "account-1"]).done());
    assert_eq!((given.len(), &given[0]["meta"]["by"]), (2, &"python".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_position_of_a_protean_consumer_is_found() {
    let place = Place::new(Kind::MessageDb).await;
    let output = Command::new(variable("STREAMSCOPE_TEST_PROTEAN"))
        .args(["-W", "ignore", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/protean_orders.py"), &place.url()])
        .current_dir(place.user.home())
        .stdin(Stdio::null())
        .output()
        .expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let consumers = lines(&place.run(&["consumers"]).done());
    assert_eq!(consumers.len(), 1, "{consumers:?}");
    let orders = lines(&place.run(&["get", "shop::order", "--limit", "-1"]).done());
    let is = |key: &str, value: Value| assert_eq!(consumers[0][key], value, "{consumers:?}");
    is("consumer", "__main__.Mailer".into());
    is("category", "shop::order".into());
    is("convention", "protean".into());
    is("position", orders[24]["gpos"].clone());
    is("head", orders[36]["gpos"].clone());
    is("behind", 12.into());
    is("state", "behind".into());
}
