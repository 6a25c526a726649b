//! What is read must be read by an index, and no more of it than is shown: the server counts sequential scans and rows read.

use std::time::Duration;

use streamscope::message::{Category, ConsumerGroup};
use streamscope::store::browse::{PageFrom, Scope, StreamsFrom, StreamsOf};
use streamscope::store::read::CategoryOptions;
use streamscope::store::{Filter, Namespace, Options, Store};

use crate::messages::{category, collect, stream, write};
use crate::support::stores::{Kind, TestStore, settings};
use crate::support::{for_each_store, server};

for_each_store! {
    row_38_nothing_but_a_count_scans_the_table,
}

/// Rows that may be read in all, however many there are.
const READ: i64 = 200_000;

async fn load(store: &TestStore, messages: i64) {
    let client = store.client().await.unwrap();
    let sql = format!(
        "insert into \"{0}\".messages (stream_name, position, type, data, metadata, time, id) \
         select (array['account', 'order', 'cart'])[1 + n % 3] || '-' || md5((n % ({1} / 10))::text), n / ({1} / 10), 'Copied', \
           jsonb_build_object('amount', n % 1000, 'note', repeat('x', n % 60)), \
           jsonb_build_object('correlationStreamName', 'order-' || n % 100), \
           timestamp '2026-01-01' + n * interval '3 seconds', gen_random_uuid() \
         from generate_series(0, {1} - 1) as n; \
         insert into \"{0}\".messages (stream_name, position, type, data, time, id) \
         select 'ledger-main', n, 'Posted', '{{}}', timestamp '2026-03-01' + n * interval '3 seconds', gen_random_uuid() \
         from generate_series(0, 999) as n",
        store.schema, messages
    );
    client.batch_execute(&sql).await.unwrap();
    client.batch_execute(&format!("vacuum analyze \"{}\".messages", store.schema)).await.unwrap();
}

/// Sequential scans of the table and rows that were read of it so far, once every other session of the database has ended and so
/// reported its own.
async fn read_so_far(store: &TestStore) -> (i64, i64) {
    let client = store.client().await.unwrap();
    let others = "select count(*) from pg_stat_activity \
                  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    for _ in 0..3_000 {
        if client.query_one(others, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            let sql = "select seq_scan, (select sum(idx_tup_read)::bigint from pg_stat_user_indexes as i where i.relid = t.relid) \
                       from pg_stat_user_tables as t where schemaname = $1 and relname = 'messages'";
            let row = client.query_one(sql, &[&store.schema]).await.unwrap();
            return (row.get(0), row.get(1));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("sessions of the program do not end");
}

async fn row_38_nothing_but_a_count_scans_the_table(store: &TestStore) {
    let Some(url) = &store.url else { return };
    // Ten million where minutes are given, in the schema that most of such stores have.
    let messages = if server::long() && store.kind == Kind::MessageDb { 10_000_000 } else { 60_000 };
    load(store, messages).await;
    let id = store.namespace.info().id.clone();
    let fresh = || Store::new(settings(url), Options::default());
    // The fixture's own sessions must not count, or be waited for.
    let (scans, read) = {
        let client = store.client().await.unwrap();
        let end = "select pg_terminate_backend(pid) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid()";
        client.query(end, &[]).await.unwrap();
        drop(client);
        read_so_far(store).await
    };
    {
        let opened = fresh();
        let namespace = opened.namespace(&id).await.unwrap();
        everything(&namespace, messages).await;
    }
    let (scans_then, read_then) = read_so_far(store).await;
    assert_eq!(scans_then, scans);
    assert!(read_then - read < READ, "{} rows were read", read_then - read);
}

/// Whatever can be read by an index.
pub async fn everything(namespace: &Namespace, messages: i64) {
    let middle = messages / 2;
    let near_the_end = messages - 30_000;
    let account = category("account");
    let member = ConsumerGroup::new(1, 3).unwrap();
    let scopes = [
        Scope::Namespace,
        Scope::Category(account.clone()),
        Scope::Category(category("ledger")),
        Scope::Category(category("nothing")),
        Scope::Member(account.clone(), member),
        Scope::Stream(stream("ledger-main")),
    ];
    for scope in &scopes {
        for from in
            [PageFrom::Start, PageFrom::End, PageFrom::At(middle), PageFrom::Before(middle), PageFrom::Around(middle)]
        {
            namespace.page(scope, from, 100).await.unwrap();
            let filter = Filter { data_path: Some("$.amount > 990".to_owned()), ..Filter::default() };
            namespace.search(scope, &filter, from, 1_000).await.unwrap();
        }
        namespace.first_at(scope, "2026-01-02T00:00:00Z".parse().unwrap()).await.unwrap();
        namespace.estimate(scope).await.unwrap();
    }
    for of in [
        StreamsOf::Namespace,
        StreamsOf::Category(account.clone()),
        StreamsOf::Category(category("ledger")),
        StreamsOf::Prefix("cart-a".to_owned()),
    ] {
        let page = namespace.streams(&of, &StreamsFrom::Start, 100).await.unwrap();
        let last = page.last().map(|row| row.stream.clone());
        namespace.streams(&of, &StreamsFrom::after(last), 100).await.unwrap();
        namespace.streams(&of, &StreamsFrom::End, 100).await.unwrap();
    }
    namespace.categories().await.unwrap();
    namespace.recent_types(&account).await.unwrap();
    namespace.recent_streams(&account, None, 1_000).await.unwrap();
    namespace.recent_streams(&account, Some(middle), 1_000).await.unwrap();
    let correlated = CategoryOptions { correlation: Some(Category::stored("order")), consumer_group: None };
    let grouped = CategoryOptions { correlation: None, consumer_group: Some(member) };
    for options in [CategoryOptions::default(), correlated, grouped] {
        for batch_size in [1_000, -1] {
            collect(namespace.category_messages(&account, near_the_end, batch_size, &options).await).await;
        }
    }
    collect(namespace.stream_messages(&stream("ledger-main"), 500, -1).await).await;
    namespace.last_stream_message(&stream("ledger-main"), Some("Posted")).await.unwrap();
    namespace.stream_version(&stream("ledger-main")).await.unwrap();
    let written = write(namespace, "account-1", "Happened").await;
    namespace.message(written.global_position).await.unwrap();
    namespace.message_by_id(written.id).await.unwrap();
    namespace.message_at(&stream("account-1"), 0).await.unwrap();
}
