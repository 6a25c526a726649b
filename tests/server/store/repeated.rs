//! Repeated writes to tables that accept duplicates or change messages. A message is stored once, the returned position
//! is its own, and a message that is not stored is not reported as written.

use streamscope::message::{Difference, ExpectedVersion, NewMessage, Written};
use streamscope::store::{Namespace, StoreError};

use super::lost_answers::{through_proxy, wait_for_waiters};
use super::messages::{expecting, new, of_category, of_stream, stream, write};
use crate::support::for_each_store;
use crate::support::stores::{self, TestStore};

for_each_store! {
    repeated_writes_store_one_message_without_a_unique_index,
    concurrent_repeats_store_one_message_without_a_unique_index,
    a_lost_write_is_stored_once_without_a_unique_index,
    returns_the_global_position_of_the_stored_message,
    reports_messages_that_a_trigger_or_rule_drops_or_moves,
    reports_messages_that_a_trigger_deletes_after_they_were_stored,
    an_unused_sequence_that_the_column_still_owns_changes_nothing,
    reports_fields_that_a_trigger_changed,
    reports_equal_json_that_is_stored_with_different_text,
    a_write_function_of_the_users_own_is_not_trusted_to_draw_a_number,
}

/// Some users return the position of a stored message before the function writes.
async fn a_write_function_of_the_users_own_is_not_trusted_to_draw_a_number(store: &TestStore) {
    let schema = &store.schema;
    let changed = format!(
        "do $do$ begin execute replace(pg_get_functiondef('{schema}.write_message'::regproc), 'write_message', 'write_new'); end $do$;
         drop function {schema}.write_message;
         create function {schema}.write_message(id varchar, stream_name varchar, type varchar, data jsonb,
             metadata jsonb default null, expected_version bigint default null) returns bigint language plpgsql as $$
           begin
             return coalesce(
               (select m.position from {schema}.messages m where m.id = $1::uuid),
               {schema}.write_new($1, $2, $3, $4, $5, $6)
             );
           end $$"
    );
    let Some(namespace) = after(store, &changed).await else { return };
    let first = new("account-1", "Opened");
    let written = namespace.write(&first).await.unwrap();
    namespace.write(&new("account-2", "Opened")).await.unwrap();
    assert_eq!(namespace.write(&first).await.unwrap(), Written { was_stored: true, ..written });
}

/// Runs SQL on the store's schema and opens its namespace again. Returns `None` for the embedded store.
async fn after(store: &TestStore, sql: &str) -> Option<Namespace> {
    let client = store.client().await?;
    client.batch_execute(&format!("set search_path = \"{}\", public; {sql}", store.schema)).await.unwrap();
    let fresh = stores::store(store.database.as_ref().unwrap());
    Some(fresh.namespace(&store.namespace.info().id).await.unwrap())
}

/// Changes to the indexes, applied one after the other.
const INDEXES: [&str; 4] = [
    "drop index messages_id",
    "create index messages_some_id on messages (id)",
    "drop index messages_some_id; create unique index messages_id on messages (id, position)",
    "drop index messages_id; create unique index messages_id on messages (id) where position > 1000",
];

async fn repeated_writes_store_one_message_without_a_unique_index(store: &TestStore) {
    for indexes in INDEXES {
        let Some(namespace) = after(store, indexes).await else { return };
        for expected in [ExpectedVersion::Any, ExpectedVersion::At(0)] {
            let name = format!("account-{}", uuid::Uuid::now_v7());
            write(&namespace, &name, "First").await;
            let message = NewMessage { expected_version: expected, ..new(&name, "Opened") };
            let first = namespace.write(&message).await.unwrap();
            assert!(!first.was_stored, "{indexes}");
            write(&namespace, &name, "Next").await;
            assert_eq!(namespace.write(&message).await.unwrap(), Written { was_stored: true, ..first }, "{indexes}");
            assert_eq!(of_stream(&namespace, &name).await.len(), 3, "{indexes}");
            let other = NewMessage { data: "[]".to_owned(), expected_version: ExpectedVersion::Any, ..message.clone() };
            let error = namespace.write(&other).await.unwrap_err();
            assert!(matches!(error, StoreError::DuplicateId(id) if id == message.id), "{indexes}: {error:?}");
        }
    }
}

