//! Every read must use an index and read little more than it shows: the server counts sequential scans and rows. And a
//! large table must not cost more than a small one: the server logs its plans.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use streamscope::message::{Category, ConsumerGroup};
use streamscope::store::browse::{NamePart, PageFrom, Scope, StreamsFrom, StreamsOf};
use streamscope::store::consumers::ConsumerQuery;
use streamscope::store::read::CategoryOptions;
use streamscope::store::tail::{Delivery, TailFrom, TailOptions};
use streamscope::store::trace::{Extent, Links, Reference};
use streamscope::store::{Filter, Namespace, Options, Store};

use super::messages::{category, collect, stream, write};
use crate::support::stores::{Kind, Route, TestStore, settings};
use crate::support::{for_each_store, server};

for_each_store! {
    only_counting_scans_the_table,
    short_ranges_of_long_categories_are_read_alone,
}

/// The maximum number of rows and index blocks that all reads together may touch, whatever the size of the table. There
/// are about 30,000 probes, each of which reads two blocks of a small index, or three if there are ten million
/// messages. Pages and searches are read with and without values of paths. A search around a message reads at most
/// 100,000 messages in each direction, which are all messages of the small table.
const ROWS: i64 = 400_000;
const BLOCKS: i64 = 120_000;

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

/// The server's counters for a table.
struct Work {
    sequential_scans: i64,
    rows: i64,
    /// Index blocks. They also count searches that return no row.
    blocks: i64,
}

/// Reads the counters after all other sessions of the database have ended, because a session reports its work when it
/// ends.
async fn work_so_far(store: &TestStore) -> Work {
    let client = store.client().await.unwrap();
    let others = "select count(*) from pg_stat_activity \
                  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    for _ in 0..3_000 {
        if client.query_one(others, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            let sql = "select \
                         seq_scan, \
                         (select sum(idx_tup_read)::bigint from pg_stat_user_indexes as i where i.relid = t.relid), \
                         (select (idx_blks_read + idx_blks_hit) from pg_statio_user_tables as b where b.relid = t.relid) \
                       from pg_stat_user_tables as t where schemaname = $1 and relname = 'messages'";
            let row = client.query_one(sql, &[&store.schema]).await.unwrap();
            return Work { sequential_scans: row.get(0), rows: row.get(1), blocks: row.get(2) };
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the store's sessions do not end");
}

/// Reads the counters after terminating all other sessions, such as the fixture's own.
async fn work_before(store: &TestStore) -> Work {
    let client = store.client().await.unwrap();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity \
               where datname = current_database() and pid <> pg_backend_pid()";
    client.query(end, &[]).await.unwrap();
    drop(client);
    work_so_far(store).await
}

impl Work {
    /// Checks that the work since `before` stays within the limits.
    fn assert_little_since(&self, before: &Self, case: &str) {
        assert_eq!(self.sequential_scans, before.sequential_scans, "{case}");
        // In ten million messages, each bounded window is full, and indexes are deeper. A scan would read millions.
        let scale = if server::long() { 2 } else { 1 };
        let (rows, blocks) = ((self.rows - before.rows) / scale, (self.blocks - before.blocks) / scale);
        assert!(rows < ROWS, "{case}: {rows} rows were read");
        assert!(blocks < BLOCKS, "{case}: {blocks} blocks of indexes were read");
    }
}

async fn only_counting_scans_the_table(store: &TestStore) {
    let Some(url) = &store.url else { return };
    // Long runs use ten million messages, in the most common kind of large store.
    let messages = if server::long() && store.kind == Kind::MessageDb { 10_000_000 } else { 60_000 };
    load(store, messages).await;
    let id = store.namespace.info().id.clone();
    let before = work_before(store).await;
    {
        let opened = Store::new(settings(url), Options::default());
        let namespace = opened.namespace(&id).await.unwrap();
        let streams = namespace.estimate_streams().await.unwrap();
        assert!(server::long() || streams.is_some_and(|streams| (4_000..9_000).contains(&streams)), "{streams:?}");
        everything(&namespace, messages).await;
    }
    work_so_far(store).await.assert_little_since(&before, "as it is");
}

/// A few hundred messages in the middle of a category, and a few at its end. Each category fills some hundred blocks of
/// the index.
async fn short_ranges_of_long_categories_are_read_alone(store: &TestStore) {
    let Some(url) = &store.url else { return };
    load(store, 60_000).await;
    let id = store.namespace.info().id.clone();
    let before = work_before(store).await;
    {
        let namespace = Store::new(settings(url), Options::default()).namespace(&id).await.unwrap();
        let start = namespace.traced(&Reference::GlobalPosition(30_000)).await.unwrap().expect("a message");
        let metadata = "{\"correlationStreamName\": \"flow-1\"}";
        let flow = Links::default().workflows(metadata).into_iter().next().expect("a correlation stream");
        let mut search = namespace.correlated(&start, flow, Extent::Positions(300), 100).await.unwrap();
        while let Some(found) = search.step().await.unwrap() {
            assert_eq!(found, []);
        }
        let sql = "select * from (values ('a', 'account', 59980), ('b', 'order', 59980), ('c', 'cart', 59980)) \
                   as consumers(consumer, category, position)";
        let query = ConsumerQuery { name: "values".to_owned(), sql: sql.to_owned() };
        for consumer in namespace.consumers(None, &[query]).await.unwrap() {
            assert!(consumer.behind.is_some_and(|behind| (6..=7).contains(&behind)), "{consumer:?}");
        }
    }
    let after = work_so_far(store).await;
    let (rows, blocks) = (after.rows - before.rows, after.blocks - before.blocks);
    assert!(rows < 300 && blocks < 200, "{rows} rows and {blocks} blocks of indexes were read");
}

/// Statistics that the planner may have about the table and its indexes, right or wrong.
const BELIEFS: [(&str, &str); 3] = [
    ("25 billion messages", "update pg_class set reltuples = 25e9 where oid = any($1)"),
    ("an empty table", "update pg_class set reltuples = 0, relpages = 1 where oid = any($1)"),
    (
        "no statistics",
        "with deleted as (delete from pg_statistic where starelid = any($1)) \
         update pg_class set reltuples = 0, relpages = 0 where oid = any($1)",
    ),
];

/// Settings with which the server uses JIT and parallel plans whenever it can, and logs every plan.
const EAGER: [&str; 8] = [
    "debug_print_plan = on",
    "jit_above_cost = 0",
    "jit_inline_above_cost = 0",
    "jit_optimize_above_cost = 0",
    "parallel_setup_cost = 0",
    "parallel_tuple_cost = 0",
    "min_parallel_table_scan_size = 0",
    "min_parallel_index_scan_size = 0",
];

/// Opens the server's log at its end.
fn log() -> File {
    let mut log = File::open(server::socket_dir().join("log")).unwrap();
    log.seek(SeekFrom::End(0)).unwrap();
    log
}

/// Returns the plans logged since then, one on each line.
fn plans(mut log: File) -> Vec<String> {
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" ");
    text.split("{PLANNEDSTMT ").skip(1).map(str::to_owned).collect()
}

