//! Counts the round trips of commands, which dominate their duration over a slow network. `psql` needs two, for the
//! connection and for one query.

use std::process::Command;

use crate::support::program::{User, outcome};
use crate::support::pty::Screen;
use crate::support::round_trips::RoundTrips;
use crate::support::server;
use crate::support::stores::{Kind, TestStore};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_takes_one_round_trip_more_than_psql_or_two_without_a_namespace() {
    let line = RoundTrips::before(server::port()).await;
    let user = User::new();
    let write = ["write", "account-1", "Opened", "--data", "{}"];
    let commands: [&[&str]; 17] = [
        &write,
        &["get", "account-1"],
        &["get", "account"],
        &["last", "account-1"],
        &["version", "account-1"],
        &["categories"],
        &["streams"],
        &["streams", "account"],
        // More follow, which takes no query of its own.
        &["get", "account", "--limit", "1"],
        &["streams", "--limit", "1"],
        &["streams", "account", "--limit", "1"],
        // No consumer records a position.
        &["consumers"],
        &["fold", "account-1"],
        &["fold", "account-1", "--jq", ".state"],
        &["ns", "list"],
        // Both must first learn which messages are final, and a follower also which messages exist already.
        &["export", "account"],
        &["tail", "account", "--from", "0", "--limit", "1"],
    ];
    let mut too_many = Vec::new();
    for kind in [Kind::OursOnPostgres, Kind::MessageDb, Kind::EventoDb] {
        let store = TestStore::new(kind).await;
        let url = line.url_of(&store.database.as_ref().expect("on the server").url()) + "?sslmode=disable";
        let id = store.namespace.info().id.clone();
        for stream in ["account-1", "account-2"] {
            let direct = store.database.as_ref().expect("on the server").url();
            assert_eq!(user.run(&["--url", &direct, "-n", &id, "write", stream, "Opened"]).status, 0);
        }
        let psql = Command::new("psql").args(["-X", "-w", "-Atc", "select 1", "-d", &url]).output().expect("psql runs");
        assert!(psql.status.success());
        assert_eq!(line.take(), 2, "psql");
        for command in commands {
            for (before, allowed) in [(&["-n", id.as_str()][..], 3), (&[], 4), (&["--read-only", "-n", &id], 3)] {
                if before.len() == 3 && command[0] == "write" {
                    continue;
                }
                let mut program = user.command();
                let done = outcome(program.args(["--url", &url]).args(before).args(command));
                assert_eq!(done.status, 0, "{kind:?}, {command:?}: {}", done.stderr);
                let count = line.take();
                let further = match command[0] {
                    "export" => 1,
                    "tail" => 2,
                    _ => 0,
                };
                if count > allowed + further {
                    too_many.push(format!("{kind:?}, {before:?} {command:?}: {count}"));
                }
            }
        }
    }
    assert!(too_many.is_empty(), "{}", too_many.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_is_usable_after_three_round_trips() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let database = store.database.as_ref().expect("on the server");
    let user = User::new();
    for number in 0..3 {
        let stream = format!("account-{number}");
        assert_eq!(user.run(&["--url", &database.url(), "write", &stream, "Opened"]).status, 0);
    }
    let line = RoundTrips::before(server::port()).await;
    // The line is cut after the third answer.
    line.end_after(3);
    let url = line.url_of(&database.url()) + "?sslmode=disable";
    let id = store.namespace.info().id.clone();
    for arguments in [&["--url", &url][..], &["--url", &url, "-n", &id]] {
        line.take();
        let mut screen = Screen::start(&user, arguments);
        screen.shows("account").shows("Opened");
        // The line is cut, so the program cannot close its connections in an orderly way.
        screen.keys("q");
        screen.end();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_on_a_named_namespace_costs_the_same_with_500_others() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let database = store.database.as_ref().expect("on the server");
    let line = RoundTrips::before(server::port()).await;
    let url = line.url_of(&database.url()) + "?sslmode=disable";
    let (user, id) = (User::new(), store.namespace.info().id.clone());
    let schema = store.namespace.info().schema.clone();
    assert_eq!(user.run(&["--url", &database.url(), "-n", &id, "write", "account-1", "Opened"]).status, 0);
    let cost = || {
        let commands: [&[&str]; 5] =
            [&["get", "account-1"], &["last", "account-1"], &["version", "account-1"], &["categories"], &["streams"]];
        commands.map(|command| {
            line.take();
            line.take_bytes();
            let done = outcome(user.command().args(["--url", &url, "-n", &id]).args(command));
            assert_eq!(done.status, 0, "{command:?}: {}", done.stderr);
            (line.take(), line.take_bytes())
        })
    };
    let alone = cost();
    let others = format!(
        "do $$ begin for n in 1..500 loop
           execute format('create schema other_%s', n);
           execute format('create table other_%s.messages (like {schema}.messages including all)', n);
           execute format('create table other_%s._streamscope_version as table {schema}._streamscope_version', n);
           execute replace(pg_get_functiondef('{schema}.write_message'::regproc), '{schema}', 'other_' || n);
           insert into eventodb_store.namespaces (id, token_hash, schema_name, created_at)
             values ('other-' || n, 'none-' || n, 'other_' || n, 0);
         end loop; end $$"
    );
    database.client().await.batch_execute(&others).await.expect("500 namespaces");
    let listed = user.run(&["--url", &database.url(), "ns", "list", "--format", "json"]);
    assert_eq!(listed.stdout.lines().count(), 501, "{}", listed.stderr);
    for ((alone, beside), command) in
        alone.into_iter().zip(cost()).zip(["get", "last", "version", "categories", "streams"])
    {
        assert_eq!(alone.0, beside.0, "{command}: round trips");
        // Numbers in the answer may have more digits.
        assert!(beside.1 <= alone.1 + 100, "{command}: {} bytes alone, {} with the others", alone.1, beside.1);
    }
}
