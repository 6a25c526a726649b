//! Tests of the command `import` on each kind of store: which messages arrive, and what a second run adds.

use std::io::Write as _;

use super::lines::{all, assert_same, export, file, id, line, without_global_positions};
use crate::support::place::{Place, in_each_place};
use crate::support::program::User;

in_each_place!(
    messages_copied_to_another_store_and_back_are_the_same,
    a_second_run_adds_only_the_missing_messages,
    compressed_files_are_recognised_by_their_first_bytes,
    a_dry_run_reports_the_same_and_writes_nothing,
    global_positions_are_kept_and_the_next_write_gets_a_higher_one,
    batches_of_one_message_import_every_message,
    a_long_line_is_stored_whole,
);

#[track_caller]
fn counts(output: &str) -> (u64, u64) {
    let value: serde_json::Value = serde_json::from_str(output).expect("one line of json");
    (value["imported"].as_u64().unwrap(), value["present"].as_u64().unwrap())
}

fn messages_copied_to_another_store_and_back_are_the_same(place: &Place) {
    let data = r#"{"n":12345678901234567890123,"m":1.10,"s":"ä漢🙂\u001b[31m\u0085","o":{"b":[1e3,-0.00]}}"#;
    for (stream, kind) in
        [("account-1", "Opened"), ("account-2+x", "É\u{1b}"), ("account-1", "Opened"), ("other-1", "O")]
    {
        place
            .run(&["write", stream, kind, "--data", data, "--metadata", "{\"correlationStreamName\": \"order-1\"}"])
            .done();
        place.run(&["write", stream, kind]).done();
    }
    let before = all(place, "account");
    assert_eq!(before.lines().count(), 6);
    // Into an embedded store and back.
    let other = User::new();
    let run = |arguments: &[&str], input: &str| {
        let arguments = [&["--embedded", "copy", "-n", "copy"], arguments].concat();
        other.run_with_input(&arguments, input.as_bytes())
    };
    run(&["ns", "create", "copy"], "").done();
    assert_eq!(counts(&run(&["import"], &before).done()), (6, 0));
    let after = run(&["get", "account", "--batch-size", "-1", "--format", "json"], "").done();
    assert_same(&without_global_positions(&after), &without_global_positions(&before));
    assert_eq!(counts(&place.run_with_input(&["import", "-"], &after).done()), (0, 6));
    assert_same(&all(place, "account"), &before);
}

fn a_second_run_adds_only_the_missing_messages(place: &Place) {
    let lines = export("account", 40, 3);
    let half: String = lines.split_inclusive('\n').take(17).collect();
    let (half, whole) = (file(place, "half", &half), file(place, "whole", &lines));
    assert_eq!(counts(&place.run(&["import", &half]).done()), (17, 0));
    assert_eq!(counts(&place.run(&["import", &whole, "--batch", "7"]).done()), (23, 17));
    assert_eq!(counts(&place.run(&["import", &whole]).done()), (0, 40));
    assert_same(&without_global_positions(&all(place, "account")), &without_global_positions(&lines));
    let printed = place.run(&["import", &whole, "--format", "text"]).done();
    assert_eq!(printed, "imported 0 messages, 40 already stored\n");
}

fn compressed_files_are_recognised_by_their_first_bytes(place: &Place) {
    let lines = export("account", 30, 2);
    // Two gzip members, as `gzip >>` makes them.
    let mut packed = Vec::new();
    for part in [&lines[..200], &lines[200..]] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(part.as_bytes()).unwrap();
        packed.extend(encoder.finish().unwrap());
    }
    let gz = file(place, "gz", &packed);
    let zst = file(place, "zst", zstd::encode_all(lines.as_bytes(), 3).unwrap());
    assert_eq!(counts(&place.run(&["import", &gz]).done()), (30, 0));
    assert_eq!(counts(&place.run(&["import", &zst]).done()), (0, 30));
    let piped = place.user.run_with_input(&place.arguments(&["import"]), &packed);
    assert_eq!(counts(&piped.done()), (0, 30));

    let cut = file(place, "cut.gz", &packed[..packed.len() - 20]);
    let error = place.run(&["import", &cut]).failed(2);
    assert!(error.contains("line ") && error.contains("the compressed data is truncated"), "{error}");
    let plain = file(place, "plain.gz", &lines);
    let error = place.run(&["import", &plain]).failed(2);
    assert!(error.contains("line 1: cannot read the input: invalid gzip header"), "{error}");
}

