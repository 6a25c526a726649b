//! Tests of streams with missing messages: `export` reports them, and `import` refuses them without `--allow-gaps`.

use super::lines::{all, assert_same, export, file, line, schema, without_global_positions};
use crate::support::place::{Place, in_each_place};

in_each_place!(
    export_reports_missing_messages_and_allow_gaps_imports_the_rest,
    allow_gaps_keeps_positions_in_any_order_and_refuses_duplicates,
    global_position_0_is_exported_followed_and_imported,
    export_reports_a_negative_global_position_and_import_refuses_to_keep_it,
);

fn execute(place: &Place, sql: &str) -> bool {
    let Some(database) = &place.database else { return false };
    let sql = format!("set search_path = \"{}\"; {sql}", schema(place));
    tokio::task::block_in_place(|| {
        let runtime = tokio::runtime::Handle::current();
        runtime.block_on(async { database.client().await.batch_execute(&sql).await.unwrap() });
    });
    true
}

fn export_reports_missing_messages_and_allow_gaps_imports_the_rest(place: &Place) {
    let path = file(place, "lines", export("account", 40, 4));
    place.run(&["import", &path]).done();
    assert_eq!(place.run(&["export"]).done(), all(place, "account"), "complete streams need no report");
    let filtered = place.run(&["export", "--type", "T1"]);
    assert_eq!(filtered.status, 0);
    assert!(
        filtered.stderr.ends_with(", left by the filter or by deleted messages; import them with --allow-gaps\n"),
        "{filtered:?}"
    );
    let gone = "delete from messages where stream_name = 'account-1' and position < 4 \
                or stream_name = 'account-2' and position in (3, 4)";
    if !execute(place, gone) {
        return;
    }
    let outcome = place.run(&["export", "-o", "all.ndjson"]);
    assert_eq!(outcome.status, 0);
    assert!(
        outcome.stderr.ends_with(
            "streamscope: the exported streams have 2 gaps: account-2 has position 5 after 2, \
             account-1 begins at position 4; import them with --allow-gaps\n"
        ) || outcome.stderr.ends_with(
            "streamscope: the exported streams have 2 gaps: account-1 begins at position 4, \
             account-2 has position 5 after 2; import them with --allow-gaps\n"
        ),
        "{outcome:?}"
    );
    let exported = std::fs::read_to_string(place.user.home().join("all.ndjson")).unwrap();
    execute(place, "truncate messages");
    for dry in [&["--dry-run"][..], &[]] {
        let error = place.run(&[&["import", "all.ndjson"], dry].concat()).failed(2);
        assert!(error.contains("would leave a gap") && error.contains("; --allow-gaps accepts gaps"), "{error}");
    }
    let dry = place.run(&["import", "all.ndjson", "--allow-gaps", "--dry-run", "--batch", "3"]).done();
    assert_eq!(dry, "{\"imported\":34,\"present\":0,\"dryRun\":true}\n");
    for (batch, done) in [("3", "{\"imported\":34,\"present\":0,"), ("100", "{\"imported\":0,\"present\":34,")] {
        let printed = place.run(&["import", "all.ndjson", "--allow-gaps", "--batch", batch]).done();
        assert!(printed.starts_with(done), "{printed}");
    }
    assert_same(&without_global_positions(&all(place, "account")), &without_global_positions(&exported));
    let written = place.run(&["write", "account-1", "Next"]).done();
    assert!(written.contains("\"pos\":10,"), "{written}");
}

fn allow_gaps_keeps_positions_in_any_order_and_refuses_duplicates(place: &Place) {
    let lines =
        line(1, "account-1", 7) + &line(2, "account-1", 3) + &line(3, "account-2", 5) + &line(4, "account-1", 9);
    let path = file(place, "lines", &lines);
    for batch in ["2", "100"] {
        let printed = place.run(&["import", &path, "--allow-gaps", "--batch", batch]).done();
        assert!(
            printed.starts_with(if batch == "2" { "{\"imported\":4," } else { "{\"imported\":0,\"present\":4," }),
            "{printed}"
        );
    }
    let found = place.run(&["get", "account-1", "--batch-size", "-1", "--format", "json"]).done();
    let positions: Vec<&str> =
        found.lines().map(|line| line.split_once("\"pos\":").unwrap().1.split_once(',').unwrap().0).collect();
    assert_eq!(positions, ["3", "7", "9"]);
    for (lines, batch) in [
        (line(20, "b-1", 4) + &line(21, "b-1", 4), "100"),
        (line(20, "b-1", 4) + &line(21, "b-1", 4), "1"),
        (line(21, "account-1", 3), "100"),
    ] {
        let path = file(place, "taken", &lines);
        let error = place.run(&["import", &path, "--allow-gaps", "--batch", batch]).failed(2);
        assert!(error.contains(" is taken by a message whose id differs"), "{error}");
    }
}

fn global_position_0_is_exported_followed_and_imported(place: &Place) {
    let lines = (line(0, "account-1", 0) + &line(1, "account-1", 1)).replace("\"gpos\":1,", "\"gpos\":0,");
    let path = file(place, "lines", &lines);
    for dry in [&["--dry-run"][..], &[]] {
        place.run(&[&["import", &path, "--keep-global-positions"], dry].concat()).done();
    }
    assert_same(&all(place, "account"), &lines);
    assert_same(&place.run(&["export"]).done(), &lines);
    assert_same(&place.run(&["get", "account", "--position", "0"]).done(), &lines);
    let followed = place.run(&["tail", "--from", "start", "--until", "now"]);
    assert_same(&followed.stdout, &lines);
    let followed = place.run(&["tail", "--from", "0", "--until", "now"]);
    assert_same(&followed.stdout, &lines);
    let written = place.run(&["write", "account-1", "Next"]).done();
    assert!(written.contains("\"pos\":2,\"gpos\":3"), "{written}");
}

fn export_reports_a_negative_global_position_and_import_refuses_to_keep_it(place: &Place) {
    let insert = "insert into messages (global_position, id, stream_name, type, position, data) \
                  values (-5, gen_random_uuid(), 'account-1', 'Early', 0, '{}')";
    if !execute(place, insert) {
        return;
    }
    let outcome = place.run(&["export"]);
    assert_eq!(
        outcome.stderr,
        "streamscope: 1 message has a negative global position or the largest possible one, which import --keep-global-positions refuses\n"
    );
    let path = file(place, "lines", &outcome.stdout);
    execute(place, "truncate messages");
    let refused = place.run(&["import", &path, "--keep-global-positions"]).failed(2);
    assert!(refused.contains("line 1: cannot keep the global position: it is below 0"), "{refused}");
    place.run(&["import", &path]).done();
}
