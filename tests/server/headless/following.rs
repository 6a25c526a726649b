//! Tests of `tail`: it prints each message once, in final order, from any start to any end.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{blocking_transaction, fill, lines, number_after, positions};
use crate::support::place::{Place, in_each_place};
use crate::support::stores::Kind;

in_each_place!(
    prints_existing_messages_once_in_order_and_reports_where_to_continue,
    filtered_messages_still_advance_the_position,
    members_of_a_consumer_group_share_a_category,
    stops_at_the_given_end,
    an_open_transaction_delays_the_end_unless_tail_exits_when_idle,
    refuses_invalid_arguments_of_tail,
    ends_quietly_when_its_reader_goes_away_without_a_new_message,
    a_slow_reader_does_not_count_as_idle,
    stops_at_a_future_time_without_a_new_message,
    loses_no_messages_if_times_are_out_of_order,
);

#[cfg(unix)]
in_each_place!(reports_its_progress_on_sigusr1_and_when_stopped);

fn prints_existing_messages_once_in_order_and_reports_where_to_continue(place: &Place) {
    fill(place, 60);
    let all = place.run(&["tail", "--from", "start", "--until", "now"]);
    let given = lines(&all.stdout);
    assert_eq!((all.status, given.len()), (0, 60), "{all:?}");
    assert!(positions(&given).is_sorted(), "{all:?}");
    assert_eq!(number_after(&all.stderr, "complete to "), *positions(&given).last().unwrap());
    let category = place.run(&["tail", "account", "--from", "start", "--until", "now"]).stdout;
    assert_eq!(category, place.run(&["get", "account", "--batch-size", "-1"]).done(), "line for line what get prints");
    let stream = place.run(&["tail", "order-3", "--from", "start", "--until", "now"]).stdout;
    assert_eq!(stream, place.run(&["get", "order-3", "--batch-size", "-1"]).done());
    // In two parts: the second continues where the first says.
    let first = place.run(&["tail", "--from", "start", "--limit", "23"]);
    assert_eq!(lines(&first.stdout).len(), 23);
    let from = number_after(&first.stderr, "--from ").to_string();
    let second = place.run(&["tail", "--from", &from, "--until", "now"]);
    assert_eq!(format!("{}{}", first.stdout, second.stdout), all.stdout);
}

fn filtered_messages_still_advance_the_position(place: &Place) {
    fill(place, 60);
    let of = |arguments: &[&str]| {
        let arguments = [&["tail", "--from", "start", "--until", "now"], arguments].concat();
        place.run(&arguments)
    };
    let typed = of(&["--type", "T1", "--type", "T3"]);
    assert!(lines(&typed.stdout).iter().all(|line| ["T1", "T3"].contains(&line["type"].as_str().unwrap())));
    assert_eq!(lines(&typed.stdout).len(), 24);
    let predicate = of(&["--where", "$.n >= 50"]);
    assert_eq!(lines(&predicate.stdout).len(), 10);
    let path = of(&["order", "--where", "$.n ? (@ < 10)"]);
    assert_eq!(lines(&path.stdout).len(), 5);
    let nothing = of(&["--type", "Unknown"]);
    assert_eq!(nothing.stdout, "");
    assert_eq!(number_after(&nothing.stderr, "--from "), number_after(&typed.stderr, "--from "));
    for arguments in [&["tail", "--from", "start", "--until", "now"][..], &["tail", "--until", "now"], &["export"]] {
        let told = place.run(&[arguments, &["--where", "$.n >"]].concat()).failed(2);
        assert!(told.contains("--where is not a valid jsonpath"), "{told}");
    }
}

