//! Namespaces that are created, also concurrently, upgraded and deleted.

use streamscope::store::{Flavour, NAMESPACE_VERSION, Options, StoreError};
use tokio_postgres::Client;

use crate::support::server::Database;
use crate::support::stores::{self, eventodb, message_db, store};

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_create_namespaces_at_once_do_not_collide() {
    let database = Database::new().await;
    let (one, other) = (store(&database), store(&database));
    let (first, second) = tokio::join!(one.create_namespace("a", None), other.create_namespace("b", None));
    first.expect("one");
    second.expect("the other");
    let (first, second) = tokio::join!(one.create_namespace("same", None), other.create_namespace("same", None));
    assert!(first.is_ok() != second.is_ok(), "exactly one succeeds");
    let lost = first.err().or(second.err()).expect("one lost");
    assert!(matches!(lost, StoreError::NamespaceExists { .. }), "{lost}");
    let ids: Vec<String> = one.namespaces().await.expect("a list").into_iter().map(|info| info.id).collect();
    assert_eq!(ids, ["a", "b", "same"]);
}

/// Restores the differences of version 5: stable read functions, a search path set on functions, and no table for
/// EventoDB.
const VERSION_5: &str = "
    alter function eventodb_old.stream_version stable;
    alter function eventodb_old.get_stream_messages stable set search_path = eventodb_old, pg_temp;
    alter function eventodb_old.get_category_messages stable set search_path = eventodb_old, pg_temp;
    alter function eventodb_old.get_last_stream_message stable set search_path = eventodb_old, pg_temp;
    alter function eventodb_old.acquire_lock set search_path = eventodb_old, pg_temp;
    alter function eventodb_old.write_message set search_path = eventodb_old, pg_temp;
    alter function eventodb_old.message_store_version immutable;
    drop table eventodb_old._schema_version;
    update eventodb_old._streamscope_version set version = 5;";

