//! The shape that a namespace reads from the catalog when it is opened, for original and for altered tables.

use streamscope::store::shape::{ColumnType, Shape};
use streamscope::store::{Flavour, Namespace, Options, Store};

use crate::support::for_each_store;
use crate::support::server::Database;
use crate::support::stores::{TestStore, eventodb, settings, store};

async fn new_stores_have_their_original_shape(store: &TestStore) {
    let shape = store.namespace.shape();
    let columns = &shape.columns;
    let names = if store.flavour() == Flavour::EventoDb { ColumnType::Varchar } else { ColumnType::Text };
    let kinds = [
        (&columns.global_position, ColumnType::BigInt),
        (&columns.position, ColumnType::BigInt),
        (&columns.time, ColumnType::Timestamp),
        (&columns.stream_name, names),
        (&columns.message_type, names),
        (&columns.data, ColumnType::Jsonb),
        (&columns.metadata, ColumnType::Jsonb),
        (&columns.id, ColumnType::Uuid),
    ];
    for (column, kind) in kinds {
        assert_eq!(column.kind, kind, "{column:?}");
        assert!(!column.identity && !column.generated);
    }
    assert!(shape.ids_are_unique() && shape.positions_are_unique());
    assert!(shape.numbering.is_nextval && shape.numbering.owned && shape.numbering.sequence.is_some());
    assert_eq!(
        (shape.numbering.cache, shape.numbering.increment, shape.numbering.cycles),
        (Some(1), Some(1), Some(false))
    );
    assert!(!shape.is_partitioned() && shape.parts.is_empty());
    assert!(shape.triggers.is_empty() && shape.rules.is_empty());
    assert!(!shape.row_security && !shape.subscribed);
}

for_each_store!(new_stores_have_their_original_shape);

/// Creates an EventoDB namespace and runs SQL on its schema.
async fn shop_after(sql: &str) -> (Database, Namespace) {
    let database = eventodb().await;
    database.client().await.batch_execute(&format!("set search_path = eventodb_shop; {sql}")).await.unwrap();
    let namespace = store(&database).namespace("shop").await.unwrap();
    (database, namespace)
}

