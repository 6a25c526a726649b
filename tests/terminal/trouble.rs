//! Lost connections, hostile text, slow queries, and a crash while a draft is open.

use rustix::process::Signal;

use super::support::stores::Kind;
use super::visit::Visit;

#[tokio::test(flavor = "multi_thread")]
async fn text_from_the_store_never_reaches_the_terminal_as_a_sequence() {
    let visit = Visit::new(Kind::MessageDb).await;
    let clipboard = "\u{1b}]52;c;ZXZpbA==\u{7}";
    let controls = "\u{9b}31m\u{9d}0;title\u{9c}\u{202e}\u{200b}\u{7f}";
    visit.plant(&format!("evil{clipboard}-1"), 0, &format!("Type{clipboard}{controls}"), "{\"safe\": 1}").await;
    visit.plant(&format!("evil{controls}-2"), 0, "Plain", &format!("{{\"a{controls}\": \"b{controls}\"}}")).await;
    let mut screen = visit.screen_with(&[], &[]);
    screen.shows("Plain").keys("4gjG5").shows("data {1}").keys("v").shows("pretty").keys("v").shows("raw").keys("v4");
    screen.keys("g").shows("safe: 1").keys("c").shows("Write a message").keys("\x1b").hides("Write a message");
    screen.keys("?").shows("Everywhere").keys("\x1b").hides("Everywhere").keys("q");
    let ended = screen.end();
    assert_eq!(ended.status, 0);
    let bytes = ended.bytes;
    assert!(!bytes.contains(&0x07) && !bytes.contains(&0x7f));
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(!text.contains("\x1b]"), "an operating system command reached the terminal");
    for hostile in ['\u{9b}', '\u{9d}', '\u{9c}', '\u{202e}', '\u{200b}'] {
        assert!(!text.contains(hostile), "{:?} reached the terminal", hostile.escape_unicode());
    }
    // Every escape sequence is one that the screen itself sends.
    for sequence in text.split('\x1b').skip(1) {
        let known = sequence.strip_prefix('[').is_some_and(|rest| {
            let end = rest.find(|c: char| c.is_ascii_alphabetic());
            end.is_some_and(|end| matches!(&rest[end..=end], "m" | "H" | "J" | "h" | "l"))
        });
        assert!(known, "ESC {:?}", sequence.chars().take(20).collect::<String>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reconnects_after_its_connection_is_terminated_and_keeps_the_location() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account-1"]);
    screen.shows("› account-1").shows("amount: 10").keys("k").shows("amount: 25");
    let client = visit.store.client().await.expect("a store on the server");
    let others = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                  where datname = current_database() and pid <> pg_backend_pid()";
    client.query_one(others, &[]).await.expect("terminated");
    screen.keys("g").shows("amount: 0").shows("RW");
    client.query_one(others, &[]).await.expect("terminated");
    screen.keys("G").shows("amount: 10").shows("RW").shows("› account-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_while_following_is_shown_until_it_does() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account"]);
    screen.shows("› account").shows("amount: 99").keys("F").shows("FOLLOWING · 0.0/s");
    let mut blocker = visit.store.client().await.expect("a store on the server");
    let transaction = blocker.transaction().await.expect("a transaction");
    transaction.batch_execute(&format!("lock table \"{}\".messages", visit.store.schema)).await.expect("locked");
    screen.shows("WAITING: no answer for ");
    transaction.rollback().await.expect("unlocked");
    screen.shows("FOLLOWING · 0.0/s").hides("no answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn esc_cancels_a_slow_count_on_the_server() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account"]);
    screen.shows("› account").shows("amount: 99").shows("RW");
    let mut blocker = visit.store.client().await.expect("a store on the server");
    let transaction = blocker.transaction().await.expect("a transaction");
    transaction.batch_execute(&format!("lock table \"{}\".messages", visit.store.schema)).await.expect("locked");
    screen.keys("#");
    // Other queries of the screen may wait for the same lock.
    let waiting = "select count(*) from pg_stat_activity
                   where datname = current_database() and state = 'active' and wait_event_type = 'Lock'
                     and query like 'select count(*),%messages%'";
    visit.wait_for_count(waiting, 1).await;
    screen.keys("\x1b");
    visit.wait_for_count(waiting, 0).await;
    transaction.rollback().await.expect("unlocked");
    screen.keys("#").shows(" 5 messages");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_survives_a_crash() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account-1"]);
    screen
        .shows("› account-1")
        .shows("amount: 10")
        .keys("w")
        .shows("Write a message")
        .keys("Closed\r\r\r")
        .paste("{\"kept\": true}");
    screen.shows("kept");
    screen.signal(Signal::KILL);
    assert_eq!(screen.end().status, 1);
    let mut screen = visit.screen(&["account-1"]);
    screen
        .shows("draft from an earlier run")
        .shows("› account-1")
        .shows("amount: 10")
        .keys("w")
        .shows("Closed")
        .shows("\"kept\": true");
    screen.keys("\x13").shows("Written to account-1 at position 3");
    screen.keys("q");
    assert_eq!(screen.end().status, 0);
    let drafts = std::fs::read_dir(visit.user.home().join("state/streamscope/drafts")).expect("a directory");
    // The lock file stays.
    let drafts =
        drafts.filter(|file| file.as_ref().is_ok_and(|file| file.path().extension().is_some_and(|e| e == "json")));
    assert_eq!(drafts.count(), 0, "a draft is deleted once it was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn following_continues_after_repeatedly_terminated_connections() {
    let visit = Visit::with_accounts(Kind::OursOnPostgres).await;
    let mut screen = visit.screen(&["account"]);
    screen.shows("› account").shows("amount: 99").keys("F").shows("FOLLOWING");
    let client = visit.store.client().await.expect("a store on the server");
    let programs = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where datname = current_database() and application_name = 'streamscope' and pid <> pg_backend_pid()";
    for round in 0..5 {
        client.query_one(programs, &[]).await.expect("terminated");
        let insert = format!(
            "select \"{}\".write_message(gen_random_uuid()::text, 'account-9', 'Noted', '{{\"round\": {round}}}')",
            visit.store.schema
        );
        client.query_one(&insert, &[]).await.expect("written");
        screen.shows(&format!("round: {round}"));
    }
    screen.wait("every message once, in order", |now| {
        let contents = now.contents();
        let rounds: Vec<&str> = contents.lines().filter(|line| line.contains(" B round ")).collect();
        rounds.len() == 5 && rounds.iter().enumerate().all(|(round, line)| line.contains(&format!(" B round {round} ")))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_command_cannot_take_keys_from_the_screen() {
    let visit = Visit::new(Kind::MessageDb).await;
    let command = ("STREAMSCOPE_PASSWORD_COMMAND", "read password </dev/tty; echo \"$password\"");
    let mut screen = visit.screen_with(&[], &[command]);
    screen.shows("asks for input on the terminal").keys("q");
    assert_eq!(screen.end().status, 0);
}