/// Returns the definitions of the functions without the schema's name.
async fn functions(client: &Client, schema: &str) -> Vec<String> {
    let sql = "select replace(pg_get_functiondef(oid), $1, '') from pg_proc where pronamespace = $1::text::regnamespace order by 1";
    client.query(sql, &[&schema]).await.expect("functions").iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_namespace_is_upgraded_only_on_request_and_then_equals_a_new_one() {
    let database = Database::new().await;
    let store = store(&database);
    let client = database.client().await;
    store.create_namespace("new", None).await.expect("a namespace");
    store.create_namespace("old", None).await.expect("a namespace");
    let write = "select eventodb_old.write_message(gen_random_uuid()::varchar, 'a-1', 'T', '{}')";
    client.batch_execute(VERSION_5).await.expect("an older one");
    client.batch_execute(write).await.expect("a message");
    let old = store.namespace("old").await.expect("a namespace");
    assert!(old.info().outdated && old.info().version.as_deref() == Some("5"), "{:?}", old.info());
    assert_ne!(functions(&client, "eventodb_old").await, functions(&client, "eventodb_new").await, "not yet");
    let done = store.migrate_namespace("old").await.expect("upgraded");
    assert_eq!((done.from, done.to, done.renamed_from), (5, NAMESPACE_VERSION, None));
    assert!(!store.namespace("old").await.expect("a namespace").info().outdated);
    assert_eq!(functions(&client, "eventodb_old").await, functions(&client, "eventodb_new").await);
    client.query_one("select version from eventodb_old._schema_version", &[]).await.expect("the version for EventoDB");
    let next = client.query_one(write, &[]).await.expect("written");
    assert_eq!(next.get::<_, i64>(0), 1, "after the existing message");
    assert!(store.migrate_namespace("old").await.is_ok(), "a second migration changes nothing");
}

/// On start, an EventoDB server upgrades every namespace in the registry to its own latest version. Its SQL fails on
/// our namespaces, and then the server does not start.
#[tokio::test(flavor = "multi_thread")]
async fn an_eventodb_server_finds_nothing_to_upgrade_in_our_namespaces() {
    let database = eventodb().await;
    store(&database).create_namespace("ours", None).await.expect("a namespace");
    let client = database.client().await;
    let registered =
        client.query("select schema_name from eventodb_store.namespaces order by 1", &[]).await.expect("rows");
    let mut asked = Vec::new();
    for row in &registered {
        let schema: &str = row.get(0);
        let version = format!("select coalesce(max(version), 0) from \"{schema}\"._schema_version");
        let version: i32 = client.query_one(&version, &[]).await.expect(schema).get(0);
        asked.push((schema, version));
    }
    assert_eq!(asked, [("eventodb_ours", i32::MAX), ("eventodb_shop", 2)]);
    let listed = store(&database).namespaces().await.expect("a list");
    let ours = listed.iter().find(|info| info.id == "ours").expect("ours");
    assert_eq!((ours.flavour, ours.version.clone()), (Flavour::Streamscope, Some(NAMESPACE_VERSION.to_string())));
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_work_in_databases_of_other_encodings() {
    for encoding in ["LATIN1", "LATIN2", "EUC_JP", "SQL_ASCII"] {
        let database = Database::create(&format!("template template0 encoding '{encoding}' locale 'C'")).await;
        store(&database).create_namespace("shop", None).await.expect(encoding);
        let written = "select eventodb_shop.write_message(gen_random_uuid()::varchar, 'a-1', 'T', '{}')";
        database.client().await.batch_execute(written).await.expect(encoding);
        let namespace = store(&database).namespace("shop").await.expect(encoding);
        assert_eq!(namespace.categories().await.expect(encoding).len(), 1, "{encoding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_ids_are_accepted_or_rejected_without_side_effects() {
    let database = Database::new().await;
    let store = store(&database);
    for id in ["a\"; drop schema public; --", "it's", "100%", "back\\slash", "ünïcödé", "a.b/c d"] {
        let created = store.create_namespace(id, Some(id)).await.expect(id);
        assert!(created.info.schema.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        let namespace = store.namespace(id).await.expect(id);
        assert_eq!(namespace.info().description.as_deref(), Some(id));
        assert_eq!(namespace.categories().await.expect(id), []);
    }
    for id in ["", "a\0b", &"x".repeat(55), &"é".repeat(28)] {
        let refused = store.create_namespace(id, None).await.expect_err("refused");
        assert!(matches!(refused, StoreError::Invalid { field: "namespace", .. }), "{refused}");
    }
    let taken = store.create_namespace("it_s", None).await.expect_err("the same schema");
    assert!(matches!(&taken, StoreError::NamespaceExists { reason, .. } if reason.contains("it's")), "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_returns_the_number_of_messages_and_rejects_message_db() {
    let database = eventodb().await;
    let store = store(&database);
    let client = database.client().await;
    let rows = "insert into eventodb_shop.messages (stream_name, position, type) select 'a-1', i, 'T' from generate_series(0, 6) i";
    client.batch_execute(rows).await.expect("rows");
    assert_eq!(store.delete_namespace("shop").await.expect("deleted"), 7);
    assert_eq!(store.namespaces().await.expect("a list"), []);
    let left = client.query_one("select count(*) from eventodb_store.namespaces", &[]).await.expect("a count");
    assert_eq!(left.get::<_, i64>(0), 0);
    assert!(matches!(store.delete_namespace("shop").await, Err(StoreError::NamespaceNotFound(_))));

    let database = message_db().await;
    let store = stores::store(&database);
    assert!(matches!(store.delete_namespace("message_store").await, Err(StoreError::Invalid { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_refuses_to_take_other_tables_and_views_along() {
    let database = eventodb().await;
    let store = store(&database);
    let client = database.client().await;
    store.create_namespace("ours", None).await.expect("a namespace with views of its own");
    for (object, kind, named) in [
        ("eventodb_shop.projection", "table", "table eventodb_shop.projection"),
        ("public.report", "view", "view public.report"),
        ("public.kept", "materialized view", "materialized view public.kept"),
        ("eventodb_shop.kept", "materialized view", "materialized view eventodb_shop.kept"),
    ] {
        let body = if kind == "table" { "(x int)" } else { "as select count(*) from eventodb_shop.messages" };
        client.batch_execute(&format!("create {kind} {object} {body}")).await.expect(object);
        let error = store.delete_namespace("shop").await.expect_err(object).to_string();
        assert!(error.contains(&format!("this would also delete {named}; drop or move them first")), "{error}");
        client.batch_execute(&format!("drop {kind} {object}")).await.expect(object);
    }
    let foreign = "create table public.note (at bigint references eventodb_shop.messages, by eventodb_shop.messages)";
    client.batch_execute(foreign).await.expect("a table");
    let error = store.delete_namespace("shop").await.expect_err("refused").to_string();
    assert!(error.contains("constraint") && error.contains("column by of table public.note"), "{error}");
    client.batch_execute("drop table public.note").await.expect("dropped");
    // Where messages are stored does not matter.
    let part = "create table public.more () inherits (eventodb_shop.messages)";
    client.batch_execute(part).await.expect("an inheriting table");
    for id in ["shop", "ours"] {
        store.delete_namespace(id).await.expect(id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn registry_entries_have_eventodbs_format_and_may_name_a_lost_schema() {
    let database = Database::new().await;
    let store = store(&database);
    let created = store.create_namespace("shop", None).await.expect("a namespace");
    let client = database.client().await;
    let row = client
        .query_one(
            "select id, token_hash = encode(sha256(convert_to($1, 'UTF8')), 'hex'), schema_name, description is not null,
               created_at between extract(epoch from now()) - 60 and extract(epoch from now()) + 60, metadata::text
             from eventodb_store.namespaces",
            &[&created.token],
        )
        .await
        .expect("a row");
    assert_eq!((row.get::<_, &str>(0), row.get::<_, &str>(2)), ("shop", "eventodb_shop"));
    assert!(row.get::<_, bool>(1) && row.get::<_, bool>(3) && row.get::<_, bool>(4));
    assert_eq!(row.get::<_, &str>(5), "{}");
    client
        .batch_execute("insert into eventodb_store.namespaces values ('gone', 'x', 'eventodb_gone', 'lost', 0, null)")
        .await
        .expect("a row");
    let listed = store.namespaces().await.expect("a list");
    assert_eq!(
        listed.iter().map(|info| (info.id.as_str(), info.flavour)).collect::<Vec<_>>(),
        [("shop", Flavour::Streamscope)]
    );
    let StoreError::NamespaceExists { reason, .. } = store.create_namespace("gone", None).await.expect_err("a row")
    else {
        panic!("another error");
    };
    assert!(reason.contains("its schema eventodb_gone is gone"), "{reason}");
    assert_eq!(store.delete_namespace("gone").await.expect("the row"), 0);
    store.create_namespace("gone", None).await.expect("a namespace");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_concurrent_deletions_finds_nothing() {
    let database = Database::new().await;
    let (one, other) = (store(&database), store(&database));
    for round in 0..5 {
        one.create_namespace("shop", None).await.expect("a namespace");
        let (first, second) = tokio::join!(one.delete_namespace("shop"), other.delete_namespace("shop"));
        let lost = match (first, second) {
            (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
            both => panic!("round {round}: {both:?}"),
        };
        assert!(matches!(lost, StoreError::NamespaceNotFound(_)), "round {round}: {lost}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn completes_a_half_created_registry() {
    let database = Database::new().await;
    database.client().await.batch_execute("create schema eventodb_store").await.expect("a schema");
    store(&database).create_namespace("shop", None).await.expect("a namespace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_privileges_can_list_namespaces() {
    let database = Database::new().await;
    let store = store(&database);
    store.create_namespace("shop", None).await.expect("a namespace");
    let client = database.client().await;
    let role = format!("nobody_{}", uuid::Uuid::now_v7().simple());
    client.batch_execute(&format!("create role {role} login")).await.expect("a role");
    let url = database.url().replacen("postgres@", &format!("{role}@"), 1);
    let limited = streamscope::store::Store::new(stores::settings(&url), Options::default());
    let listed = limited.namespaces().await.expect("a list");
    assert_eq!(listed.len(), 1, "the catalog shows the namespace");
    let namespace = limited.namespace(&listed[0].id).await.expect("a namespace");
    assert!(matches!(namespace.categories().await, Err(StoreError::NoPermission(_))));
    client.batch_execute(&format!("drop role {role}")).await.expect("dropped");
}