fn members_of_a_consumer_group_share_a_category(place: &Place) {
    fill(place, 60);
    let mut seen = BTreeSet::new();
    for member in ["0", "1", "2"] {
        let arguments = ["--consumer-group-member", member, "--consumer-group-size", "3"];
        let followed = place.run(&[&["tail", "account", "--from", "start", "--until", "now"], &arguments[..]].concat());
        let got = place.run(&[&["get", "account", "--batch-size", "-1"], &arguments[..]].concat()).done();
        assert_eq!(followed.stdout, got);
        for line in followed.stdout.lines() {
            assert!(seen.insert(line.to_owned()), "printed twice: {line}");
        }
    }
    assert_eq!(seen.len(), 30);
}

fn stops_at_the_given_end(place: &Place) {
    fill(place, 40);
    let all = positions(&lines(&place.run(&["tail", "--from", "start", "--until", "now"]).stdout));
    let until = all[25].to_string();
    let part = place.run(&["tail", "--from", &all[10].to_string(), "--until", &until]);
    assert_eq!(positions(&lines(&part.stdout)), all[10..=25]);
    assert_eq!(number_after(&part.stderr, "complete to "), all[25]);
    let nothing_more = place.run(&["tail", "--until", &until, "--from", "start", "--where", "$.n < 3"]);
    assert_eq!(number_after(&nothing_more.stderr, "complete to "), all[25]);
    let none = place.run(&["tail", "--from", "start", "--until", "2020-01-01"]);
    assert_eq!((none.status, none.stdout.as_str()), (0, ""), "{none:?}");
    let idle = place.run(&["tail", "--exit-when-idle", "300ms"]);
    assert_eq!((idle.status, idle.stdout.as_str()), (0, ""), "{idle:?}");
    assert_eq!(number_after(&idle.stderr, "complete to "), *all.last().unwrap());
    let since = place.run(&["tail", "--from", "-1h", "--until", "now"]);
    assert_eq!(lines(&since.stdout).len(), 40, "{since:?}");
}

fn a_slow_reader_does_not_count_as_idle(place: &Place) {
    // More than a batch, and more than a pipe holds.
    fill(place, 4_500);
    let mut child = following(place, &["--from", "start", "--exit-when-idle", "200ms"]);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    // Longer than the idle timeout, while the program waits for its reader.
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(output.lines().count(), 4_499);
    assert_eq!(end_of(child).0, Some(0));
}

fn stops_at_a_future_time_without_a_new_message(place: &Place) {
    fill(place, 3);
    let end = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2)).to_string();
    let child = following(place, &["--from", "start", "--until", &end]);
    let (status, told) = end_of(child);
    assert_eq!(status, Some(0), "{told}");
    assert!(told.contains("3 messages"), "{told}");
    assert!(jiff::Timestamp::now().to_string() > end);
}

