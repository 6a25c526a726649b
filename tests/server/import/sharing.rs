//! Tests of files with many batches, which can share a commit: every line that is reported as stored is stored,
//! whatever happens to a later batch.

use std::process::Stdio;
use std::time::Duration;

use super::lines::{all, assert_same, file, line, schema, without, without_global_positions};
use crate::support::place::{Place, in_each_place};
use crate::support::program::{Outcome, processor_ticks};

in_each_place!(
    a_file_of_many_batches_is_stored_whole_and_a_second_run_adds_nothing,
    a_wrong_line_in_a_later_batch_keeps_the_earlier_batches,
    a_message_of_a_later_batch_that_the_server_refuses_is_named,
    stored_messages_in_a_later_batch_are_counted_as_present,
    connections_cut_between_batches_neither_lose_nor_duplicate_messages,
    batches_that_are_ready_share_a_commit,
    new_messages_share_a_commit_too,
    batches_that_shared_a_lost_transaction_are_sent_again,
    new_messages_that_shared_a_lost_transaction_are_sent_again,
);

/// Returns messages of two kilobytes in streams of two categories; a batch holds a thousand of them.
fn large(count: u64) -> Vec<String> {
    let one = |number: u64| {
        let stream = format!("{}-{}", if number.is_multiple_of(2) { "account" } else { "order" }, number % 6);
        let long = format!("\"n\": {number}, \"long\": \"{}\"", "x".repeat(2_000));
        line(number, &stream, number / 6).replace(&format!("\"n\": {number}"), &long)
    };
    (0..count).map(one).collect()
}

fn in_store(place: &Place) -> String {
    let lines = all(place, "account") + &all(place, "order");
    without_global_positions(&lines)
}

fn expected(lines: &[String]) -> String {
    let of = |category: &str| -> String {
        lines.iter().filter(|line| line.contains(&format!("\"{category}-"))).map(String::as_str).collect()
    };
    without_global_positions(&(of("account") + &of("order")))
}

fn a_file_of_many_batches_is_stored_whole_and_a_second_run_adds_nothing(place: &Place) {
    let lines = large(6_000);
    let path = file(place, "lines", lines.concat());
    for done in ["{\"imported\":6000,\"present\":0,", "{\"imported\":0,\"present\":6000,"] {
        let printed = place.run(&["import", &path, "--keep-global-positions"]).done();
        assert!(printed.starts_with(done), "{printed}");
    }
    assert_same(&in_store(place), &expected(&lines));
    let written = place.run(&["write", "account-0", "Next"]).done();
    assert!(written.contains("\"pos\":1000,\"gpos\":6001}"), "{written}");
}

fn a_wrong_line_in_a_later_batch_keeps_the_earlier_batches(place: &Place) {
    let mut lines = large(6_000);
    // This position is taken by the previous message of the stream.
    lines[4_500] = lines[4_500].replace("\"pos\":750,", "\"pos\":749,");
    let path = file(place, "lines", lines.concat());
    let outcome = place.run(&["import", &path]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
    assert!(outcome.stderr.contains("line 4501: position 749 of account-0 is taken"), "{outcome:?}");
    assert_earlier_batches_stay(place, &lines, &outcome);
}

fn a_message_of_a_later_batch_that_the_server_refuses_is_named(place: &Place) {
    let Some(database) = &place.database else { return };
    let mut lines = large(6_000);
    lines[4_500] = lines[4_500].replace("\"type\":\"", "\"type\":\"Not");
    let check = format!("alter table \"{}\".messages add check (type !~ '^Not')", schema(place));
    tokio::task::block_in_place(|| {
        let runtime = tokio::runtime::Handle::current();
        runtime.block_on(async { database.client().await.batch_execute(&check).await.unwrap() });
    });
    let path = file(place, "lines", lines.concat());
    let outcome = place.run(&["import", &path]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (1, ""), "{outcome:?}");
    assert!(outcome.stderr.contains("line 4501: new row for relation"), "{outcome:?}");
    assert_earlier_batches_stay(place, &lines, &outcome);
}

/// Line 4,501 could not be imported.
fn assert_earlier_batches_stay(place: &Place, lines: &[String], outcome: &Outcome) {
    let stay = outcome.stderr.split_once("lines 1 to ").and_then(|(_, rest)| rest.split_once(' ')).unwrap().0;
    let stay: usize = stay.parse().unwrap();
    assert!((1..=4_500).contains(&stay), "{outcome:?}");
    assert_same(&in_store(place), &expected(&lines[..stay]));
}

fn stored_messages_in_a_later_batch_are_counted_as_present(place: &Place) {
    let lines = large(6_000);
    // These streams have no other messages.
    let early: Vec<String> = (0..40).map(|number| line(90_000 + number, &format!("order-x{number}"), 0)).collect();
    let path = file(place, "early", early.concat());
    place.run(&["import", &path]).done();
    let path = file(place, "lines", lines[..5_000].concat() + &early.concat() + &lines[5_000..].concat());
    let printed = place.run(&["import", &path]).done();
    assert!(printed.starts_with("{\"imported\":6000,\"present\":40,"), "{printed}");
    assert_eq!(in_store(place).lines().count(), 6_040);
}

fn connections_cut_between_batches_neither_lose_nor_duplicate_messages(place: &Place) {
    let Some(database) = &place.database else { return };
    let lines = large(9_000);
    let path = file(place, "lines", lines.concat());
    let count = format!("select count(*) from \"{}\".messages", schema(place));
    let runtime = tokio::runtime::Handle::current();
    let output = tokio::task::block_in_place(|| {
        let client = runtime.block_on(database.client());
        let mut command = place.user.command();
        let command = command.args(place.arguments(&["import", &path]));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Only transactions that have written: a connection that is cut while the command starts is an error.
        let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid() \
                   and (query ~ '^copy' or query = 'commit' and state = 'active') \
                   and backend_xid is not null \
                   and backend_type = 'client backend'";
        let mut cuts: i64 = 0;
        while child.try_wait().unwrap().is_none() {
            // A limited number of cuts, so that some batches are stored.
            if cuts < 6 {
                cuts += runtime.block_on(client.query_one(cut, &[])).unwrap().get::<_, i64>(0);
            }
            std::thread::sleep(Duration::from_millis(40));
        }
        assert!(cuts > 0, "no connection was cut");
        let output = child.wait_with_output().unwrap();
        let stored: i64 = runtime.block_on(client.query_one(&count, &[])).unwrap().get(0);
        assert_eq!(stored, 9_000, "{output:?}");
        output
    });
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.starts_with("{\"imported\":9000,\"present\":0,"), "{stdout} {:?}", String::from_utf8(output.stderr));
    assert_same(&in_store(place), &expected(&lines));
}

