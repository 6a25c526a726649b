//! Tests of imports next to other writers, after kills, signals and lost connections, and without privileges.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use streamscope::message::{ExpectedVersion, NewMessage, StreamName};
use streamscope::store::import::{self, Import, ImportError, ImportOptions, ImportedMessage, Problem};
use streamscope::store::{Namespace, Options, Store};
use uuid::Uuid;

use super::batches::kept;
use super::lines::{all, assert_same, export, file, noise, schema, without_global_positions};
use crate::support::for_each_store;
use crate::support::place::{Place, in_each_place};
use crate::support::stores::{TestStore, settings};

in_each_place!(
    a_killed_import_is_completed_by_another_run,
    a_signal_ends_an_import_that_waits_for_input,
    two_imports_of_the_same_categories_in_different_order_do_not_deadlock,
    an_import_that_may_not_advance_the_sequence_reports_the_privilege,
    the_transaction_that_holds_the_lock_of_a_category_is_reported,
    a_signal_during_the_commit_leaves_the_outcome_unknown,
    a_violation_of_another_unique_index_names_the_line,
);

#[cfg(target_os = "linux")]
in_each_place!(reports_its_progress_on_sigusr1);

for_each_store!(
    imports_and_writers_of_the_same_category_lose_nothing_and_leave_no_gap,
    a_concurrent_writer_never_collides_with_a_kept_global_position,
    a_planted_lock_function_is_never_called,
    an_import_with_repeatedly_cut_connections_writes_each_message_once,
    a_commit_without_an_answer_has_an_unknown_outcome,
    a_dropped_import_ends_its_copy_on_the_server,
    a_batch_limits_its_idle_time_and_keeps_the_lock_timeout_of_the_server,
    a_restarted_sequence_is_not_moved_back,
    a_trigger_that_appears_during_an_import_is_noticed,
);

