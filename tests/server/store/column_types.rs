//! Tables with other column types than Message DB's, and values that no message should have.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use streamscope::message::{BodyPath, Category, Message, Name, NewMessage, PathValue, Written};
use streamscope::store::browse::{PageFrom, Scope, StreamsFrom, StreamsOf};
use streamscope::store::doctor::Scan;
use streamscope::store::export::ExportOptions;
use streamscope::store::import::{Import, ImportOptions, ImportedMessage, Placement};
use streamscope::store::read::CategoryOptions;
use streamscope::store::stats::{GroupBy, StatsOptions, StatsRow};
use streamscope::store::tail::{Delivery, TailFrom, TailOptions};
use streamscope::store::{Filter, Namespace, StoreError};
use uuid::Uuid;

use super::messages::{category, new, stream};
use crate::support::other_servers::Version;
use crate::support::server::Database;
use crate::support::stores::{Kind, Route, TestStore, eventodb, message_db, store};
use crate::tail;

const ID: Uuid = Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_002a);

/// Creates an EventoDB namespace with three messages, and runs SQL on its table.
async fn shop_after(sql: &str) -> (Database, Namespace) {
    let database = eventodb().await;
    let client = database.client().await;
    let written = format!(
        "set search_path = eventodb_shop;
         insert into messages (id, stream_name, type, position, data, metadata, time) values
           ('{ID}', 'account-1', 'Opened', 0, '{{\"n\": 1.50, \"text\": \"blue\"}}', '{{\"correlationStreamName\": \"order-7\"}}', '2026-01-01 10:00'),
           (gen_random_uuid(), 'account-1', 'Closed', 1, '{{\"n\": 2}}', null, '2026-01-01 11:00'),
           (gen_random_uuid(), 'order-1', 'Placed', 0, null, null, '2026-01-01 12:00');
         drop index messages_category;
         {sql};
         analyze messages"
    );
    client.batch_execute(&written).await.expect("the table");
    let namespace = store(&database).namespace("shop").await.expect("a namespace");
    (database, namespace)
}

