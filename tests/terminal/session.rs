//! What survives a restart, and switching between databases without one.

use super::support::pty::Screen;
use super::support::stores::Kind;
use super::visit::Visit;

fn quit(mut screen: Screen) {
    screen.keys("q");
    assert_eq!(screen.end().status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_returns_to_the_place_with_filter_order_and_bookmarks_and_fresh_does_not() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account"]);
    screen.shows("› account").shows_line(&["Deposited", "99"]);
    screen.keys("&type:Deposited\r").shows("2 matches").keys("o").keys("b").shows("Bookmarked");
    screen.keys("G").shows("amount: 25");
    quit(screen);

    let mut screen = visit.screen(&[]);
    screen.shows("› account").shows("& type:Deposited").shows("2 matches").shows("amount: 25");
    assert!(!screen.contents().contains("Withdrawn"), "{}", screen.contents());
    screen.keys("'").shows("Bookmarks").shows("account · type:Deposited").keys("\x1b").hides("Bookmarks");
    quit(screen);

    let mut screen = visit.screen(&["--fresh"]);
    screen
        .shows("All messages")
        .shows("Withdrawn")
        .keys("'")
        .shows("No bookmarks yet")
        .keys("\x1b")
        .hides("No bookmarks yet");
    quit(screen);

    // What --fresh did not change is still there.
    let mut screen = visit.screen(&[]);
    screen.shows("RW").keys("'").shows("account · type:Deposited");
    screen.keys("\x1b").hides("Bookmarks");
    quit(screen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_survives_a_signal() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account-1@1"]);
    screen.shows("› account-1").shows("amount: 25");
    screen.signal(rustix::process::Signal::TERM);
    assert_eq!(screen.end().status, 143);
    let mut screen = visit.screen(&[]);
    screen.shows("› account-1").shows("amount: 25");
    quit(screen);
}

#[tokio::test(flavor = "multi_thread")]
async fn switches_to_another_database_and_back() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let other = Visit::new(Kind::OursOnPostgres).await;
    other.write("order-1", "Placed", "{\"total\": 4711}").await;
    let service = visit.user.home().join(".pg_service.conf");
    let address = visit.url().replacen("postgres://", "", 1);
    let (user, rest) = address.split_once('@').expect("a user");
    let (host, database) = rest.split_once('/').expect("a database");
    let (host, port) = host.split_once(':').unwrap_or((host, "5432"));
    std::fs::write(&service, format!("[first]\nhost={host}\nport={port}\nuser={user}\ndbname={database}\n"))
        .expect("written");

    let mut screen = visit.screen(&["account-1@1"]);
    screen.shows("› account-1").shows("amount: 25");
    screen.keys("O").shows("Connect to another database").shows("service first");
    // An attempt that fails leaves everything as it is.
    screen.paste("postgres://ada:s3cr3tw0rd@127.0.0.1:1/nowhere").shows("ada:**********@127.0.0.1:1/nowhere");
    screen.keys("\r").shows("refused").keys("\x15").paste(&other.url()).hides("refused").keys("\r");
    screen.shows("Connected to").shows_line(&["order-1", "Placed"]).shows("4711").hides("amount: 25");
    screen.keys("O").shows("service first").keys("\r");
    // The place is where it was left.
    screen.shows("› account-1").shows("amount: 25").hides("4711");
    assert!(!String::from_utf8_lossy(&screen.bytes()).contains("s3cr3tw0rd"));
    quit(screen);
    let session = visit.user.home().join("state/streamscope/session.json");
    let session = std::fs::read_to_string(session).expect("the session");
    assert!(!session.contains("s3cr3tw0rd"), "{session}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_about_the_settings_is_a_notice_on_the_screen() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let passwords = visit.user.home().join(".pgpass");
    std::fs::write(&passwords, "*:*:*:*:s3cr3tw0rd\n").expect("written");
    std::fs::set_permissions(&passwords, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("set");
    let mut screen = visit.screen(&["account-1@1"]);
    screen.shows("amount: 25").keys("!").shows(".pgpass").keys("\x1b").hides(".pgpass");
    quit(screen);
}
