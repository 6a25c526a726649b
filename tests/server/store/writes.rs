//! Writes under difficult conditions: duplicates, invalid JSON, hostile names, planted functions, concurrent writers.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use streamscope::message::{ConsumerGroup, ExpectedVersion, Message, Name, NewMessage, StreamName, Written};
use streamscope::store::browse::Scope;
use streamscope::store::export::ExportOptions;
use streamscope::store::stats::{GroupBy, StatsOptions};
use streamscope::store::tail::{Delivery, TailFrom, TailOptions};
use streamscope::store::{Filter, Options, StoreError};

use super::lost_answers::wait_for_waiters;
use super::messages::{category, expecting, new, of_category, of_stream, other_namespace, stream, write, write_many};
use super::plans::everything;
use crate::support::for_each_route;
use crate::support::stores::{Kind, TestStore, settings};

for_each_route! {
    a_taken_id_is_reported_as_a_duplicate,
    repeating_a_write_stores_the_message_once_and_says_so,
    invalid_json_is_rejected_with_line_and_column,
    hostile_names_are_stored_unchanged,
    hostile_schema_names_work_without_standard_conforming_strings,
    one_of_several_writers_with_the_same_expected_version_wins,
    concurrent_writers_neither_lose_nor_duplicate_messages,
    namespaces_are_isolated,
    writing_never_calls_functions_planted_on_the_search_path,
    reading_never_calls_operators_planted_in_public,
    retries_if_a_writer_without_the_lock_takes_the_position,
}

pub(super) async fn a_taken_id_is_reported_as_a_duplicate(store: &TestStore) {
    let namespace = &store.namespace;
    let first = new("account-1", "Opened");
    namespace.write(&first).await.unwrap();
    for other in [
        NewMessage { stream: stream("account-2"), ..first.clone() },
        NewMessage { message_type: "Closed".to_owned(), ..first.clone() },
        NewMessage { data: r#"{"some": "other"}"#.to_owned(), ..first.clone() },
        NewMessage { metadata: Some(r#"{"userName": "Ada"}"#.to_owned()), ..first.clone() },
    ] {
        let error = namespace.write(&other).await.unwrap_err();
        assert!(matches!(error, StoreError::DuplicateId(id) if id == first.id), "{other:?}: {error:?}");
    }
    assert_eq!(of_category(namespace, "account").await.len(), 1);
}

pub(super) async fn repeating_a_write_stores_the_message_once_and_says_so(store: &TestStore) {
    let namespace = &store.namespace;
    let metadata = [None, Some("null".to_owned()), Some(r#"{"n": 1e3}"#.to_owned())];
    let expected = [ExpectedVersion::Any, ExpectedVersion::At(0), ExpectedVersion::At(1)];
    for (metadata, expected) in metadata.into_iter().zip(expected) {
        let message = NewMessage { metadata, ..expecting("account-1", expected) };
        let first = namespace.write(&message).await.unwrap();
        assert!(!first.was_stored);
        write(namespace, "account-2", "Opened").await;
        let again = namespace.write(&message).await.unwrap();
        assert_eq!(again, Written { was_stored: true, ..first }, "{message:?}");
    }
    assert_eq!(of_stream(namespace, "account-1").await.len(), 3);
    let error = namespace.write(&expecting("account-1", ExpectedVersion::At(1))).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { actual: Some(2), .. }), "{error:?}");
}

async fn invalid_json_is_rejected_with_line_and_column(store: &TestStore) {
    let namespace = &store.namespace;
    for (data, place) in [
        ("{\n  \"a\": tru\n}", "line 2, column "),
        (r#"{"a": "\u0000"}"#, "line 1, column "),
        (r#"{"a": "\ud800"}"#, "line 1, column "),
        ("", "line 1, column "),
        ("{} {}", "line 1, column "),
    ] {
        let message = NewMessage { data: data.to_owned(), ..new("account-1", "Opened") };
        let error = namespace.write(&message).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { field: "data", .. }), "{data:?}: {error:?}");
        assert!(error.to_string().contains(place), "{data:?}: {error}");
        let message = NewMessage { metadata: Some(data.to_owned()), ..new("account-1", "Opened") };
        let error = namespace.write(&message).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { field: "metadata", .. }), "{data:?}: {error:?}");
    }
    let error = namespace.write(&new("account-1", "Ope\0ned")).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field: "type", .. }), "{error:?}");
    let error = namespace.write(&new("account-\0", "Opened")).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field: "stream", .. }), "{error:?}");
    assert_eq!(namespace.stream_version(&stream("account-1")).await.unwrap(), None);
}