async fn concurrent_repeats_store_one_message_without_a_unique_index(store: &TestStore) {
    let Some(namespace) = after(store, INDEXES[0]).await else { return };
    for round in 0..5 {
        let message = new(&format!("account-{round}"), "Opened");
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let (namespace, message) = (namespace.clone(), message.clone());
            writers.spawn(async move { namespace.write(&message).await.unwrap() });
        }
        let written = writers.join_all().await;
        assert_eq!(written.iter().filter(|written| !written.was_stored).count(), 1, "{written:?}");
        assert_eq!(of_stream(&namespace, message.stream.as_str()).await.len(), 1);
        let place = |written: &Written| (written.position, written.global_position);
        assert!(written.iter().all(|one| place(one) == place(&written[0])), "{written:?}");
    }
}

async fn a_lost_write_is_stored_once_without_a_unique_index(store: &TestStore) {
    let Some(_) = after(store, INDEXES[0]).await else { return };
    let (proxy, namespace) = through_proxy(store).await.unwrap();
    let holder = store.client().await.unwrap();
    let lock = format!("set search_path = \"{0}\"; begin; select \"{0}\".acquire_lock('account-1')", store.schema);
    holder.batch_execute(&lock).await.unwrap();
    let message = new("account-1", "Opened");
    proxy.cut_after_next_write();
    let write = tokio::spawn({
        let (namespace, message) = (namespace.clone(), message.clone());
        async move { namespace.write(&message).await }
    });
    wait_for_waiters(store, 2).await;
    holder.batch_execute("commit").await.unwrap();
    let written = write.await.unwrap().unwrap();
    assert_eq!((proxy.lost(), written.position), (1, 0));
    assert_eq!(of_category(&namespace, "account").await.len(), 1);
}

async fn returns_the_global_position_of_the_stored_message(store: &TestStore) {
    let another =
        "create function public.another() returns trigger language plpgsql set search_path from current as $$ begin
           insert into messages (id, stream_name, position, type, data)
           values (gen_random_uuid(), 'audit-' || new.id, 0, 'Noted', '{}');
           return null;
         end $$;
         create trigger another after insert on messages for each row
           when (new.stream_name not like 'audit-%') execute function public.another()";
    for sql in [
        "alter sequence messages_global_position_seq owned by none",
        "alter table messages alter global_position set default nextval('messages_global_position_seq') * 10",
        "alter table messages alter global_position set default 1000000 - nextval('messages_global_position_seq')",
        another,
    ] {
        let Some(namespace) = after(store, sql).await else { return };
        for expected in [ExpectedVersion::Any, ExpectedVersion::NoStream] {
            let message = expecting(&format!("account-{}", uuid::Uuid::now_v7()), expected);
            let written = namespace.write(&message).await.unwrap();
            let stored = namespace.message(written.global_position).await.unwrap().unwrap();
            assert_eq!((stored.id, stored.position), (message.id, written.position), "{sql}");
        }
    }
}

async fn an_unused_sequence_that_the_column_still_owns_changes_nothing(store: &TestStore) {
    let sql = "alter table messages alter global_position drop default;
               alter table messages alter global_position add generated by default as identity (start 5000)";
    let Some(namespace) = after(store, sql).await else { return };
    for global_position in [5000, 5001] {
        assert_eq!(namespace.write(&new("account-1", "Opened")).await.unwrap().global_position, global_position);
    }
}

async fn reports_messages_that_a_trigger_deletes_after_they_were_stored(store: &TestStore) {
    for (kind, deferred) in [("trigger", ""), ("constraint trigger", "deferrable initially deferred")] {
        let sql = format!(
            "create or replace function public.gone() returns trigger language plpgsql set search_path from current as
               $$begin delete from messages where id = new.id; return null; end$$;
             drop trigger if exists gone on messages;
             create {kind} gone after insert on messages {deferred} for each row execute function public.gone()"
        );
        let Some(namespace) = after(store, &sql).await else { return };
        let error = namespace.write(&new("account-1", "Opened")).await.unwrap_err();
        assert!(matches!(&error, StoreError::NotStored { position: 0, .. }), "{kind}: {error:?}");
    }
}

