//! What a write must refuse, keep apart and survive: duplicates, bad JSON, hostile names, writers at the same time.

use std::collections::BTreeSet;

use streamscope::message::{ExpectedVersion, NewMessage, StreamName};
use streamscope::store::{Options, StoreError};

use crate::lost_answers::wait_for_waiters;
use crate::messages::{expecting, new, of_category, of_stream, other_namespace, stream, write, write_many};
use crate::support::for_each_way;
use crate::support::stores::{TestStore, settings};

for_each_way! {
    a_duplicate_id_is_its_own_error,
    json_that_is_wrong_is_refused_with_line_and_column,
    row_5_hostile_names_are_data,
    writers_of_one_stream_win_one_at_a_time,
    writers_of_one_category_lose_and_double_no_position,
    namespaces_are_isolated,
    row_6_a_planted_function_is_never_called,
    a_foreign_writer_at_the_same_position_is_gone_round,
}

async fn a_duplicate_id_is_its_own_error(store: &TestStore) {
    let namespace = &store.namespace;
    let first = new("account-1", "Opened");
    namespace.write(&first).await.unwrap();
    let again = NewMessage { stream: stream("account-2"), ..first.clone() };
    let error = namespace.write(&again).await.unwrap_err();
    assert!(matches!(error, StoreError::DuplicateId(id) if id == first.id), "{error:?}");
    let error = namespace.write(&first).await.unwrap_err();
    assert!(matches!(error, StoreError::DuplicateId(id) if id == first.id), "{error:?}");
    assert_eq!(of_category(namespace, "account").await.len(), 1);
}

async fn json_that_is_wrong_is_refused_with_line_and_column(store: &TestStore) {
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

/// Names that a careless program would quote wrongly, cut, or take for a pattern.
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

async fn row_5_hostile_names_are_data(store: &TestStore) {
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

async fn writers_of_one_stream_win_one_at_a_time(store: &TestStore) {
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

async fn writers_of_one_category_lose_and_double_no_position(store: &TestStore) {
    let namespace = &store.namespace;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6 {
        let namespace = namespace.clone();
        writers.spawn(async move { write_many(&namespace, &format!("account-{}", writer % 3), 15).await });
    }
    let mut written = BTreeSet::new();
    while let Some(result) = writers.join_next().await {
        for one in result.unwrap() {
            assert!(written.insert(one.global_position), "global position {} came twice", one.global_position);
            let stored = namespace.message(one.global_position).await.unwrap().unwrap();
            assert_eq!((stored.id, stored.position), (one.id, one.position), "the answer is this write's own");
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
    namespace.write(&same_id).await.expect("an id is unique in its namespace, not beyond");
    assert_eq!(other.categories().await.unwrap().len(), 1);
}

/// Functions and tables like those of `write_message`, earlier on every path that a caller could have.
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

async fn row_6_a_planted_function_is_never_called(store: &TestStore) {
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

async fn a_foreign_writer_at_the_same_position_is_gone_round(store: &TestStore) {
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
