//! Tests of the commands on every kind of store: their output, byte for byte, and their exit status.

use jiff::Timestamp;

use crate::support::place::{Place, in_each_place};
use crate::support::program::User;

const ID: &str = "0191b2c3-0000-7000-8000-000000000001";

in_each_place!(
    prints_written_messages_exactly,
    bodies_keep_their_exact_numbers_and_characters,
    control_characters_in_names_and_types_are_escaped,
    reads_data_from_standard_input,
    omitted_data_is_an_empty_object,
    prints_the_version_as_a_bare_number,
    a_version_conflict_exits_with_3_and_reports_both_versions,
    a_different_message_with_the_same_id_exits_with_1,
    repeating_a_write_with_its_id_succeeds_and_says_so,
    last_can_be_restricted_to_a_type,
    reads_a_stream_from_a_position_in_batches,
    reads_a_category_by_global_position_consumer_group_and_correlation,
    lists_categories_and_streams,
    aligns_text_left_and_numbers_right,
    read_only_exits_with_7_and_writes_nothing,
);

/// Replaces every time in the output, after checking that it is RFC 3339 in UTC.
#[track_caller]
fn timeless(output: &str) -> String {
    let mut out = String::new();
    let mut rest = output;
    while let Some(at) = rest.find("\"time\":\"") {
        let (head, tail) = rest.split_at(at + 8);
        let (time, tail) = tail.split_once('"').expect("a closed string");
        assert!(time.ends_with('Z') && !time.ends_with("0Z") | time.ends_with(":00Z") | !time.contains('.'), "{time}");
        let age = Timestamp::now().duration_since(time.parse().expect("RFC 3339"));
        assert!(age.as_hours().abs() < 24, "{time} is the time of writing, in UTC");
        out.push_str(head);
        out.push_str("TIME\"");
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Parses JSON lines.
fn values(output: &str) -> Vec<serde_json::Value> {
    output.lines().map(|line| serde_json::from_str(line).expect("every line is a JSON value")).collect()
}

/// Returns the value of a key from every line.
fn column(output: &str, key: &str) -> Vec<String> {
    values(output).iter().map(|value| value[key].to_string().trim_matches('"').to_owned()).collect()
}

fn prints_written_messages_exactly(place: &Place) {
    let written = place.run(&["write", "account-1", "Opened", "--data", r#"{"b": 1, "a": [1,2]}"#, "--id", ID]).done();
    let gpos = column(&written, "gpos")[0].clone();
    assert_eq!(written, format!("{{\"id\":\"{ID}\",\"stream\":\"account-1\",\"pos\":0,\"gpos\":{gpos}}}\n"));

    let line = format!(
        "{{\"id\":\"{ID}\",\"stream\":\"account-1\",\"type\":\"Opened\",\"pos\":0,\"gpos\":{gpos},\
         \"data\":{{\"a\": [1, 2], \"b\": 1}},\"meta\":null,\"time\":\"TIME\"}}\n"
    );
    assert_eq!(timeless(&place.run(&["get", "account-1"]).done()), line);
    assert_eq!(timeless(&place.run(&["get", "account"]).done()), line);
    assert_eq!(timeless(&place.run(&["last", "account-1"]).done()), line);
}

fn bodies_keep_their_exact_numbers_and_characters(place: &Place) {
    let data = r#"{"n":12345678901234567890123,"m":1.10,"s":"ä漢🙂\u001b[31m\u0085"}"#;
    let meta = r#"{"correlationStreamName":"order-7","x":-0.00}"#;
    place.run(&["write", "account-1", "Opened", "--data", data, "--metadata", meta]).done();
    let line = place.run(&["get", "account-1"]).done();
    let data = "\"data\":{\"m\": 1.10, \"n\": 12345678901234567890123, \"s\": \"ä漢🙂\\u001b[31m\u{85}\"}";
    assert!(line.contains(data), "{line}");
    let meta = "\"meta\":{\"x\": 0.00, \"correlationStreamName\": \"order-7\"}";
    assert!(line.contains(meta), "{line}");
}

fn control_characters_in_names_and_types_are_escaped(place: &Place) {
    let (stream, message_type) = ("acc\u{1b}]52;c;x\u{7}-1\u{202e}", "Op\u{9b}31m\n\"\\\u{200b}");
    place.run(&["write", stream, message_type]).done();
    let json = place.run(&["get", stream]).done();
    assert_eq!(values(&json)[0]["stream"], stream);
    assert_eq!(values(&json)[0]["type"], message_type);
    for (command, name) in
        [(vec!["get", stream], "get"), (vec!["streams"], "streams"), (vec!["categories"], "categories")]
    {
        for format in ["text", "json"] {
            let output = place.run(&[&command[..], &["--format", format]].concat()).done();
            let acting: Vec<char> = output.chars().filter(|c| c.is_control() && *c != '\n').collect();
            assert!(acting.is_empty(), "{name} as {format}: {output:?}");
            assert!(!output.contains(['\u{202e}', '\u{200b}']), "{name} as {format}: {output:?}");
        }
    }
}

fn reads_data_from_standard_input(place: &Place) {
    place.run_with_input(&["write", "account-1", "Opened", "--data", "-"], "{\"from\":\n\"stdin\"}\n").done();
    let line = place.run(&["last", "account-1"]).done();
    assert!(line.contains("\"data\":{\"from\": \"stdin\"},"), "{line}");
}

fn omitted_data_is_an_empty_object(place: &Place) {
    place.run(&["write", "account-1", "Opened"]).done();
    let line = place.run(&["last", "account-1"]).done();
    assert!(line.contains("\"data\":{},\"meta\":null,"), "{line}");
}

fn prints_the_version_as_a_bare_number(place: &Place) {
    assert_eq!(place.run(&["version", "account-1"]).done(), "-1\n");
    place.run(&["write", "account-1", "Opened"]).done();
    place.run(&["write", "account-1", "Deposited"]).done();
    assert_eq!(place.run(&["version", "account-1"]).done(), "1\n");
    assert_eq!(place.run(&["version", "account-1", "--format", "text"]).done(), "1\n");
}

fn a_version_conflict_exits_with_3_and_reports_both_versions(place: &Place) {
    place.run(&["write", "account-1", "Opened", "--expected-version", "none"]).done();
    let told = place.run(&["write", "account-1", "Opened", "--expected-version", "-1"]).failed(3);
    assert!(told.contains("expected no stream") && told.contains("at version 0"), "{told}");
    let told = place.run(&["write", "account-1", "Opened", "--expected-version", "7"]).failed(3);
    assert!(told.contains("expected version 7") && told.contains("--expected-version 0"), "{told}");
    place.run(&["write", "account-1", "Deposited", "--expected-version", "0"]).done();
    place.run(&["write", "account-1", "Deposited", "--expected-version", "any"]).done();
}

fn repeating_a_write_with_its_id_succeeds_and_says_so(place: &Place) {
    for expected in [&[][..], &["--expected-version", "none"]] {
        let write = [&["write", "account-1", "Opened", "--data", r#"{"n": 1.10}"#, "--id", ID], expected].concat();
        let first = place.run(&write);
        let again = place.run(&write);
        assert_eq!((again.status, again.stdout.as_str()), (0, first.stdout.as_str()), "{again:?}");
        assert!(again.stderr.contains("already written"), "{again:?}");
    }
    assert_eq!(place.run(&["version", "account-1"]).done(), "0\n");
}

fn a_different_message_with_the_same_id_exits_with_1(place: &Place) {
    place.run(&["write", "account-1", "Opened", "--id", ID]).done();
    let told = place.run(&["write", "account-2", "Opened", "--id", ID]).failed(1);
    assert!(told.contains(ID) && told.contains("--id"), "{told}");
}

fn last_can_be_restricted_to_a_type(place: &Place) {
    for message_type in ["Opened", "Deposited", "Withdrawn"] {
        place.run(&["write", "account-1", message_type]).done();
    }
    assert_eq!(column(&place.run(&["last", "account-1"]).done(), "type"), ["Withdrawn"]);
    assert_eq!(column(&place.run(&["last", "account-1", "--type", "Deposited"]).done(), "pos"), ["1"]);
    let told = place.run(&["last", "account-1", "--type", "Closed"]).failed(4);
    assert!(told.contains("no message of type Closed"), "{told}");
    let told = place.run(&["last", "account-9"]).failed(4);
    assert!(told.contains("no stream named account-9"), "{told}");
}

fn reads_a_stream_from_a_position_in_batches(place: &Place) {
    for _ in 0..5 {
        place.run(&["write", "account-1", "Deposited"]).done();
    }
    assert_eq!(column(&place.run(&["get", "account-1"]).done(), "pos"), ["0", "1", "2", "3", "4"]);
    let some = place.run(&["get", "account-1", "--from", "2", "--limit", "2"]).stdout;
    assert_eq!(column(&some, "pos"), ["2", "3"]);
    assert_eq!(column(&place.run(&["get", "account-1", "--batch-size", "-1"]).done(), "pos").len(), 5);
    assert_eq!(place.run(&["get", "account-1", "--position", "5"]).done(), "");
    assert_eq!(place.run(&["get", "account-9"]).done(), "");
    assert_eq!(place.run(&["get", "nothing"]).done(), "");
}

fn reads_a_category_by_global_position_consumer_group_and_correlation(place: &Place) {
    for i in 0..4 {
        let stream = format!("account-{i}");
        let meta = format!("{{\"correlationStreamName\": \"order{}-1\"}}", i % 2);
        place.run(&["write", &stream, "Opened", "--metadata", &meta]).done();
        place.run(&["write", &format!("other-{i}"), "Opened"]).done();
    }
    let all = place.run(&["get", "account"]).done();
    let streams = column(&all, "stream");
    assert_eq!(streams, ["account-0", "account-1", "account-2", "account-3"]);

    let second = &column(&all, "gpos")[1];
    let some = place.run(&["get", "account", "--from", second, "--limit", "2"]).stdout;
    assert_eq!(column(&some, "stream"), ["account-1", "account-2"]);

    let correlated = place.run(&["get", "account", "--correlation", "order1"]).done();
    assert_eq!(column(&correlated, "stream"), ["account-1", "account-3"]);

    let mut of_members: Vec<String> = ["0", "1"]
        .iter()
        .flat_map(|member| {
            let group = ["get", "account", "--consumer-group-member", member, "--consumer-group-size", "2"];
            column(&place.run(&group).done(), "stream")
        })
        .collect();
    of_members.sort();
    assert_eq!(of_members, streams);
}

fn lists_categories_and_streams(place: &Place) {
    for stream in ["account-1", "account-2", "account-2", "account:command-1", "order-1"] {
        place.run(&["write", stream, "X"]).done();
    }
    assert_eq!(column(&place.run(&["categories"]).done(), "category"), ["account", "account:command", "order"]);
    let streams = place.run(&["streams"]).done();
    let mut names = column(&streams, "stream");
    names.sort();
    assert_eq!(names, ["account-1", "account-2", "account:command-1", "order-1"]);

    let of_account = place.run(&["streams", "account"]).done();
    assert_eq!(column(&of_account, "stream"), ["account-1", "account-2"]);
    assert_eq!(column(&of_account, "version"), ["0", "1"]);
    let gpos = column(&of_account, "gpos");
    let first = format!("{{\"stream\":\"account-1\",\"version\":0,\"gpos\":{},\"time\":\"TIME\"}}", gpos[0]);
    assert_eq!(timeless(&of_account).lines().next(), Some(first.as_str()));

    let one = place.run(&["streams", "account", "--limit", "1"]);
    assert_eq!((one.status, column(&one.stdout, "stream")), (0, vec!["account-1".to_owned()]));
    // Also in a pipe: a shortened list never looks complete.
    assert_eq!(one.stderr, "streamscope: more streams follow; continue with --after account-1 or --limit -1\n");
    assert_eq!(place.run(&["streams", "account", "--limit", "2"]).done(), of_account);
    assert_eq!(column(&place.run(&["streams", "account", "--after", "account-1"]).done(), "stream"), ["account-2"]);
    assert_eq!(column(&place.run(&["streams", "--prefix", "account:"]).done(), "stream"), ["account:command-1"]);
    assert_eq!(place.run(&["streams", "account", "--prefix", "order-"]).done(), "");
}

fn aligns_text_left_and_numbers_right(place: &Place) {
    for i in 0..11 {
        place.run(&["write", "account-1", if i == 0 { "Opened" } else { "漢字" }, "--data", "{\"ä\":1}"]).done();
    }
    let output = place.run(&["get", "account-1", "--format", "text"]).done();
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), 12, "{output}");
    assert!(lines[0].starts_with("POSITION  GLOBAL  TIME"), "{output}");
    assert!(lines[1].starts_with("       0  ") && lines[11].starts_with("      10  "), "{output}");
    assert!(lines[1].ends_with("Z  Opened  {\"ä\": 1}"), "{output}");
    assert!(lines[2].ends_with("Z  漢字    {\"ä\": 1}"), "{output}");
}

fn read_only_exits_with_7_and_writes_nothing(place: &Place) {
    place.run(&["write", "account-1", "Opened"]).done();
    let told = place.run(&["write", "account-1", "Opened", "--read-only"]).failed(7);
    assert!(told.contains("read-only"), "{told}");
    assert_eq!(place.run(&["version", "account-1", "--read-only"]).done(), "0\n");
    place.run(&["ns", "create", "another", "--read-only"]).failed(7);
}

#[cfg(target_os = "linux")]
#[test]
fn help_and_version_fail_if_they_cannot_be_written() {
    for argument in ["--help", "--version", "help"] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("the device");
        let output = User::new()
            .command()
            .arg(argument)
            .stdout(full)
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("started");
        let output = output.wait_with_output().expect("ended");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{argument}: {told}");
        assert!(told.contains("cannot write the output: No space left on device"), "{argument}: {told}");
    }
}