fn started(place: &Place, arguments: &[&str]) -> Child {
    let mut command: Command = place.user.command();
    command.args(place.arguments(arguments)).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn a_killed_import_is_completed_by_another_run(place: &Place) {
    let lines = export("account", 3_000, 70);
    let path = file(place, "lines", &lines);
    // The embedded server starts first.
    let longest = if place.database.is_some() { 500 } else { 2_500 };
    let seed = u64::from(std::process::id());
    for round in 0..8 {
        let mut child = started(place, &["import", &path, "--batch", "40"]);
        std::thread::sleep(Duration::from_millis(noise(seed + round) % longest));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let before = all(place, "account").lines().count();
    let printed = place.run(&["import", &path, "--batch", "40"]).done();
    assert_eq!(printed, format!("{{\"imported\":{},\"present\":{before},\"dryRun\":false}}\n", 3_000 - before));
    assert_same(&without_global_positions(&all(place, "account")), &without_global_positions(&lines));
}

fn a_signal_ends_an_import_that_waits_for_input(place: &Place) {
    let mut command = place.user.command();
    let command = command.args(place.arguments(&["import"])).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdin = child.stdin.take();
    // Give it time to install its signal handler.
    std::thread::sleep(Duration::from_millis(300));
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < end, "the import did not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    // Without a handler, the signal itself ends it.
    let number = std::os::unix::process::ExitStatusExt::signal(&status);
    assert!(status.code() == Some(143) || number == Some(15), "{status:?}");
    drop(stdin);
}

fn two_imports_of_the_same_categories_in_different_order_do_not_deadlock(place: &Place) {
    if place.database.is_none() {
        // Only one process can use an embedded store.
        return;
    }
    let categories: Vec<String> = (0..12).map(|number| format!("c{number}")).collect();
    let text = |names: &mut dyn Iterator<Item = &String>, from: u64| -> String {
        let names: Vec<&String> = names.collect();
        let line = |n: u64| {
            let name = names[usize::try_from(n).unwrap() % names.len()];
            super::lines::line(from + n, &format!("{name}-{from}"), n / names.len() as u64)
        };
        (0..2_400).map(line).collect()
    };
    let first = file(place, "first", text(&mut categories.iter(), 0));
    let second = file(place, "second", text(&mut categories.iter().rev(), 50_000));
    let children = [&first, &second].map(|path| started(place, &["import", path, "--batch", "30"]));
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let count: usize = categories.iter().map(|category| all(place, category).lines().count()).sum();
    assert_eq!(count, 4_800);
}

fn an_import_that_may_not_advance_the_sequence_reports_the_privilege(place: &Place) {
    let Some(database) = &place.database else { return };
    let runtime = tokio::runtime::Handle::current();
    let role = format!("t_{}", Uuid::now_v7().simple());
    let schema = place.run(&["ns", "list", "--format", "json"]).done();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let schema = schema["schema"].as_str().unwrap();
    let execute = |sql: String| {
        tokio::task::block_in_place(|| {
            runtime.block_on(async { database.client().await.batch_execute(&sql).await.unwrap() });
        });
    };
    execute(format!(
        "create role {role} login; grant usage on schema {schema} to {role}; \
         grant execute on all functions in schema {schema} to {role}; \
         grant select, insert on {schema}.messages to {role}; \
         grant usage, select on all sequences in schema {schema} to {role}"
    ));
    let lines = export("account", 5, 2);
    let path = file(place, "lines", &lines);
    let url = place.url().replace("postgres@", &format!("{role}@"));
    // The sequence need not advance for the first batch, which is below its next value.
    execute(format!("alter sequence {schema}.messages_global_position_seq restart with 3"));
    let kept = place.user.run(&["--url", &url, "import", &path, "--keep-global-positions", "--batch", "2"]);
    let outcome = place.user.run(&["--url", &url, "import", &path]);
    let count = all(place, "account").lines().count();
    execute(format!("drop owned by {role}; drop role {role}"));
    assert_eq!((kept.status, kept.stdout.as_str()), (1, ""));
    assert!(
        kept.stderr
            .contains("not allowed: to keep global positions, the sequence must advance to 4: permission denied"),
        "{kept:?}"
    );
    assert!(kept.stderr.starts_with("streamscope: lines 1 to 2 are stored (2 of them new); "), "{kept:?}");
    assert!(outcome.done().starts_with("{\"imported\":3,\"present\":2,"));
    assert_eq!(count, 5);
}

/// Waits until a query returns a row.
pub(super) async fn until_there_is(client: &tokio_postgres::Client, query: &str) {
    let limit = Instant::now() + Duration::from_secs(30);
    while client.query(query, &[]).await.unwrap().is_empty() {
        assert!(Instant::now() < limit, "no row after 30 seconds: {query}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn the_transaction_that_holds_the_lock_of_a_category_is_reported(place: &Place) {
    let Some(database) = &place.database else { return };
    let (schema, path) = (schema(place), file(place, "lines", export("account", 5, 2)));
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let holder = runtime.block_on(database.client());
        let hold = format!(
            "set application_name = 'tester'; set search_path = \"{schema}\"; begin; select acquire_lock('account-1')"
        );
        runtime.block_on(holder.batch_execute(&hold)).unwrap();
        let pid: i32 = runtime.block_on(holder.query_one("select pg_backend_pid()", &[])).unwrap().get(0);
        let mut child = started(place, &["import", &path]);
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let waiting = told.next().unwrap();
        assert!(waiting.contains("waiting for a lock of another transaction"), "{waiting}");
        let holder_named = told.next().unwrap();
        let expected = format!("blocked by PID {pid} (tester), transaction open since");
        assert!(holder_named.contains(&expected), "{holder_named}");
        runtime.block_on(holder.batch_execute("commit")).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    });
    assert_eq!(all(place, "account").lines().count(), 5);
}

/// Returns SQL that runs plpgsql at the commit of a message. A deferred trigger of the table `messages` would run
/// before, so the trigger defers another one in turn.
fn at_commit(schema: &str, condition: &str, body: &str) -> String {
    format!(
        "create table public.commits (n int); \
         create function public.at_commit() returns trigger language plpgsql as $$ begin {body}; return null; end $$; \
         create constraint trigger at_commit after insert on public.commits deferrable initially deferred \
           for each row execute function public.at_commit(); \
         create function public.defer() returns trigger language plpgsql as $$ begin \
           set constraints all deferred; insert into public.commits values (1); return null; end $$; \
         create constraint trigger defers after insert on \"{schema}\".messages deferrable initially deferred \
           for each row when ({condition}) execute function public.defer()"
    )
}

fn a_signal_during_the_commit_leaves_the_outcome_unknown(place: &Place) {
    let Some(database) = &place.database else { return };
    let (schema, path) = (schema(place), file(place, "lines", export("account", 5, 1)));
    let runtime = tokio::runtime::Handle::current();
    let outcome = tokio::task::block_in_place(|| {
        let client = runtime.block_on(database.client());
        let slow = at_commit(&schema, "new.position = 3", "perform pg_catalog.pg_sleep(60)");
        runtime.block_on(client.batch_execute(&slow)).unwrap();
        let child = started(place, &["import", &path, "--batch", "2"]);
        let commits = "select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
        runtime.block_on(until_there_is(&client, commits));
        let process = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
        crate::support::program::Outcome::from(child.wait_with_output().unwrap())
    });
    let error = outcome.failed(6);
    assert!(error.contains("lines 1 to 2 are stored (2 of them new)"), "{error}");
    assert!(error.contains("cannot tell whether lines 3 to 4 of"), "{error}");
}

fn a_violation_of_another_unique_index_names_the_line(place: &Place) {
    let Some(database) = &place.database else { return };
    let sql = format!("create unique index own on \"{}\".messages ((data ->> 'n'))", schema(place));
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        runtime.block_on(async { database.client().await.batch_execute(&sql).await.unwrap() });
    });
    let lines = export("account", 4, 1).replace("{\"n\": 2}", "{\"n\": 0}");
    let path = file(place, "lines", lines);
    let error = place.run(&["import", &path]).failed(1);
    assert!(error.contains("line 3: duplicate key value violates unique constraint \"own\""), "{error}");
    assert_eq!(all(place, "account"), "");
}

