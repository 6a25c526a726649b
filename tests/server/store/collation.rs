//! Databases whose text does not sort bytewise, so the streams of a category are not adjacent.

use std::process::Command;

use streamscope::store::Namespace;
use streamscope::store::browse::{StreamsFrom, StreamsOf};

use super::browse::{parts_find_streams, streams_have_no_gaps_or_repeats};
use super::messages::{category, of_category, stream, write_many};
use crate::support::server::{self, Database};
use crate::support::stores::store;

const LINGUISTIC: &str = "template template0 encoding 'UTF8' locale_provider icu icu_locale 'en' locale 'C.UTF-8'";

async fn eventodb() -> (Database, Namespace) {
    let database = Database::create(LINGUISTIC).await;
    database.client().await.batch_execute(include_str!("../../support/eventodb.sql")).await.unwrap();
    let namespace = store(&database).namespace("shop").await.unwrap();
    (database, namespace)
}

async fn message_db() -> (Database, Namespace) {
    let database = Database::create(LINGUISTIC).await;
    let script = server::message_db_package().join("database/install.sh");
    let output = tokio::task::block_in_place(|| {
        Command::new("bash")
            .arg(&script)
            .env("CREATE_DATABASE", "off")
            .env("DATABASE_NAME", database.name())
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", server::port().to_string())
            .env("PGUSER", "postgres")
            .output()
            .unwrap()
    });
    assert!(output.status.success(), "{output:?}");
    let namespace = store(&database).namespace("message_store").await.unwrap();
    (database, namespace)
}

async fn ours() -> (Database, Namespace) {
    let database = Database::create(LINGUISTIC).await;
    let store = store(&database);
    store.create_namespace("test", None).await.unwrap();
    let namespace = store.namespace("test").await.unwrap();
    (database, namespace)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_message_db_are_complete_under_a_linguistic_collation() {
    let (_database, namespace) = message_db().await;
    streams_have_no_gaps_or_repeats(&namespace).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_eventodb_are_complete_under_a_linguistic_collation() {
    let (_database, namespace) = eventodb().await;
    streams_have_no_gaps_or_repeats(&namespace).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_names_find_streams_under_a_linguistic_collation() {
    for (_database, namespace) in [message_db().await, eventodb().await] {
        parts_find_streams(&namespace).await;
        let prefixes = ["account-1".to_owned(), "zoo".to_owned()];
        let found = namespace.streams_with_prefixes(&prefixes, 20).await.unwrap();
        let names: Vec<_> = found.iter().map(|row| row.stream.as_str()).collect();
        assert_eq!(names, ["account-1", "account-10", "zoo-account-1"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_namespaces_sort_bytewise_in_any_database() {
    let (_database, namespace) = ours().await;
    streams_have_no_gaps_or_repeats(&namespace).await;
    let names: Vec<_> = namespace
        .streams(&StreamsOf::Namespace, &StreamsFrom::Start, 100)
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.stream.as_str().to_owned())
        .collect();
    assert!(names.is_sorted(), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_category_is_read_whole_under_a_linguistic_collation() {
    let (_database, namespace) = eventodb().await;
    for name in ["account-1", "Account-1", "account:x-1", "account-2", "accounts-1"] {
        write_many(&namespace, name, 2).await;
    }
    assert_eq!(of_category(&namespace, "account").await.len(), 4);
    let categories: Vec<_> =
        namespace.categories().await.unwrap().into_iter().map(|row| (row.category, row.estimate)).collect();
    let expected = [("Account", 2), ("account", 4), ("account:x", 2), ("accounts", 2)];
    assert_eq!(categories, expected.map(|(name, count)| (category(name), Some(count))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finds_a_small_category_among_many_streams() {
    let (database, namespace) = eventodb().await;
    let client = database.client().await;
    client
        .batch_execute(
            "insert into eventodb_shop.messages (stream_name, position, type, data) \
             select (array['alpha', 'm', 'zebra'])[1 + n % 3] || '-' || n, 0, 'Copied', '{}' \
             from generate_series(1, 30000) as n",
        )
        .await
        .unwrap();
    for name in ["middle-1", "Middle-2", "middle-3"] {
        write_many(&namespace, name, 1).await;
    }
    let of = StreamsOf::Category(category("middle"));
    let page = namespace.streams(&of, &StreamsFrom::Start, 10).await.unwrap();
    let names: Vec<_> = page.iter().map(|row| row.stream.as_str()).collect();
    assert_eq!(names, ["middle-1", "middle-3"]);
    let next = namespace.streams(&of, &StreamsFrom::After(page[0].stream.clone()), 10).await.unwrap();
    assert_eq!(next, page[1..]);
    for from in [StreamsFrom::End, StreamsFrom::Before(stream("zebra-1"))] {
        assert_eq!(namespace.streams(&of, &from, 10).await.unwrap(), page);
        assert_eq!(namespace.streams(&of, &from, 1).await.unwrap(), page[1..]);
    }
}
