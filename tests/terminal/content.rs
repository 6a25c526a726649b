//! Unusual messages: large, deep, with exact numbers or wide text, and times of a server with a different clock.

use super::support::stores::Kind;
use super::visit::Visit;

#[tokio::test(flavor = "multi_thread")]
async fn opens_a_message_of_ten_megabytes_without_slowing_lists_or_using_much_memory() {
    let visit = Visit::new(Kind::MessageDb).await;
    visit.plant("huge-1", 0, "Small", "{\"before\": 1}").await;
    let line = "x".repeat(100);
    visit.plant("huge-1", 1, "Huge", &serde_json::to_string(&vec![line; 100_000]).expect("JSON")).await;
    visit.plant("huge-1", 2, "Small", "{\"after\": 1}").await;
    let mut screen = visit.screen(&["huge-1"]);
    // The body of a message is only fetched once it is selected.
    screen.shows("› huge-1").shows("after: 1").keys("k").shows("data [100000]");
    screen
        .keys("5G")
        .shows("99999: ")
        .keys("g")
        .shows("data [100000]")
        .keys("v")
        .shows("pretty")
        .keys("v")
        .shows("raw");
    screen.keys("4g").shows_line(&["┃│{\"before\": 1}"]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", screen.pid().as_raw_nonzero()));
    if let Ok(status) = status {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
        assert!(kilobytes < 300_000, "{kilobytes} kB for a message of 10 MB");
    }
    screen.keys("q");
    assert_eq!(screen.end().status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn opens_a_message_of_depth_ten_thousand_as_a_tree_and_raw() {
    let visit = Visit::new(Kind::MessageDb).await;
    let depth = 10_000;
    visit.plant("deep-1", 0, "Deep", &format!("{}\"core\"{}", "[".repeat(depth), "]".repeat(depth))).await;
    let mut screen = visit.screen(&["deep-1"]);
    screen.shows("data [1]").keys("5G").keys("v").shows("pretty").keys("v").shows("raw").shows("[[[[[[[[[[");
    screen.keys("/core\r").shows("\"core\"]]]]]]").keys("q");
    assert_eq!(screen.end().status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_numbers_and_keys_exactly_as_the_server_stores_them() {
    let visit = Visit::new(Kind::MessageDb).await;
    let data = r#"{"long": 12345678901234567890123, "scale": 1.10, "twice": 1, "twice": 2, "e": 1e3}"#;
    visit.plant("exact-1", 0, "Exact", data).await;
    let mut screen = visit.screen(&["exact-1"]);
    screen.shows("long: 12345678901234567890123").shows("scale: 1.10").shows("twice: 2").shows("e: 1000");
    screen.keys("v").shows("\"scale\": 1.10").keys("v").shows("raw");
    screen.shows(r#""long": 12345678901234567890123"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn states_are_computed_by_the_program_of_the_category_which_is_read_again_at_each_step() {
    let visit = Visit::new(Kind::MessageDb).await;
    for position in 0..200 {
        visit.plant("ledger-1", position, "Posted", &format!("{{\"amount\": {position}.10}}")).await;
    }
    let config = visit.user.home().join("config.toml");
    std::fs::write(&config, "[[folds]]\ncategory = \"ledger\"\njq_file = \"ledger.jq\"\n").expect("written");
    let program = config.with_file_name("ledger.jq");
    let write = |text: &str| std::fs::write(&program, text).expect("written");
    write(".message as $m | {count: ((.state.count // 0) + 1), last: $m.data.amount, first: (.state.first // $m.pos)}");
    let config = config.to_str().expect("a path").to_owned();
    let mut screen = visit.screen_with(&["ledger-1@120"], &[("STREAMSCOPE_CONFIG", &config)]);
    screen.shows("amount: 120.10").keys("S").shows("ledger-1@120 by ledger.jq").shows_line(&["$.count", "121"]);
    screen.shows_line(&["$.last", "120.10", "← 120"]).shows_line(&["$.first", "← 0"]);
    screen
        .keys("[")
        .shows("ledger-1@119 by")
        .shows_line(&["$.last", "119.10"])
        .keys("]")
        .shows_line(&["$.last", "120.10"]);
    write(".state |\n  (.count // 0) as $n | if $n == 50 then error(\"full\") else {count: ($n + 1)} end");
    screen
        .keys("[")
        .shows("at position 50 (Posted): line 2, column 25")
        .shows("program: full")
        .shows_line(&["$.count", "50"]);
    write(".state | nosuch");
    screen.keys("[").shows("line 1, column 10").shows("nosuch/0");
    std::fs::remove_file(&program).expect("removed");
    screen.keys("[").shows("No such file");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_stay_aligned_with_any_text() {
    let visit = Visit::new(Kind::MessageDb).await;
    let types = [
        "Plain",
        "残高が変わった",
        "שלום עולם",
        "مرحبا",
        "🚀 launched",
        "e\u{301}te\u{301}",
        "👩\u{200d}🚀 crew",
        "한국어",
    ];
    for (position, message_type) in (0..).zip(types) {
        visit.plant("wide-1", position, message_type, "{\"column\": true}").await;
    }
    let mut screen = visit.screen(&["wide-1"]);
    screen.wait("every preview in one column", |screen| {
        let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
        let begins = |row: u16| {
            (0..columns).find(|column| {
                let cells = || (*column..columns).map_while(|at| screen.cell(row, at)).map(vt100::Cell::contents);
                // A cell that was never written to is empty, so the text must begin in this one.
                cells().next() == Some("c") && cells().collect::<String>().replace(' ', "").starts_with("columntrue")
            })
        };
        let starts: Vec<u16> = (0..rows).filter_map(begins).collect();
        starts.len() == types.len() && starts.iter().all(|start| *start == starts[0])
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn ages_use_the_clock_of_the_server() {
    const DAY: i64 = 24 * 60 * 60;
    for wrong_by in [DAY, -DAY] {
        let visit = Visit::new(Kind::MessageDb).await;
        let client = visit.store.client().await.expect("a store on the server");
        let insert = format!(
            "insert into \"{schema}\".messages (id, stream_name, type, position, data, time)
             values (gen_random_uuid(), 'clock-1', 'Ticked', 0, '{{}}', (now() - interval '3 hours') at time zone 'utc')",
            schema = visit.store.schema
        );
        client.batch_execute(&insert).await.expect("a message from three hours ago");
        let wrong_by = wrong_by.to_string();
        let mut screen = visit.screen_with(&["clock-1"], &[("STREAMSCOPE_TEST_CLOCK_WRONG_BY", &wrong_by)]);
        screen.shows("Ticked").shows("RW").keys("tt").shows("3h00m");
    }
}
