//! Marking and comparing messages, and exporting what is shown to a file that `import` accepts.

use super::support::stores::Kind;
use super::visit::Visit;

/// The key Ctrl-E.
const EXPORT: &str = "\u{5}";

#[tokio::test(flavor = "multi_thread")]
async fn two_marked_messages_are_compared() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account"]);
    screen.shows("› account").shows_line(&["Deposited", "amount 99"]);
    screen.keys("gjm").shows("1 marked").keys("Gm").shows("2 marked").keys("=");
    screen.shows("account-1@1 (global 2) → account-2@1 (global 5)").shows("type: same, Deposited");
    screen.shows("~ $.amount").shows("- 25").shows("+ 99");
    screen.keys("v").shows_line(&["\"amount\": 25", "~", "\"amount\": 99"]);
    screen.keys("\u{1b}").hides("Compare").keys("U").shows("Removed the marks of 2 messages");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_of_a_list_can_be_imported() {
    let visit = Visit::with_accounts(Kind::OursOnPostgres).await;
    let mut screen = visit.screen(&["account"]);
    screen.shows("› account").shows_line(&["Deposited", "amount 99"]);
    screen.keys(EXPORT).shows("Messages of account").keys("\u{15}all.ndjson.gz\r");
    screen.shows("Exported 5 messages to");
    let path = visit.user.home().join("all.ndjson.gz");
    let written = std::fs::read(&path).expect("the file");
    screen.keys(EXPORT).keys("\u{15}all.ndjson.gz\r").shows("all.ndjson.gz exists. Replace it? y/n").keys("n");
    screen.shows("Enter export").keys("\u{1b}").hides("Enter export");
    assert_eq!(std::fs::read(&path).expect("the file"), written, "it is replaced only after y");
    screen.keys("&type:Opened\r").shows("2 matches").keys(EXPORT).shows("type:Opened").keys("\u{15}opened.ndjson\r");
    screen.shows("Exported 2 messages to").shows("--allow-gaps");
    let url = visit.url();
    for (file, options, present) in [("all.ndjson.gz", &[][..], 5), ("opened.ndjson", &["--allow-gaps"][..], 2)] {
        let arguments: Vec<&str> = ["--url", &url, "import", file].iter().chain(options).copied().collect();
        let outcome = visit.user.run(&arguments);
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        assert!(outcome.stdout.contains(&format!("\"present\":{present}")), "{}", outcome.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_to_a_place_that_cannot_be_written_says_why() {
    let visit = Visit::with_accounts(Kind::OursOnPostgres).await;
    let mut screen = visit.screen(&["account-1"]);
    screen.shows("› account-1").shows_line(&["Withdrawn", "10"]);
    screen.keys(EXPORT).shows("Messages of account-1").keys("\u{15}missing/a.ndjson\r");
    screen.shows("Cannot write missing/a.ndjson").shows("No such file");
    screen.keys("\u{1b}").hides("Enter export");
}
