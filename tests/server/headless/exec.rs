//! Tests of `tail --exec`, `--position-file` and `--position-stream`.

use std::path::Path;

use super::{fill, lines};
use crate::support::place::{Place, in_each_place};
use crate::support::program::{User, outcome};
use crate::support::server;
use crate::support::stores::{Kind, TestStore};

in_each_place!(
    runs_a_command_for_each_message_in_the_order_of_its_stream,
    a_failed_command_stops_at_its_message_and_the_next_run_repeats_it,
    runs_no_command_if_its_position_cannot_be_recorded,
    keeps_its_position_in_a_stream_as_eventide_does,
    a_run_without_messages_records_where_it_began,
);

const TO_THE_END: [&str; 5] = ["tail", "--from", "start", "--until", "now"];

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Returns the position in a position file.
fn recorded(file: &Path) -> i64 {
    read(file).split_whitespace().next().unwrap().parse().unwrap()
}

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    TO_THE_END.iter().copied().chain(more.iter().copied()).collect()
}

fn runs_a_command_for_each_message_in_the_order_of_its_stream(place: &Place) {
    fill(place, 24);
    let printed = place.run(&TO_THE_END).stdout;
    let (one, many) = (place.user.home().join("one"), place.user.home().join("many"));
    let ran = place.run(&with(&["--exec", &format!("cat >> {}", one.display())]));
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{ran:?}");
    assert_eq!(read(&one), printed, "each message as JSON on standard input, in order of global position");
    assert!(ran.stderr.contains("24 messages, complete to "), "{ran:?}");

    let line = format!("echo $STREAMSCOPE_MESSAGE_STREAM $STREAMSCOPE_MESSAGE_POSITION >> {}", many.display());
    assert_eq!(place.run(&with(&["--jobs", "8", "--exec", &line])).status, 0);
    let handled = read(&many);
    let of_stream = |stream: &str| -> Vec<String> {
        handled.lines().filter_map(|line| line.strip_prefix(&format!("{stream} ")).map(str::to_owned)).collect()
    };
    let expected = lines(&printed);
    let streams: std::collections::BTreeSet<&str> =
        expected.iter().map(|message| message["stream"].as_str().unwrap()).collect();
    assert!(streams.len() > 1, "several streams are handled side by side");
    for stream in streams {
        let positions: Vec<String> = expected
            .iter()
            .filter(|message| message["stream"] == stream)
            .map(|message| message["pos"].to_string())
            .collect();
        assert_eq!(of_stream(stream), positions, "{stream}");
    }
}