/// Times can be out of order after an import of older messages.
fn loses_no_messages_if_times_are_out_of_order(place: &Place) {
    let line = |n: usize, time: &str| {
        let id = uuid::Uuid::now_v7();
        format!(
            "{{\"id\":\"{id}\",\"stream\":\"times-{n}\",\"type\":\"T\",\"pos\":0,\"gpos\":{n},\"data\":{{}},\"time\":\"2026-03-01T{time}Z\"}}\n"
        )
    };
    let times = ["10:00:00", "12:00:01", "11:59:59", "09:00:00", "13:00:00", "12:30:00"];
    let input: String = times.iter().enumerate().map(|(n, time)| line(n + 1, time)).collect();
    assert_eq!(place.run_with_input(&["import", "-"], &input).status, 0);
    for (arguments, expected) in [
        (vec!["--from", "start", "--until", "2026-03-01 12:00"], vec![0, 2, 3]),
        (vec!["--from", "2026-03-01 12:00", "--until", "now"], vec![1, 4, 5]),
        (vec!["--from", "2026-03-01 11:00", "--until", "2026-03-01 12:30"], vec![1, 2]),
    ] {
        let followed = place.run(&[vec!["tail"], arguments.clone()].concat());
        let given: Vec<String> =
            lines(&followed.stdout).iter().map(|line| line["time"].as_str().unwrap()[11..19].to_owned()).collect();
        let expected: Vec<&str> = expected.into_iter().map(|n: usize| times[n]).collect();
        assert_eq!(given, expected, "{arguments:?}: {followed:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_it_and_only_written_messages_count() {
    let place = Place::new(Kind::OursOnPostgres).await;
    fill(&place, 10);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let arguments = place.arguments(&["tail", "--from", "start"]);
    let child = place.user.command().args(arguments).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let (status, told) = end_of(child);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("0 messages, complete to 0; continue with --from 1"), "{told}");
}

fn refuses_invalid_arguments_of_tail(place: &Place) {
    for arguments in [
        vec!["--from", "yesterday"],
        vec!["--until", "start"],
        vec!["--limit", "0"],
        vec!["--exit-when-idle", "soon"],
        vec!["account", "--consumer-group-member", "3", "--consumer-group-size", "3"],
        vec!["account-1", "--consumer-group-member", "0", "--consumer-group-size", "3"],
    ] {
        let refused = place.run(&[vec!["tail"], arguments].concat());
        assert_eq!((refused.status, refused.stdout.as_str()), (2, ""), "{refused:?}");
    }
}

pub(super) fn following(place: &Place, arguments: &[&str]) -> Child {
    let arguments = place.arguments(&[&["tail"], arguments].concat());
    place.user.command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn an_open_transaction_delays_the_end_unless_tail_exits_when_idle(place: &Place) {
    let Some(database) = &place.database else { return };
    fill(place, 3);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let holder = runtime.block_on(blocking_transaction(place, database));
        let told = place.run(&["tail", "--from", "start", "--until", "now", "--exit-when-idle", "1s"]);
        assert_eq!((told.status, told.stdout.as_str()), (0, ""), "{told:?}");
        assert!(told.stderr.contains("blocked by PID") && told.stderr.contains("continue with --from 1"), "{told:?}");
        // Without --exit-when-idle, tail waits. Messages after the fixed end are not printed.
        let mut child = following(place, &["--from", "start", "--until", "now"]);
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let waiting = said.next().unwrap();
        assert!(waiting.contains("blocked by PID"), "{waiting}");
        fill(place, 1);
        runtime.block_on(holder.batch_execute("rollback")).unwrap();
        assert_eq!(BufReader::new(child.stdout.take().unwrap()).lines().count(), 3);
        assert!(said.next().unwrap().contains("3 messages, complete to 3;"));
        assert!(child.wait().unwrap().success());
    });
}

#[cfg(unix)]
pub(super) fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Waits until a child ends. Returns its status and its standard error.
fn end_of(child: Child) -> (Option<i32>, String) {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait_with_output().unwrap()));
    let output = told.recv_timeout(Duration::from_secs(20)).expect("it ends");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_for_a_late_commit_and_names_its_writer() {
    let place = Place::new(Kind::MessageDb).await;
    let database = place.database.as_ref().unwrap();
    let (mut late, other) = (database.client().await, database.client().await);
    let write = "select message_store.write_message(gen_random_uuid()::varchar, $1, 'T', '{}')";
    let transaction = late.transaction().await.unwrap();
    transaction.batch_execute("set local search_path = message_store").await.unwrap();
    transaction.query(write, &[&"late-1"]).await.unwrap();
    other.batch_execute("set search_path = message_store").await.unwrap();
    other.query(write, &[&"early-1"]).await.unwrap();
    let mut child = following(&place, &["--from", "start", "--limit", "2"]);
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    let pid: i32 = transaction.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    assert!(line.contains(&format!("blocked by PID {pid}")), "{line}");
    transaction.commit().await.unwrap();
    let given = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).collect::<Vec<_>>();
    let streams: Vec<_> =
        lines(&given.join("\n")).iter().map(|line| line["stream"].as_str().unwrap().to_owned()).collect();
    assert_eq!(streams, ["late-1", "early-1"]);
    assert_eq!(end_of(child).0, Some(0));
}

