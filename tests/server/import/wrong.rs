//! Tests of invalid input of every kind: it is refused with its line, and no message of its batch is stored.

use super::lines::{all, export, file, id, line, schema};
use crate::support::place::{Place, in_each_place};

in_each_place!(
    a_wrong_line_is_named_and_its_batch_is_not_stored,
    gaps_in_the_store_and_in_the_file_are_refused,
    a_different_message_at_the_same_position_is_refused_with_its_line,
    a_taken_id_is_refused_with_its_line,
    a_repeated_line_counts_as_present,
    a_line_that_the_server_refuses_is_named,
    a_refused_import_does_not_advance_the_sequence,
    the_last_global_position_of_the_sequence_is_refused,
);

fn a_wrong_line_is_named_and_its_batch_is_not_stored(place: &Place) {
    let good = export("account", 6, 2);
    let cases: [(&[u8], &str); 14] = [
        (
            b"{\"id\":\"0191b2c3-00",
            "line 7, column 7: the string is not closed (the last line is incomplete: is the file truncated?)",
        ),
        (b"not json\n", "line 7, column 1: expected a value, found 'n'"),
        (b"[]\n", "line 7, column 1: a message must be a JSON object"),
        (
            b"{\"stream\":\"a-1\",\"type\":\"T\",\"data\":\"\\u0000\"}\n",
            "column 36: \\u0000 cannot be stored by Postgres",
        ),
        (
            b"{\"stream\":\"a-1\",\"type\":\"T\",\"data\":\"\\udead\"}\n",
            "column 36: lone surrogate \\udead cannot be stored",
        ),
        (b"{\"stream\":\"a-\xff\"}\n", "line 7, column 14: invalid UTF-8"),
        (b"{\"stream\":\"a-\0\"}\n", "line 7, column 14: a NUL character cannot be stored"),
        (b"{\"stream\":7,\"type\":\"T\"}\n", "line 7, column 11: \"stream\" must be a string"),
        (b"{\"stream\":\"a-1\",\"type\":\"T\",\"position\":7}\n", "line 7, column 28: unknown key \"position\""),
        (b"{\"stream\":\"a-1\",\"type\":\"T\",\"pos\":\"7\"}\n", "\"id\" is missing"),
        (
            b"{\"stream\":\"a-1\",\"type\":\"T\"}\n",
            "line 7: this message has no position, but that of line 1 has one; import them separately",
        ),
        (
            b"{\"id\":\"0191b2c3-0000-7000-8000-00000000000f\",\"stream\":\"a-1\",\"type\":\"T\",\"pos\":0,\
              \"time\":\"-009999-01-02T12:00:00Z\"}\n",
            "line 7, column 87: \"time\" is before -004713-11-24T00:00:00Z",
        ),
        (
            b"{\"id\":\"0191b2c3-0000-7000-8000-00000000000f\",\"stream\":\"a-1\",\"type\":\"T\",\"pos\":0,\
              \"time\":\"9999-12-30T22:00:00.999999Z\"}\n",
            "\"time\" is not an RFC 3339 time before 9999-12-30T22:00:00Z",
        ),
        (b"{\"stream\":\"a-1\",\"type\":\"T\",\"data\":1e999999}\n", "out of range for Postgres' numeric type"),
    ];
    for (wrong, expected) in cases {
        let mut lines = good.clone().into_bytes();
        lines.extend_from_slice(wrong);
        let path = file(place, "lines", lines);
        let error = place.run(&["import", &path]).failed(2);
        assert!(error.contains(&path) && error.contains("line 7") && error.contains(expected), "{error}");
    }
    assert_eq!(all(place, "account"), "");
    // Earlier batches stay and are reported.
    let path = file(place, "lines", good + "x\n");
    let error = place.run(&["import", &path, "--batch", "4"]).failed(2);
    assert!(error.contains("line 7, column 1") && error.contains("lines 1 to 4 are stored"), "{error}");
    assert_eq!(all(place, "account").lines().count(), 4);
}

fn gaps_in_the_store_and_in_the_file_are_refused(place: &Place) {
    let refused = |lines: String, expected: &str| {
        for batch in ["1", "100"] {
            let path = file(place, "lines", &lines);
            let error = place.run(&["import", &path, "--batch", batch]).failed(2);
            assert!(error.contains(expected), "{error}");
        }
    };
    refused(line(0, "account-1", 1), "line 1: position 1 would leave a gap in account-1, which does not exist yet");
    refused(
        line(0, "account-1", 0) + &line(1, "account-1", 1) + &line(2, "account-1", 3),
        "line 3: position 3 would leave a gap in account-1, which ends at position 1",
    );
    refused(
        line(0, "account-1", 0) + &line(1, "account-1", 7),
        "line 2: position 7 would leave a gap in account-1, which ends at position ",
    );
    // Two messages with the same position.
    let path = file(place, "lines", line(20, "b-1", 0) + &line(21, "b-1", 0));
    for batch in ["1", "100"] {
        let error = place.run(&["import", &path, "--batch", batch]).failed(2);
        assert!(error.contains("line 2: position 0 of b-1 is taken by a message whose id differs"), "{error}");
    }
}