const TYPES: [&str; 7] = [
    "alter table messages alter time type timestamptz using time at time zone 'UTC'",
    "alter table messages alter position type integer, alter global_position type integer",
    "alter table messages alter position type smallint, alter global_position type smallint",
    "alter table messages alter id drop default, alter id type text",
    "alter table messages alter id drop default, alter id type char(40), alter stream_name type text, alter type type name",
    "alter table messages alter data type json, alter metadata type text",
    "create domain d_id as uuid; create domain d_time as timestamptz; create domain d_name as text; create domain d_data as jsonb;
     create type d_type as enum ('Opened', 'Closed', 'Placed');
     alter table messages alter id type d_id, alter time type d_time using time at time zone 'UTC', alter stream_name type d_name,
       alter data type bytea using convert_to(data::text, 'UTF8'), alter metadata type d_data, alter type type d_type using type::d_type",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_reads_columns_of_other_types() {
    for types in TYPES {
        let (_database, namespace) = shop_after(types).await;
        let all: Vec<Message> = {
            let options =
                ExportOptions { names: Vec::new(), filter: Filter::default(), above: i64::MIN, up_to: i64::MAX };
            namespace.export(options).try_collect().await.expect(types)
        };
        assert_eq!(all.len(), 3, "{types}");
        let first = &all[0];
        assert_eq!((first.id, first.flaw.as_deref()), (ID, None), "{types}");
        assert_eq!(first.time.to_string(), "2026-01-01T10:00:00Z", "{types}");
        assert_eq!((first.stream.as_str(), first.message_type.as_str(), first.position), ("account-1", "Opened", 0));
        let data: serde_json::Value = serde_json::from_str(first.data.as_deref().expect("data")).expect("json");
        assert_eq!(data["n"].to_string(), "1.50", "{types}: numbers keep their digits");
        assert!(all[2].data.is_none() && all[1].metadata.is_none());

        let account = stream("account-1");
        assert_eq!(namespace.message_by_id(ID).await.expect(types).as_ref(), Some(first), "{types}");
        assert_eq!(namespace.message_at(&account, 0).await.expect(types).as_ref(), Some(first), "{types}");
        assert_eq!(namespace.message(first.global_position).await.expect(types).as_ref(), Some(first), "{types}");
        assert_eq!(namespace.stream_version(&account).await.expect(types), Some(1), "{types}");
        let of_stream: Vec<_> =
            namespace.stream_messages(&account, 0, -1).await.expect(types).try_collect().await.expect(types);
        assert_eq!(of_stream, all[..2], "{types}");
        let correlated = CategoryOptions { correlation: Some(category("order")), consumer_group: None };
        for (options, expected) in [(CategoryOptions::default(), &all[..2]), (correlated, &all[..1])] {
            let found: Vec<_> = namespace
                .category_messages(&category("account"), 0, -1, &options)
                .await
                .expect(types)
                .try_collect()
                .await
                .expect(types);
            assert_eq!(found, expected, "{types}");
        }

        let categories: Vec<Category> =
            namespace.categories().await.expect(types).into_iter().map(|row| row.category).collect();
        assert_eq!(categories, [category("account"), category("order")], "{types}");
        let streams = namespace.streams(&StreamsOf::Namespace, &StreamsFrom::Start, 10).await.expect(types);
        assert_eq!(streams[0].version, 1, "{types}");
        assert_eq!(streams[0].last_time, all[1].time, "{types}");
        let recent = namespace.recent_streams(&category("account"), None, 100).await.expect(types);
        assert_eq!(recent.streams.len(), 1, "{types}");
        for scope in [Scope::Namespace, Scope::Category(category("account")), Scope::Stream(account.clone())] {
            let page = namespace.page(&scope, PageFrom::End, 1).await.expect(types);
            assert_eq!(page.heads.len(), 1, "{types}: {scope:?}");
            let found = namespace.first_at(&scope, first.time).await.expect(types).expect("a message");
            assert_eq!(found.id, ID, "{types}: {scope:?}");
            assert!(namespace.count(&scope).await.expect(types).messages >= 2);
            assert!(namespace.estimate(&scope).await.expect(types).is_some());
        }
        let filter = Filter {
            text: Some("BLUE".to_owned()),
            data_path: Some("$.n > 1".to_owned()),
            since: Some(first.time),
            ..Filter::default()
        };
        let found = namespace.search(&Scope::Namespace, &filter, PageFrom::Start, 100).await.expect(types);
        assert_eq!(found.heads.iter().map(|head| head.id).collect::<Vec<_>>(), [ID], "{types}");
        assert!(found.heads[0].preview.contains("blue"), "{types}");
        let paths = ["$.n", "meta:correlationStreamName"].map(|path| path.parse::<BodyPath>().expect("a path"));
        let with_paths = namespace.clone().with_paths(Arc::from(paths.clone()));
        let heads = with_paths.page(&Scope::Namespace, PageFrom::Start, 10).await.expect(types).heads;
        assert_eq!(heads[0].values.get(&paths[0]), Some(&PathValue::Number("1.50".to_owned())), "{types}");
        assert_eq!(heads[0].values.get(&paths[1]), Some(&PathValue::String("order-7".to_owned())), "{types}");
        assert_eq!(heads[2].values.get(&paths[0]), Some(&PathValue::Absent), "{types}: data is NULL");
        let stats =
            StatsOptions { key: GroupBy::Category, by: Some(GroupBy::Type), category: None, buckets: 4, limit: None };
        let stats: Vec<_> = namespace.stats(&stats).await.expect(types).try_collect().await.expect(types);
        assert_eq!((stats.len(), stats[0].first), (3, Some(first.time)), "{types}");
        namespace.between(Some(first.time), None).await.expect(types);
        let options = TailOptions {
            scope: Scope::Category(category("account")),
            from: TailFrom::Start,
            delivery: Delivery::WhenFinal,
            batch: 10,
            filter: Filter::default(),
        };
        let batch = namespace.tail(options).next().await.expect(types);
        assert_eq!(batch.messages.into_iter().map(|tailed| tailed.message).collect::<Vec<_>>(), all[..2], "{types}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_reports_a_column_with_an_unsupported_type() {
    for (types, column, name) in [
        ("alter table messages alter position type numeric", "position", "numeric"),
        ("alter table messages alter time type text", "time", "text"),
        ("alter table messages alter id drop default, alter id type bigint using 1", "id", "bigint"),
        ("alter table messages alter data type integer using 1", "data", "integer"),
        (
            "create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
             alter table messages alter stream_name type varchar collate ci",
            "stream_name",
            "character varying with a nondeterministic collation",
        ),
    ] {
        let database = eventodb().await;
        let sql = format!("set search_path = eventodb_shop; drop index messages_category; {types}");
        let sql = sql.replace("alter time type text", "alter time drop default, alter time type text");
        database.client().await.batch_execute(&sql).await.expect(types);
        let error = store(&database).namespace("shop").await.expect_err("an unsupported type");
        let StoreError::NamespaceClosed { reason, .. } = error else { panic!("another error: {error}") };
        assert!(reason.contains(&format!("column {column} has type {name}")), "{reason}");
        let listed = store(&database).namespaces().await.expect("a list");
        assert_eq!(listed[0].closed.as_deref(), Some(&*reason), "the list shows the same reason");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_names_the_missing_columns() {
    for (change, missing) in [
        ("alter table messages drop metadata", "column metadata"),
        ("alter table messages rename stream_name to stream", "column stream_name"),
        ("alter table messages drop global_position", "column global_position"),
        ("alter table messages drop type; alter table messages rename id to uuid", "columns id, type"),
    ] {
        let database = eventodb().await;
        let sql = format!("set search_path = eventodb_shop; drop index messages_category; {change}");
        database.client().await.batch_execute(&sql).await.expect(change);
        let error = store(&database).namespace("shop").await.expect_err("a missing column");
        let StoreError::NamespaceClosed { reason, .. } = error else { panic!("another error: {error}") };
        assert_eq!(reason, format!("messages has no {missing}"));
        let listed = store(&database).namespaces().await.expect("a list");
        assert_eq!(listed[0].closed.as_deref(), Some(&*reason), "the list shows the same reason");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_programs_table_of_messages_is_no_namespace() {
    let database = eventodb().await;
    let sql =
        "create schema chat; create table chat.messages (id uuid, type text, position int, data json, time timestamp);
               create function chat.write_message() returns int language sql as 'select 1'";
    database.client().await.batch_execute(sql).await.expect("another table");
    let listed = store(&database).namespaces().await.expect("a list");
    assert_eq!(listed.iter().map(|info| info.id.as_str()).collect::<Vec<_>>(), ["shop"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreadable_messages_are_marked_and_the_others_are_read() {
    let (_database, namespace) = shop_after(
        "alter table messages alter id drop default, alter id type text, alter id drop not null, alter type drop not null,
           alter time drop not null, alter data type text;
         insert into messages (id, stream_name, type, position, data, time) values
           ('not-a-uuid', 'odd-1', 'A', 0, '{}', now()), (null, 'odd-1', 'B', 1, '{}', now()),
           (gen_random_uuid(), 'odd-1', null, 2, '{}', now()), (gen_random_uuid(), 'odd-1', 'D', 3, '{}', null),
           (gen_random_uuid(), 'odd-1', 'E', 4, 'no json', now()), (gen_random_uuid(), 'odd-1', 'F', 5, '{}', now())",
    )
    .await;
    let messages: Vec<Message> =
        namespace.stream_messages(&stream("odd-1"), 0, -1).await.unwrap().try_collect().await.unwrap();
    let flaws: Vec<_> = messages.iter().map(|message| message.flaw.as_deref()).collect();
    assert_eq!(
        flaws,
        [
            Some("its ID not-a-uuid is not a UUID"),
            Some("its ID is NULL"),
            Some("its type is NULL"),
            Some("its time is NULL"),
            Some("its data is not JSON"),
            None,
        ]
    );
    assert_eq!(messages[4].data.as_deref(), Some("\"no json\""), "the text becomes a JSON string");
    let page = namespace.page(&Scope::Stream(stream("odd-1")), PageFrom::Start, 10).await.unwrap();
    let of_heads: Vec<_> = page.heads.iter().map(|head| head.flaw.as_deref()).collect();
    assert_eq!(of_heads, flaws, "a list marks the same messages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_with_null_values_are_listed_and_counted() {
    let (_database, namespace) = shop_after(
        "delete from messages;
         alter table messages alter stream_name drop not null, alter type drop not null, alter position drop not null,
           alter time drop not null;
         insert into messages (stream_name, type, position, data, time) values
           ('odd-1', 'A', 0, '{}', now()), ('odd-1', 'A', 1, '{}', null), ('odd-2', 'B', null, '{}', now()),
           (null, null, 2, '{}', now())",
    )
    .await;
    for of in [StreamsOf::Namespace, StreamsOf::Category(category("odd"))] {
        let streams = namespace.streams(&of, &StreamsFrom::Start, 10).await.unwrap();
        let versions: Vec<_> = streams.iter().map(|row| (row.stream.as_str(), row.version)).collect();
        assert_eq!(versions, [("odd-1", 1), ("odd-2", 0)], "{of:?}");
    }
    let options = StatsOptions { key: GroupBy::Type, by: None, category: None, buckets: 2, limit: None };
    let counted: Vec<StatsRow> = namespace.stats(&options).await.unwrap().try_collect().await.unwrap();
    let mut rows: Vec<_> = counted.iter().map(|row| (row.key.as_str(), row.messages)).collect();
    rows.sort_unstable();
    assert_eq!(rows, [("", 1), ("A", 2), ("B", 1)]);
    let of_a = counted.iter().find(|row| row.key == "A").unwrap();
    assert_eq!(of_a.rate.iter().sum::<u64>(), 1, "a message without a time belongs to no interval");
    let page = namespace.page(&Scope::Namespace, PageFrom::Start, 10).await.unwrap();
    let flaws: Vec<_> = page.heads.iter().map(|head| head.flaw.as_deref()).collect();
    assert_eq!(flaws, [None, Some("its time is NULL"), Some("its position is NULL"), Some("its stream is NULL")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_a_position_does_not_hide_the_version_of_its_stream() {
    let (_database, namespace) = shop_after(
        "delete from messages; alter table messages alter position drop not null;
         insert into messages (stream_name, type, position, data) values
           ('odd-1', 'A', 0, '{}'), ('odd-1', 'A', 1, '{}'), ('odd-1', 'A', null, '{}'), ('odd-2', 'A', null, '{}')",
    )
    .await;
    assert_eq!(namespace.stream_version(&stream("odd-1")).await.unwrap(), Some(1));
    assert_eq!(namespace.stream_version(&stream("odd-2")).await.unwrap(), None);
    let estimate = namespace.estimate(&Scope::Stream(stream("odd-1"))).await.unwrap();
    assert_eq!(estimate.map(|count| count.messages), Some(2));
    let last = namespace.last_stream_message(&stream("odd-1"), None).await.unwrap();
    assert_eq!(last.map(|message| message.position), Some(1));
    let appended = ImportedMessage {
        id: uuid::Uuid::now_v7(),
        stream: stream("odd-1"),
        message_type: "A".to_owned(),
        data: None,
        metadata: None,
        placement: Placement::Next { expected: None, generated: true },
    };
    namespace.import(&[appended]).await.unwrap();
    assert_eq!(namespace.stream_version(&stream("odd-1")).await.unwrap(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn follows_a_table_in_which_messages_share_a_global_position() {
    let (database, namespace) = shop_after(
        "delete from messages; alter table messages drop constraint messages_pkey;
         insert into messages (global_position, stream_name, type, position, data) values
           (7, 'odd-1', 'A', 0, '{}'), (7, 'odd-2', 'A', 0, '{}')",
    )
    .await;
    let options = tail::options(Scope::Namespace, TailFrom::Start, Delivery::WhenFinal);
    let mut tail = namespace.tail(options);
    let mut streams = Vec::new();
    while streams.len() < 2 {
        let batch = tail.next().await.unwrap();
        streams.extend(batch.messages.into_iter().map(|tailed| tailed.message.stream.to_string()));
    }
    let client = database.client().await;
    let another = "insert into eventodb_shop.messages (global_position, stream_name, type, position, data) values
                   (8, 'odd-3', 'A', 0, '{}')";
    client.batch_execute(another).await.unwrap();
    while streams.len() < 3 {
        let batch = tail.next().await.unwrap();
        assert_eq!(batch.diverges_above, None);
        streams.extend(batch.messages.into_iter().map(|tailed| tailed.message.stream.to_string()));
    }
    streams.sort_unstable();
    assert_eq!(streams, ["odd-1", "odd-2", "odd-3"]);
}

/// The messages at 10,000 are the last of one statement's rows and the first of the next one's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_every_message_of_a_table_in_which_messages_share_a_global_position() {
    let (_database, namespace) = shop_after(
        "delete from messages; alter table messages drop constraint messages_pkey;
         insert into messages (global_position, stream_name, type, position, data)
           select least(number, 10000), 'odd-' || number, 'A', 0, '{}' from generate_series(1, 10003) number;
         insert into messages (global_position, stream_name, type, position, data) values (10001, 'odd-last', 'A', 0, '{}')",
    )
    .await;
    for names in [Vec::new(), vec![Name::Category(category("odd"))]] {
        let options = ExportOptions { names, filter: Filter::default(), above: 0, up_to: i64::MAX };
        let all: Vec<Message> = namespace.export(options).try_collect().await.unwrap();
        let mut streams: Vec<&str> = all.iter().map(|message| message.stream.as_str()).collect();
        assert_eq!(streams.last(), Some(&"odd-last"));
        streams.sort_unstable();
        streams.dedup();
        assert_eq!((all.len(), streams.len()), (10_004, 10_004));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_a_global_position_does_not_hide_the_newest_one() {
    let (_database, namespace) = shop_after(
        "delete from messages; alter table messages drop constraint messages_pkey;
         alter table messages alter global_position drop not null;
         insert into messages (global_position, stream_name, type, position, data) values
           (7, 'odd-1', 'A', 0, '{}'), (null, 'odd-1', 'A', 1, '{}')",
    )
    .await;
    let options = tail::options(Scope::Namespace, TailFrom::Start, Delivery::AtOnce);
    let batch = namespace.tail(options).next().await.unwrap();
    let positions: Vec<_> = batch.messages.iter().map(|tailed| tailed.message.global_position).collect();
    assert_eq!((positions, batch.newest), (vec![7], 7));
    assert_eq!(namespace.newest(&Scope::Namespace).await.unwrap(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_utf8_is_replaced_and_reported() {
    let database = Database::create("template template0 encoding 'SQL_ASCII' locale 'C'").await;
    store(&database).create_namespace("test", None).await.unwrap();
    let client = database.client().await;
    client
        .batch_execute(
            "insert into eventodb_test.messages (stream_name, type, position, data) values
               ('good-1', 'A', 0, '{}'), (E'bad-\\xff', E'T\\xfe', 0, E'{\"text\": \"a\\xffb\"}'), ('good-1', 'B', 1, '{}');
             update eventodb_store.namespaces set description = E'sh\\xffop'",
        )
        .await
        .unwrap();
    let listed = store(&database).namespaces().await.unwrap();
    assert_eq!(listed[0].description.as_deref(), Some("sh\u{fffd}op"));
    let namespace = store(&database).namespace("test").await.unwrap();
    let options = ExportOptions { names: Vec::new(), filter: Filter::default(), above: i64::MIN, up_to: i64::MAX };
    let all: Vec<Message> = namespace.export(options).try_collect().await.unwrap();
    assert_eq!(all.iter().map(|message| message.flaw.is_some()).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(all[1].flaw.as_deref(), Some("its stream is not valid UTF-8"));
    assert_eq!((all[1].stream.as_str(), all[1].message_type.as_str()), ("bad-\u{fffd}", "T\u{fffd}"));
    assert_eq!(all[1].data.as_deref(), Some("{\"text\": \"a\u{fffd}b\"}"));
    assert_eq!(namespace.categories().await.unwrap().len(), 2);
    let streams = namespace.streams(&StreamsOf::Namespace, &StreamsFrom::Start, 10).await.unwrap();
    assert_eq!(streams[0].stream.as_str(), "bad-\u{fffd}");
    assert_eq!(namespace.page(&Scope::Namespace, PageFrom::Start, 10).await.unwrap().heads.len(), 3);
    assert_eq!(namespace.recent_types(&category("bad")).await.unwrap(), ["T\u{fffd}"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_marks_small_bodies_that_are_not_json_and_tells_empty_ones_from_null() {
    for kind in ["text", "varchar", "bytea using convert_to(data::text, 'UTF8')"] {
        let written = format!(
            "alter table messages alter data type {kind};
             insert into messages (stream_name, type, position, data) values
               ('odd-1', 'A', 0, ''), ('odd-1', 'A', 1, '{{\"a\":'), ('odd-1', 'A', 2, null), ('odd-1', 'A', 3, '[1]')"
        );
        let (_database, namespace) = shop_after(&written).await;
        let paths: Arc<[BodyPath]> = Arc::from(["$.a".parse::<BodyPath>().unwrap()]);
        for namespace in [namespace.clone(), namespace.with_paths(paths)] {
            let page = namespace.page(&Scope::Stream(stream("odd-1")), PageFrom::Start, 10).await.expect(kind);
            let shown: Vec<_> = page.heads.iter().map(|head| (head.preview.as_str(), head.flaw.as_deref())).collect();
            let flaw = Some("its data is not JSON");
            assert_eq!(shown, [(r#""""#, flaw), (r#""{\"a\":""#, flaw), ("", None), ("[1]", None)], "{kind}");
        }
    }
}

/// A time zone with an unusual offset (12:45), which reveals a UTC time that is treated as local.
const FAR_AWAY: &str = "Pacific/Chatham";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_and_imports_store_values_unchanged_in_columns_of_other_types() {
    let data = r#"{"n": 1.50, "text": "ä\\ \" \t€"}"#;
    let metadata = r#"{"by": "import"}"#;
    for types in TYPES {
        let (database, _) = shop_after(types).await;
        let client = database.client().await;
        let zone = format!("alter database {} set timezone = '{FAR_AWAY}'", database.name());
        client.batch_execute(&zone).await.unwrap();
        let namespace = store(&database).namespace("shop").await.expect("a namespace");
        let (written, imported) = (Uuid::now_v7(), Uuid::now_v7());
        // EventoDB's function cannot write to enum or bytea columns.
        let is_writable = !types.contains("enum");
        if is_writable {
            let message = NewMessage {
                id: written,
                data: data.to_owned(),
                metadata: Some(metadata.to_owned()),
                ..new("account-1", "Closed")
            };
            let first = namespace.write(&message).await.expect(types);
            assert_eq!((first.position, first.was_stored), (2, false), "{types}");
            let again = namespace.write(&message).await.expect(types);
            assert_eq!(again, Written { was_stored: true, ..first }, "{types}");
        }
        let time = "2026-07-08T09:10:11.123456Z".parse().unwrap();
        let message = ImportedMessage {
            id: imported,
            stream: stream("order-1"),
            message_type: "Placed".to_owned(),
            data: Some(data.to_owned()),
            metadata: Some(metadata.to_owned()),
            placement: Placement::Kept { position: 1, global_position: None, time },
        };
        for (imported, present) in [(1, 0), (0, 1)] {
            let mut import = Import::new(&namespace, ImportOptions::default()).expect(types);
            let done = import.batch(std::slice::from_ref(&message)).await.expect(types);
            assert_eq!((done.imported, done.present, done.differing), (imported, present, 0), "{types}");
        }
        // Compare with what another client sees, byte for byte.
        let body = if types.contains("bytea") { "convert_from(data, 'UTF8')" } else { "data::text" };
        let time = if types.contains("timestamptz") { "time at time zone 'UTC'" } else { "time" };
        let stored = format!(
            "select concat_ws('|', trim(id::text), trim(stream_name::text), type, position, {body}, metadata, \
             case when stream_name::text = 'order-1' then ({time})::text end)
             from eventodb_shop.messages where trim(id::text) in ('{written}', '{imported}') order by global_position"
        );
        let stored: Vec<String> = client.query(&stored, &[]).await.expect(types).iter().map(|row| row.get(0)).collect();
        let mut expected = vec![format!("{imported}|order-1|Placed|1|{data}|{metadata}|2026-07-08 09:10:11.123456")];
        if is_writable {
            expected.insert(0, format!("{written}|account-1|Closed|2|{data}|{metadata}"));
        }
        assert_eq!(stored, expected, "{types}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refuses_to_write_text_that_a_name_column_would_cut_off() {
    let (_database, namespace) =
        shop_after("alter table messages alter stream_name type name, alter type type name").await;
    let (fits, long) = ("a".repeat(63), format!("account-{}", "0".repeat(56)));
    namespace.write(&new("account-1", &fits)).await.expect("63 bytes");
    for (stream, message_type) in [(long.as_str(), "Opened"), ("account-1", long.as_str())] {
        let refused = namespace.write(&new(stream, message_type)).await.expect_err("64 bytes");
        assert!(
            matches!(&refused, StoreError::Invalid { .. }) && refused.to_string().contains("64 bytes"),
            "{refused}"
        );
    }
    assert_eq!(namespace.stream_version(&stream("account-1")).await.unwrap(), Some(2));
    assert_eq!(namespace.stream_version(&stream(&long)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_can_be_repeated_if_the_column_rounds_times() {
    let domains = "create domain seconds as timestamp(0); create domain some_seconds as seconds;";
    for column in ["timestamp(3)", "timestamptz(0)", "seconds", "some_seconds"] {
        let sql = format!("{domains} alter table messages alter time type {column}");
        let (_database, namespace) = shop_after(&sql).await;
        let message = ImportedMessage {
            id: Uuid::now_v7(),
            stream: stream("order-1"),
            message_type: "Placed".to_owned(),
            data: None,
            metadata: None,
            placement: Placement::Kept {
                position: 1,
                global_position: None,
                time: "2026-07-08T09:10:11.987654Z".parse().unwrap(),
            },
        };
        for (imported, present) in [(1, 0), (0, 1)] {
            let mut import = Import::new(&namespace, ImportOptions::default()).expect(column);
            let done = import.batch(std::slice::from_ref(&message)).await.expect(column);
            assert_eq!((done.imported, done.present, done.differing), (imported, present, 0), "{column}");
        }
    }
}

/// Bodies that are JSON, almost JSON, or JSON that jsonb cannot hold.
fn odd_bodies() -> Vec<String> {
    let whole =
        r#"{"x": [1, -2.5e3, {"deep": "\u00fc \" \\u0000 \ud83d\ude00"}], "y": {"z": [[]], "t": true}, "n": null}"#;
    let mut bodies: Vec<String> = (0..whole.len()).map(|at| format!("{}{}", &whole[..at], &whole[at + 1..])).collect();
    bodies.extend((0..whole.len()).step_by(2).map(|at| format!("{},{}", &whole[..at], &whole[at..])));
    let others = [
        whole,
        "not json",
        "",
        " ",
        "{}",
        " { } ",
        "[ ]",
        "[1,]",
        "[,1]",
        "{,}",
        "{\"a\" 1}",
        "{1:2}",
        "{\"a\":1}}",
        "[[1][2]]",
        "1 2",
        "01",
        "-",
        "-0",
        "1.",
        ".5",
        "1e9",
        "1e+0009",
        "1e",
        "1e999999",
        "tru e",
        "truefalse",
        "\"\"\"\"",
        "\"a\" \"b\"",
        "\"a\tb\"",
        "\"\\x\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\ude00\"",
        "\"\\ud800\\u0041\"",
        "\"\\u12\"",
        "[\u{a0}1]",
        "{\"a\": \"Zürich 日本\"}",
        "{\"a\": 1, \"b\": \"x\", \"c\": true}",
        "{\"a\": 1 \"b\": 2}",
        "{\"a\": 01}",
    ];
    bodies.extend(others.map(str::to_owned));
    bodies.push(format!("{}{}", "[".repeat(300), "]".repeat(300)));
    bodies.push(format!("{}{}", "[".repeat(300), "]".repeat(299)));
    bodies
}

/// Returns whether the server takes the text for a value of a type.
async fn is_of_type(client: &tokio_postgres::Client, kind: &str, text: &str) -> bool {
    let cast = client.query_one(&format!("select $1::text::{kind}::text"), &[&text]).await;
    cast.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_json_matches_no_path_and_does_not_hide_others() {
    let kinds = [
        ("text", "data::text"),
        ("varchar", "data::text"),
        ("json", "data::json"),
        ("bytea", "convert_to(data::text, 'UTF8')"),
    ];
    // The newest server can check a text itself.
    let routes = [Route::Direct, Route::On(Version::Newest)];
    for ((kind, using), route) in routes.iter().flat_map(|route| kinds.map(|kind| (kind, *route))) {
        let store = TestStore::by_route(Kind::EventoDb, route).await;
        let client = store.client().await.expect("a server");
        let alter = format!(
            "set search_path = {}; drop index messages_category;
             alter table messages alter data type {kind} using {using}, alter metadata type text",
            store.schema
        );
        client.batch_execute(&alter).await.expect(kind);
        let namespace = store.store.namespace(&store.namespace.info().id).await.expect("a namespace");
        let insert = format!(
            "insert into messages (id, stream_name, type, position, data, metadata, time)
             values (gen_random_uuid(), 'odd-1', 'A', $1, {}, 'no json', now())",
            if kind == "bytea" { "convert_to($2::text, 'UTF8')".to_owned() } else { format!("$2::text::{kind}") }
        );
        let mut expected = Vec::new();
        let mut position = 0_i64;
        for body in odd_bodies() {
            if kind == "json" && !is_of_type(&client, "json", &body).await {
                continue;
            }
            if is_of_type(&client, "jsonb", &body).await {
                expected.push(position);
            }
            client.execute(&insert, &[&position, &body]).await.expect(&body);
            position += 1;
        }
        if kind == "bytea" {
            let bytes = "insert into messages (id, stream_name, type, position, data, time)
                         select gen_random_uuid(), 'odd-1', 'A', 100000 + n, b, now()
                         from unnest(array['\\xff', '\\x2200ff22', '\\x22c322', '\\x22eda08022', '\\x22f490808022', '\\x22c08022']::bytea[])
                           with ordinality o (b, n)";
            client.batch_execute(bytes).await.expect("bytes that are not UTF-8");
        }
        let filter = Filter { data_path: Some("$".to_owned()), ..Filter::default() };
        let matching: Vec<Message> = namespace
            .matching_messages(&Name::Category(category("odd")), 0, -1, &CategoryOptions::default(), &filter)
            .await
            .expect(kind)
            .try_collect()
            .await
            .expect(kind);
        assert_eq!(matching.iter().map(|message| message.position).collect::<Vec<_>>(), expected, "{kind}");
        let found = namespace.search(&Scope::Namespace, &filter, PageFrom::Start, 1_000).await.expect(kind);
        assert_eq!(found.heads.len(), expected.len(), "{kind}");
        let filter = Filter { metadata_path: Some("$".to_owned()), ..Filter::default() };
        assert!(namespace.search(&Scope::Namespace, &filter, PageFrom::Start, 9).await.expect(kind).heads.is_empty());
        let mut scan = Scan::from(0);
        let step = namespace.scan_step(&mut scan).await.expect(kind);
        let bodies = scan.findings().into_iter().find(|finding| finding.check == "bodies").expect("a finding");
        // The metadata of all but the last few is not JSON.
        assert!(
            bodies.seen.starts_with(&format!("{0} of {0} messages examined are", step.examined)),
            "{kind}: {bodies:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_is_compared_with_a_stored_body_that_is_not_json() {
    for kind in ["text", "bytea"] {
        let using = if kind == "bytea" { "convert_to(data::text, 'UTF8')" } else { "data::text" };
        let (database, namespace) =
            shop_after(&format!("alter table messages alter data type {kind} using {using}")).await;
        let spoil =
            "update eventodb_shop.messages set data = '\\377no json' where stream_name = 'account-1' and position = 0";
        let spoil = if kind == "text" { spoil.replace("\\377", "") } else { spoil.to_owned() };
        database.client().await.batch_execute(&spoil).await.expect(kind);
        let message = ImportedMessage {
            id: ID,
            stream: stream("account-1"),
            message_type: "Opened".to_owned(),
            data: None,
            metadata: Some("{\"correlationStreamName\": \"order-7\"}".to_owned()),
            placement: Placement::Kept {
                position: 0,
                global_position: None,
                time: "2026-01-01T10:00:00Z".parse().expect("a time"),
            },
        };
        let error = namespace.import(&[message]).await.expect_err("another body is stored").to_string();
        assert!(error.contains("position 0 of account-1 is taken by a message whose data differs"), "{kind}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_find_text_in_bodies_of_the_type_bytea() {
    let (database, namespace) = shop_after(
        "alter table messages alter data type bytea using convert_to(data::text, 'UTF8'); delete from messages",
    )
    .await;
    let insert = "insert into eventodb_shop.messages (id, stream_name, type, position, data, time)
                  values (gen_random_uuid(), 'city-1', 'A', $1, $2, now())";
    let whole = r#"{"x": "Zürich 日本 \\ back 100%"}"#.as_bytes().to_vec();
    let damaged = [&whole[..], b"\xff"].concat();
    let client = database.client().await;
    for (position, body) in [(0_i64, &whole), (1, &damaged), (2, &b"{\"x\": \"Basel\"}".to_vec())] {
        client.execute(insert, &[&position, body]).await.expect("a message");
    }
    // Whether the case of such letters is ignored depends on the locale of the database, as in bodies of other types.
    let folds: bool = client.query_one("select 'ü' ilike 'Ü'", &[]).await.expect("an answer").get(0);
    for (text, positions) in [
        ("Zürich", &[0, 1][..]),
        ("日本", &[0, 1]),
        ("ZÜRICH", if folds { &[0] } else { &[] }),
        ("\\ back", &[0, 1]),
        ("BACK 100%", &[0, 1]),
        ("Bàsel", &[]),
        ("basel", &[2]),
    ] {
        let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
        let found = namespace.search(&Scope::Namespace, &filter, PageFrom::Start, 10).await.expect(text);
        assert_eq!(found.heads.iter().map(|head| head.position).collect::<Vec<_>>(), positions, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explains_a_write_that_does_not_fit_the_columns() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let client = store.client().await.expect("a server");
    let write = || async {
        let message = new("account-1", "Opened");
        store
            .store
            .namespace("test")
            .await
            .expect("a namespace")
            .write(&message)
            .await
            .map_err(|error| error.to_string())
    };
    client.batch_execute("alter table eventodb_test.messages alter global_position type integer").await.unwrap();
    client.batch_execute("select setval('eventodb_test.messages_global_position_seq', 2147483646)").await.unwrap();
    write().await.expect("the last number");
    let mut repair = String::new();
    for limit in ["", "alter sequence eventodb_test.messages_global_position_seq as integer"] {
        let full = "select setval('eventodb_test.messages_global_position_seq', 2147483647)";
        client.batch_execute(full).await.unwrap();
        client.batch_execute(limit).await.unwrap();
        let told = write().await.expect_err("no number is left");
        assert!(
            told.contains("no global position is left: ") && told.contains("end at 2,147,483,647"),
            "{limit}: {told}"
        );
        told.split_once("run: ").expect("a repair").1.clone_into(&mut repair);
    }
    client.batch_execute(&repair).await.expect("the repair");
    assert_eq!(write().await.expect("more numbers").global_position, 2_147_483_648);
    let bytes = "alter table eventodb_test.messages alter data type bytea using convert_to(data::text, 'UTF8')";
    client.batch_execute(bytes).await.unwrap();
    let told = write().await.expect_err("the function inserts jsonb");
    assert!(
        told.contains("write_message of this namespace cannot store data in a column of type bytea")
            && !told.contains("42804"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_of_message_db_are_found_whatever_type_stream_names_have() {
    for change in [
        "alter table messages alter stream_name type name",
        "alter table messages alter stream_name type char(40)",
        "create type streams as enum ('account-1', 'order-1'); drop index messages_category;
         alter table messages alter stream_name type streams using stream_name::streams",
    ] {
        let database = message_db().await;
        let client = database.client().await;
        let sql = format!(
            "set search_path = message_store; drop view if exists stream_summary, type_summary, stream_type_summary,
               type_stream_summary, category_type_summary, type_category_summary;
             select write_message(gen_random_uuid()::varchar, stream, 'Opened', '{{}}') from unnest('{{account-1,order-1}}'::varchar[]) stream;
             {change}"
        );
        client.batch_execute(&sql).await.expect(change);
        let namespace = store(&database).namespace("message_store").await.expect("a namespace");
        let categories: Vec<String> =
            namespace.categories().await.expect(change).into_iter().map(|row| row.category.to_string()).collect();
        assert_eq!(categories, ["account", "order"], "{change}");
        let options = CategoryOptions::default();
        let messages = namespace.category_messages(&category("account"), 0, -1, &options).await.expect(change);
        assert_eq!(messages.try_collect::<Vec<Message>>().await.expect(change).len(), 1, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_position_hides_no_version() {
    let sql = "alter table messages alter position drop not null;
               insert into messages (stream_name, type, position) values ('account-1', 'Lost', null)";
    let (_database, namespace) = shop_after(sql).await;
    let pages = [
        namespace.streams(&StreamsOf::Namespace, &StreamsFrom::Start, 10).await.expect("streams"),
        namespace.streams(&StreamsOf::Category(category("account")), &StreamsFrom::Start, 10).await.expect("streams"),
    ];
    for page in pages {
        let versions: Vec<(&str, i64)> = page.iter().map(|row| (row.stream.as_str(), row.version)).collect();
        assert_eq!(versions[0], ("account-1", 1));
    }
}