fn is_compiled_or_parallel(plan: &str) -> bool {
    !plan.contains(":jitFlags 0 ") || !plan.contains(":parallelModeNeeded false ")
}

// A single test for all kinds, because the log does not tell which test a plan belongs to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_statistics_say_no_query_scans_the_table_uses_jit_or_runs_in_parallel() {
    let ways = [
        (Kind::OursOnPostgres, Route::Direct),
        (Kind::MessageDb, Route::Direct),
        (Kind::EventoDb, Route::Direct),
        (Kind::MessageDb, Route::Pooler),
    ];
    for (kind, route) in ways {
        let store = TestStore::by_route(kind, route).await;
        let messages = 60_000;
        load(&store, messages).await;
        if route == Route::Pooler {
            // Traces find effects by an index of the store's own.
            let table = format!("\"{}\".messages", store.schema);
            let sql = format!("create index on {table} ((metadata ->> 'causationMessageGlobalPosition'))");
            store.client().await.unwrap().batch_execute(&sql).await.unwrap();
        }
        let relations = compile_eagerly(&store).await;
        for (belief, sql) in BELIEFS {
            let case = format!("{kind:?}, {route:?}, statistics for {belief}");
            store.client().await.unwrap().execute(sql, &[&relations]).await.unwrap();
            let before = work_before(&store).await;
            let log = log();
            {
                let opened = Store::new(settings(store.url.as_deref().unwrap()), Options::default());
                let namespace = opened.namespace(&store.namespace.info().id).await.unwrap();
                reads(&namespace, messages, &large_amounts()).await;
            }
            let seen = plans(log);
            assert!(seen.len() > 100, "{case}: {} plans were logged", seen.len());
            for plan in seen {
                assert!(!is_compiled_or_parallel(&plan), "{case}: {plan}");
            }
            work_before(&store).await.assert_little_since(&before, &case);
        }
    }
}

/// Applies [`EAGER`] to the store's database, and returns the OIDs of its table and indexes.
async fn compile_eagerly(store: &TestStore) -> Vec<u32> {
    let client = store.client().await.unwrap();
    let table = format!("\"{}\".messages", store.schema);
    client.batch_execute(&format!("alter table {table} set (autovacuum_enabled = off)")).await.unwrap();
    let database = store.database.as_ref().unwrap().name();
    for setting in EAGER {
        client.batch_execute(&format!("alter database {database} set {setting}")).await.unwrap();
    }
    let log = log();
    store.client().await.unwrap().query_one(&format!("select count(*) from {table}"), &[]).await.unwrap();
    assert!(plans(log).iter().any(|plan| is_compiled_or_parallel(plan)), "the log shows JIT and parallel plans");
    let relations = format!(
        "select array(select indexrelid from pg_index where indrelid = t.oid) || t.oid \
         from pg_class as t where t.oid = '{table}'::regclass"
    );
    client.query_one(&relations, &[]).await.unwrap().get(0)
}

