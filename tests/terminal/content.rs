//! What messages may hold: huge and deep bodies, exact numbers, wide text, times of a server whose clock is elsewhere.

use super::support::stores::Kind;
use super::visit::Visit;

/// Puts a message in whose data an expression of SQL makes.
async fn insert(visit: &Visit, stream: &str, position: i64, message_type: &str, data: &str) {
    let client = visit.store.client().await.expect("a store on the server");
    let insert = format!(
        "insert into \"{}\".messages (id, stream_name, type, position, data, metadata)
         values (gen_random_uuid(), $1, $2, $3, {data}, null)",
        visit.store.schema
    );
    client.execute(&insert, &[&stream, &message_type, &position]).await.expect("inserted");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_30_a_message_of_ten_megabytes_leaves_lists_alone_and_opens_in_bounded_memory() {
    let visit = Visit::new(Kind::MessageDb).await;
    for position in 0..20 {
        let huge = "(select jsonb_agg(repeat(chr(97 + n % 26), 100)) from generate_series(1, 100000) as n)";
        insert(&visit, "huge-1", position, "Huge", huge).await;
    }
    insert(&visit, "huge-1", 20, "Small", "'{\"amount\": 25}'").await;
    let mut screen = visit.screen(&["huge-1"]);
    screen.shows("amount: 25").shows("RW");
    let before = screen.memory();
    screen.keys("k").shows("[100,000]").keys("5").keys("G").shows("[99,999]").keys("v").shows("pretty").keys("G");
    screen.keys("v").shows("raw").keys("v").shows("tree");
    // Every one of them is opened, and let go of again.
    for position in (0..20).rev() {
        screen.keys("4").keys(&format!(":huge-1@{position}\r")).shows(&format!("@{position} "));
    }
    let grown = screen.memory().saturating_sub(before) / 1_024;
    assert!(grown < 100, "{grown} MiB more for messages of 10 MB, one at a time");
    screen.keys("4G").shows("amount: 25").keys("q");
    assert_eq!(screen.end().status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_31_json_of_depth_ten_thousand_is_shown_raw() {
    let visit = Visit::new(Kind::MessageDb).await;
    insert(&visit, "deep-1", 0, "Deep", "(repeat('[', 6000) || '\"core\"' || repeat(']', 6000))::jsonb").await;
    let mut screen = visit.screen(&["deep-1"]);
    screen.shows("Deep").shows("[[[[[[[[[[[[");
    screen.keys("5").keys("/core\r").shows("core").keys("vvvCEgG").keys("q");
    assert_eq!(screen.end().status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_32_numbers_and_keys_are_shown_as_the_server_has_them() {
    let visit = Visit::new(Kind::MessageDb).await;
    let data = r#"'{"long": 12345678901234567890123, "scale": 1.10, "twice": 1, "twice": 2, "e": 1e3}'"#;
    insert(&visit, "exact-1", 0, "Exact", data).await;
    let mut screen = visit.screen(&["exact-1"]);
    screen.shows("long: 12345678901234567890123").shows("scale: 1.10").shows("twice: 2").shows("e: 1000");
    screen.keys("v").shows("\"scale\": 1.10").keys("v").shows("raw");
    screen.shows(r#""long": 12345678901234567890123"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_34_columns_stand_one_below_the_other_whatever_the_text() {
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
        insert(&visit, "wide-1", position, message_type, "'{\"column\": true}'").await;
    }
    let mut screen = visit.screen(&["wide-1"]);
    screen.wait("every preview in one column", |screen| {
        let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
        let begins = |row: u16| {
            (0..columns).find(|column| {
                let text: String =
                    (*column..columns).map_while(|at| screen.cell(row, at)).map(vt100::Cell::contents).collect();
                text.starts_with("{\"column\"")
            })
        };
        let places: Vec<u16> = (0..rows).filter_map(begins).collect();
        places.len() == types.len() && places.iter().all(|place| *place == places[0])
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn row_39_ages_go_by_the_servers_clock() {
    for (ahead, days) in [("+", 1), ("-", 1)] {
        let visit = Visit::new(Kind::MessageDb).await;
        let client = visit.store.client().await.expect("a store on the server");
        // The server's clock as its sessions see it.
        let clock = format!("pg_catalog.clock_timestamp() {ahead} interval '{days} day'");
        let database: String = client.query_one("select current_database()::text", &[]).await.expect("its name").get(0);
        let elsewhere = format!(
            "create schema elsewhere;
             create function elsewhere.clock_timestamp() returns timestamptz language sql as $$ select {clock} $$;
             alter database \"{database}\" set search_path = elsewhere, pg_catalog;
             insert into \"{schema}\".messages (id, stream_name, type, position, data, time)
             values (gen_random_uuid(), 'clock-1', 'Ticked', 0, '{{}}', ({clock} - interval '3 hours') at time zone 'utc')",
            schema = visit.store.schema
        );
        client.batch_execute(&elsewhere).await.expect("another clock");
        let mut screen = visit.screen(&["clock-1"]);
        screen.shows("Ticked").shows("RW").keys("tt").shows("3h00m");
    }
}