#[cfg(unix)]
fn reports_its_progress_on_sigusr1_and_when_stopped(place: &Place) {
    use rustix::process::Signal;

    fill(place, 10);
    let mut child = following(place, &["--from", "start"]);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    for _ in 0..10 {
        output.read_line(&mut line).unwrap();
    }
    let last = *positions(&lines(&line)).last().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    signal(&child, Signal::USR1);
    let mut place_told = String::new();
    told.read_line(&mut place_told).unwrap();
    assert!(place_told.contains("10 messages") && number_after(&place_told, "--from ") == last + 1, "{place_told}");
    // It continues. No other program can write to an embedded store meanwhile.
    let more = usize::from(place.database.is_some());
    if more > 0 {
        fill(place, more);
        let mut next = String::new();
        output.read_line(&mut next).unwrap();
        assert!(positions(&lines(&next))[0] > last);
    }
    signal(&child, Signal::TERM);
    let mut rest = String::new();
    told.read_line(&mut rest).unwrap();
    assert!(rest.contains(&format!("{} messages", 10 + more)), "{rest}");
    assert_eq!(end_of(child).0, Some(143));
}

fn ends_quietly_when_its_reader_goes_away_without_a_new_message(place: &Place) {
    fill(place, 3);
    let mut child = following(place, &["--from", "start"]);
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    drop(output);
    assert_eq!(end_of(child), (Some(0), String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn repeatedly_terminated_connections_lose_and_repeat_nothing() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().unwrap().client().await;
    let mut child = following(&place, &["--from", "start"]);
    let output = BufReader::new(child.stdout.take().unwrap());
    let (tell, given) = std::sync::mpsc::channel();
    std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    let write = "select eventodb_test.write_message(gen_random_uuid()::varchar, 'account-1', 'T', '{}')";
    let terminate = "select pg_terminate_backend(pid) from pg_stat_activity \
                     where application_name = 'streamscope' and datname = current_database()";
    client.query(write, &[]).await.unwrap();
    let limit = Instant::now() + Duration::from_mins(1);
    // It has started.
    let mut seen = positions(&lines(&given.recv_timeout(Duration::from_secs(20)).expect("a first message")));
    for _ in 0..30 {
        client.query(write, &[]).await.unwrap();
        client.query(terminate, &[]).await.unwrap();
    }
    while seen.len() < 31 {
        let left = limit.saturating_duration_since(Instant::now());
        let line = given.recv_timeout(left).unwrap_or_else(|_| panic!("only {seen:?}"));
        seen.extend(positions(&lines(&line)));
    }
    assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_tail_names_the_position_from_which_it_reads_a_refilled_store() {
    let place = Place::new(Kind::MessageDb).await;
    fill(&place, 10);
    let client = place.database.as_ref().unwrap().client().await;
    let mut child = following(&place, &["--from", "start", "--type", "Wanted"]);
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    super::blocked::wait_until_it_catches(&child, rustix::process::Signal::USR1);
    while !line.contains("complete to 10") {
        std::thread::sleep(Duration::from_millis(50));
        signal(&child, rustix::process::Signal::USR1);
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "it is running");
    }
    let refill = "begin; truncate message_store.messages restart identity; insert into message_store.messages \
                  (stream_name, position, type, data) select 'b-1', i, case i when 1 then 'Wanted' else 'T' end, '{}' \
                  from generate_series(0, 3) i; commit";
    client.batch_execute(refill).await.unwrap();
    let mut message = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut message).unwrap();
    assert_eq!(positions(&lines(&message)), [2]);
    while !line.contains("moved back") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "it reports the change");
    }
    assert!(line.contains("from 10 to 4") && line.contains("tail continues after 0 with every message"), "{line}");
    signal(&child, rustix::process::Signal::TERM);
    assert_eq!(end_of(child).0, Some(143));
}
