//! Tests of `consumers` and `group` as commands: what they print, their exit statuses, and what they refuse.

use super::{fill, lines};
use crate::support::place::{Place, in_each_place};

in_each_place!(
    consumers_are_listed_and_limits_decide_the_exit_status,
    consumers_of_a_configured_query_are_listed_with_the_others,
    groups_are_compared_and_divided,
);

/// Writes a position as Eventide does.
fn record(place: &Place, stream: &str, position: i64) {
    let line = format!(r#"{{"stream":"{stream}","type":"Recorded","data":{{"position":{position}}}}}"#);
    let told = place.run_with_input(&["import", "-"], &line);
    assert_eq!(told.status, 0, "{told:?}");
}

/// Returns the global position of a message of a category, counted from the end.
fn from_the_end(place: &Place, category: &str, index: usize) -> i64 {
    let messages = lines(&place.run(&["get", category, "--limit", "-1"]).stdout);
    messages[messages.len() - 1 - index]["gpos"].as_i64().unwrap()
}

fn consumers_are_listed_and_limits_decide_the_exit_status(place: &Place) {
    assert_eq!(place.run(&["consumers"]).done(), "");
    let told = place.run(&["consumers", "--format", "text"]);
    assert!(told.stderr.contains("No consumer has recorded a position"), "{told:?}");
    fill(place, 300);
    record(place, "account:position-mail", from_the_end(place, "account", 0));
    record(place, "account:position-audit", from_the_end(place, "account", 120));
    record(place, "order:position-web", from_the_end(place, "order", 7));

    let listed = lines(&place.run(&["consumers"]).done());
    let states = listed.iter().map(|one| (one["consumer"].as_str().unwrap(), one["state"].as_str().unwrap()));
    assert_eq!(
        states.collect::<Vec<_>>(),
        [
            ("account:position-audit", "behind"),
            ("account:position-mail", "current"),
            ("order:position-web", "within interval")
        ]
    );
    let keys: Vec<&str> = listed[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "consumer category convention position head behind behindCapped delaySeconds movedAt state \
                    stuckSince reason";
    assert_eq!(keys.join(" "), expected);
    assert_eq!((&listed[0]["behind"], &listed[0]["behindCapped"]), (&120.into(), &false.into()));
    assert_eq!(listed[0]["position"], from_the_end(place, "account", 120));
    assert_eq!(listed[0]["head"], from_the_end(place, "account", 0));
    assert!(listed[0]["delaySeconds"].as_i64().is_some() && listed[1]["delaySeconds"].is_null(), "{listed:?}");

    let text = place.run(&["consumers", "order", "--format", "text"]).done();
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows.len() == 2 && rows[0].starts_with("CONSUMER") && !rows[0].contains("TREND"), "{text}");
    assert!(rows[1].starts_with("order:position-web  order") && rows[1].ends_with("within interval"), "{text}");

    let status = |arguments: &[&str]| {
        let told = place.run(&[&["consumers"][..], arguments].concat());
        (told.status, told.stderr)
    };
    assert_eq!(status(&["--fail-behind", "120", "--fail-delay", "1h"]).0, 0);
    let (code, said) = status(&["--fail-behind", "119"]);
    assert!(code == 8 && said.contains("account:position-audit: 120 messages unread"), "{said}");
    let (code, said) = status(&["--fail-behind", "6"]);
    assert!(code == 8 && said.contains("account:position-audit, and 1 more: "), "{said}");
    assert_eq!(status(&["order", "--fail-behind", "119"]).0, 0, "only the consumers of this category count");
    assert_eq!(status(&["--fail-delay", "1ms"]).0, 8);
    for refused in
        [&["account-1"][..], &["--fail-delay", "5y"], &["--fail-behind", "x"], &["--watch", "--fail-behind", "1"]]
    {
        assert_eq!(status(refused).0, 2, "{refused:?}");
    }

    record(place, "account:position-lost", 1_000_000);
    let (code, said) = status(&["--fail-behind", "1000"]);
    assert!(code == 8 && said.contains("account:position-lost: its position is above the newest message"), "{said}");
}

fn consumers_of_a_configured_query_are_listed_with_the_others(place: &Place) {
    fill(place, 20);
    let position = from_the_end(place, "account", 3);
    let path = place.user.home().join("config.toml");
    let text = format!(
        "[[consumers]]\nname = \"jobs\"\nsql = \"\"\"\nselect 'mailer' as consumer, 'account' as category, {position} as position\n\"\"\"\n\
         [[consumers]]\nname = \"broken\"\nsql = \"select * from nowhere\"\n\
         [[consumers]]\nnamespace = \"another\"\nsql = \"select 1\"\n"
    );
    std::fs::write(&path, text).expect("written");
    let run = |arguments: &[&str]| {
        let mut command = place.user.command();
        crate::support::program::outcome(command.env("STREAMSCOPE_CONFIG", &path).args(place.arguments(arguments)))
    };
    let listed = lines(&run(&["consumers"]).done());
    let shown: Vec<_> = listed.iter().map(|one| (one["consumer"].as_str().unwrap(), one["behind"].as_i64())).collect();
    assert_eq!(shown, [("broken", None), ("mailer", Some(3))], "{listed:?}");
    assert!(listed.iter().all(|one| one["convention"] == "configured"));
    assert!(listed[0]["reason"].as_str().unwrap().contains("\"nowhere\" does not exist"), "{listed:?}");
    let failed = run(&["consumers", "--fail-behind", "10"]);
    assert!(failed.status == 8 && failed.stderr.contains("broken: the query failed"), "{failed:?}");
    std::fs::write(&path, "[[consumers]]\nname = \"jobs\"\n").expect("written");
    assert!(run(&["consumers"]).failed(2).contains("\"sql\" is missing here"));
}

fn groups_are_compared_and_divided(place: &Place) {
    fill(place, 400);
    let listed = lines(&place.run(&["group", "account"]).done());
    assert_eq!(
        listed.iter().map(|line| line["size"].as_i64().unwrap()).collect::<Vec<_>>(),
        (1..=16).collect::<Vec<_>>()
    );
    assert_eq!(listed[0]["skew"], 1.0);
    let sizes = place.run(&["group", "account", "--format", "text"]);
    assert!(sizes.stdout.lines().count() == 17 && sizes.stdout.contains("LEAST BUSY"), "{sizes:?}");
    assert!(sizes.stderr.contains("Counted over the last 200 messages in 5 streams"), "{sizes:?}");

    // Each member gets the messages that a client of the group would read.
    let members = lines(&place.run(&["group", "account", "--size", "3"]).stdout);
    let mut total = 0;
    for (member, line) in members.iter().enumerate() {
        let (member, size) = (member.to_string(), "3");
        let group = ["--consumer-group-member", &member, "--consumer-group-size", size];
        let read = lines(&place.run(&[&["get", "account", "--limit", "-1"][..], &group[..]].concat()).stdout);
        assert_eq!(line["messages"], read.len(), "member {member}");
        let streams = lines(&place.run(&["group", "account", "--size", size, "--member", &member]).stdout);
        let names: std::collections::BTreeSet<&str> = read.iter().map(|one| one["stream"].as_str().unwrap()).collect();
        assert_eq!(
            streams.iter().map(|one| one["stream"].as_str().unwrap()).collect::<std::collections::BTreeSet<_>>(),
            names
        );
        assert_eq!(line["streams"], names.len());
        for stream in names {
            let one = lines(&place.run(&["group", "account", "--size", size, "--stream", stream]).done());
            assert_eq!(one[0]["member"].to_string(), member);
        }
        total += read.len();
    }
    assert_eq!((members.len(), total), (3, 200));

    // A stream without an ID has no member, and the last messages are those that count.
    record(place, "account:position-mail", 1);
    let tail = ["tail", "account", "--from", "start", "--until", "now", "--position-stream", "account:position"];
    assert_eq!(place.run(&tail).status, 0);
    let positions = ["group", "account:position", "--size", "2", "--format", "text"];
    let with = place.run(&positions);
    assert!(with.stdout.lines().any(|line| line.starts_with("none") && line.ends_with('1')), "{with:?}");
    assert!(with.stderr.contains("No member ever reads account:position, because it has no ID"), "{with:?}");
    assert!(with.stderr.contains("Hottest streams: account:position ("), "{with:?}");
    let last = place.run(&[&positions[..], &["--last", "1"]].concat());
    assert!(last.stderr.contains("Counted over the last 1 message in 1 stream"), "{last:?}");
    let one = place.run(&[&positions[..], &["--stream", "account:position"]].concat()).done();
    assert_eq!(one, "no member: the stream has no ID\n");

    let empty = place.run(&["group", "nothing", "--size", "2", "--format", "text"]);
    assert!(empty.status == 0 && empty.stderr.contains("Counted over the last 0 messages"), "{empty:?}");
    let refused = place.run(&["group", "account", "--size", "32768"]).failed(2);
    assert!(refused.contains("above the maximum, 32,767"), "{refused}");
    for wrong in [
        &["account-1"][..],
        &["account", "--size", "0"],
        &["account", "--size", "3", "--member", "3"],
        &["account", "--size", "3", "--stream", "order-1"],
        &["account", "--member", "1"],
        &["account", "--last", "0"],
    ] {
        let told = place.run(&[&["group"][..], wrong].concat());
        assert_eq!((told.status, told.stdout.as_str()), (2, ""), "{wrong:?}");
    }
}
