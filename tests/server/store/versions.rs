//! The oldest and the newest supported PostgreSQL, and the first on which streamscope creates namespaces. Features that
//! need a newer server report the version that they need.

use streamscope::store::browse::{PageFrom, Scope};
use streamscope::store::export::ExportOptions;
use streamscope::store::import::{Import, ImportOptions, ImportedMessage, Placement};
use streamscope::store::tail::{Delivery, TailFrom};
use streamscope::store::{Filter, StoreError};

use super::messages::{category, collect, write, write_many};
use super::plans::reads;
use super::{browse, consumers, operations, timeline, trace, versions, writes};
use crate::doctor;
use crate::support::for_each_version;
use crate::support::other_servers::Version;
use crate::support::server::Database;
use crate::support::stores::{Kind, Route, TestStore, store};
use crate::tail;

for_each_version! {
    browse::lists_categories_with_estimates,
    browse::pages_of_streams_have_no_gaps_or_repeats,
    browse::lists_recently_active_streams_window_by_window,
    browse::paging_from_either_end_reaches_the_other,
    browse::finds_the_first_message_at_a_time,
    browse::recent_types_are_ordered_by_frequency,
    consumers::positions_in_streams_are_compared_with_their_categories,
    doctor::a_healthy_store_has_no_findings,
    trace::traces_of_random_workflows_equal_the_truth,
    timeline::short_lists_are_counted_message_by_message_in_any_order,
    timeline::long_lists_are_counted_by_their_numbers,
    operations::numbers_messages_by_stream_and_by_namespace,
    operations::rejects_any_other_version,
    operations::consumer_group_members_receive_their_streams,
    writes::a_taken_id_is_reported_as_a_duplicate,
    writes::repeating_a_write_stores_the_message_once_and_says_so,
    writes::concurrent_writers_neither_lose_nor_duplicate_messages,
    versions::every_read_works,
    versions::written_messages_are_followed_exported_and_imported,
}

pub(super) async fn every_read_works(store: &TestStore) {
    write_many(&store.namespace, "account-1", 30).await;
    let filter = Filter {
        types: vec!["Happened".to_owned()],
        stream_prefix: Some("account-".to_owned()),
        text: Some("SOME".to_owned()),
        ..Filter::default()
    };
    reads(&store.namespace, 30, &filter).await;
    let scope = Scope::Category(category("account"));
    let found = store.namespace.search(&scope, &filter, PageFrom::Start, 1_000).await.unwrap();
    assert_eq!(found.heads.len(), 30);
}

pub(super) async fn written_messages_are_followed_exported_and_imported(store: &TestStore) {
    let namespace = &store.namespace;
    let written = write(namespace, "account-1", "Opened").await;
    write(namespace, "account-1", "Closed").await;
    let options = tail::options(Scope::Namespace, TailFrom::Start, Delivery::WhenFinal);
    let batch = namespace.tail(options).next().await.unwrap();
    assert_eq!(batch.messages.iter().map(|tailed| tailed.message.position).collect::<Vec<_>>(), [0, 1]);

    let up_to = namespace.final_end(|_| {}).await.unwrap().position;
    let all = ExportOptions { names: Vec::new(), filter: Filter::default(), above: 0, up_to };
    let exported = collect(Ok(namespace.export(all))).await;
    assert_eq!(exported.len(), 2);

    let again: Vec<ImportedMessage> = exported
        .into_iter()
        .map(|message| ImportedMessage {
            id: message.id,
            stream: message.stream,
            message_type: message.message_type,
            data: message.data,
            metadata: message.metadata,
            placement: Placement::Kept {
                position: message.position,
                global_position: Some(message.global_position),
                time: message.time,
            },
        })
        .collect();
    assert_eq!(namespace.import(&again).await.unwrap().present, 2);
    let client = store.client().await.unwrap();
    client.batch_execute(&format!("truncate \"{}\".messages", store.schema)).await.unwrap();
    let options = ImportOptions { keep_global_positions: true, ..ImportOptions::default() };
    assert_eq!(Import::new(namespace, options).unwrap().batch(&again).await.unwrap().imported, 2);
    assert_eq!(namespace.message_by_id(written.id).await.unwrap().unwrap().message_type, "Opened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jsonpath_is_rejected_with_the_required_version() {
    let store = TestStore::by_route(Kind::MessageDb, Route::On(Version::Oldest)).await;
    let path = Filter { data_path: Some("$.amount > 5".to_owned()), ..Filter::default() };
    let error = store.namespace.search(&Scope::Namespace, &path, PageFrom::Start, 10).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid path on data: jsonpath needs PostgreSQL 12 or newer, but this server is older"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creating_a_namespace_is_rejected_with_the_required_version() {
    let database = Database::create_on(&Version::Oldest.url(), "").await;
    let error = store(&database).create_namespace("shop", None).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error:?}");
    assert!(error.to_string().contains("needs PostgreSQL 14 or newer, but this server is 1"), "{error}");
}

/// SQL that is newer than PostgreSQL 10, and the files that may use it. Jsonpath filters report the version that they
/// need.
const NEWER: [(&str, &[&str]); 8] = [
    ("materialized (", &[]),
    ("starts_with(", &[]),
    ("jsonb_path_", &["src/store/filter.rs"]),
    ("jsonpath", &["src/store/filter.rs"]),
    ("gen_random_uuid", &[]),
    ("prokind", &[]),
    ("pg_partition_", &[]),
    ("nulls not distinct", &[]),
];

#[test]
fn no_query_uses_syntax_newer_than_the_oldest_server() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut directories = vec![root.join("sql/query"), root.join("sql/registry"), root.join("src/store")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            // Comments may mention anything.
            let comment = |line: &str| ["--", "//"].iter().any(|sign| line.trim_start().starts_with(sign));
            for line in std::fs::read_to_string(&path).unwrap().lines().filter(|line| !comment(line)) {
                for (word, exceptions) in NEWER {
                    let rust = path.extension().is_some_and(|kind| kind == "rs")
                        && (line.contains(".starts_with(") || !line.contains('"'));
                    assert!(rust || !line.contains(word) || exceptions.contains(&name.as_str()), "{name}: {line}");
                }
            }
        }
    }
}