async fn shape_after(sql: &str) -> Shape {
    shop_after(sql).await.1.shape().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recognises_column_types_and_the_base_types_of_domains() {
    let shape = shape_after(
        "create domain name_of_stream as varchar(200); create domain short_name as name_of_stream check (value <> '');
         create type kind as enum ('Opened', 'Closed');
         drop index messages_category;
         alter table messages alter stream_name type short_name, alter type type kind using 'Opened'::kind,
           alter position type integer, alter time type timestamptz, alter id drop default, alter id type text,
           alter data type json, alter metadata type bytea using convert_to(metadata::text, 'UTF8')",
    )
    .await;
    let columns = shape.columns;
    assert_eq!(columns.stream_name.kind, ColumnType::Varchar);
    assert_eq!(columns.stream_name.type_name, "eventodb_shop.short_name");
    assert_eq!(columns.message_type.kind, ColumnType::Enum);
    assert_eq!(columns.position.kind, ColumnType::Integer);
    assert_eq!(columns.time.kind, ColumnType::TimestampTz);
    assert_eq!(columns.id.kind, ColumnType::Text);
    assert_eq!(columns.data.kind, ColumnType::Json);
    assert_eq!(columns.metadata.kind, ColumnType::Bytea);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_complete_unique_index_on_exactly_the_columns_counts() {
    for (index, ids, positions) in [
        ("(id)", true, false),
        ("(id) include (time)", true, false),
        ("(id) where position > 0", false, false),
        ("(id, time)", false, false),
        ("((id::text))", false, false),
        ("(stream_name, position)", false, true),
        ("(position, stream_name)", false, true),
        ("(stream_name, position, time)", false, false),
    ] {
        let shape = shape_after(&format!(
            "drop index messages_id; drop index messages_stream; create unique index on messages {index}"
        ))
        .await;
        assert_eq!((shape.ids_are_unique(), shape.positions_are_unique()), (ids, positions), "{index}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unique_index_does_not_cover_inheriting_tables() {
    let shape = shape_after("create table more () inherits (messages)").await;
    assert!(!shape.ids_are_unique() && !shape.is_partitioned());
    assert_eq!(shape.parts.len(), 1);
    assert_eq!(shape.parts[0].name, "eventodb_shop.more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recognises_how_global_positions_are_assigned() {
    let numbering = shape_after("alter sequence messages_global_position_seq owned by none cache 20").await.numbering;
    assert!(numbering.is_nextval && !numbering.owned && numbering.sequence.is_some());
    assert_eq!(numbering.cache, Some(20));

    let twice = "alter table messages alter global_position set default nextval('messages_global_position_seq') * 2";
    let numbering = shape_after(twice).await.numbering;
    assert!(!numbering.is_nextval && numbering.sequence.is_some());

    let none = "alter table messages alter global_position drop default";
    let numbering = shape_after(none).await.numbering;
    assert_eq!((numbering.default, numbering.is_nextval, numbering.sequence), (None, false, None));

    let (_database, namespace) = shop_after(
        "alter table messages alter global_position drop default; drop sequence messages_global_position_seq;
         alter table messages alter global_position add generated always as identity",
    )
    .await;
    let shape = namespace.shape();
    assert!(shape.columns.global_position.identity && shape.numbering.owned && shape.numbering.sequence.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recognises_the_sequence_if_the_database_quotes_every_identifier() {
    let quote =
        "do $$begin execute format('alter database %I set quote_all_identifiers = on', current_database()); end$$";
    let shape = shape_after(quote).await;
    assert!(shape.numbering.is_nextval, "{:?}", shape.numbering);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recognises_triggers_and_rules_on_insert() {
    let shape = shape_after(
        "create function nothing() returns trigger language plpgsql as 'begin return new; end';
         create trigger a before insert on messages for each row execute function nothing();
         create trigger b after insert or update on messages for each statement execute function nothing();
         create trigger c before update on messages for each row execute function nothing();
         create trigger d before insert on messages for each row execute function nothing();
         alter table messages disable trigger d;
         create rule r as on insert to messages where new.position < 0 do instead nothing;
         create publication p for table messages",
    )
    .await;
    let triggers: Vec<_> = shape.triggers.iter().map(|trigger| (&*trigger.name, trigger.row, trigger.before)).collect();
    assert_eq!(triggers, [("a", true, true), ("b", false, false)]);
    assert_eq!(shape.rules, ["r"]);
    assert!(!shape.subscribed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_security_depends_on_the_role() {
    let role = format!("reader_{}", uuid::Uuid::now_v7().simple());
    let (database, namespace) = shop_after(&format!(
        "alter table messages enable row level security; create role {role} login;
         grant usage on schema eventodb_shop, eventodb_store to {role};
         grant select on messages, eventodb_store.namespaces to {role}"
    ))
    .await;
    assert!(!namespace.shape().row_security, "a superuser sees everything");
    let url = database.url().replacen("postgres@", &format!("{role}@"), 1);
    let reader = Store::new(settings(&url), Options::default());
    let seen = reader.namespace("shop").await.unwrap().shape().row_security;
    database.client().await.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
    assert!(seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_all_partitions_of_a_partitioned_table() {
    let shape = shape_after(
        "alter table messages rename to old;
         create table messages (like old including defaults) partition by list (type);
         create table messages_a partition of messages for values in ('A') partition by list (position);
         create table messages_a0 partition of messages_a for values in (0);
         create table messages_rest partition of messages default",
    )
    .await;
    assert!(shape.is_partitioned() && !shape.ids_are_unique());
    let names: Vec<_> = shape.parts.iter().map(|part| &*part.name).collect();
    assert_eq!(names, ["eventodb_shop.messages_a", "eventodb_shop.messages_a0", "eventodb_shop.messages_rest"]);
    assert!(shape.numbering.is_nextval && !shape.numbering.owned);
}