#[cfg(target_os = "linux")]
fn reports_its_progress_on_sigusr1(place: &Place) {
    let mut command = place.user.command();
    let command = command.args(place.arguments(&["import", "--batch", "2"])).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(export("account", 2, 1).as_bytes()).unwrap();
    // Without a handler, the signal would end the import.
    let status = format!("/proc/{}/status", child.id());
    let limit = Instant::now() + Duration::from_secs(30);
    let listens = || {
        let status = std::fs::read_to_string(&status).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << 9) != 0
    };
    while !listens() {
        assert!(Instant::now() < limit, "the import installed no signal handler");
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("2 messages, ") {
        assert!(Instant::now() < limit, "{line}");
        rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::USR1).unwrap();
        line.clear();
        stderr.read_line(&mut line).unwrap();
        // Before the import has begun, the answer has no messages.
        assert!(line.contains(" messages, ") || line.contains("running for "), "{line}");
    }
    drop(stdin);
    // The answers to the other signals.
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?} {rest}");
}

async fn imports_and_writers_of_the_same_category_lose_nothing_and_leave_no_gap(store: &TestStore) {
    let written = tokio::spawn({
        let namespace = store.namespace.clone();
        async move {
            let mut count = 0;
            for number in 0..300_u64 {
                let message = NewMessage {
                    id: Uuid::now_v7(),
                    stream: StreamName::new(format!("account-{}", number % 5)).unwrap(),
                    message_type: "Written".to_owned(),
                    data: "{}".to_owned(),
                    metadata: None,
                    expected_version: ExpectedVersion::Any,
                };
                namespace.write(&message).await.unwrap();
                count += 1;
            }
            count
        }
    });
    // Messages with positions go to other streams than the writer's, messages without positions to the same.
    let mut with_positions = Import::new(&store.namespace, ImportOptions::default()).unwrap();
    let mut without = Import::new(&store.namespace, ImportOptions::default()).unwrap();
    let mut imported = 0;
    for round in 0..30 {
        let batch: Vec<_> = (0..20).map(|n| kept(&format!("account-own{}", n % 4), round * 5 + n / 4, "{}")).collect();
        imported += with_positions.batch(&batch).await.unwrap().imported;
        let batch: Vec<_> = (0..20)
            .map(|n| {
                let mut message = kept(&format!("account-{}", n % 5), 0, "{}");
                message.placement = streamscope::store::import::Placement::Next {
                    expected: Some(ExpectedVersion::Any),
                    generated: true,
                };
                message
            })
            .collect();
        imported += without.batch(&batch).await.unwrap().imported;
    }
    let written: u64 = written.await.unwrap();
    assert_eq!((imported, written), (1_200, 300));
    let mut next: HashMap<String, i64> = HashMap::new();
    let found = super::batches::all(&store.namespace, "account").await;
    assert_eq!(found.len(), 1_500);
    for message in found {
        let next = next.entry(message.stream.to_string()).or_default();
        assert_eq!(message.position, *next, "{}", message.stream);
        *next += 1;
    }
}

/// Returns ten messages whose global positions are a little ahead of the writer's.
async fn ahead_of_the_newest(namespace: &Namespace, round: i64) -> Vec<ImportedMessage> {
    let last = super::batches::newest(namespace).await;
    let ahead = |n| {
        let mut message = kept("account-1", round * 10 + n, "{}");
        let import::Placement::Kept { global_position, .. } = &mut message.placement else { unreachable!() };
        *global_position = Some(last + 40 + n);
        message
    };
    (0..10).map(ahead).collect()
}

