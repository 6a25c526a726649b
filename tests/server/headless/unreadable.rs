//! Tests of messages with invalid values: their lines are marked, and the command reports them at its end.

use super::lines;
use crate::support::program::{Outcome, User};
use crate::support::server::Database;
use crate::support::stores::{message_db, store};

/// Creates a namespace in a database that does not check encodings. The second and the fourth of its five messages are
/// not UTF-8.
async fn damaged() -> Database {
    let database = Database::create("template template0 encoding 'SQL_ASCII' locale 'C'").await;
    store(&database).create_namespace("test", None).await.unwrap();
    let written = "insert into eventodb_test.messages (stream_name, type, position, data) values
                     ('account-1', 'A', 0, '{}'), ('account-1', E'T\\xfe', 1, '{}'), ('account-1', 'A', 2, '{}'),
                     ('account-1', 'A', 3, E'{\"text\": \"a\\xffb\"}'), ('account-1', 'A', 4, '{\"unreadable\":\"no\"}')";
    database.client().await.batch_execute(written).await.unwrap();
    database
}

const TOLD: &str =
    "2 messages have values that cannot be read; the first is at global position 2 (its type is not valid UTF-8)";

/// Returns which lines are marked.
fn marked(output: &str) -> Vec<bool> {
    lines(output).iter().map(|line| line.get("unreadable").is_some()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn export_is_complete_but_fails_if_messages_cannot_be_read() {
    let (database, user) = (damaged().await, User::new());
    let run = |arguments: &[&str]| user.run(&[&["--url", &database.url()], arguments].concat());
    let Outcome { status, stdout, stderr } = run(&["export"]);
    assert_eq!((status, stderr.matches(TOLD).count()), (1, 1), "{stderr}");
    assert_eq!(marked(&stdout), [false, true, false, true, false]);
    for name in ["all.ndjson", "all.ndjson.gz"] {
        let told = run(&["export", "-o", name]);
        assert_eq!((told.status, told.stderr.matches(TOLD).count()), (1, 1), "{told:?}");
        let (path, part) = (user.home().join(name), user.home().join(format!("{name}.part")));
        assert!(path.exists() && !part.exists(), "the file is complete");
        // A resumed export also reports the lines of the earlier run.
        std::fs::rename(&path, &part).unwrap();
        let told = run(&["export", "-o", name, "--resume"]);
        assert_eq!((told.status, told.stderr.matches(TOLD).count()), (1, 1), "{told:?}");
    }
    assert_eq!(std::fs::read_to_string(user.home().join("all.ndjson")).unwrap(), stdout);
    run(&["export", "--since", "2999-01-01"]).done();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_without_messages_that_have_no_global_position_fails() {
    let database = message_db().await;
    let sql = "alter table message_store.messages drop constraint messages_pkey, alter global_position drop not null;
               insert into message_store.messages (stream_name, type, position, global_position)
               values ('account-1', 'Opened', 0, 1), ('account-1', 'Lost', 1, null)";
    database.client().await.batch_execute(sql).await.unwrap();
    let told = User::new().run(&["--url", &database.url(), "export"]);
    assert_eq!((told.status, told.stdout.lines().count()), (1, 1), "{told:?}");
    assert!(told.stderr.contains("1 message without a global position is not exported"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_function_is_named_with_the_check_that_finds_it() {
    let database = message_db().await;
    let sql = "drop function message_store.category cascade";
    database.client().await.batch_execute(sql).await.unwrap();
    let told = User::new().run(&["--url", &database.url(), "get", "account"]).failed(1);
    assert!(told.contains("message_store.category") && told.contains(" doctor --only functions"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn get_and_tail_report_unreadable_messages_at_the_end() {
    let (database, user) = (damaged().await, User::new());
    let run = |arguments: &[&str]| user.run(&[&["--url", &database.url()], arguments].concat());
    for arguments in [&["get", "account-1"][..], &["get", "account"], &["tail", "--from", "start", "--until", "now"]] {
        let Outcome { status, stdout, stderr } = run(arguments);
        assert_eq!((status, stderr.matches(TOLD).count()), (0, 1), "{arguments:?}: {stderr}");
        assert_eq!(marked(&stdout), [false, true, false, true, false], "{arguments:?}");
        let text = run(&[arguments, &["--format", "text"]].concat());
        assert!(text.stderr.contains(TOLD), "{arguments:?}: {}", text.stderr);
    }
    run(&["get", "account-1", "--limit", "1", "--from", "4"]).done();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_that_uses_an_unreadable_message_reports_it() {
    let (database, user) = (damaged().await, User::new());
    let run = |arguments: &[&str]| user.run(&[&["--url", &database.url()], arguments].concat());
    for arguments in [
        &["fold", "account-1"][..],
        &["fold", "account-1", "--steps"],
        &["fold", "account-1", "--jq", ".message.data"],
        &["diff", "account-1@0", "account-1@4"],
        &["diff", "account-1@4", "account-1@0"],
        &["tail", "--from", "start", "--until", "now", "--exec", "cat > /dev/null"],
    ] {
        let told = run(arguments);
        assert_eq!((told.status, told.stderr.matches(TOLD).count()), (0, 1), "{arguments:?}: {told:?}");
    }
    let one = "1 message has a value that cannot be read: global position 2 (its type is not valid UTF-8)";
    for arguments in [
        &["fold", "account-1", "--at", "1"][..],
        &["diff", "account-1@1", "account-1@0"],
        &["diff", "account-1@1", "account-1@4", "--messages"],
        &["trace", "account-1@1"],
        &["trace", "account-1@1", "--format", "ndjson"],
    ] {
        let told = run(arguments);
        assert_eq!((told.status, told.stderr.matches(one).count()), (0, 1), "{arguments:?}: {told:?}");
    }
    let first = run(&["tail", "--from", "start", "--limit", "1", "--exec", "cat > /dev/null"]);
    assert!(first.status == 0 && !first.stderr.contains("cannot be read"), "{first:?}");
    run(&["fold", "account-1", "--at", "0"]).done();
    run(&["diff", "account-1@0", "account-1@4", "--messages"]).done();
}
