//! Tests of messages without positions: they go to the end of their streams, and detect other writers.

use super::lines::{all, id, line};
use crate::support::place::{Place, in_each_place};
use crate::support::stores::Kind;

in_each_place!(
    new_messages_are_appended_to_their_streams,
    expected_versions_come_from_a_field_and_then_follow_the_stream,
    a_new_message_with_an_id_is_written_once,
    nothing_follows_the_largest_position_of_a_stream,
    a_message_without_a_position_has_no_time_or_global_position_of_its_own,
);

fn column(lines: &str, key: &str) -> Vec<String> {
    let value = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()[key].to_string();
    lines.lines().map(|line| value(line).trim_matches('"').to_owned()).collect()
}

fn new_messages_are_appended_to_their_streams(place: &Place) {
    place.run(&["write", "account-1", "Opened"]).done();
    let scenario = "{\"stream\":\"account-1\",\"type\":\"Deposited\",\"data\":{\"id\":\"{{uuid}}\",\"at\":\"{{now}}\"}}\n\n\
                    {\"stream\":\"account-2\",\"type\":\"Opened\"}\r\n\
                    {\"stream\":\"account-1\",\"type\":\"Closed\",\"meta\":{\"n\":1.10},\"data\":null}";
    for dry in [true, false] {
        let arguments: &[&str] = if dry { &["import", "--dry-run"] } else { &["import", "--batch", "1"] };
        let printed = place.run_with_input(arguments, scenario).done();
        assert_eq!(printed, format!("{{\"imported\":3,\"present\":0,\"dryRun\":{dry}}}\n"));
    }
    let lines = all(place, "account");
    assert_eq!(column(&lines, "pos"), ["0", "1", "0", "2"]);
    assert_eq!(column(&lines, "type"), ["Opened", "Deposited", "Opened", "Closed"]);
    assert!(
        lines.contains("\"data\":null,\"meta\":{\"n\": 1.10}") && lines.contains("\"data\":{},\"meta\":null"),
        "{lines}"
    );
    assert!(!lines.contains("{{"), "{lines}");
    for time in column(&lines, "time") {
        let age = jiff::Timestamp::now().duration_since(time.parse().unwrap());
        assert!(age.as_hours().abs() < 24, "{time} is not the time of the import");
    }
}

fn expected_versions_come_from_a_field_and_then_follow_the_stream(place: &Place) {
    let first = "{\"stream\":\"account-1\",\"type\":\"A\",\"expected\":-1}\n{\"stream\":\"account-1\",\"type\":\"B\"}\n\
                 {\"stream\":\"account-1\",\"type\":\"C\",\"expected\":1}\n";
    let import =
        |lines: &str| place.run_with_input(&["import", "--expected-version-from", "expected", "--batch", "2"], lines);
    import(first).done();
    assert_eq!(column(&all(place, "account"), "pos"), ["0", "1", "2"]);
    let error = import(first).failed(3);
    assert!(
        error.contains(
            "standard input, line 1: version conflict on account-1: expected no stream, but the stream is at version 2"
        ),
        "{error}"
    );
    let error =
        import("{\"stream\":\"account-1\",\"type\":\"D\"}\n{\"stream\":\"account-1\",\"type\":\"E\",\"expected\":2}\n")
            .failed(3);
    assert!(
        error.contains("line 2: version conflict on account-1: expected version 2, but the stream is at version 3"),
        "{error}"
    );
    assert_eq!(column(&all(place, "account"), "pos"), ["0", "1", "2"], "nothing of the batch is stored");
    let error = place.run_with_input(&["import", "--expected-version-from", "pos"], "").failed(2);
    assert!(error.contains("--expected-version-from pos"), "{error}");
    let error = place.run_with_input(&["import"], first).failed(2);
    assert!(error.contains("line 1, column 34: unknown key \"expected\""), "{error}");
}