/// Names that a careless program would misquote, truncate or treat as a pattern.
const HOSTILE: &[&str] = &[
    r#"a"; drop table messages; ---1"#,
    "it's-1",
    "100%_off-1",
    r"back\slash-1",
    "$1-$2",
    "{table}-{category}",
    "Ünïcödé🦀-ß",
    "esc\u{1b}[31m-\u{202e}1",
    "a--b--c",
    "-no category",
    "tab\tand\nline-1",
    "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss-seventy bytes of category",
    " -space",
];

async fn hostile_names_are_stored_unchanged(store: &TestStore) {
    let namespace = &store.namespace;
    for name in HOSTILE {
        let message =
            NewMessage { data: format!(r#"{{"name": {}}}"#, serde_json::Value::from(*name)), ..new(name, name) };
        let written = namespace.write(&message).await.unwrap_or_else(|error| panic!("{name:?}: {error}"));
        let stored = namespace.message(written.global_position).await.unwrap().unwrap();
        assert_eq!((stored.stream.as_str(), stored.message_type.as_str()), (*name, *name));
        assert_eq!(of_stream(namespace, name).await.len(), 1, "{name:?}");

        let error = namespace.write(&expecting(name, ExpectedVersion::At(4))).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { actual: Some(0), .. }), "{name:?}: {error:?}");

        let last = namespace.last_stream_message(&StreamName::stored(*name), Some(name)).await.unwrap();
        assert_eq!(last.map(|m| m.id), Some(message.id), "{name:?}");
    }
    let categories = namespace.categories().await.unwrap();
    let expected: BTreeSet<_> = HOSTILE.iter().map(|name| streamscope::message::category(name)).collect();
    let found: BTreeSet<_> = categories.iter().map(|row| row.category.as_str()).collect();
    assert_eq!(found, expected);
}

async fn hostile_schema_names_work_without_standard_conforming_strings(store: &TestStore) {
    const HOSTILE: &str = r"a\'; select pg_sleep(600) --";
    let Some(client) = store.client().await else { return };
    let written = write(&store.namespace, "account-1", "Opened").await;
    let (database, schema) = (store.database.as_ref().unwrap().name(), &store.schema);
    let sql = format!(
        "alter database {database} set standard_conforming_strings = off; \
         alter schema \"{schema}\" rename to \"{HOSTILE}\""
    );
    client.batch_execute(&sql).await.unwrap();
    let fresh = streamscope::store::Store::new(settings(store.url.as_ref().unwrap()), Options::default());
    let namespace = fresh.namespace(HOSTILE).await.unwrap();
    assert_eq!(namespace.final_end(|_| {}).await.unwrap().position, written.global_position);
    // Restore the name for the fixture.
    let back = format!("alter schema \"{HOSTILE}\" rename to \"{schema}\"");
    client.batch_execute(&back).await.unwrap();
}

