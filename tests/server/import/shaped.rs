//! Tests of imports into tables that drop or change rows, or have no unique indexes: a dropped message is reported with its line, a
//! changed one is reported, and no message is written twice.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use super::lines::{all, export, file, id, line, schema};
#[cfg(unix)]
use super::trouble::until_there_is;
use crate::support::place::{Place, in_each_place};
use crate::support::program::Outcome;

in_each_place!(
    a_message_that_a_trigger_drops_is_reported_with_its_line,
    messages_that_a_trigger_changes_are_reported,
    rows_that_a_trigger_moves_to_a_child_table_are_stored,
    no_message_is_written_twice_without_unique_indexes,
    the_same_json_in_another_spelling_is_reported,
);

#[cfg(unix)]
in_each_place!(an_import_sees_the_version_that_was_committed_while_it_waited);

fn execute(place: &Place, sql: &str) -> bool {
    let Some(database) = &place.database else { return false };
    let sql = format!("set search_path = \"{}\", public; {sql}", schema(place));
    tokio::task::block_in_place(|| {
        let runtime = tokio::runtime::Handle::current();
        runtime.block_on(async { database.client().await.batch_execute(&sql).await.unwrap() });
    });
    true
}

fn trigger(body: &str) -> String {
    format!(
        "create function public.changed() returns trigger language plpgsql set search_path from current as $$ begin
           {body} return new; end $$;
         create trigger changed before insert on messages for each row execute function public.changed()"
    )
}

