//! Tests of `fold` and `diff`: states with the message that set each value, jq programs next to `jq` itself, programs
//! that exceed their limits, and comparisons.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::lines;
use crate::support::place::{Place, in_each_place};
use crate::support::stores::Kind;

in_each_place!(
    the_state_names_the_message_that_set_each_value,
    a_state_is_computed_up_to_a_point,
    two_points_of_a_stream_or_two_messages_are_compared,
);

const HISTORY: [&str; 5] = [
    r#"{"stream":"account-1","type":"Opened","data":{"owner":{"name":"Ada","city":"Paris"},"balance":0,"limits":[1,2.50]}}"#,
    r#"{"stream":"account-1","type":"Deposited","data":{"balance":12345678901234567890.10}}"#,
    r#"{"stream":"account-1","type":"Touched"}"#,
    r#"{"stream":"account-1","type":"Moved","data":{"owner":{"city":null},"balance":12345678901234567890.10}}"#,
    r#"{"stream":"account-2","type":"Opened","data":{"balance":7}}"#,
];

fn fill(place: &Place) {
    let told = place.run_with_input(&["import", "-"], &format!("{}\n", HISTORY.join("\n")));
    assert_eq!(told.status, 0, "{told:?}");
}

fn the_state_names_the_message_that_set_each_value(place: &Place) {
    fill(place);
    let told = place.run(&["fold", "account-1"]).done();
    let leaves: Vec<(String, i64, String)> = lines(&told)
        .iter()
        .map(|leaf| {
            (
                leaf["path"].as_str().unwrap().into(),
                leaf["pos"].as_i64().unwrap(),
                leaf["type"].as_str().unwrap().into(),
            )
        })
        .collect();
    let leaf = |path: &str, position, message_type: &str| (path.to_owned(), position, message_type.to_owned());
    assert_eq!(
        leaves,
        [leaf("$.owner.name", 0, "Opened"), leaf("$.limits", 0, "Opened"), leaf("$.balance", 3, "Moved")]
    );
    assert!(told.contains(r#""value":12345678901234567890.10,"#) && told.contains("2.50"), "{told}");
    let text = place.run(&["fold", "account-1", "--format", "text"]).done();
    assert!(text.contains("$.balance") && text.contains("12345678901234567890.10") && text.contains("Moved"), "{text}");
    let steps = lines(&place.run(&["fold", "account-1", "--steps"]).done());
    assert_eq!(steps.len(), 4);
    assert_eq!(steps[0]["state"]["owner"], json!({"name": "Ada", "city": "Paris"}));
    assert_eq!(steps[2]["state"], steps[1]["state"]);
    let text = place.run(&["fold", "account-1", "--steps", "--format", "text"]).done();
    assert!(text.contains("- $.owner.city = \"Paris\""), "{text}");
    assert!(place.run(&["fold", "account"]).failed(2).contains("is a category"));
    assert!(place.run(&["fold", "account-9"]).failed(4).contains("account-9"));
    assert!(place.run(&["fold", "account-1", "--init", "{"]).failed(2).contains("--init"));
}

fn a_state_is_computed_up_to_a_point(place: &Place) {
    fill(place);
    let state = |point: &[&str]| {
        let arguments = [&["fold", "account-1", "--state"], point].concat();
        place.run(&arguments).done().trim_end().to_owned()
    };
    let opened = r#"{"owner": {"city": "Paris", "name": "Ada"}, "limits": [1, 2.50], "balance": 0}"#;
    assert_eq!(state(&["--at", "0"]), opened);
    assert_eq!(state(&["--at", "1"]), opened.replace("0}", "12345678901234567890.10}"));
    assert_eq!(state(&["--at", "2999-01-01"]), state(&[]));
    assert_eq!(state(&["--at", "2000-01-01"]), "null");
    let global = lines(&place.run(&["get", "account-1"]).done())[1]["gpos"].to_string();
    assert_eq!(state(&["--at", &format!("global:{global}")]), state(&["--at", "1"]));
    assert_eq!(
        state(&["--from", "1", "--at", "1", "--init", r#"{"x": 1}"#]),
        r#"{"x": 1, "balance": 12345678901234567890.10}"#
    );
}

fn two_points_of_a_stream_or_two_messages_are_compared(place: &Place) {
    fill(place);
    let told = place.run(&["diff", "account-1@0", "account-1@3"]).done();
    let differences = lines(&told);
    let changes: Vec<(&str, &str)> =
        differences.iter().map(|line| (line["path"].as_str().unwrap(), line["change"].as_str().unwrap())).collect();
    assert_eq!(changes, [("$.owner.city", "removed"), ("$.balance", "changed")]);
    assert!(told.contains(r#""before":0,"after":12345678901234567890.10"#), "{told}");
    let text = place.run(&["diff", "account-1@0", "account-1@3", "--format", "text"]).done();
    assert_eq!(text, "- $.owner.city = \"Paris\"\n~ $.balance = 0 → 12345678901234567890.10\n");
    let messages = lines(&place.run(&["diff", "account-1@0", "account-1@3", "--messages"]).done());
    assert!(messages.iter().any(|line| line["path"] == "$.type" && line["after"] == "Moved"), "{messages:?}");
    let streams = lines(&place.run(&["diff", "account-1@1", "account-2@0"]).done());
    assert!(streams.iter().any(|line| line["path"] == "$.data.balance"), "{streams:?}");
    for (other, status) in [("account-1@2", 0), ("account-1@3", 1)] {
        let told = place.run(&["diff", "account-1@1", other, "--exit-code"]);
        assert_eq!((told.status, told.stderr.as_str()), (status, ""), "{other}: {told:?}");
    }
    assert!(place.run(&["diff", "account-1@0", "account-1@9"]).failed(4).contains("no message account-1@9"));
    assert!(place.run(&["diff", "account-1@0", "account"]).failed(2).contains("does not name a message"));
}

/// Columns of the type `json` accept values that `jsonb` refuses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_only_json_columns_accept_are_read_as_they_are() {
    let place = Place::new(Kind::MessageDb).await;
    let plant = r#"alter table message_store.messages alter column data type json;
        insert into message_store.messages (stream_name, type, position, data) values
          ('odd-1', 'A', 0, '{"a": "\u0000", "b": 1}'),
          ('odd-1', 'B', 1, '{"a": "x\u0000", "b": "\udfff", "\ud800": 1e200000}')"#;
    place.database.as_ref().unwrap().client().await.batch_execute(plant).await.unwrap();
    let told = place.run(&["fold", "odd-1", "--state"]).done();
    assert_eq!(told, "{\"a\": \"x\\u0000\", \"b\": \"\\udfff\", \"\\ud800\": 1e200000}\n");
    let told = place.run(&["fold", "odd-1", "--at", "0", "--jq", ".message.data.a"]).done();
    assert_eq!(told, "\"\\u0000\"\n");
    let told = place.run(&["diff", "odd-1@0", "odd-1@1", "--format", "text"]).done();
    assert_eq!(told, "~ $.a = \"\\u0000\" → \"x\\u0000\"\n~ $.b = 1 → \"\\udfff\"\n+ $.\"\\ud800\" = 1e200000\n");
}

/// Programs that return the next state.
const PROGRAMS: [&str; 35] = [
    ".message.data",
    ".state + [.message.type]",
    "(.state // {}) * (.message.data // {})",
    "(.state // {}) | .count += 1",
    ". as {$state, $message} | ($state // {}) | .[$message.type] += 1",
    "if .message.type == \"Opened\" then {open: true} else .state end",
    "(.state // 0) + (.message.data | objects | .n // 0)",
    "[.state[]?, .message.pos] | sort | reverse",
    "{last: .message.type, all: ((.state.all // []) + [.message.pos])}",
    ".message | [.stream, .type, (.pos | tostring)] | join(\"/\")",
    "def f: if . > 3 then . else . + 1 | f end; .message.pos | f",
    "reduce .message.data.items[]? as $i (.state // 0; . + $i)",
    "try (.message.data.n | if . > 2 then error(\"big\") else . end) catch .",
    "[.message.data | .. | numbers] | add",
    ".message.data.name | ascii_downcase | explode | length",
    ".message.data | to_entries | map(select(.key != \"n\")) | from_entries",
    ".message.data | keys",
    ".message.data | [paths(type == \"number\")]",
    ".message.data.items | map(. * 2) | {min: min, max: max, length: length}",
    "[.message.data.items[] | select(. % 2 == 0)] | unique",
    ".message.data | del(.deep) | with_entries(.value |= tostring)",
    "[limit(2; .message.data.items[]?), first(range(5)), last(range(3))]",
    ".message.data | tojson | fromjson | .deep.x[0].y",
    ".message.type as $t | (.state // {}) | .[$t] = ((.[$t] // []) + [$t | test(\"^O\")])",
    ".message.data.name | [match(\"[0-9]+\"; \"g\").string] | join(\",\")",
    "[foreach .message.data.items[] as $i (0; . + $i; [$i, .])]",
    "(.state // []) + [.message.data.items | add] | group_by(. % 3) | flatten",
    ".message.data | getpath([\"deep\", \"x\", 0, \"y\"]) as $y | {$y, has: has(\"name\"), in: ([\"n\"] | inside([\"n\", \"m\"]))}",
    ".message.data.name | @base64 | @base64d | ltrimstr(\"é\") | tonumber",
    "label $out | foreach (1, 2, 3) as $i (0; . + $i; if . > 2 then ., break $out else empty end)",
    "(.state // {a: [1, 2, 3]}) | .a |= map(. + 1) | .a[1:] | {a: .}",
    ".message.pos | if . == 0 then \"zero\" elif . < 3 then \"few\" else \"many\" end",
    "[splits(\"a\")?] | length",
    ".message.stream | split(\"-\") | .[1] | tonumber | floor",
    ".message.data | walk(if type == \"number\" then . + 1 else . end)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::format_collect, reason = "six lines")]
async fn jq_programs_compute_what_jq_computes() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let history: String = (0..6)
        .map(|n| {
            let data = json!({"n": n, "items": [n, n * 2], "name": format!("é{n}"), "deep": {"x": [{"y": n}]}});
            let message_type = ["Opened", "Moved"][n % 2];
            format!("{}\n", json!({"stream": "a-1", "type": message_type, "data": data}))
        })
        .collect();
    assert_eq!(place.run_with_input(&["import", "-"], &history).status, 0);
    let messages = place.run(&["get", "a-1"]).done();
    for program in PROGRAMS {
        let ours = place.run(&["fold", "a-1", "--jq", program]).done();
        let reference = format!("reduce inputs as $message (null; {{state: ., $message}} | {program})");
        let mut jq = Command::new("jq")
            .args(["-n", "-c", &reference])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        jq.stdin.take().unwrap().write_all(messages.as_bytes()).unwrap();
        let theirs = jq.wait_with_output().unwrap();
        assert!(theirs.status.success(), "{program}");
        let value = |text: &str| serde_json::from_str::<Value>(text).expect(text);
        assert_eq!(value(&ours), value(&String::from_utf8(theirs.stdout).unwrap()), "{program}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exact_numbers_survive_a_program_that_does_not_compute_with_them() {
    let place = Place::new(Kind::MessageDb).await;
    fill(&place);
    let state = place.run(&["fold", "account-1", "--jq", ".message.data // .state"]).done();
    assert_eq!(state, "{\"owner\":{\"city\":null},\"balance\":12345678901234567890.10}\n");
    let large = place.run(&["fold", "account-2", "--init", "[12345678901234567890123]", "--jq", ".state"]).done();
    assert_eq!(large, "[12345678901234567890123]\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_name_the_position_and_the_place_in_the_program() {
    let place = Place::new(Kind::OursOnPostgres).await;
    fill(&place);
    let program = |program: &str, status| place.run(&["fold", "account-1", "--jq", program]).failed(status);
    assert!(program(".state |\n  nosuch", 2).contains("line 2, column 3 of the program: no filter named nosuch/0"));
    assert!(program(".state | (", 2).contains("line 1, column 11 of the program: expected closing parenthesis"));
    assert!(program("$x", 2).contains("no variable named $x"));
    assert!(program("", 2).contains("of the program"));
    let told = program(".state |\n  if .message.pos == 2 then .n else {n: {}} end |\n  .n.x.y | tostring | .z", 1);
    assert!(told.contains("at position 0 (Opened): line 3, column 23 of the program: "), "{told}");
    let told = program("if .message.pos == 2 then error(\"no\") else 1 end", 1);
    assert!(told.contains("at position 2 (Touched): no"), "{told}");
    assert!(program("empty", 1).contains("at position 0 (Opened): the program returned no state"));
    assert!(program("1, 2", 1).contains("more than one state"));
    assert!(program("nan", 1).contains("the state is not JSON"));
    assert!(program("import \"a\" as a; 1", 2).contains("modules cannot be imported"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_never_ends_or_uses_too_much_memory_is_stopped() {
    let place = Place::new(Kind::OursOnPostgres).await;
    fill(&place);
    let program = |program: &str| place.run(&["fold", "account-1", "--jq", program]).failed(1);
    let endless = program("if .message.pos == 1 then last(repeat(1)) else 1 end");
    assert!(endless.contains("at position 1 (Deposited): the program took longer than 10 seconds"), "{endless}");
    #[cfg(target_os = "linux")]
    {
        let hungry = program("[range(1e12)]");
        assert!(hungry.contains("at position 0 (Opened): the program "), "{hungry}");
    }
}
