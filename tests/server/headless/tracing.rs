//! Tests of `trace`: its formats, its report, and a trace that is exported and imported again.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use super::following::signal;
use super::lines;
use crate::support::place::{Place, in_each_place};

in_each_place!(
    a_trace_has_the_same_messages_in_every_format,
    a_trace_reports_what_is_missing_and_how_far_it_searched,
    an_exported_trace_can_be_imported,
    the_messages_of_a_workflow_are_printed_in_order,
    an_interrupted_trace_prints_what_it_found,
);

/// A checkout over five streams, whose second shipment names a cause that does not exist, and unrelated messages.
fn fill(place: &Place) {
    let message = |stream: &str, message_type: &str, cause: Option<(&str, i64)>| {
        let cause = cause.map_or_else(String::new, |(stream, position)| {
            format!(r#""causationMessageStreamName":"{stream}","causationMessagePosition":{position},"#)
        });
        format!(
            "{{\"stream\":\"{stream}\",\"type\":\"{message_type}\",\"data\":{{\"n\":1.10}},\"meta\":{{{cause}\"correlationStreamName\":\"checkout-7\"}}}}\n"
        )
    };
    let history = [
        "{\"stream\":\"noise-1\",\"type\":\"Noise\"}\n".to_owned(),
        message("order:command-7", "Place", None),
        message("order-7", "Placed", Some(("order:command-7", 0))),
        "{\"stream\":\"order-7\",\"type\":\"Noise\"}\n".to_owned(),
        message("payment-7", "Charged", Some(("order-7", 0))),
        message("shipment-7", "Sent", Some(("payment-7", 0))),
        message("customer-7", "Counted", Some(("order-7", 0))),
        message("shipment-8", "Lost", Some(("payment-9", 4))),
    ];
    let told = place.run_with_input(&["import", "-"], &history.concat());
    assert_eq!(told.status, 0, "{told:?}");
}

fn a_trace_has_the_same_messages_in_every_format(place: &Place) {
    fill(place);
    let told = place.run(&["trace", "payment-7@0"]);
    assert_eq!(told.status, 0, "{told:?}");
    let messages = lines(&told.stdout);
    let shown: Vec<(&str, i64)> =
        messages.iter().map(|line| (line["type"].as_str().unwrap(), line["depth"].as_i64().unwrap())).collect();
    assert_eq!(shown, [("Place", 0), ("Placed", 1), ("Charged", 2), ("Sent", 3), ("Counted", 2)]);
    assert_eq!(messages[2]["cause"], messages[1]["id"]);
    assert_eq!((messages[0]["cause"].is_null(), messages[3]["link"].as_str()), (true, Some("eventide")));
    let keys: Vec<&str> = messages[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "stream", "pos", "gpos", "type", "time", "cause", "depth", "delayMs", "link"]);
    let by_id = place.run(&["trace", messages[2]["id"].as_str().unwrap()]);
    let by_global = place.run(&["trace", &messages[2]["gpos"].to_string()]);
    assert_eq!((&by_id.stdout, &by_global.stdout), (&told.stdout, &told.stdout));

    let text = place.run(&["trace", "payment-7@0", "--format", "text"]).stdout;
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[0].contains("TYPE") && rows[3].starts_with('▶') && rows[3].contains("├─ Charged"), "{text}");
    assert!(rows[4].contains("│  └─ Sent") && rows[5].contains("└─ Counted"), "{text}");
    for (format, edges) in [("dot", " -> "), ("mermaid", " -->|")] {
        let graph = place.run(&["trace", "payment-7@0", "--format", format]).stdout;
        assert_eq!(graph.matches(edges).count(), 4, "{graph}");
        assert!(graph.contains("payment-7@0"), "{graph}");
    }
    let types = |options: &[&str]| {
        let told = place.run(&[&["trace", "payment-7@0"], options].concat());
        lines(&told.stdout).iter().map(|line| line["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(types(&["--up"]), "Place Placed Charged");
    assert_eq!(types(&["--down"]), "Charged Sent");
    assert_eq!(types(&["--depth", "1"]), "Placed Charged Sent Counted");
    assert_eq!(types(&["--depth", "0"]), "Charged");
}

fn a_trace_reports_what_is_missing_and_how_far_it_searched(place: &Place) {
    fill(place);
    let told = place.run(&["trace", "shipment-8@0"]);
    assert!(told.stdout.starts_with("{\"missing\":\"payment-9@4\",\"depth\":0,\"link\":\"eventide\"}\n"), "{told:?}");
    assert!(told.stderr.contains("names payment-9@4 as its cause, which does not exist"), "{told:?}");
    assert_eq!(lines(&told.stdout)[1]["depth"], 1);
    let near = place.run(&["trace", "order:command-7@0", "--within", "2"]);
    assert_eq!(lines(&near.stdout).len(), 2);
    assert!(near.stderr.contains("continue with --within 20"), "{near:?}");
    let limited = place.run(&["trace", "order:command-7@0", "--limit", "3"]);
    assert_eq!(lines(&limited.stdout).len(), 3);
    assert!(limited.stderr.contains("raise --limit"), "{limited:?}");
    let early = place.run(&["trace", "order-7@0", "--limit", "2"]);
    assert!(early.stderr.contains("stopped at 2 messages, before the search for effects; raise --limit"), "{early:?}");

    let metadata = format!("{{\"correlationId\": \"{}\"}}", "x".repeat(10_000));
    place.run(&["write", "long-1", "Long", "--metadata", &metadata]);
    let long = place.run(&["trace", "long-1@0", "--correlated"]);
    assert!(long.stderr.contains("xxx…") && long.stderr.len() < 1_000, "{long:?}");
    assert!(place.run(&["trace", "order-7@0", "--within", "1h"]).stderr.contains("to the newest message"));
    assert!(place.run(&["trace", "order-7@99"]).failed(4).contains("no message order-7@99"));
    assert!(place.run(&["trace", "order-7"]).failed(2).contains("does not name a message"));
    assert!(place.run(&["get", "order-7", "--format", "dot"]).failed(2).contains("only trace"));
}

fn an_exported_trace_can_be_imported(place: &Place) {
    fill(place);
    let exported = place.run(&["trace", "payment-7@0", "--format", "ndjson"]);
    assert_eq!(lines(&exported.stdout).len(), 5);
    let copy = place.user.home().join("copy").to_string_lossy().into_owned();
    let run = |arguments: &[&str], input: &str| {
        place.user.run_with_input(&[&["--embedded", &copy][..], arguments].concat(), input.as_bytes())
    };
    assert_eq!(run(&["ns", "create", "copy"], "").status, 0);
    let imported = run(&["import", "-", "--allow-gaps"], &exported.stdout);
    assert_eq!(imported.status, 0, "{imported:?}");
    let traced =
        |told: &str| lines(told).iter().map(|line| (line["id"].clone(), line["depth"].clone())).collect::<Vec<_>>();
    let there = run(&["trace", "payment-7@0"], "");
    assert_eq!(traced(&there.stdout), traced(&place.run(&["trace", "payment-7@0"]).stdout));
}

fn the_messages_of_a_workflow_are_printed_in_order(place: &Place) {
    fill(place);
    let told = place.run(&["trace", "payment-7@0", "--correlated"]);
    let types: Vec<String> = lines(&told.stdout).iter().map(|line| line["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(types, ["Place", "Placed", "Charged", "Sent", "Counted", "Lost"]);
    assert!(told.stderr.contains("$.correlationStreamName = checkout-7"), "{told:?}");
    let near = place.run(&["trace", "order:command-7@0", "--correlated", "--within", "4"]);
    assert!(near.stderr.contains("searched global positions 1 to "), "no position below the first one: {near:?}");
    assert!(place.run(&["trace", "noise-1@0", "--correlated"]).failed(4).contains("no correlation value"));
}

/// The gap between two messages would take hours to search.
fn an_interrupted_trace_prints_what_it_found(place: &Place) {
    let message = |stream: &str, gpos: i64| {
        format!(
            "{{\"id\":\"{}\",\"stream\":\"{stream}\",\"type\":\"Began\",\"pos\":0,\"gpos\":{gpos},\"time\":\"2026-03-01T12:00:00Z\",\"meta\":{{\"correlationId\":\"c\"}}}}\n",
            uuid::Uuid::now_v7()
        )
    };
    let history = message("a-1", 1) + &message("b-1", 1_000_000_000_000);
    let told = place.run_with_input(&["import", "-", "--keep-global-positions"], &history);
    assert_eq!(told.status, 0, "{told:?}");
    for (way, searched) in [("--down", "searched for effects at global positions 2 to "), ("--correlated", " to ")] {
        // A signal before the first step finds nothing, so the next one comes later.
        let mut wait = Duration::from_millis(250);
        let (status, stdout, stderr) = loop {
            let arguments = place.arguments(&["trace", "1", way, "--within", "10000000000000"]);
            let mut command = place.user.command();
            let child = command.args(&arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let child = child.spawn().unwrap();
            std::thread::sleep(wait);
            signal(&child, Signal::INT);
            let output = child.wait_with_output().unwrap();
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            let (stdout, stderr) = (text(output.stdout), text(output.stderr));
            if !stdout.is_empty() && stderr.contains(searched) {
                break (output.status.code(), stdout, stderr);
            }
            wait *= 2;
            assert!(wait < Duration::from_mins(1), "{stderr}");
        };
        assert_eq!(status, Some(130), "{stderr}");
        let found = lines(&stdout);
        assert!(found.len() == 1 && found[0]["stream"] == "a-1", "{stdout}");
        assert!(stderr.contains("continue with --within") && !stderr.contains("newest message"), "{stderr}");
    }
}
