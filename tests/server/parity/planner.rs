//! The indexes that serve our functions and other clients' queries.

use super::{one, outcome};
use crate::support::stores::Kind;

#[tokio::test(flavor = "multi_thread")]
async fn the_category_index_serves_every_spelling_of_the_condition() {
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
}

/// All messages of the category are at the end, so a walk along the primary key would read everything before them.
#[tokio::test(flavor = "multi_thread")]
async fn get_category_messages_reads_a_late_category_through_its_index() {
    let (_store, client) = one(Kind::OursOnPostgres).await;
    let fill = "insert into messages (stream_name, position, type, data)
        select case when i > 80000 then 'late-' else 'c' || i % 4 || '-' end || i, 0, 'T', '{}'
        from generate_series(1, 100000) i order by i";
    client.batch_execute(fill).await.expect("rows");
    client.batch_execute("vacuum analyze messages").await.expect("statistics");
    for category in ["late", "absent", "c1"] {
        let call = format!(
            "explain (analyze, buffers, timing off, costs off) select * from get_category_messages('{category}', 1, 10)"
        );
        outcome(&client, &call).await;
        let plan = outcome(&client, &call).await.join("\n");
        let buffers: u64 = plan
            .split("shared hit=")
            .nth(1)
            .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
            .and_then(|number| number.parse().ok())
            .expect("buffers");
        assert!(buffers < 150, "{category}: {buffers} buffers for ten messages\n{plan}");
    }
}