/// Runs every read that uses an index, and a write.
pub(super) async fn everything(namespace: &Namespace, messages: i64) {
    reads(namespace, messages, &large_amounts()).await;
    let written = write(namespace, "account-1", "Happened").await;
    namespace.message(written.global_position).await.unwrap();
    namespace.message_by_id(written.id).await.unwrap();
    namespace.message_at(&stream("account-1"), 0).await.unwrap();
}

fn large_amounts() -> Filter {
    Filter { data_path: Some("$.amount > 990".to_owned()), ..Filter::default() }
}

/// Runs every read that uses an index, with a filter for searches.
pub(super) async fn reads(namespace: &Namespace, messages: i64, filter: &Filter) {
    let middle = messages / 2;
    let near_the_end = messages - 30_000;
    let account = category("account");
    let member = ConsumerGroup::new(1, 3).unwrap();
    let paths = ["amount", "meta:correlationStreamName"].map(|path| path.parse().unwrap());
    let with_paths = namespace.clone().with_paths(Arc::from(paths));
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
            for namespace in [namespace, &with_paths] {
                namespace.page(scope, from, 100).await.unwrap();
                namespace.search(scope, filter, from, 1_000).await.unwrap();
            }
        }
        namespace.first_at(scope, "2026-01-02T00:00:00Z".parse().unwrap()).await.unwrap();
        let since = Filter { since: "2026-01-02T00:00:00Z".parse().ok(), ..Filter::default() };
        let range = namespace.search_range(scope, &since).await.unwrap();
        namespace.search_within(scope, &since, &range, PageFrom::Start, 1_000).await.unwrap();
        namespace.count_step(scope, &since, &range, None, 1_000).await.unwrap();
        namespace.estimate(scope).await.unwrap();
        namespace.timeline(scope, None, 60).await.unwrap();
        let hour = "2026-01-02T00:00:00Z".parse().unwrap().."2026-01-02T01:00:00Z".parse().unwrap();
        namespace.timeline(scope, Some(hour), 60).await.unwrap();
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
        let found = namespace.streams_containing(&of, &NamePart::new("a"), None, 100, 50).await.unwrap();
        namespace.streams_containing(&of, &NamePart::new("X"), found.next.as_ref(), 100, 50).await.unwrap();
    }
    namespace.streams_with_prefixes(&["account-a", "order-b", "x"].map(str::to_owned), 20).await.unwrap();
    namespace.estimate_streams().await.unwrap();
    for scope in [Scope::Namespace, Scope::Category(account.clone()), Scope::Member(account.clone(), member)] {
        for from in [TailFrom::Now, TailFrom::After(middle), TailFrom::After(near_the_end)] {
            let (delivery, filter) = (Delivery::WhenFinal, Filter::default());
            let options = TailOptions { scope: scope.clone(), from, delivery, batch: 100, filter };
            namespace.tail_heads(options.clone()).next().await.unwrap();
            with_paths.tail_heads(options.clone()).next().await.unwrap();
            namespace.tail(TailOptions { delivery: Delivery::AtOnce, ..options }).next().await.unwrap();
        }
    }
    namespace.categories().await.unwrap();
    namespace.category_names().await.unwrap();
    namespace.recent_types(&account).await.unwrap();
    // Two consumers share the reads of a category.
    let sql = format!(
        "select * from (values ('a', 'account', {messages} - 3000), ('b', 'account', {messages} - 6000), \
           ('c', 'ledger', {messages})) as consumers(consumer, category, position)"
    );
    let consumers = namespace.consumers(None, &[ConsumerQuery { name: "values".to_owned(), sql }]).await.unwrap();
    assert!(consumers.iter().all(|consumer| consumer.behind.is_some()), "{consumers:?}");
    let minute = "2026-01-02T00:00:00Z".parse().unwrap().."2026-01-02T00:15:00Z".parse().unwrap();
    namespace.category_rates(minute, 30).await.unwrap();
    namespace.holdups().await.unwrap();
    namespace.activity(&account, 1_000).await.unwrap();
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
    super::trace::every_search(namespace, middle).await;
    namespace.last_stream_message(&stream("ledger-main"), Some("Posted")).await.unwrap();
    namespace.stream_version(&stream("ledger-main")).await.unwrap();
    if let Some(posted) = namespace.message_at(&stream("ledger-main"), 0).await.unwrap() {
        namespace.message(posted.global_position).await.unwrap();
        namespace.message_by_id(posted.id).await.unwrap();
    }
}
