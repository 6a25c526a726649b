//! Tests of `stats`, also against the views of Message DB.

use super::{fill, lines};
use crate::support::place::{Place, in_each_place};
use crate::support::stores::Kind;

in_each_place!(counts_and_shares_add_up, the_rate_spans_all_finite_times, refuses_invalid_arguments_of_stats);

fn counts_and_shares_add_up(place: &Place) {
    assert_eq!(place.run(&["stats"]).done(), "", "an empty namespace has no rows");
    fill(place, 60);
    let categories = lines(&place.run(&["stats"]).done());
    let of =
        |row: &serde_json::Value| (row["category"].as_str().unwrap().to_owned(), row["messages"].as_u64().unwrap());
    assert_eq!(categories.iter().map(of).collect::<Vec<_>>(), [("account".to_owned(), 30), ("order".to_owned(), 30)]);
    for row in &categories {
        let rate: u64 = row["rate"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!((rate, row["percent"].to_string().as_str()), (30, "50.00"));
    }
    let types = lines(&place.run(&["stats", "types", "account"]).done());
    assert_eq!(types.iter().map(|row| row["messages"].as_u64().unwrap()).sum::<u64>(), 30);
    let streams = lines(&place.run(&["stats", "streams", "--limit", "3"]).done());
    assert_eq!(streams.len(), 3);
    let text = place.run(&["stats", "--format", "text"]);
    assert!(text.stdout.contains("CATEGORY") && text.stderr.contains("Rate from"), "{text:?}");
}

/// The times are out of order, at both ends of the possible range, and infinite.
fn the_rate_spans_all_finite_times(place: &Place) {
    let import = |category: &str, times: &[&str]| {
        let line = |(number, time): (usize, &&str)| {
            format!(
                "{{\"id\":\"{}\",\"stream\":\"{category}-{number}\",\"type\":\"T\",\"pos\":0,\"data\":{{}},\"time\":\"{time}\"}}\n",
                uuid::Uuid::now_v7()
            )
        };
        place.run_with_input(&["import"], &times.iter().enumerate().map(line).collect::<String>()).done();
    };
    import("a", &["2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z", "2026-03-02T00:00:00Z"]);
    let rate = || {
        let row = lines(&place.run(&["stats", "types"]).done()).swap_remove(0);
        let parts: Vec<u64> = row["rate"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect();
        (parts, row["from"].clone(), row["to"].clone())
    };
    let (parts, from, to) = rate();
    assert_eq!((from, to), ("2026-03-01T00:00:00Z".into(), "2026-03-03T00:00:00Z".into()));
    assert_eq!((parts[0], parts[12], parts[23], parts.iter().sum::<u64>()), (1, 2, 1, 4));

    let times = ["infinity", "-004713-11-24T00:00:00Z", "9999-12-30T21:59:59.999999Z", "-infinity"];
    import("b", &times);
    let exported = place.run(&["export", "b"]).done();
    assert!(
        exported.lines().zip(times).all(|(line, time)| line.ends_with(&format!("\"time\":\"{time}\"}}"))),
        "{exported}"
    );
    let (parts, from, to) = rate();
    assert_eq!((from, to), (times[1].into(), times[2].into()));
    assert_eq!(parts.iter().sum::<u64>(), 6, "all but the infinite ones");
}

fn refuses_invalid_arguments_of_stats(place: &Place) {
    for arguments in [vec!["kinds"], vec!["types", "--by", "types"], vec!["types", "a-1"], vec!["--limit", "0"]] {
        assert_eq!(place.run(&[vec!["stats"], arguments].concat()).status, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agrees_with_the_six_views_of_message_db() {
    let place = Place::new(Kind::MessageDb).await;
    fill(&place, 60);
    let client = place.database.as_ref().unwrap().client().await;
    client.batch_execute("set search_path = message_store").await.unwrap();
    let views = [
        ("category_type_summary", "category, type", vec!["categories", "--by", "types"]),
        ("stream_summary", "stream_name", vec!["streams"]),
        ("stream_type_summary", "stream_name, type", vec!["streams", "--by", "types"]),
        ("type_category_summary", "type, category", vec!["types", "--by", "categories"]),
        ("type_stream_summary", "type, stream_name", vec!["types", "--by", "streams"]),
        ("type_summary", "type", vec!["types"]),
    ];
    for (view, keys, arguments) in views {
        let sql = format!("select concat_ws('|', {keys}, message_count, percent) from {view} order by {keys}");
        let expected: Vec<String> = client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        let ours = lines(&place.run(&[vec!["stats"], arguments].concat()).done());
        let text =
            |row: &serde_json::Value, key: &str| row[key].as_str().map_or_else(|| row[key].to_string(), str::to_owned);
        let rows: Vec<String> = ours
            .iter()
            .map(|row| {
                let keys = keys.split(", ").map(|key| text(row, key.trim_end_matches("_name")));
                keys.chain([text(row, "messages"), text(row, "percent")]).collect::<Vec<_>>().join("|")
            })
            .collect();
        assert_eq!(rows, expected, "{view}");
    }
}
