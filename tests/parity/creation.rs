//! Namespaces made, made at once, upgraded and deleted.

use streamscope::store::session::{Session, Sessions};
use streamscope::store::{Flavour, Options, StoreError, schema};

use crate::support::server::Database;
use crate::support::stores::{self, eventodb, message_db, store};

async fn session(database: &Database) -> Session {
    Sessions::new(stores::settings(&database.url()), Options::default()).acquire().await.expect("a session")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_that_create_at_once_do_not_collide() {
    let database = Database::new().await;
    let (one, other) = (store(&database), store(&database));
    let (first, second) = tokio::join!(one.create_namespace("a", None), other.create_namespace("b", None));
    first.expect("one");
    second.expect("the other");
    let (first, second) = tokio::join!(one.create_namespace("same", None), other.create_namespace("same", None));
    assert!(first.is_ok() != second.is_ok(), "exactly one makes it");
    let lost = first.err().or(second.err()).expect("one lost");
    assert!(matches!(lost, StoreError::NamespaceExists { .. }), "{lost}");
    let ids: Vec<String> = one.namespaces().await.expect("a list").into_iter().map(|info| info.id).collect();
    assert_eq!(ids, ["a", "b", "same"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_namespace_is_upgraded_only_when_asked() {
    let database = Database::new().await;
    let store = store(&database);
    // The registry comes with the first namespace.
    store.create_namespace("new", None).await.expect("a namespace");
    let mut session = session(&database).await;
    let transaction = session.begin().await.expect("a transaction");
    schema::apply(&transaction, "eventodb_old", 0, 4).await.expect("the first files");
    transaction
        .batch("insert into eventodb_store.namespaces values ('old', 'hash', 'eventodb_old', '', 0, '{}')")
        .await
        .expect("registered");
    transaction.commit().await.expect("committed");
    let old = store.namespace("old").await.expect("a namespace");
    assert!(old.info().outdated && old.info().version.as_deref() == Some("4"), "{:?}", old.info());
    let client = database.client().await;
    assert!(client.query("select * from eventodb_old.type_summary", &[]).await.is_err(), "not yet");
    let (from, to) = store.migrate_namespace("old").await.expect("upgraded");
    assert_eq!((from.as_str(), to), ("4", schema::latest().to_string()));
    assert!(!store.namespace("old").await.expect("a namespace").info().outdated);
    client.query("select * from eventodb_old.type_summary", &[]).await.expect("the view is there");
    assert!(store.migrate_namespace("old").await.is_ok(), "again changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_ids_are_names_or_refused_and_touch_nothing_else() {
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
async fn deleting_says_how_many_messages_went_and_refuses_message_db() {
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
async fn what_eventodb_reads_of_the_registry_is_there_and_a_lost_schema_is_no_obstacle() {
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
    assert!(reason.contains("schema is gone"), "{reason}");
    assert_eq!(store.delete_namespace("gone").await.expect("the row"), 0);
    store.create_namespace("gone", None).await.expect("a namespace");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_delete_at_once_one_finds_nothing() {
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
async fn a_registry_that_was_only_begun_is_finished() {
    let database = Database::new().await;
    database.client().await.batch_execute("create schema eventodb_store").await.expect("a schema");
    store(&database).create_namespace("shop", None).await.expect("a namespace");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_rights_lists_without_failing() {
    let database = Database::new().await;
    let store = store(&database);
    store.create_namespace("shop", None).await.expect("a namespace");
    let client = database.client().await;
    let role = format!("nobody_{}", uuid::Uuid::now_v7().simple());
    client.batch_execute(&format!("create role {role} login")).await.expect("a role");
    let url = database.url().replacen("postgres@", &format!("{role}@"), 1);
    let limited = streamscope::store::Store::new(stores::settings(&url), Options::default());
    let listed = limited.namespaces().await.expect("a list");
    assert_eq!(listed.len(), 1, "the catalog shows that it is there");
    let namespace = limited.namespace(&listed[0].id).await.expect("a namespace");
    assert!(matches!(namespace.categories().await, Err(StoreError::NoPermission(_))));
    client.batch_execute(&format!("drop role {role}")).await.expect("dropped");
}