async fn one_of_several_writers_with_the_same_expected_version_wins(store: &TestStore) {
    let namespace = &store.namespace;
    for round in 0..10 {
        let expected = ExpectedVersion::from_version(namespace.stream_version(&stream("account-1")).await.unwrap());
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let namespace = namespace.clone();
            writers.spawn(async move { namespace.write(&expecting("account-1", expected)).await });
        }
        let mut won = 0;
        while let Some(result) = writers.join_next().await {
            match result.unwrap() {
                Ok(written) => {
                    won += 1;
                    assert_eq!(written.position, round);
                }
                Err(StoreError::Conflict { actual, .. }) => assert_eq!(actual, Some(round)),
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(won, 1, "round {round}");
    }
}

pub(super) async fn concurrent_writers_neither_lose_nor_duplicate_messages(store: &TestStore) {
    let namespace = &store.namespace;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6 {
        let namespace = namespace.clone();
        writers.spawn(async move { write_many(&namespace, &format!("account-{}", writer % 3), 15).await });
    }
    let mut written = BTreeSet::new();
    while let Some(result) = writers.join_next().await {
        for one in result.unwrap() {
            assert!(written.insert(one.global_position), "global position {} was returned twice", one.global_position);
            let stored = namespace.message(one.global_position).await.unwrap().unwrap();
            assert_eq!((stored.id, stored.position), (one.id, one.position), "the result belongs to this write");
        }
    }
    let messages = of_category(namespace, "account").await;
    assert_eq!(messages.iter().map(|m| m.global_position).collect::<BTreeSet<_>>(), written);
    for number in 0..3 {
        let stream = of_stream(namespace, &format!("account-{number}")).await;
        assert_eq!(stream.iter().map(|m| m.position).collect::<Vec<_>>(), (0..30).collect::<Vec<_>>());
    }
}

async fn namespaces_are_isolated(store: &TestStore) {
    let namespace = &store.namespace;
    let other = other_namespace(store).await;
    write_many(namespace, "account-1", 3).await;
    let there = write(&other, "account-1", "Opened").await;
    assert_eq!(there.position, 0);
    assert_eq!(of_stream(namespace, "account-1").await.len(), 3);
    assert_eq!(of_stream(&other, "account-1").await.len(), 1);
    let same_id = NewMessage { id: there.id, ..new("account-2", "Opened") };
    namespace.write(&same_id).await.expect("IDs are only unique within a namespace");
    assert_eq!(other.categories().await.unwrap().len(), 1);
}

/// Functions and tables named like those that `write_message` uses, in a schema that comes first on the search path.
const PLANTED: &str = r"
create schema planted;
create table planted.log (what text);
create function planted.acquire_lock(stream_name varchar) returns bigint language plpgsql
  as $$ begin insert into planted.log values ('acquire_lock'); return 0; end $$;
create function planted.stream_version(stream_name varchar) returns bigint language plpgsql
  as $$ begin insert into planted.log values ('stream_version'); return 41; end $$;
create function planted.category(stream_name varchar) returns varchar language plpgsql
  as $$ begin insert into planted.log values ('category'); return 'planted'; end $$;
create table planted.messages (global_position bigserial, position bigint, time timestamp, stream_name text, type text,
  data jsonb, metadata jsonb, id uuid);
";

async fn writing_never_calls_functions_planted_on_the_search_path(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    client.batch_execute(PLANTED).await.unwrap();
    let database = store.database.as_ref().unwrap().name();
    let path = format!("alter database {database} set search_path = planted, \"{}\", public", store.schema);
    client.batch_execute(&path).await.unwrap();
    let fresh = streamscope::store::Store::new(settings(store.url.as_ref().unwrap()), Options::default());
    let namespace = fresh.namespace(&store.namespace.info().id).await.unwrap();

    let written = namespace.write(&expecting("account-1", ExpectedVersion::NoStream)).await.unwrap();
    assert_eq!(written.position, 0);
    let error = namespace.write(&expecting("account-1", ExpectedVersion::At(41))).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { actual: Some(0), .. }), "{error:?}");
    assert_eq!(of_category(&namespace, "account").await.len(), 1);
    for table in ["planted.log", "planted.messages"] {
        let rows = client.query(&format!("select from {table}"), &[]).await.unwrap();
        assert_eq!(rows.len(), 0, "{table}");
    }
}