async fn reports_messages_that_a_trigger_or_rule_drops_or_moves(store: &TestStore) {
    let function = "create or replace function public.changed() returns trigger language plpgsql as $$ begin";
    let trigger = "create trigger changed before insert on messages for each row execute function public.changed()";
    for (sql, undo) in [
        (format!("{function} return null; end $$; {trigger}"), "drop trigger changed on messages"),
        (
            format!("{function} new.stream_name := 'moved-1'; return new; end $$; {trigger}"),
            "drop trigger changed on messages",
        ),
        ("create rule nothing as on insert to messages do instead nothing".to_owned(), "drop rule nothing on messages"),
    ] {
        let Some(namespace) = after(store, &sql).await else { return };
        let message = new("account-1", "Opened");
        let error = namespace.write(&message).await.unwrap_err();
        assert!(matches!(&error, StoreError::NotStored { position: 0, .. }), "{sql}: {error:?}");
        assert!(of_category(&namespace, "account").await.is_empty());
        assert!(!namespace.repeats_are_safe(), "{sql}");
        after(store, undo).await.unwrap();
    }
}

async fn reports_fields_that_a_trigger_changed(store: &TestStore) {
    for (change, field) in [
        ("new.metadata := '{\"by\": \"trigger\"}'", "metadata"),
        ("new.data := '{}'", "data"),
        ("new.type := 'Changed'", "type"),
        ("new.id := md5(new.id::text)::uuid", "id"),
    ] {
        let sql = format!(
            "create or replace function public.changed() returns trigger language plpgsql as $$ begin {change}; return new; end $$;
             drop trigger if exists changed on messages;
             create trigger changed before insert on messages for each row execute function public.changed()"
        );
        let Some(namespace) = after(store, &sql).await else { return };
        let message = new(&format!("account-{field}"), "Opened");
        let written = namespace.write(&message).await.unwrap();
        assert_eq!(written.differs, Some(Difference::Value(field)));
        let stored = namespace.message(written.global_position).await.unwrap().unwrap();
        assert_eq!((stored.stream, stored.position), (message.stream.clone(), written.position));
        if ["data", "metadata"].contains(&field) {
            assert_eq!(namespace.write(&message).await.unwrap(), Written { was_stored: true, ..written });
        }
    }
}

async fn reports_equal_json_that_is_stored_with_different_text(store: &TestStore) {
    let namespace = &store.namespace;
    let spelled = |data: &str, metadata: &str| NewMessage {
        data: data.to_owned(),
        metadata: Some(metadata.to_owned()),
        ..new("account-1", "Opened")
    };
    let first = spelled(r#"{"n": [1.0, -20.50]}"#, r#"{"m": 7.0}"#);
    namespace.write(&first).await.unwrap();
    let again = |data: &str, metadata: &str| NewMessage { id: first.id, ..spelled(data, metadata) };
    for (message, differs) in [
        (again(r#"{"n":[1.0,-20.50]}"#, r#"{"m":7.0}"#), None),
        (again(r#"{"n": [1.00, -20.50]}"#, r#"{"m": 7}"#), Some(("data", "1.0", "1.00"))),
        (again(r#"{"n": [1.0, -2.05e1]}"#, r#"{"m": 7.0}"#), Some(("data", "-20.50", "-20.5"))),
        (again(r#"{"n": [1.0, -20.50]}"#, r#"{"m": 7.000}"#), Some(("metadata", "7.0", "7.000"))),
    ] {
        let written = namespace.write(&message).await.unwrap();
        let differs = differs.map(|(field, stored, sent)| Difference::Spelling {
            field,
            stored: stored.to_owned(),
            sent: sent.to_owned(),
        });
        assert_eq!((written.was_stored, written.differs), (true, differs), "{message:?}");
    }
    assert_eq!(of_stream(namespace, stream("account-1").as_str()).await.len(), 1);
}
