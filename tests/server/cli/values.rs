//! Tests that values from messages, which a server repeats in its errors, are logged only at level debug, and that the
//! detail of an error, which contains whole rows, is never printed.

use std::fs;

use crate::support::place::Place;
use crate::support::program::outcome;
use crate::support::stores::Kind;

const BODY: &str = "a-body-of-its-own";

/// Writes a message that the server refuses. Returns the output and the log.
fn refused(place: &Place, level: &str) -> (String, String) {
    let log = place.user.home().join(format!("{level}.log"));
    let mut command = place.user.command();
    let data = format!("{{\"a\": \"{BODY}\"}}");
    command.args(place.arguments(&["write", "account-1", "Opened", "--data", &data, "--log"])).arg(&log);
    let told = outcome(command.env("STREAMSCOPE_LOG_LEVEL", level));
    assert_eq!(told.status, 1, "{told:?}");
    let log = fs::read_to_string(log).expect("a log");
    (told.stdout + &told.stderr, log)
}

#[tokio::test(flavor = "multi_thread")]
async fn never_shows_or_logs_the_row_that_violates_a_constraint() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("on the server").client().await;
    let check = "alter table eventodb_test.messages add constraint never_this check (data->>'a' is null)";
    client.batch_execute(check).await.expect("a constraint");
    let (told, log) = refused(&place, "info");
    assert!(told.contains("never_this") && !told.contains(BODY), "{told}");
    assert!(log.contains("never_this") && !log.contains(BODY), "{log}");
    let (told, log) = refused(&place, "debug");
    assert!(!told.contains(BODY) && log.contains("Failing row contains") && log.contains(BODY), "{told}\n{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_but_does_not_log_the_message_of_a_trigger() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("on the server").client().await;
    let trigger = "create function public.refuse() returns trigger language plpgsql as $$ begin \
                   raise exception 'not this: %', new.data using detail = new.data::text; end $$; \
                   create trigger refuse before insert on eventodb_test.messages for each row execute function public.refuse()";
    client.batch_execute(trigger).await.expect("a trigger");
    let (told, log) = refused(&place, "info");
    assert!(told.contains("not this") && told.contains(BODY), "{told}");
    assert!(log.contains("P0001") && !log.contains(BODY), "{log}");
    let (_, log) = refused(&place, "debug");
    assert!(log.contains(BODY), "{log}");
    // A trigger can choose any code, also one that would otherwise say that the connection was lost.
    for code in ["23505", "42501", "42P01", "40001", "57014", "53200", "08006", "57P01"] {
        let text = format!(
            "create or replace function public.refuse() returns trigger language plpgsql as $$ begin \
             raise exception 'not this: %', new.data using errcode = '{code}', hint = new.data::text; end $$"
        );
        client.batch_execute(&text).await.expect("a function");
        let (told, log) = refused(&place, "info");
        assert!(told.contains("not this") && told.contains(code), "{told}");
        assert!(log.contains(code) && !log.contains(BODY), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_but_does_not_log_why_a_statement_that_a_trigger_builds_fails() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("on the server").client().await;
    let trigger = "create function public.refuse() returns trigger language plpgsql as $$ begin return new; end $$; \
                   create trigger refuse before insert on eventodb_test.messages for each row execute function public.refuse()";
    client.batch_execute(trigger).await.expect("a trigger");
    for (code, statement) in [
        ("42P01", "execute format('insert into %I values (1)', new.data->>'a')"),
        ("42703", "execute format('select %I', new.data->>'a')"),
        ("42601", "execute format('%L', new.data->>'a')"),
        ("42704", "perform quote_ident(new.data->>'a')::regtype"),
        ("3F000", "perform quote_ident(new.data->>'a')::regnamespace"),
        ("58P01", "perform pg_read_file(new.data->>'a')"),
    ] {
        let text = format!(
            "create or replace function public.refuse() returns trigger language plpgsql as $$ begin {statement}; return new; end $$"
        );
        client.batch_execute(&text).await.expect("a function");
        let (told, log) = refused(&place, "info");
        assert!(told.contains(code) && told.contains(BODY), "{told}");
        assert!(log.contains(code) && !log.contains(BODY), "{log}");
        let (_, log) = refused(&place, "debug");
        assert!(log.contains(BODY), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_the_lost_connection_of_a_trigger_as_a_refused_write() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("on the server").client().await;
    // The server's code is 08006, as for a lost connection to the server itself.
    let trigger = "create function public.relay() returns trigger language plpgsql as $$ begin \
                   execute 'create subscription relayed connection ''host=127.0.0.1 port=1'' publication p \
                     with (create_slot = false, enabled = false, slot_name = none)'; \
                   return new; end $$; \
                   create trigger relay before insert on eventodb_test.messages for each row execute function public.relay()";
    client.batch_execute(trigger).await.expect("a trigger");
    let outcome = place.run(&["write", "account-1", "Opened"]);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("could not connect to the publisher"), "{outcome:?}");
    let outcome = place.run_with_input(&["import", "-"], "{\"stream\":\"account-1\",\"type\":\"Opened\"}\n");
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("line 1: could not connect to the publisher"), "{outcome:?}");
}