/// Functions and operators in `public` that match `varchar` arguments better than the built-in ones for `text`.
fn better_fitting(kind: Kind) -> String {
    let body = "language plpgsql as $$ begin raise exception 'planted'; end $$";
    let mut statements = vec![format!(
        "create function public.compared(varchar, text) returns boolean {body}; \
         create function public.got(jsonb, jsonb) returns text {body}; \
         create operator public.->> (leftarg = jsonb, rightarg = jsonb, function = public.got); \
         create function public.starts_with(varchar, text) returns boolean {body}; \
         create function public.strpos(varchar, text) returns integer {body}; \
         create function public.substr(varchar, integer) returns text {body}; \
         create function public.to_jsonb(pg_catalog.pg_database) returns jsonb {body};"
    )];
    for operator in ["=", "<>", "<", "<=", ">", ">="] {
        statements.push(format!(
            "create operator public.{operator} (leftarg = varchar, rightarg = text, function = public.compared);"
        ));
    }
    // Message DB's own function category would call it.
    if kind != Kind::MessageDb {
        statements.push(format!("create function public.split_part(varchar, text, integer) returns text {body};"));
    }
    statements.concat()
}

async fn reading_never_calls_operators_planted_in_public(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let early = write(&store.namespace, "account-1", "Opened").await;
    client.batch_execute(&better_fitting(store.kind)).await.unwrap();
    let fresh = streamscope::store::Store::new(settings(store.url.as_ref().unwrap()), Options::default());
    let namespace = fresh.namespace(&store.namespace.info().id).await.unwrap();

    everything(&namespace, 10).await;
    let message = new("account-1", "Deposited");
    namespace.write(&message).await.unwrap();
    assert!(namespace.write(&message).await.unwrap().was_stored);
    let filter = Filter {
        types: vec!["Opened".to_owned()],
        stream_prefix: Some("account".to_owned()),
        text: Some("data".to_owned()),
        data_path: Some("$.some".to_owned()),
        ..Filter::default()
    };
    let account = Name::new("account").unwrap();
    let found = |messages: Vec<Message>| assert_eq!(messages[0].global_position, early.global_position);
    for names in [vec![], vec![account.clone()], vec![account, Name::new("order-1").unwrap()]] {
        let (above, up_to) = (0, namespace.final_end(|_| {}).await.unwrap().position);
        let options = ExportOptions { names, filter: filter.clone(), above, up_to };
        found(namespace.export(options).try_collect().await.unwrap());
    }
    let member = ConsumerGroup::new(0, 1).unwrap();
    for scope in [
        Scope::Namespace,
        Scope::Category(category("account")),
        Scope::Member(category("account"), member),
        Scope::Stream(stream("account-1")),
    ] {
        namespace.count(&scope).await.unwrap();
        let (from, delivery) = (TailFrom::Start, Delivery::WhenFinal);
        let mut tail = namespace.tail(TailOptions { scope, from, delivery, batch: 1, filter: filter.clone() });
        let mut given = Vec::new();
        while given.is_empty() {
            given = tail.next().await.unwrap().messages;
        }
        found(given.into_iter().map(|tailed| tailed.message).collect());
    }
    for key in [GroupBy::Category, GroupBy::Type, GroupBy::Stream] {
        let options = StatsOptions { key, by: None, category: Some(category("account")), buckets: 2, limit: None };
        namespace.stats(&options).await.unwrap().try_collect::<Vec<_>>().await.unwrap();
    }
}

async fn retries_if_a_writer_without_the_lock_takes_the_position(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    for (expected, position) in [(ExpectedVersion::Any, 0), (ExpectedVersion::At(1), 2)] {
        let sql = format!(
            "begin; insert into \"{}\".messages (stream_name, position, type, data, id) \
             values ('account-1', {position}, 'Copied', '{{}}', gen_random_uuid())",
            store.schema
        );
        client.batch_execute(&sql).await.unwrap();
        let namespace = store.namespace.clone();
        let write = tokio::spawn(async move { namespace.write(&expecting("account-1", expected)).await });
        wait_for_waiters(store, 1).await;
        client.batch_execute("commit").await.unwrap();
        match (expected, write.await.unwrap()) {
            (ExpectedVersion::Any, written) => assert_eq!(written.unwrap().position, 1),
            (_, Err(StoreError::Conflict { actual, .. })) => assert_eq!(actual, Some(2)),
            (_, other) => panic!("{other:?}"),
        }
    }
}