fn a_different_message_at_the_same_position_is_refused_with_its_line(place: &Place) {
    let good = export("account", 4, 1);
    let path = file(place, "lines", &good);
    place.run(&["import", &path]).done();
    let third = line(2, "account-0", 2);
    for (from, to, different) in [
        (id(2), id(77), "id"),
        ("\"T2\"".to_owned(), "\"T1\"".to_owned(), "type"),
        ("{\"n\": 2}".to_owned(), "{\"n\": 2.5}".to_owned(), "data"),
        ("\"meta\":null".to_owned(), "\"meta\":{}".to_owned(), "metadata"),
        ("59.000021Z".to_owned(), "59.000022Z".to_owned(), "time"),
    ] {
        let wrong = good.replace(&third, &third.replace(&from, &to));
        assert_ne!(wrong, good, "{different}");
        for arguments in [&["--batch", "1"][..], &["--dry-run"], &[]] {
            let path = file(place, "lines", &wrong);
            let error = place.run(&[&["import", &path], arguments].concat()).failed(2);
            let expected = format!("line 3: position 2 of account-0 is taken by a message whose {different} differs");
            assert!(error.contains(&expected), "{error}");
        }
    }
    // The same values in another spelling are equal.
    let spelt = file(
        place,
        "lines",
        good.replace("{\"n\": 2}", "{\"n\":1,\"n\" :2}").replace("59.000021Z", "59.000021000+00:00"),
    );
    assert!(place.run(&["import", &spelt]).done().starts_with("{\"imported\":0,\"present\":4,"));
}

fn a_taken_id_is_refused_with_its_line(place: &Place) {
    let path = file(place, "lines", export("account", 2, 1));
    place.run(&["import", &path]).done();
    let wrong = line(10, "b-1", 0) + &line(11, "b-1", 1) + &line(1, "b-1", 2);
    let path = file(place, "lines", wrong);
    for arguments in [&["--dry-run"][..], &[]] {
        let error = place.run(&[&["import", &path], arguments].concat()).failed(2);
        let expected = format!("line 3: ID {} is taken by a different message at position 1 of account-0", id(1));
        assert!(error.contains(&expected), "{error}");
    }
    assert_eq!(all(place, "b"), "");
    let twice = file(place, "lines", line(10, "b-1", 0) + &line(10, "b-2", 0));
    let error = place.run(&["import", &twice]).failed(2);
    assert!(
        error.contains(&format!("line 2: an earlier, different message of the input has ID {}", id(10))),
        "{error}"
    );
    let error = place.run(&["import", &twice, "--batch", "1"]).failed(2);
    assert!(error.contains(&format!("line 2: ID {} is taken by a different message", id(10))), "{error}");
}

fn a_repeated_line_counts_as_present(place: &Place) {
    for (batch, category) in [("100", "a"), ("1", "b")] {
        let first = export(category, 1, 1).replace("0191b2c3", if category == "a" { "0191b2c3" } else { "0191b2c4" });
        let path = file(place, "lines", first.clone() + &first);
        for dry in [&["--dry-run"][..], &[]] {
            let printed = place.run(&[&["import", &path, "--batch", batch], dry].concat()).done();
            assert!(printed.starts_with("{\"imported\":1,\"present\":1,"), "{printed}");
        }
    }
}

/// Returns two lines of which the server refuses the second: an index entry holds about 2,700 incompressible bytes.
fn too_long() -> String {
    let name: String =
        (0..9_000_u64).map(|n| char::from(b'a' + u8::try_from(super::lines::noise(n) % 26).unwrap())).collect();
    line(0, "account-1", 0) + &line(1, &format!("account-{name}"), 0)
}

fn a_line_that_the_server_refuses_is_named(place: &Place) {
    let path = file(place, "lines", too_long());
    let error = place.run(&["import", &path]).failed(1);
    assert!(error.contains("line 2: index row"), "{error}");
    assert_eq!(all(place, "account"), "");
}

fn a_refused_import_does_not_advance_the_sequence(place: &Place) {
    place.run(&["write", "other-1", "First"]).done();
    let path = file(place, "lines", too_long().replace("\"gpos\":", "\"gpos\":1000"));
    let error = place.run(&["import", &path, "--keep-global-positions"]).failed(1);
    assert!(error.contains("line 2: index row"), "{error}");
    let written = place.run(&["write", "other-1", "Second"]).done();
    assert!(written.contains("\"gpos\":2}"), "{written}");
}

fn the_last_global_position_of_the_sequence_is_refused(place: &Place) {
    let refused = |number: &str| {
        let lines = line(0, "account-1", 0) + &line(1, "account-2", 0).replace("\"gpos\":2,", number);
        let path = file(place, "lines", lines);
        for dry in [&["--dry-run"][..], &[]] {
            let error = place.run(&[&["import", &path, "--keep-global-positions"], dry].concat()).failed(2);
            assert!(error.contains("line 2: cannot keep the global position: it leaves none"), "{error}");
        }
        assert_eq!(all(place, "account"), "");
    };
    refused("\"gpos\":9223372036854775807,");
    let Some(database) = &place.database else { return };
    let limit = format!("alter sequence \"{}\".messages_global_position_seq maxvalue 5000", schema(place));
    tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current()
            .block_on(async { database.client().await.batch_execute(&limit).await.unwrap() });
    });
    refused("\"gpos\":5000,");
}