async fn a_concurrent_writer_never_collides_with_a_kept_global_position(store: &TestStore) {
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (namespace, stop) = (store.namespace.clone(), std::sync::Arc::clone(&stop));
        async move {
            let mut count = 0_usize;
            while !stop.load(Ordering::Relaxed) {
                let message = NewMessage {
                    id: Uuid::now_v7(),
                    stream: StreamName::new("other-1").unwrap(),
                    message_type: "Written".to_owned(),
                    data: "{}".to_owned(),
                    metadata: None,
                    expected_version: ExpectedVersion::Any,
                };
                namespace.write(&message).await.unwrap();
                count += 1;
            }
            count
        }
    });
    let options = ImportOptions { keep_global_positions: true, ..ImportOptions::default() };
    let mut import = Import::new(&store.namespace, options).unwrap();
    for round in 0..25_i64 {
        // On a busy machine the writer can pass these numbers first. Then the whole batch is refused and tries higher
        // ones. The writer must never meet a kept number.
        let mut refused = 0;
        while let Err(error) = import.batch(&ahead_of_the_newest(&store.namespace, round).await).await {
            refused += 1;
            assert!(refused < 100, "the writer is always faster: {error}");
            let taken = matches!(error, ImportError::Message { problem: Problem::GlobalPositionTaken { .. }, .. });
            assert!(taken, "{error}");
        }
    }
    stop.store(true, Ordering::Relaxed);
    let count = writer.await.unwrap();
    assert_eq!(super::batches::all(&store.namespace, "other").await.len(), count);
    assert_eq!(super::batches::all(&store.namespace, "account").await.len(), 250);
}

async fn a_planted_lock_function_is_never_called(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let plant = |schema: &str| {
        format!(
            "create function {schema}.acquire_lock(stream_name varchar) returns bigint language plpgsql as \
               $$ begin raise exception 'planted'; end $$; \
             create function {schema}.category(stream_name varchar) returns varchar language plpgsql as \
               $$ begin raise exception 'planted'; end $$; \
             create function {schema}.hash_64(value varchar) returns bigint language plpgsql as \
               $$ begin raise exception 'planted'; end $$;"
        )
    };
    let database = store.database.as_ref().unwrap().name();
    let sql = format!(
        "create schema planted; {} alter database {database} set search_path = planted, public",
        plant("planted")
    );
    client.batch_execute(&sql).await.unwrap();
    let done = store.namespace.import(&[kept("account-1", 0, "{}")]).await.unwrap();
    assert_eq!(done.imported, 1);
}

async fn a_trigger_that_appears_during_an_import_is_noticed(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let mut import = Import::new(&store.namespace, ImportOptions::default()).unwrap();
    assert_eq!(import.batch(&[kept("account-1", 0, "{}")]).await.unwrap().imported, 1);
    let schema = &store.namespace.info().schema;
    let drops = format!(
        "create function public.dropped() returns trigger language plpgsql as $$ begin return null; end $$; \
         create trigger dropped before insert on \"{schema}\".messages \
           for each row when (new.position = 2) execute procedure public.dropped()"
    );
    client.batch_execute(&drops).await.unwrap();
    let further = [kept("account-1", 1, "{}"), kept("account-1", 2, "{}")];
    let error = import.batch(&further).await.unwrap_err();
    let is_named = matches!(error, ImportError::Message { index: 1, problem: Problem::NotStored { position: 2, .. } });
    assert!(is_named, "{error}");
    assert_eq!(super::batches::all(&store.namespace, "account").await.len(), 1);
    assert_eq!(import.batch(&further[..1]).await.unwrap().imported, 1);
}

async fn an_import_with_repeatedly_cut_connections_writes_each_message_once(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let cutter = tokio::spawn({
        let stop = std::sync::Arc::clone(&stop);
        async move {
            let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                       where datname = current_database() and pid <> pg_backend_pid()";
            let mut cuts = 0_i64;
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(noise(u64::try_from(cuts).unwrap()) % 80)).await;
                cuts += client.query_one(cut, &[]).await.unwrap().get::<_, i64>(0);
            }
            (cuts, client)
        }
    });
    let mut with_positions = Import::new(&store.namespace, ImportOptions::default()).unwrap();
    let mut without = Import::new(&store.namespace, ImportOptions::default()).unwrap();
    let mut imported = (0, 0);
    for round in 0..25 {
        let batch: Vec<_> = (0..20).map(|n| kept(&format!("kept-{}", n % 4), round * 5 + n / 4, "{}")).collect();
        imported.0 += with_positions.batch(&batch).await.unwrap().imported;
        let batch: Vec<_> = (0..20)
            .map(|n| {
                let mut message = kept(&format!("new-{}", n % 5), 0, "{}");
                message.placement = streamscope::store::import::Placement::Next { expected: None, generated: true };
                message
            })
            .collect();
        imported.1 += without.batch(&batch).await.unwrap().imported;
    }
    stop.store(true, Ordering::Relaxed);
    let (cuts, client) = cutter.await.unwrap();
    assert!(cuts > 0, "no connection was cut");
    assert_eq!(imported, (500, 500));
    let count = format!("select count(*), count(distinct (stream_name, position)) from {}.messages", store.schema);
    let row = client.query_one(&count, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1_000, 1_000));
}