fn a_message_that_a_trigger_drops_is_reported_with_its_line(place: &Place) {
    if !execute(place, &trigger("if new.position = 3 then return null; end if;")) {
        return;
    }
    let path = file(place, "lines", export("account", 6, 1));
    let outcome = place.run(&["import", &path, "--batch", "2"]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
    assert!(outcome.stderr.contains("lines 1 to 2 are stored"), "{outcome:?}");
    assert!(outcome.stderr.contains("line 4: the message was not stored at position 3 of account-0"), "{outcome:?}");
    assert_eq!(all(place, "account").lines().count(), 2);
}

fn messages_that_a_trigger_changes_are_reported(place: &Place) {
    if !execute(place, &trigger("if new.position > 2 then new.metadata := '{\"by\": \"trigger\"}'; end if;")) {
        return;
    }
    let path = file(place, "lines", export("account", 6, 1));
    let Outcome { status, stdout, stderr } = place.run(&["import", &path]);
    assert_eq!((status, stdout.as_str()), (0, "{\"imported\":6,\"present\":0,\"dryRun\":false}\n"), "{stderr}");
    assert!(
        stderr.starts_with("streamscope: 3 messages differ from the stored ones; line 4: the stored metadata differs"),
        "{stderr}"
    );
}

fn rows_that_a_trigger_moves_to_a_child_table_are_stored(place: &Place) {
    let moved = "create table messages_2020 () inherits (messages);".to_owned()
        + &trigger("insert into messages_2020 values (new.*); return null;");
    if !execute(place, &moved) {
        return;
    }
    let path = file(place, "lines", export("account", 6, 2));
    for (imported, present) in [(6, 0), (0, 6)] {
        let printed = place.run(&["import", &path, "--batch", "2"]).done();
        assert_eq!(printed, format!("{{\"imported\":{imported},\"present\":{present},\"dryRun\":false}}\n"));
    }
    assert_eq!(all(place, "account").lines().count(), 6);
}

fn no_message_is_written_twice_without_unique_indexes(place: &Place) {
    let path = file(place, "lines", export("account", 6, 2));
    let line_without = |number| format!("{{\"id\":\"{}\",\"stream\":\"order-1\",\"type\":\"T\"}}\n", id(number));
    let new = [10, 11, 12, 13].map(line_without).concat();
    let new = file(place, "new", new);
    let first = file(place, "first", export("account", 3, 2));
    place.run(&["import", &first]).done();
    for indexes in [
        "drop index messages_id; drop index messages_stream; create index on messages (stream_name, position)",
        "create index on messages (id)",
    ] {
        if !execute(place, indexes) {
            return;
        }
        for batch in ["2", "100"] {
            place.run(&["import", &path, "--batch", batch]).done();
            place.run(&["import", &new, "--batch", batch]).done();
        }
        assert_eq!(all(place, "account").lines().count(), 6, "{indexes}");
        assert_eq!(all(place, "order").lines().count(), 4, "{indexes}");
    }
    let taken = file(place, "taken", line(2, "b-1", 0));
    let error = place.run(&["import", &taken]).failed(2);
    assert!(error.contains(&format!("line 1: ID {} is taken by a different message", id(2))), "{error}");
}

fn the_same_json_in_another_spelling_is_reported(place: &Place) {
    let lines = export("account", 4, 1).replace("{\"n\": 2}", "{\"n\": 2.0}");
    let path = file(place, "lines", &lines);
    place.run(&["import", &path]).done();
    let other = file(place, "other", lines.replace("{\"n\": 2.0}", "{\"n\":2.00}"));
    for dry in [&["--dry-run"][..], &[]] {
        let Outcome { status, stdout, stderr } = place.run(&[&["import", &other], dry].concat());
        assert!(status == 0 && stdout.starts_with("{\"imported\":0,\"present\":4,"), "{stdout} {stderr}");
        assert_eq!(
            stderr,
            "streamscope: 1 message differs from the stored one; line 3: the stored text differs: in data, 2.0 is stored \
             and 2.00 was sent\n"
        );
    }
    // The same holds for a single write, and for an imported message without a position.
    let id = id(77);
    let write = |data: &str| place.run(&["write", "order-1", "T", "--id", &id, "--data", data]);
    write("{\"n\": 1.0}").done();
    let outcome = write("{\"n\": 1.00}");
    assert_eq!(outcome.status, 0);
    assert!(outcome.stderr.contains("already written"), "{outcome:?}");
    assert!(outcome.stderr.contains("in data, 1.0 is stored and 1.00 was sent"), "{outcome:?}");
    let outcome = place.run_with_input(
        &["import"],
        &format!("{{\"id\":\"{id}\",\"stream\":\"order-1\",\"type\":\"T\",\"data\":{{\"n\":1.000}}}}"),
    );
    assert!(
        outcome.stderr.contains("line 1: the stored text differs: in data, 1.0 is stored and 1.000 was sent"),
        "{outcome:?}"
    );
}

fn an_import_sees_the_version_that_was_committed_while_it_waited(place: &Place) {
    let Some(database) = &place.database else { return };
    let schema = schema(place);
    for (number, level) in ["repeatable read", "serializable"].into_iter().enumerate() {
        execute(place, &format!("alter database {} set default_transaction_isolation = '{level}'", database.name()));
        let stream = format!("account-{number}");
        place.run(&["write", &stream, "First"]).done();
        let path = file(place, "new", format!("{{\"stream\":\"{stream}\",\"type\":\"T\",\"expected\":1}}\n"));
        let runtime = tokio::runtime::Handle::current();
        let output = tokio::task::block_in_place(|| {
            let holder = runtime.block_on(database.client());
            let hold = format!(
                "set search_path = \"{schema}\"; begin isolation level read committed; \
                 select write_message(gen_random_uuid()::text, '{stream}', 'Won', '{{}}')"
            );
            runtime.block_on(holder.batch_execute(&hold)).unwrap();
            let mut command = place.user.command();
            command.args(place.arguments(&["import", &path, "--expected-version-from", "expected"]));
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            // After this report it waits without asking for the blocking transaction again.
            let mut line = String::new();
            BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
            assert!(line.contains("blocked by PID"), "{line}");
            let waits = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
            runtime.block_on(until_there_is(&holder, waits));
            runtime.block_on(holder.batch_execute("commit")).unwrap();
            child.wait_with_output().unwrap()
        });
        assert!(output.status.success(), "{level}: {output:?}");
        assert_eq!(all(place, "account").lines().count(), 3 * (number + 1), "{level}");
    }
}
