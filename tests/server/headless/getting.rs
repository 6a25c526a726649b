//! Tests of `get`: it takes the options of `tail`, prints the same lines, and says where to continue after its limit.

use std::io::Write as _;

use super::{fill, lines, number_after, positions};
use crate::support::place::{Place, in_each_place};

in_each_place!(
    get_and_tail_take_the_same_options_and_print_the_same_lines,
    get_says_where_to_continue_after_its_limit,
    old_option_names_still_work,
    commands_that_need_a_stream_refuse_a_category,
    streams_are_found_by_a_part_of_their_name,
);

fn get_and_tail_take_the_same_options_and_print_the_same_lines(place: &Place) {
    fill(place, 60);
    let all = positions(&lines(&place.run(&["get", "account", "--limit", "-1"]).done()));
    let middle = all[all.len() / 2].to_string();
    for options in [
        &["--from", "start"][..],
        &["--from", "start", "--type", "T1", "--type", "T3"],
        &["--from", "start", "--where", "$.n >= 50"],
        &["--from", &middle],
        &["--from", &middle, "--type", "T2", "--where", "$.n ? (@ < 50)"],
        &["--from", "start", "--type", "T2", "--consumer-group-member", "0", "--consumer-group-size", "2"],
        &["--from", "-1h"],
        &["--from", "2999-01-01"],
        &["--from", "now"],
        &["--from", "start", "--limit", "7"],
        &["--from", "start", "--limit", "2", "--type", "T1"],
    ] {
        let got = place.run(&[&["get", "account"], options].concat());
        let followed = place.run(&[&["tail", "account", "--until", "now"], options].concat());
        assert_eq!((got.status, followed.status), (0, 0), "{options:?}: {got:?} {followed:?}");
        assert_eq!(got.stdout, followed.stdout, "{options:?}");
    }
    // In a stream, --from is a position.
    let stream = lines(&place.run(&["get", "account-2", "--from", "3", "--type", "T2", "--where", "$.n > 40"]).done());
    assert_eq!(stream.iter().map(|line| line["data"]["n"].as_i64().unwrap()).collect::<Vec<_>>(), [42, 52]);
    for name in ["account", "account-2"] {
        let got = place.run(&["get", name, "--format", "text"]).done();
        let followed = place.run(&["tail", name, "--from", "start", "--until", "now", "--format", "text"]);
        assert_eq!(got, followed.stdout);
    }
    assert!(place.run(&["get", "account", "--where", "$.("]).failed(2).contains("--where"));
    assert!(place.run(&["get", "account", "--from", "yesterday"]).status == 2);
}

fn get_says_where_to_continue_after_its_limit(place: &Place) {
    fill(place, 60);
    for options in [&["account"][..], &["order-3"], &["order", "--where", "$.n > 20"]] {
        let command = [&["get", "--limit", "3"], options].concat();
        let first = place.run(&command);
        assert_eq!((first.status, first.stderr.lines().count()), (0, 1), "{first:?}");
        let from = number_after(&first.stderr, "--from ").to_string();
        let rest = place.run(&[&command[..], &["--from", &from, "--limit", "-1"]].concat()).done();
        let all = place.run(&[&command[..], &["--limit", "-1"]].concat()).done();
        assert_eq!(format!("{}{rest}", first.stdout), all);
        // Nothing is said if the limit is exactly the number of messages.
        let count = all.lines().count().to_string();
        assert_eq!(place.run(&[&command[..], &["--limit", &count]].concat()).done(), all);
    }
    let text = place.run(&["get", "account", "--limit", "3", "--format", "text"]);
    assert!(text.stdout.lines().count() == 4 && text.stderr.contains("--from "), "{text:?}");
}

fn old_option_names_still_work(place: &Place) {
    fill(place, 20);
    let old = place.run(&["get", "account-2", "--position", "1", "--batch-size", "-1"]).done();
    assert_eq!(old, place.run(&["get", "account-2", "--from", "1", "--limit", "-1"]).done());
    let help = place.run(&["get", "--help"]).stdout;
    assert!(help.contains("--limit") && !help.contains("--batch-size") && !help.contains("--position"), "{help}");
}

fn commands_that_need_a_stream_refuse_a_category(place: &Place) {
    fill(place, 20);
    for command in [&["last", "account"][..], &["version", "account"], &["last", "account", "--type", "T1"]] {
        let told = place.run(command).failed(2);
        assert!(told.contains("account is a category") && told.contains(" streams account"), "{told}");
    }
    let told = place.run(&["write", "account", "Opened"]).failed(2);
    assert!(told.contains("account is a category"), "{told}");
    assert!(place.run(&["streams", "account-2"]).failed(2).contains("account-2 is a stream"));
    place.run(&["last", "account-9"]).failed(4);
    assert_eq!(place.run(&["version", "account-9"]).done(), "-1\n");
}

fn streams_are_found_by_a_part_of_their_name(place: &Place) {
    fill(place, 20);
    let found = |options: &[&str]| {
        let told = place.run(&[&["streams", "--contains"], options].concat());
        assert_eq!(told.status, 0, "{told:?}");
        let names: Vec<_> =
            lines(&told.stdout).iter().map(|line| line["stream"].as_str().unwrap().to_owned()).collect();
        (names, told.stderr)
    };
    assert_eq!(found(&["-1"]), (vec!["order-1".to_owned()], String::new()));
    assert_eq!(found(&["ER-1"]).0, Vec::<String>::new(), "an upper-case letter makes case matter");
    let all = found(&["r-"]).0;
    assert_eq!(all, ["order-1", "order-3", "order-5", "order-7", "order-9"]);
    assert_eq!(found(&["-", "--prefix", "order-"]).0, all);
    assert_eq!(found(&["r-", "account"]).0, Vec::<String>::new());
    let (first, told) = found(&["r-", "--limit", "2"]);
    assert!(told.contains("continue with --after order-3 or --limit -1"), "{told}");
    let (rest, told) = found(&["r-", "--limit", "3", "--after", "order-3"]);
    assert_eq!(([first, rest].concat(), told.contains("more may follow")), (all, true));
    let text = place.run(&["streams", "--contains", "nothing", "--format", "text"]);
    assert_eq!((text.stdout.as_str(), text.stderr.contains("No match in 10 streams")), ("", true), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suggested_command_reads_the_conflicting_stream() {
    let place = Place::new(crate::support::stores::Kind::OursOnPostgres).await;
    let stream = "a';\u{15}touch ran\r-1";
    place.run(&["write", stream, "Opened"]).done();
    let told = place.run(&["write", stream, "Opened", "--expected-version", "none"]).failed(3);
    let command = told.split_once('(').and_then(|(_, rest)| rest.split_once(") and write")).expect("a command").0;
    let chosen = place.arguments(&[]).join(" ");
    assert!(
        command.starts_with(&format!("streamscope {chosen} get ")) && !command.contains(char::is_control),
        "{command:?}"
    );
    let mut script = tempfile::NamedTempFile::new().unwrap();
    let program = env!("CARGO_BIN_EXE_streamscope");
    writeln!(script, "streamscope() {{ {program} \"$@\"; }}\n{command}").unwrap();
    let shell = std::process::Command::new("sh").arg(script.path()).output().unwrap();
    let got = String::from_utf8(shell.stdout).unwrap();
    assert_eq!(lines(&got)[0]["stream"].as_str(), Some(stream), "{got}");
}
