//! Which index serves our functions and anybody's query.

use crate::support::stores::Kind;
use crate::{one, outcome};

#[tokio::test(flavor = "multi_thread")]
async fn a_category_is_found_by_its_index_however_it_is_asked_for() {
    let (_store, client) = one(Kind::OursOnPostgres).await;
    let fill = "insert into messages (stream_name, position, type, data)
        select 'c' || i % 100 || '-' || i, 0, 'T', '{}' from generate_series(1, 20000) i";
    client.batch_execute(fill).await.expect("rows");
    client.batch_execute("analyze messages").await.expect("statistics");
    for condition in ["category(stream_name) = 'c7'", "split_part(stream_name, '-', 1) = 'c7'"] {
        let sql = format!(
            "explain select * from messages where {condition} and global_position >= 50 order by global_position limit 10"
        );
        let plan = outcome(&client, &sql).await.join("\n");
        assert!(plan.contains("messages_category"), "{condition}: {plan}");
    }
    // What the function itself runs shows in how many rows were read.
    client.batch_execute("select * from get_category_messages('c7', 1, 10)").await.expect("a read");
    let before = scans(&client).await;
    client.batch_execute("select * from get_category_messages('c7', 1, 10)").await.expect("a read");
    assert_eq!(scans(&client).await, before, "no sequential scan");
}

async fn scans(client: &tokio_postgres::Client) -> String {
    client.batch_execute("select pg_stat_force_next_flush()").await.expect("a flush");
    client.batch_execute("select pg_stat_clear_snapshot()").await.expect("a new look");
    outcome(client, "select seq_scan from pg_stat_user_tables where relname = 'messages'").await.join("")
}