fn a_dry_run_reports_the_same_and_writes_nothing(place: &Place) {
    let lines = export("account", 20, 3);
    let path = file(place, "lines", &lines);
    let dry = place.run(&["import", &path, "--dry-run", "--batch", "4", "--read-only"]).done();
    assert_eq!(dry, "{\"imported\":20,\"present\":0,\"dryRun\":true}\n");
    assert_eq!(all(place, "account"), "");
    let gap = file(place, "gap", format!("{lines}{}", line(20, "account-0", 9)));
    let error = place.run(&["import", &gap, "--dry-run", "--batch", "4"]).failed(2);
    assert!(error.contains("line 21: position 9 would leave a gap in account-0, which ends at position 6"), "{error}");
    place.run(&["import", &path, "--read-only"]).failed(7);
    assert_eq!(counts(&place.run(&["import", &path]).done()), (20, 0));
    let dry = place.run(&["import", &path, "--dry-run", "--batch", "4"]).done();
    assert_eq!(dry, "{\"imported\":0,\"present\":20,\"dryRun\":true}\n");
    // Repeated IDs, far apart.
    let twice = file(place, "twice", format!("{}{}", export("b", 9, 2), line(3, "b-7", 0)));
    let error = place.run(&["import", &twice, "--dry-run", "--batch", "2"]).failed(2);
    assert!(error.contains(&format!("line 1: ID {} is taken", id(0))), "{error}");
    let fresh: String = (50..59).map(|number| line(number, &format!("c-{number}"), 0)).collect();
    let twice = file(place, "twice", format!("{fresh}{}", line(52, "c-7", 0)));
    let error = place.run(&["import", &twice, "--dry-run", "--batch", "2"]).failed(2);
    assert!(
        error.contains(&format!("line 10: an earlier, different message of the input has ID {}", id(52))),
        "{error}"
    );
    assert_eq!(all(place, "c"), "");
}

fn global_positions_are_kept_and_the_next_write_gets_a_higher_one(place: &Place) {
    let text = |lines: &str| lines.replace("\"gpos\":", "\"gpos\":1000");
    let lines = text(&export("account", 20, 3));
    let path = file(place, "lines", &lines);
    assert_eq!(counts(&place.run(&["import", &path, "--keep-global-positions", "--batch", "6"]).done()), (20, 0));
    assert_same(&all(place, "account"), &lines);
    let written = place.run(&["write", "account-0", "Next"]).done();
    assert!(written.contains("\"pos\":7,\"gpos\":100021}"), "{written}");
    assert_eq!(counts(&place.run(&["import", &path, "--keep-global-positions"]).done()), (0, 20));

    // A lower global position is kept, and the sequence does not move.
    let low = line(90, "account-9", 0);
    let path = file(place, "low", &low);
    assert_eq!(counts(&place.run(&["import", &path, "--keep-global-positions"]).done()), (1, 0));
    let written = place.run(&["write", "account-0", "Next"]).done();
    assert!(written.contains("\"gpos\":100022}"), "{written}");

    // Taken by another message.
    let taken = low.replace(&id(90), &id(91)).replace("account-9", "account-8");
    for dry in [&["--dry-run"][..], &[]] {
        let path = file(place, "taken", &taken);
        let error = place.run(&[&["import", &path, "--keep-global-positions"], dry].concat()).failed(2);
        assert!(error.contains("line 1: global position 91 is taken by position 0 of account-9"), "{error}");
    }
    // The same message at another global position.
    let moved = file(place, "moved", low.replace("\"gpos\":91", "\"gpos\":92"));
    let error = place.run(&["import", &moved, "--keep-global-positions"]).failed(2);
    assert!(
        error.contains("line 1: position 0 of account-9 is taken by a message whose global position differs"),
        "{error}"
    );
    let twice = file(place, "twice", low.clone() + &taken);
    let error = place.run(&["import", &twice, "--keep-global-positions"]).failed(2);
    assert!(error.contains("line 2: an earlier, different message of the input has global position 91"), "{error}");
    let none = file(place, "none", low.replace("\"gpos\":91,", ""));
    let error = place.run(&["import", &none, "--keep-global-positions"]).failed(2);
    assert!(error.contains("line 1: cannot keep the global position: the message has none"), "{error}");
}

fn batches_of_one_message_import_every_message(place: &Place) {
    let lines = export("account", 7, 2);
    let path = file(place, "lines", &lines);
    assert_eq!(counts(&place.run(&["import", &path, "--batch", "1"]).done()), (7, 0));
    assert_eq!(counts(&place.run(&["import", &path, "--batch", "1"]).done()), (0, 7));
    assert_same(&without_global_positions(&all(place, "account")), &without_global_positions(&lines));
}

fn a_long_line_is_stored_whole(place: &Place) {
    let long = format!("{{\"long\": \"{}\"}}", "ä".repeat(1_500_000));
    let lines = line(0, "account-1", 0).replace("{\"n\": 0}", &long) + &line(1, "account-1", 1);
    let path = file(place, "lines", &lines);
    assert_eq!(counts(&place.run(&["import", &path]).done()), (2, 0));
    assert!(all(place, "account").lines().next().unwrap().contains(&long));
    assert_eq!(counts(&place.run(&["import", &path]).done()), (0, 2));
    let other = file(place, "other", lines.replacen("ää", "äü", 1));
    let error = place.run(&["import", &other]).failed(2);
    assert!(error.contains("line 1: position 0 of account-1 is taken by a message whose data differs"), "{error:.300}");
}