/// Returns the same messages without IDs, positions and times.
fn new(count: u64) -> Vec<String> {
    let one = |line: String| {
        let line = ["id", "pos", "gpos"].iter().fold(line, |line, key| without(&line, key));
        let (before, _) = line.split_once(",\"time\":").unwrap();
        format!("{before}}}\n")
    };
    large(count).into_iter().map(one).collect()
}

/// Waits until a process has used no CPU time for half a second.
fn until_idle(pid: u32) {
    for _ in 0..120 {
        let before = processor_ticks(pid);
        std::thread::sleep(Duration::from_millis(500));
        if processor_ticks(pid) == before {
            return;
        }
    }
    panic!("the process is still busy after a minute");
}

/// Imports a file of several batches after `prepare`. The first batch waits for the table until the program has read
/// the next ones. Returns the program's output and what `sql` returns afterwards.
fn import_with_batches_ready(place: &Place, lines: &[String], prepare: &str, sql: &str) -> (String, i64) {
    let database = place.database.as_ref().expect("on the server");
    let path = file(place, "lines", lines.concat());
    let messages = format!("\"{}\".messages", schema(place));
    let filled = |sql: &str| sql.replace("{messages}", &messages);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let client = runtime.block_on(database.client());
        let number = |sql: &str| runtime.block_on(client.query_one(sql, &[])).unwrap().get::<_, i64>(0);
        let lock = format!("{}; begin; lock table {messages} in exclusive mode", filled(prepare));
        runtime.block_on(client.batch_execute(&lock)).unwrap();
        let arguments = place.arguments(&["import", &path]);
        let mut child = place.user.command().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let waits = format!("select count(*) from pg_locks where relation = '{messages}'::regclass and not granted");
        while number(&waits) == 0 {
            assert_eq!(child.try_wait().unwrap(), None, "it waits for the table");
            std::thread::sleep(Duration::from_millis(10));
        }
        until_idle(child.id());
        runtime.block_on(client.batch_execute("commit")).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        (String::from_utf8(output.stdout).unwrap(), number(&filled(sql)))
    })
}

fn batches_that_are_ready_share_a_commit(place: &Place) {
    commit_together(place, &large(5_000));
}

fn new_messages_share_a_commit_too(place: &Place) {
    commit_together(place, &new(5_000));
}

fn commit_together(place: &Place, lines: &[String]) {
    if place.database.is_none() {
        return;
    }
    let number = "alter table {messages} add transaction bigint default txid_current()";
    // The first batch alone has 64 KiB.
    let first = "select sum(octet_length(data::text))::bigint from {messages} group by transaction order by transaction limit 1";
    let (_, first) = import_with_batches_ready(place, lines, number, first);
    assert!(first > 512 << 10, "only {first} bytes were in the first commit");
}

fn batches_that_shared_a_lost_transaction_are_sent_again(place: &Place) {
    lost_once(place, &large(5_000));
}

fn new_messages_that_shared_a_lost_transaction_are_sent_again(place: &Place) {
    lost_once(place, &new(5_000));
}

fn lost_once(place: &Place, lines: &[String]) {
    if place.database.is_none() {
        return;
    }
    // The connection is lost once, at the third batch. A sequence also counts what is rolled back.
    let cut = "create sequence public.batches; \
               create function public.cut() returns trigger language plpgsql as $$ begin \
                 if nextval('public.batches') = 3 then perform pg_terminate_backend(pg_backend_pid()); end if; return null; \
               end $$; \
               create trigger cuts after insert on {messages} for each statement execute procedure public.cut()";
    let (printed, stored) = import_with_batches_ready(place, lines, cut, "select count(*) from {messages}");
    assert_eq!(stored, 5_000, "{printed}");
    assert!(printed.starts_with("{\"imported\":5000,\"present\":0,"), "{printed}");
    let attempts = "select last_value from public.batches";
    let database = place.database.as_ref().expect("on the server");
    let sent = tokio::task::block_in_place(|| {
        let runtime = tokio::runtime::Handle::current();
        runtime.block_on(async { database.client().await.query_one(attempts, &[]).await.unwrap().get::<_, i64>(0) })
    });
    assert!(sent > 5, "no batch was sent twice");
}