fn a_new_message_with_an_id_is_written_once(place: &Place) {
    let lines = format!(
        "{{\"id\":\"{}\",\"stream\":\"account-1\",\"type\":\"A\",\"data\":{{\"n\":1}}}}\n\
         {{\"id\":\"{}\",\"stream\":\"account-1\",\"type\":\"B\"}}\n",
        id(1),
        id(2)
    );
    let first = lines.split_inclusive('\n').next().unwrap();
    let dry = place.run_with_input(&["import", "--dry-run", "--batch", "1"], &format!("{lines}{first}")).done();
    assert!(dry.starts_with("{\"imported\":2,\"present\":1,"), "{dry}");
    assert!(place.run_with_input(&["import"], first).done().starts_with("{\"imported\":1,\"present\":0,"));
    assert!(place.run_with_input(&["import"], &lines).done().starts_with("{\"imported\":1,\"present\":1,"));
    assert!(place.run_with_input(&["import"], &lines).done().starts_with("{\"imported\":0,\"present\":2,"));
    assert_eq!(column(&all(place, "account"), "pos"), ["0", "1"]);
    let error = place.run_with_input(&["import"], &lines.replace("{\"n\":1}", "{\"n\":2}")).failed(2);
    assert!(
        error.contains("line 1: ID ") && error.contains("is taken by a different message at position 0 of account-1"),
        "{error}"
    );
    // After another writer's message, the new one would not follow directly.
    place.run(&["write", "account-1", "Between"]).done();
    let third = format!("{lines}{{\"stream\":\"account-1\",\"type\":\"C\"}}\n");
    let error = place.run_with_input(&["import"], &third).failed(3);
    assert!(
        error.contains("line 3: version conflict on account-1: expected version 1, but the stream is at version 2"),
        "{error}"
    );
}

fn nothing_follows_the_largest_position_of_a_stream(place: &Place) {
    let last = line(1, "account-1", i64::MAX.unsigned_abs());
    place.run_with_input(&["import", "--allow-gaps"], &last).done();
    let error = place.run_with_input(&["import"], "{\"stream\":\"account-1\",\"type\":\"T\"}").failed(2);
    let expected = "line 1: account-1 ends at position 9223372036854775807, so nothing can follow";
    assert!(error.contains(expected), "{error}");
    assert_eq!(column(&all(place, "account"), "pos"), [i64::MAX.to_string()]);
}

fn a_message_without_a_position_has_no_time_or_global_position_of_its_own(place: &Place) {
    for (more, expected) in [
        ("\"gpos\":1", "line 1, column 35: \"gpos\" without \"pos\""),
        ("\"time\":\"2020-01-01T00:00:00Z\"", "line 1, column 35: \"time\" without \"pos\""),
    ] {
        let error =
            place.run_with_input(&["import"], &format!("{{\"stream\":\"a-1\",\"type\":\"T\",{more}}}")).failed(2);
        assert!(error.contains(expected), "{error}");
    }
    let error =
        place.run_with_input(&["import", "--keep-global-positions"], "{\"stream\":\"a-1\",\"type\":\"T\"}").failed(2);
    assert!(error.contains("line 1: cannot keep the global position: the message has none"), "{error}");
    let error = place.run_with_input(&["import"], "{\"stream\":\"account\",\"type\":\"T\"}").failed(2);
    assert!(error.contains("line 1, column 11: must be a stream name"), "{error}");
}

/// A trigger of the table runs with the search path of the role, as it does with `write_message`.
#[tokio::test(flavor = "multi_thread")]
async fn triggers_run_with_the_search_path_of_the_role() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().unwrap().client().await;
    let trigger = "create table public.outbox (stream_name text);
        create function public.note() returns trigger language plpgsql as $$ begin
          insert into outbox values (new.stream_name);
          return new;
        end $$;
        create trigger noted after insert on eventodb_test.messages for each row execute function public.note()";
    client.batch_execute(trigger).await.unwrap();
    place.run_with_input(&["import"], "{\"stream\":\"account-1\",\"type\":\"A\"}\n").done();
    let noted: i64 = client.query_one("select count(*) from outbox", &[]).await.unwrap().get(0);
    assert_eq!(noted, 1);
}
