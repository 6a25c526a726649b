//! Tests of how a command chooses its database, what it reports if the database refuses, and how it ends if its output
//! is closed or a signal arrives.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::place::Place;
use crate::support::program::{Outcome, User, outcome};
use crate::support::server::{self, Database};
use crate::support::stores::Kind;

const SECRET: &str = "s3cr3tw0rd";

#[tokio::test(flavor = "multi_thread")]
async fn chooses_the_database_from_the_first_variable_that_is_set() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let elsewhere = "postgres://127.0.0.1:1/nowhere";
    let (url, port) = (place.url(), server::port().to_string());
    let name = place.database.as_ref().expect("on the server").name().to_owned();
    for variables in [
        vec![("STREAMSCOPE_URL", url.as_str()), ("DATABASE_URL", elsewhere), ("PGPORT", "1")],
        vec![("DATABASE_URL", url.as_str()), ("PGPORT", "1")],
        vec![("PGHOST", "127.0.0.1"), ("PGPORT", &port), ("PGUSER", "postgres"), ("PGDATABASE", &name)],
    ] {
        let mut command = place.user.command();
        command.args(["version", "account-1"]).envs(variables.iter().copied());
        assert_eq!(outcome(&mut command).done(), "-1\n", "{variables:?}");
    }
    let mut command = place.user.command();
    command.args(place.arguments(&["version", "account-1"])).env("STREAMSCOPE_URL", elsewhere);
    assert_eq!(outcome(&mut command).done(), "-1\n", "--url comes first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_database_exits_with_7() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let name = place.database.as_ref().expect("on the server").name().to_owned();
    let client = place.database.as_ref().expect("on the server").client().await;
    client.batch_execute(&format!("alter database {name} set default_transaction_read_only = on")).await.expect("set");
    let told = place.run(&["write", "account-1", "Opened"]).failed(7);
    assert!(told.contains("read-only"), "{told}");
    assert_eq!(place.run(&["version", "account-1"]).done(), "-1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_a_missing_privilege_without_the_password() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let database = place.database.as_ref().expect("on the server");
    let role = format!("r_{}", database.name());
    let client = database.client().await;
    client.batch_execute(&format!("create role {role} login password '{SECRET}'")).await.expect("a role");
    let url = place.url().replace("postgres://postgres@", &format!("postgres://{role}:{SECRET}@"));
    let outcome = place.user.run(&["--url", &url, "-n", "eventodb_test", "write", "account-1", "Opened"]);
    client.batch_execute(&format!("drop role {role}")).await.expect("dropped");
    assert!(!format!("{outcome:?}").contains(SECRET), "{outcome:?}");
    let told = outcome.failed(1);
    assert!(told.contains("permission denied") && told.contains("role"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_a_missing_database_in_the_servers_words() {
    let outcome = User::new().run(&["--url", &server::url_of("not_there_at_all"), "categories"]);
    let told = outcome.failed(5);
    assert!(told.contains("\"not_there_at_all\" does not exist"), "{told}");
    assert!(told.contains(&format!(":{}/not_there_at_all: ", server::port())), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_quietly_when_the_reader_closes_the_output() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("on the server").client().await;
    client
        .batch_execute(
            "select eventodb_test.write_message(gen_random_uuid()::text, 'account-1', 'X', '{\"a\": 1}')
             from generate_series(1, 3000)",
        )
        .await
        .expect("written");
    for format in ["json", "text"] {
        let mut child = place
            .user
            .command()
            .args(place.arguments(&["get", "account", "--batch-size", "-1", "--format", format]))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a first line");
        assert!(line.starts_with(if format == "json" { "{\"id\":" } else { "STREAM" }), "{line}");
        // The reader has closed the pipe, like `head -1`.
        let mut told = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut told).expect("read");
        assert_eq!((child.wait().expect("ended").code(), told.as_str()), (Some(0), ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_its_status_when_standard_error_is_closed() {
    let user = User::new();
    let mut child = user
        .command()
        .args(["--url", "postgres://127.0.0.1:1/nowhere", "get", "a", "--batch-size", "0", "--position", "x"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("ended").code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_no_bodies_and_no_passwords() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let log = place.user.home().join("streamscope.log");
    let body = "a-body-of-its-own";
    let url = place.url().replace("postgres@", &format!("postgres:{SECRET}@"));
    let data = format!("{{\"a\": \"{body}\"}}");
    for arguments in
        [&["write", "account-1", "Opened", "--data", &data][..], &["get", "account-1"], &["last", "account-9"]]
    {
        let mut command = place.user.command();
        command.args(["--url", &url, "--log"]).arg(&log).args(arguments).env("STREAMSCOPE_LOG_LEVEL", "trace");
        outcome(&mut command);
    }
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("opened") && log.contains("account-9"), "{log}");
    assert!(!log.contains(SECRET) && !log.contains(body), "{log}");
}

/// Starts a command that is blocked on the server, and sends it a signal once it waits there.
#[cfg(unix)]
async fn interrupted(place: &Place, arguments: &[&str], holding: &str, signal: rustix::process::Signal) -> Outcome {
    let database = place.database.as_ref().expect("on the server");
    let (holder, watcher) = (database.client().await, database.client().await);
    holder.batch_execute(&format!("begin; {holding}")).await.expect("held");
    let child = place
        .user
        .command()
        .args(place.arguments(arguments))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let deadline = Instant::now() + Duration::from_secs(30);
    while watcher.query(waiting, &[]).await.expect("asked").is_empty() {
        assert!(Instant::now() < deadline, "the command never waited for the lock");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, signal).expect("signalled");
    let output = tokio::task::block_in_place(|| child.wait_with_output()).expect("ended");
    holder.batch_execute("rollback").await.expect("released");
    output.into()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_write_exits_with_6_and_reports_its_id() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let lock = "select pg_advisory_xact_lock(eventodb_test.hash_64('account'))";
    let write = ["write", "account-1", "Opened"];
    let told = interrupted(&place, &write, lock, rustix::process::Signal::INT).await.failed(6);
    assert!(told.contains("cannot tell whether message") && told.contains("--id"), "{told}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_read_exits_with_the_status_of_the_signal() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let lock = "lock table eventodb_test.messages in access exclusive mode";
    for (signal, status) in [(rustix::process::Signal::INT, 130), (rustix::process::Signal::TERM, 143)] {
        let outcome = interrupted(&place, &["-n", "test", "get", "account"], lock, signal).await;
        assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (status, "", ""));
    }
}

#[cfg(feature = "embedded")]
mod embedded {
    use super::*;
    use streamscope::store::embedded::Embedded;

    #[tokio::test(flavor = "multi_thread")]
    async fn without_settings_uses_the_embedded_store_of_the_user() {
        let user = User::new();
        let told = user.run(&["write", "account-1", "Opened"]).failed(4);
        assert!(told.contains("streamscope ns create"), "{told}");
        user.run(&["ns", "create", "mine"]).done();
        user.run(&["write", "account-1", "Opened"]).done();
        assert_eq!(user.run(&["version", "account-1"]).done(), "0\n");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn refuses_a_directory_that_another_program_uses() {
        let user = User::new();
        let directory = user.home().join("store");
        let first = Embedded::open(&directory).await.expect("opened");
        let second = ["--embedded", directory.to_str().expect("UTF-8"), "ns", "list"];
        let told = user.run(&second).failed(5);
        assert!(told.contains("in use by") && told.contains("--embedded"), "{told}");
        drop(first);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_demo_has_three_namespaces_and_needs_no_server() {
        let user = User::new();
        let mut command = user.command();
        command.arg("--demo").env("STREAMSCOPE_URL", "postgres://127.0.0.1:1/nowhere");
        let listed = outcome(&mut command).done();
        let mut namespaces: Vec<String> = listed
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("json")["namespace"].to_string())
            .collect();
        namespaces.dedup();
        assert_eq!(namespaces.len(), 3, "{listed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_lists_nothing() {
    let database = Database::new().await;
    assert_eq!(User::new().run(&["--url", &database.url(), "ns", "list"]).done(), "");
}