async fn a_commit_without_an_answer_has_an_unknown_outcome(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let role = format!("t_{}", Uuid::now_v7().simple());
    client.batch_execute(&format!("create role {role} superuser login")).await.unwrap();
    let url = store.url.as_ref().unwrap().replace("postgres@", &format!("{role}@"));
    let seen = Store::new(settings(&url), Options::default());
    let namespace = seen.namespace(&store.namespace.info().id).await.unwrap();
    let mut import = Import::new(&namespace, ImportOptions::default()).unwrap();
    import.batch(&[kept("account-1", 0, "{}")]).await.unwrap();
    // The commit ends the connection, and the role cannot connect again.
    let end = "perform pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())";
    let cut = format!("{}; alter role {role} nologin", at_commit(&store.schema, "true", end));
    client.batch_execute(&cut).await.unwrap();
    let error = import.batch(&[kept("account-1", 1, "{}")]).await.unwrap_err();
    client.batch_execute(&format!("drop role {role}")).await.unwrap();
    assert!(matches!(error, ImportError::OutcomeUnknown(_)), "{error:?}");
    assert!(import.is_in_doubt());
}

async fn a_dropped_import_ends_its_copy_on_the_server(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let watcher = store.client().await.unwrap();
    let message = kept("account-1", 0, "{}");
    // Another session has inserted a message with this ID and not committed yet.
    let insert = format!(
        "begin; insert into \"{}\".messages (id, stream_name, type, position, data) values ('{}', 'other-1', 'T', 0, '{{}}')",
        store.schema, message.id
    );
    client.batch_execute(&insert).await.unwrap();
    let import = tokio::spawn({
        let namespace = store.namespace.clone();
        async move { namespace.import(&[message]).await }
    });
    let copies =
        "pg_stat_activity where datname = current_database() and query like 'copy%' and wait_event_type = 'Lock'";
    until_there_is(&watcher, &format!("select from {copies}")).await;
    import.abort();
    until_there_is(&watcher, &format!("select where not exists (select from {copies})")).await;
    client.batch_execute("rollback").await.unwrap();
}

async fn a_batch_limits_its_idle_time_and_keeps_the_lock_timeout_of_the_server(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    // A trigger checks the settings within a batch.
    let look = format!(
        "create function public.look() returns trigger language plpgsql as $$ begin \
           if pg_catalog.current_setting('idle_in_transaction_session_timeout') <> '10s' \
             or pg_catalog.current_setting('lock_timeout') <> '0' then \
             raise exception 'wrong settings'; end if; return null; end $$; \
         create trigger look after insert on \"{}\".messages for each row execute function public.look()",
        store.schema
    );
    client.batch_execute(&look).await.unwrap();
    store.namespace.import(&[kept("account-1", 0, "{}")]).await.unwrap();
}

async fn a_restarted_sequence_is_not_moved_back(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let restart = format!("alter sequence \"{}\".messages_global_position_seq restart with 5000", store.schema);
    client.batch_execute(&restart).await.unwrap();
    let options = ImportOptions { keep_global_positions: true, ..ImportOptions::default() };
    let mut import = Import::new(&store.namespace, options).unwrap();
    for (position, number) in [(0, 7), (1, 5_000)] {
        let mut message = kept("account-1", position, "{}");
        let import::Placement::Kept { global_position, .. } = &mut message.placement else { unreachable!() };
        *global_position = Some(number);
        import.batch(&[message]).await.unwrap();
        let mut next = kept("other-1", 0, "{}");
        next.placement = import::Placement::Next { expected: None, generated: true };
        store.namespace.import(&[next]).await.unwrap();
        assert_eq!(super::batches::newest(&store.namespace).await, if number == 7 { 5_000 } else { 5_001 });
        if number == 7 {
            let gone = format!("delete from \"{}\".messages where global_position = 5000", store.schema);
            client.batch_execute(&gone).await.unwrap();
            client.batch_execute(&restart).await.unwrap();
        }
    }
}