fn a_failed_command_stops_at_its_message_and_the_next_run_repeats_it(place: &Place) {
    fill(place, 6);
    let positions: Vec<i64> =
        lines(&place.run(&TO_THE_END).stdout).iter().map(|message| message["gpos"].as_i64().unwrap()).collect();
    let (kept, handled) = (place.user.home().join("position"), place.user.home().join("handled"));
    let arguments = |line: &str| -> Vec<String> {
        let more = ["--position-file", kept.to_str().unwrap(), "--exec", line];
        with(&more).into_iter().map(str::to_owned).collect()
    };
    let run = |line: &str| {
        let arguments = arguments(line);
        place.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let append = format!("echo $STREAMSCOPE_MESSAGE_GLOBAL_POSITION >> {}", handled.display());
    let stopped = run(&format!("[ $STREAMSCOPE_MESSAGE_GLOBAL_POSITION != {} ] && {append}", positions[3]));
    assert_eq!(stopped.status, 1, "{stopped:?}");
    let what = format!("(global position {})", positions[3]);
    assert!(
        stopped.stderr.contains("the command failed (exit status: 1)") && stopped.stderr.contains(&what),
        "{stopped:?}"
    );
    assert!(stopped.stderr.contains(&format!("continue with --from {}", positions[3])), "{stopped:?}");
    assert_eq!(recorded(&kept), positions[2]);

    // Other programs write a byte order mark.
    std::fs::write(&kept, format!("\u{feff}{}\r\n", positions[2])).expect("written");
    let went_on = run(&append);
    assert_eq!(went_on.status, 0, "{went_on:?}");
    let all: Vec<String> = positions.iter().map(ToString::to_string).collect();
    assert_eq!(read(&handled).lines().collect::<Vec<_>>(), all, "each message exactly once");
    assert_eq!(recorded(&kept), positions[5]);

    // Skipped messages are reported, and a command is repeated until it succeeds.
    std::fs::remove_file(&kept).expect("removed");
    let skipped = run("[ $STREAMSCOPE_MESSAGE_POSITION != 0 ]");
    assert_eq!(skipped.status, 1, "the default is stop: {skipped:?}");
    let skipped = place.run(&with(&["--on-error", "skip", "--exec", "[ $STREAMSCOPE_MESSAGE_POSITION != 0 ]"]));
    assert!(skipped.status == 0 && skipped.stderr.contains("; skipped"), "{skipped:?}");
    let tries = place.user.home().join("tries");
    let line = format!("echo >> {0}; [ $(wc -l < {0}) -ge 3 ]", tries.display());
    let repeated = place.run(&with(&["--limit", "1", "--on-error", "retry", "--exec", &line]));
    assert!(repeated.status == 0 && repeated.stderr.contains("next attempt in"), "{repeated:?}");
    assert_eq!(read(&tries).len(), 3);

    std::fs::write(&kept, "not a number\n").expect("written");
    let error = run("true").failed(1);
    assert!(error.contains(kept.to_str().unwrap()) && error.contains("does not contain a global position"), "{error}");
}

fn runs_no_command_if_its_position_cannot_be_recorded(place: &Place) {
    fill(place, 3);
    let handled = place.user.home().join("handled");
    let exec = format!("echo >> {}", handled.display());
    let missing = place.user.home().join("missing/position");
    let error = place.run(&with(&["--position-file", missing.to_str().unwrap(), "--exec", &exec])).failed(1);
    assert!(error.contains(&format!("cannot write the position file {}", missing.display())), "{error}");
    let error = place.run(&with(&["--position-stream", "account-0", "--exec", &exec])).failed(2);
    assert!(error.contains("account-0 is not a position stream: its last message is "), "{error}");
    assert!(!handled.exists(), "no command ran");

    let (kept, part) = (place.user.home().join("position"), place.user.home().join("position.part"));
    let idle = ["tail", "--from", "now", "--until", "now", "--exec", &exec, "--position-file", kept.to_str().unwrap()];
    assert_eq!(place.run(&idle).status, 0);
    assert!(!part.exists(), "the attempt to write leaves nothing");
}

fn keeps_its_position_in_a_stream_as_eventide_does(place: &Place) {
    fill(place, 250);
    for stream in ["account:position-mine", "account:position"] {
        keeps_its_position_in(place, stream);
    }
    let consumers = lines(&place.run(&["consumers"]).stdout);
    let names: Vec<&str> = consumers.iter().map(|consumer| consumer["consumer"].as_str().unwrap()).collect();
    assert_eq!(names, ["account:position", "account:position-mine"]);
    assert_eq!(consumers[0]["state"], "current");
    let refused = place.run(&["tail", "account", "--position-stream", "account:positions"]).failed(2);
    assert!(refused.contains("must be a stream name"), "{refused}");
}

fn keeps_its_position_in(place: &Place, stream: &str) {
    let category = ["tail", "account", "--from", "start", "--until", "now", "--position-stream", stream];
    let printed = lines(&place.run(&category).stdout);
    let recorded = |place: &Place| -> Vec<i64> {
        let messages = lines(&place.run(&["get", stream]).stdout);
        let messages: Vec<_> = messages.into_iter().filter(|message| message["stream"] == stream).collect();
        assert!(messages.iter().all(|message| message["type"] == "Recorded"));
        messages.iter().map(|message| message["data"]["position"].as_i64().unwrap()).collect()
    };
    let last = printed.last().unwrap()["gpos"].as_i64().unwrap();
    assert_eq!(recorded(place).last(), Some(&last));
    assert_eq!(place.run(&category).stdout, "", "the next run continues after the position");
    let before = recorded(place).len();
    fill(place, 2);
    let more = lines(&place.run(&category).stdout);
    assert_eq!(more.len(), 1, "only the new message of the category");
    assert_eq!(recorded(place).len(), before + 1);
}

fn a_run_without_messages_records_where_it_began(place: &Place) {
    fill(place, 3);
    let kept = place.user.home().join("position");
    for keeper in [["--position-file", kept.to_str().unwrap()], ["--position-stream", "account:position-mine"]] {
        let idle = [&["tail", "account", "--exit-when-idle", "100ms"][..], &keeper].concat();
        assert_eq!(place.run(&idle).stdout, "", "{keeper:?}: it begins after the newest message");
        place.run(&["write", "account-7", "Missed"]).done();
        let printed = lines(&place.run(&idle).stdout);
        let types: Vec<_> = printed.iter().map(|message| message["type"].as_str()).collect();
        assert_eq!(types, [Some("Missed")], "{keeper:?}");
    }
}

/// Returns a store with messages in a category, and the options that choose it.
async fn filled(user: &User, messages: u32) -> (TestStore, Vec<String>) {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let url = store.database.as_ref().expect("on the server").url();
    let chosen = vec!["--url".to_owned(), url, "-n".to_owned(), store.namespace.info().id.clone()];
    let line = |number| format!("{{\"stream\":\"account-{number}\",\"type\":\"Opened\"}}\n");
    let path = user.home().join("lines");
    std::fs::write(&path, (0..messages).map(line).collect::<String>()).unwrap();
    assert_eq!(outcome(user.command().args(&chosen).arg("import").arg(&path)).status, 0);
    (store, chosen)
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_for_a_server_that_is_away_when_the_position_is_recorded() {
    let user = User::new();
    let (store, chosen) = filled(&user, 100).await;
    let name = store.database.as_ref().expect("on the server").name();
    // The command of the last message closes the database for a second.
    let administer = format!("psql -X -q -d '{}' -c", server::url());
    let exec = format!(
        "echo >> {handled}; test $(wc -l < {handled}) -lt 100 || ({administer} 'alter database \"{name}\" allow_connections false' && \
         {administer} \"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'\" > {handled}.cut; \
         (sleep 1; {administer} 'alter database \"{name}\" allow_connections true') > /dev/null 2>&1 &)",
        handled = user.home().join("handled").display(),
    );
    let tail = ["tail", "account", "--from", "start", "--limit", "100", "--position-stream", "account:position-mine"];
    let ran = outcome(user.command().args(&chosen).args(tail).args(["--exec", &exec]));
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.stderr.contains("100 messages, complete to 100"), "{ran:?}");
    let recorded = outcome(user.command().args(&chosen).args(["last", "account:position-mine"]));
    assert_eq!(recorded.status, 0, "{recorded:?}, after {ran:?}");
    assert_eq!(lines(&recorded.stdout)[0]["data"]["position"], 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_during_the_last_command_records_the_position() {
    let user = User::new();
    let (_store, chosen) = filled(&user, 1).await;
    let begun = user.home().join("begun");
    // The command sends the signal itself, so it is still running when the signal comes.
    let exec = format!("echo $PPID > {}; kill -TERM $PPID; sleep 0.2", begun.display());
    let tail = ["tail", "account", "--from", "start", "--position-stream", "account:position-mine", "--exec", &exec];
    let ran = outcome(user.command().args(&chosen).args(tail));
    assert_eq!(ran.status, 143, "{ran:?}");
    assert!(begun.exists() && ran.stderr.contains("1 message, complete to 1"), "{ran:?}");
    let recorded = lines(&outcome(user.command().args(&chosen).args(["last", "account:position-mine"])).stdout);
    assert_eq!(recorded[0]["data"]["position"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_no_command_if_the_store_is_read_only() {
    let user = User::new();
    let (_store, chosen) = filled(&user, 1).await;
    let handled = user.home().join("handled");
    let exec = format!("echo >> {}", handled.display());
    let tail = ["tail", "account", "--from", "start", "--position-stream", "account:position-mine", "--exec", &exec];
    let ran = outcome(user.command().args(&chosen).arg("--read-only").args(tail));
    assert!(ran.status == 7 && !handled.exists(), "{ran:?}");
}
