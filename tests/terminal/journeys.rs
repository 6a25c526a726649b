//! The tasks of a user: browsing, following, writing, resolving conflicts, cloning, writing follow-ups, going to
//! messages and filtering.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

#[cfg(feature = "embedded")]
use super::support::program::User;
use super::support::pty::{SIZE, Screen};
use super::support::stores::Kind;
use super::visit::Visit;

async fn browsed_to_a_message(kind: Kind) {
    let visit = Visit::with_accounts(kind).await;
    let mut screen = visit.screen(&[]);
    // A selection is shown at once.
    screen.shows_line(&["account", "~"]).shows_line(&["Deposited", "99"]);
    screen.keys("2").shows("› account").keys("3").shows("Streams  account").shows_line(&["▌1 ", "v2"]);
    screen.keys("\r").shows("› account-1").shows_line(&["Withdrawn", "10"]);
    screen.keys("g").shows("amount: 0").keys("j").shows("amount: 25").keys("G").shows("amount: 10");
    screen.keys("q");
    assert_eq!(screen.end().status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn browses_to_a_message_in_message_db() {
    browsed_to_a_message(Kind::MessageDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browses_to_a_message_in_a_streamscope_namespace() {
    browsed_to_a_message(Kind::OursOnPostgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn following_shows_messages_of_another_program() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account"]);
    screen.shows("› account").shows_line(&["Deposited", "amount 99"]).keys("F").shows("FOLLOWING");
    for number in 1_000..1_020 {
        visit.write("account-3", "Noted", &format!("{{\"number\": {number}}}")).await;
    }
    screen.shows("1019").shows_line(&["FOLLOWING", "final to 25"]);
    screen.keys(" ").shows("PAUSED");
    visit.write("account-3", "Noted", "{\"number\": 2000}").await;
    screen.shows("+1 new");
    assert!(!screen.contents().contains("number 2000") && !screen.contents().contains("number: 2000"));
    screen.keys(" ").shows("2000");
}

#[tokio::test(flavor = "multi_thread")]
async fn following_a_filtered_list_shows_only_matches() {
    let visit = Visit::with_accounts(Kind::OursOnPostgres).await;
    let mut screen = visit.screen(&["account"]);
    screen.shows("› account").shows_line(&["Deposited", "amount 99"]);
    screen
        .keys("&type:Deposited data:$.amount > 50\r")
        .shows("1 match")
        .keys("F")
        .shows_line(&["FOLLOWING", "final to 5"]);
    for amount in [12, 777, 13, 888] {
        visit.write("account-3", "Deposited", &format!("{{\"amount\": {amount}}}")).await;
    }
    visit.write("account-3", "Withdrawn", "{\"amount\": 999}").await;
    screen.shows("amount: 888").shows_line(&["Deposited", "amount 777"]).shows("final to 10");
    let text = screen.contents();
    assert!(!text.contains("amount 999") && !text.contains("amount: 999"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_message_is_selected() {
    let visit = Visit::with_accounts(Kind::OursOnPostgres).await;
    let mut screen = visit.screen(&["account-1"]);
    screen.shows("› account-1").shows("amount: 10").keys("w").shows("Write a message");
    screen.keys("Closed\r\r\r").paste("{\"reason\": \"moved\"").shows("✗");
    // Invalid JSON is not sent.
    screen.keys_until("\x13", "data: line");
    screen.keys("}").keys_until("\x13", "Written to account-1 at position 3").shows("reason: \"moved\"");
    let messages = visit.store.namespace.stream_version(&"account-1".parse_stream()).await.expect("a version");
    assert_eq!(messages, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_keeps_the_draft_and_can_be_resolved() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account-1"]);
    screen.shows("› account-1").shows("amount: 10").keys("w").shows("Write a message");
    screen.keys("Closed\r\r\r").paste("{\"mine\": 1}").shows("mine");
    visit.write("account-1", "Frozen", "{\"theirs\": 2}").await;
    screen.keys_until("\x13", "Written since").shows("Frozen").shows("theirs").shows("mine");
    assert_eq!(visit.store.namespace.stream_version(&"account-1".parse_stream()).await.expect("a version"), Some(3));
    screen.keys("t").shows("Written to account-1 at position 4").shows("mine: 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn clones_a_message_and_writes_a_follow_up() {
    let visit = Visit::with_accounts(Kind::OursOnPostgres).await;
    let mut screen = visit.screen(&["account-2"]);
    screen.shows("› account-2").shows("amount: 99").keys("c").shows("Write a message").shows("\"amount\": 99");
    screen.keys("\x13").shows("Written to account-2 at position 2").shows_line(&["2", "Deposited"]);
    screen.wait("the whole message", |screen| {
        let contents = screen.contents();
        contents.contains("account-2 @ 2") && contents.contains("amount: 99")
    });
    screen.keys("r").shows("causationMessageStreamName");
    screen.keys("audit-1\rSeen").shows("Seen").keys_until("\x13", "Written to audit-1 at position 0");
    screen.shows("› audit-1").shows("causationMessagePosition: ⇢ 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_to_an_id_a_position_and_a_time() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let written = visit.write("order-9", "Placed", "{\"found\": \"by id\"}").await;
    visit.write("order-10", "Placed", "{\"last\": true}").await;
    let id = written_id(&visit, "order-9").await;
    let mut screen = visit.screen(&[]);
    screen.shows("order-10");
    screen.keys(":").paste(&id).shows("→").keys("\r").shows("› order-9").shows("found: \"by id\"");
    screen.keys(":").keys("account-1@1").shows("→").keys("\r").shows("› account-1").shows("amount: 25");
    screen.keys(":").keys(&written.global_position.to_string()).shows("→").keys("\r").shows("found: \"by id\"");
    screen.keys(":").keys("-2h").shows("→").keys("\r").shows("amount: 0");
}

async fn written_id(visit: &Visit, stream: &str) -> String {
    let client = visit.store.client().await.expect("a store on the server");
    let query = format!("select id::text from \"{}\".messages where stream_name = $1", visit.store.schema);
    client.query_one(&query, &[&stream]).await.expect("the message").get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_applied_by_the_server_and_counts_its_matches() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account"]);
    screen.shows("› account").shows("99").keys("&").keys("type:Deposited data:'$.amount > 50'").keys("\r");
    screen.shows("1 match").hides("Withdrawn").shows("99");
    screen.keys("\x1b").shows("Withdrawn");
}

#[tokio::test(flavor = "multi_thread")]
async fn survives_rapid_resizing_down_to_one_cell() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&[]);
    screen.shows("account");
    for size in 0..60_u16 {
        screen.resize(1 + (size * 37) % 180, 1 + (size * 11) % 50).keys("j");
    }
    screen.resize(1, 1).keys("w").resize(120, 40).shows("Write a message");
    // The dialog covers the title of the list. Without waiting for that, Escape and the next key could be read as one
    // key with Alt.
    screen.resize(1, 1).keys("\x1b").resize(120, 40).shows("All messages").shows_line(&["account", "~"]);
    screen.keys("q");
    assert_eq!(screen.end().status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_mode_is_shown_and_refuses_to_write() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["--read-only", "account-1"]);
    screen.shows("READ-ONLY").shows("amount: 10").keys("w").shows("--read-only");
    assert!(!screen.contents().contains("Write a message"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_is_shown_and_refuses_to_write() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let client = visit.store.client().await.expect("a store on the server");
    let database = visit.store.database.as_ref().expect("a store on the server").name();
    let alter = format!("alter database {database} set default_transaction_read_only = on");
    client.batch_execute(&alter).await.expect("altered");
    let mut screen = visit.screen(&["account-1"]);
    screen.shows("READ-ONLY").shows("amount: 10").keys("w").shows("default_transaction_read_only");
    assert!(!screen.contents().contains("Write a message"));
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_the_raw_text() {
    let visit = Visit::new(Kind::MessageDb).await;
    let data = r#"{"text": "\u001b[31m\u202e red"}"#;
    visit.write("account-1", "Noted", data).await;
    let mut screen = visit.screen(&["account-1"]);
    screen
        .shows("account › account-1")
        .shows("text: ")
        .keys("y")
        .shows("message as JSON")
        .keys("d")
        .shows("Copied data");
    let bytes = String::from_utf8_lossy(&screen.bytes()).into_owned();
    let copied = bytes.split_once("\x1b]52;c;").and_then(|(_, rest)| rest.split_once('\x1b')).expect("OSC 52").0;
    let copied = STANDARD.decode(copied).expect("base64");
    let client = visit.store.client().await.expect("a store on the server");
    let query = format!("select data::text from \"{}\".messages", visit.store.schema);
    let stored: String = client.query_one(&query, &[]).await.expect("the message").get(0);
    assert_eq!(String::from_utf8(copied).expect("UTF-8"), stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_editor_gets_the_terminal_and_can_be_suspended() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let editor = visit.user.home().join("editor");
    let script = "#!/bin/sh\necho editing $(cat $1); read line; echo \"{\\\"edited\\\": \\\"$line\\\"}\" > $1\n";
    std::fs::write(&editor, script).expect("written");
    std::fs::set_permissions(&editor, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("executable");
    let (url, editor) = (visit.url(), editor.to_string_lossy().into_owned());
    let arguments = ["--url", &url, "account-1"];
    let mut screen = Screen::start_under_shell(&visit.user, &arguments, &[("EDITOR", &editor)]);
    screen.shows("amount: 10").keys("w").shows("Write a message").keys("Closed\r\r\r\x05").shows("editing {}");
    // The terminal sends Ctrl-Z to editor and program alike, and the program must not keep the shell waiting.
    screen.keys("\x1a").shows("back at the shell").keys("\r").keys("by hand\r").shows("\"by hand\"");
    screen.keys("\x13").shows("Written to account-1 at position 3").shows("edited: \"by hand\"");
    screen.keys("q").shows("ended with 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_editor_sees_no_password_and_leaves_no_files() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let (home, temporary) = (visit.user.home(), visit.user.home().join("temporary"));
    std::fs::create_dir(&temporary).expect("made");
    let editor = home.join("editor");
    let script = "#!/bin/sh\nenv > \"$HOME/environment\"; cp $1 $1~; ls -ld $(dirname $1) > \"$HOME/directory\"\n\
                  printf '\\357\\273\\277{\"edited\": 1}' > $1\n";
    std::fs::write(&editor, script).expect("written");
    std::fs::set_permissions(&editor, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("executable");
    let url = visit.url().replacen("postgres@", "postgres:s3cr3tw0rd@", 1);
    assert!(url.contains("s3cr3tw0rd"), "{url}");
    let variables = [
        ("EDITOR", editor.to_str().expect("a path")),
        ("PGPASSWORD", "s3cr3tw0rd"),
        ("STREAMSCOPE_PASSWORD_COMMAND", "echo s3cr3tw0rd"),
        ("DATABASE_URL", "postgres://ada:s3cr3tw0rd@db/shop"),
        ("BACKUP_DSN", "host=db password=s3cr3tw0rd"),
        ("DB_PASS", "s3cr3tw0rd"),
        ("KEPT", "as it was"),
        ("TMPDIR", temporary.to_str().expect("a path")),
    ];
    let mut screen = Screen::start_with(&visit.user, &["--url", &url, "account-1"], &variables, SIZE);
    screen.shows("amount: 10").keys("w").shows("Write a message").keys("Closed\r\r\r\x05").shows("\"edited\": 1");
    // The byte order mark was removed. JSON must not begin with one.
    screen.keys("\x13").shows("Written to account-1 at position 3").keys("q");
    assert_eq!(screen.end().status, 0);
    let seen = std::fs::read_to_string(home.join("environment")).expect("the environment of the editor");
    assert!(seen.contains("KEPT=as it was") && !seen.contains("s3cr3tw0rd"), "{seen}");
    let directory = std::fs::read_to_string(home.join("directory")).expect("the directory of the editor");
    assert!(directory.starts_with("drwx------"), "{directory}");
    assert_eq!(
        std::fs::read_dir(&temporary).expect("there").count(),
        0,
        "the edited text was left in the temporary directory"
    );
}

#[cfg(feature = "embedded")]
#[test]
fn the_embedded_store_can_be_followed_and_written_at_once() {
    let user = User::new();
    let store = user.home().join("store").to_string_lossy().into_owned();
    let store = ["--embedded", store.as_str()];
    let created = user.run(&[store[0], store[1], "ns", "create", "test"]);
    assert_eq!(created.status, 0, "{created:?}");
    let mut screen = Screen::start(&user, &store);
    screen.shows("▌test").shows("RW").keys("F").shows("FOLLOWING").keys("w").shows("Write a message");
    screen.keys("account-1\rOpened\r\r\r").paste("{\"first\": true}").shows("first");
    // Ctrl-S right after a paste is ignored.
    screen.keys_until("\x13", "Written to account-1 at position 0");
    screen.shows("first: true").keys("q");
    assert_eq!(screen.end().status, 0);
    let got = user.run(&[store[0], store[1], "get", "account-1"]);
    assert!(got.stdout.contains("first"), "{got:?}");
}

#[cfg(feature = "embedded")]
#[test]
fn the_demo_opens_at_once_and_produces_messages() {
    let mut screen = Screen::start(&User::new(), &["--demo"]);
    screen.shows("connecting").shows("shop").shows("bank").shows("All messages").shows_line(&["▌shop"]);
    screen.keys("F").shows("FOLLOWING").shows_line(&["FOLLOWING", "final to"]);
    let first = screen.contents();
    screen.wait("another message", |now| now.contents() != first && !now.contents().contains(" 0.0/s"));
    screen.keys("q");
    assert_eq!(screen.end().status, 0);
}

trait ParseStream {
    fn parse_stream(&self) -> streamscope::message::StreamName;
}

impl ParseStream for str {
    fn parse_stream(&self) -> streamscope::message::StreamName {
        streamscope::message::StreamName::new(self).expect("a stream's name")
    }
}
