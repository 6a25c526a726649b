//! Tests of the `ns` commands, and of how a command finds its namespace.

use serde_json::Value;
use streamscope::store::StoreError;

use crate::support::place::Place;
use crate::support::program::Outcome;
use crate::support::server::Database;
use crate::support::stores::{self, Kind};

fn values(outcome: Outcome) -> Vec<Value> {
    outcome.done().lines().map(|line| serde_json::from_str(line).expect("every line is a JSON value")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn creates_lists_describes_and_deletes_a_namespace() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let created = values(place.run(&["ns", "create", "shop-1", "--description", "the \"shop\""]));
    assert_eq!(created[0]["id"], "shop-1");
    assert_eq!(created[0]["schema"], "eventodb_shop_1");
    let token = created[0]["token"].as_str().expect("a token");
    assert!(token.starts_with("ns_") && token.len() > 70, "{token}");

    let listed = place.run(&["ns", "list"]).done();
    assert!(!listed.contains(token), "the token is shown only once");
    let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!([&listed[0]["id"], &listed[1]["id"]], ["shop-1", "test"]);
    assert_eq!(listed[0]["flavour"], "streamscope");
    assert_eq!(listed[0]["description"], "the \"shop\"");
    assert!(listed[0]["created"].as_str().is_some_and(|time| time.ends_with('Z')));

    place.run(&["-n", "shop-1", "write", "account-1", "Opened"]).done();
    place.run(&["-n", "shop-1", "write", "order-1", "Placed"]).done();
    let described = values(place.run(&["ns", "info", "shop-1"]));
    assert_eq!(described[0]["schema"], "eventodb_shop_1");
    assert_eq!(described[0]["categories"], 2);

    let deleted = place.run(&["ns", "delete", "shop-1", "--confirm", "shop-1"]).done();
    assert_eq!(deleted, "{\"id\":\"shop-1\",\"messages\":2}\n");
    place.run(&["ns", "info", "shop-1"]).failed(4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_can_have_the_name_of_a_command() {
    let place = Place::new(Kind::OursOnPostgres).await;
    place.run(&["ns", "create", "write"]).done();
    place.run(&["-n", "write", "write", "get-1", "last"]).done();
    assert_eq!(place.run(&["get", "get", "-n", "write"]).done().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn aligns_namespaces_as_text() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let listed = place.run(&["ns", "list", "--format", "text"]).done();
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with("NAMESPACE  FLAVOUR      VERSION"), "{listed}");
    assert!(lines[1].starts_with("test       streamscope  "), "{listed}");
    let described = place.run(&["ns", "info", "test", "--format", "text"]).done();
    assert!(
        described.contains("namespace    test\nschema       eventodb_test\nflavour      streamscope\n"),
        "{described}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_several_namespaces_one_must_be_chosen() {
    let place = Place::new(Kind::OursOnPostgres).await;
    assert_eq!(place.run(&["version", "account-1"]).done(), "-1\n");
    place.run(&["ns", "create", "shop"]).done();
    let told = place.run(&["version", "account-1"]).failed(2);
    assert!(told.contains("-n") && told.contains("shop, test"), "{told}");
    assert_eq!(place.run(&["version", "account-1", "-n", "shop"]).done(), "-1\n");
    let told = place.run(&["version", "account-1", "-n", "ship"]).failed(4);
    assert!(told.contains("ship") && told.contains("shop, test"), "{told}");
    let mut command = place.user.command();
    command.args(place.arguments(&["version", "account-1"])).env("STREAMSCOPE_NAMESPACE", "shop");
    assert_eq!(crate::support::program::outcome(&mut command).done(), "-1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_namespaces_the_error_says_how_to_create_one() {
    let database = Database::new().await;
    let user = crate::support::program::User::new();
    let told = user.run(&["--url", &database.url(), "get", "account"]).failed(4);
    assert!(told.contains("no namespace") && told.contains("ns create"), "{told}");
    assert_eq!(user.run(&["--url", &database.url(), "ns", "list"]).done(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_an_id_that_is_taken_or_too_long() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let told = place.run(&["ns", "create", "test"]).failed(1);
    assert!(told.contains("test"), "{told}");
    place.run(&["ns", "create", &"x".repeat(55)]).failed(2);
    place.run(&["ns", "create", ""]).failed(2);
}

/// The rights are those that the installation of Message DB grants to its role. By default, only the creating role has
/// any.
#[tokio::test(flavor = "multi_thread")]
async fn a_granted_role_can_read_and_write_but_no_more() {
    let database = Database::new().await;
    let client = database.client().await;
    let roles = ["reader", "worker"].map(|role| format!("{role}_{}", uuid::Uuid::now_v7().simple()));
    client.batch_execute(&format!("create role {} login; create role {}", roles[0], roles[1])).await.expect("roles");
    let user = crate::support::program::User::new();
    let create = |role: &str| {
        user.run(&["--url", &database.url(), "ns", "create", "shop", "--grant", &roles[0], "--grant", role])
    };
    // Postgres would truncate the name to that of an existing role.
    let long = "r".repeat(63);
    client.batch_execute(&format!("create role {long}")).await.expect("a role");
    for wrong in ["nobody\"; --", &format!("{long}r")] {
        let told = create(wrong).failed(2);
        assert!(told.contains(wrong), "{told}");
        assert_eq!(user.run(&["--url", &database.url(), "ns", "list"]).done(), "", "nothing was created");
    }
    create(&roles[1]).done();

    let as_role = database.url().replacen("postgres@", &format!("{}@", roles[0]), 1);
    let run = |arguments: &[&str]| user.run(&[&["--url", &as_role], arguments].concat());
    run(&["write", "account-1", "Opened"]).done();
    assert_eq!(run(&["get", "account"]).done().lines().count(), 1);
    let listed = values(run(&["ns", "list"]));
    assert_eq!([&listed[0]["schema"], &listed[0]["flavour"]], ["eventodb_shop", "streamscope"]);
    assert!(listed[0]["version"].is_string(), "{listed:?}");
    client.batch_execute("set search_path = eventodb_shop").await.expect("a path");
    for role in &roles {
        client.batch_execute(&format!("set role {role}")).await.expect("a role");
        for allowed in [
            "select write_message('11111111-1111-1111-1111-111111111111', 'a-1', 'T', '{}'), stream_version('a-1')",
            "select get_stream_messages('a-1'), get_last_stream_message('a-1')",
            "select * from get_category_messages('a', consumer_group_member => 0, consumer_group_size => 1)",
            "select * from type_summary",
            "insert into messages (stream_name, position, type) values ('b-1', 0, 'T')",
            "select last_value from messages_global_position_seq",
        ] {
            client.batch_execute(&format!("begin; {allowed}; rollback")).await.expect(allowed);
        }
        for denied in
            ["update messages set type = 'U'", "delete from messages", "truncate messages", "create table t ()"]
        {
            let error = client.batch_execute(denied).await.expect_err(denied);
            assert_eq!(error.code().map(|code| code.code().to_owned()).as_deref(), Some("42501"), "{denied}");
        }
        client.batch_execute("reset role").await.expect("the maker");
    }
    for role in [&roles[0], &roles[1], &long] {
        client.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.expect("dropped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_postgres_would_truncate_means_no_other_namespace() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let longest = "x".repeat(54);
    place.run(&["ns", "create", &longest]).done();
    let schema = format!("eventodb_{longest}");
    // Truncated at 63 bytes, both would be the existing schema.
    for longer in ["x".repeat(70), format!("{schema}andmore")] {
        place.run(&["ns", "create", &longer]).failed(2);
        let told = place.run(&["-n", &longer, "write", "account-1", "Opened"]).failed(4);
        assert!(told.contains(&longer), "{told}");
        place.run(&["ns", "delete", &longer, "--confirm", &longer]).failed(4);
    }
    for namespace in [&longest, "test"] {
        assert_eq!(place.run(&["-n", namespace, "version", "account-1"]).done(), "-1\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_foreign_namespaces_but_never_deletes_message_db() {
    let place = Place::new(Kind::MessageDb).await;
    let listed = values(place.run(&["ns", "list"]));
    assert_eq!(listed.len(), 1);
    assert_eq!([&listed[0]["id"], &listed[0]["flavour"]], ["message_store", "message-db"]);
    let told = place.run(&["ns", "delete", "message_store", "--confirm", "message_store"]).failed(2);
    assert!(told.contains("message_store") || told.contains("Message DB"), "{told}");
    assert_eq!(place.run(&["version", "account-1"]).done(), "-1\n");

    let database = stores::eventodb().await;
    let listed = values(place.user.run(&["--url", &database.url(), "ns", "list"]));
    assert_eq!([&listed[0]["id"], &listed[0]["flavour"]], ["shop", "eventodb"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_an_up_to_date_namespace_changes_nothing() {
    let place = Place::new(Kind::OursOnPostgres).await;
    assert_eq!(place.run(&["ns", "migrate"]).done(), "");
    let migrated = values(place.run(&["ns", "migrate", "test"]));
    assert_eq!(migrated[0]["id"], "test");
    assert_eq!(migrated[0]["from"], migrated[0]["to"]);
}

/// The calls of a client to the functions of a schema.
const CLIENT: &str = "
    select {schema}.write_message(gen_random_uuid()::varchar, 'client-1', 'T', '{\"n\": 1}', '{\"correlationStreamName\": \"some-1\"}', -1);
    select * from {schema}.get_stream_messages('client-1', 0, 10);
    select * from {schema}.get_category_messages(
      'client', 1, 10, correlation => 'some', consumer_group_member => 0, consumer_group_size => 1);
    select * from {schema}.get_last_stream_message('client-1', 'T');
    select * from {schema}.type_summary";

#[tokio::test(flavor = "multi_thread")]
async fn creates_a_namespace_in_a_schema_of_any_name() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("a server").client().await;
    let long = "é".repeat(31);
    let hostile = ["it's \"a\" \\ %s", "$body$$_body$ {schema} {literal} {role}", "--\n'$$;\\", &long];
    for schema in ["message_store", "Shop Orders"].iter().chain(&hostile) {
        let made = values(place.run(&["ns", "create", "chosen", &format!("--schema={schema}")]));
        assert_eq!(made[0]["schema"], *schema);
        let run = |arguments: &[&str]| place.run(&[&["-n", "chosen"], arguments].concat()).done();
        run(&["write", "account-1", "Opened", "--expected-version", "none"]);
        assert_eq!(run(&["get", "account"]).lines().count(), 1);
        assert_eq!(run(&["streams"]).lines().count(), 1);
        let followed = place.run(&["-n", "chosen", "tail", "--from", "start", "--limit", "1"]);
        assert_eq!((followed.status, followed.stdout.lines().count()), (0, 1), "{followed:?}");
        let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
        for strings in ["on", "off"] {
            client.batch_execute(&format!("set standard_conforming_strings = {strings}")).await.expect("a setting");
            let calls = CLIENT.replace("{schema}", &quoted);
            client.batch_execute(&format!("begin; {calls}; rollback")).await.expect(schema);
        }
        let listed = values(place.run(&["ns", "list"]));
        let chosen = listed.iter().find(|info| info["id"] == "chosen").expect("it is listed");
        assert_eq!((&chosen["schema"], &chosen["flavour"]), (&(*schema).into(), &"streamscope".into()));
        assert_eq!((&chosen["outdated"], &chosen["caution"]), (&false.into(), &serde_json::Value::Null));
        place.run(&["ns", "delete", "chosen", "--confirm", "chosen"]).done();
        let left = "select count(*) from pg_namespace where nspname = $1";
        assert_eq!(client.query_one(left, &[schema]).await.expect("a count").get::<_, i64>(0), 0, "{schema}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_an_existing_reserved_or_too_long_schema_with_the_reason() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let long = "x".repeat(64);
    for (schema, status, reason) in [
        ("public", 1, "already exists"),
        ("eventodb_store", 1, "already exists"),
        ("eventodb_test", 1, "namespace test"),
        ("pg_shop", 2, "reserved"),
        ("", 2, "empty"),
        (&long, 2, "63"),
    ] {
        let told = place.run(&["ns", "create", "chosen", "--schema", schema]).failed(status);
        assert!(told.contains(reason), "{schema}: {told}");
    }
    assert_eq!(place.run(&["ns", "list"]).done().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_says_whether_the_id_the_schema_or_a_lost_entry_is_in_the_way() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("a server").client().await;
    let refused = |arguments: &[&str], reason: &str, remedy: &str| {
        let told = place.run(&[&["ns", "create"], arguments].concat()).failed(1);
        assert!(told.contains(reason) && told.contains(remedy), "{arguments:?}: {told}");
    };
    place.run(&["ns", "create", "shop", "--schema", "message_store"]).done();
    place.run(&["ns", "create", "foo"]).done();
    refused(&["shop"], "it already exists, in schema message_store", "Choose another ID");
    refused(&["foo", "--schema", "other"], "it already exists, in schema eventodb_foo", "Choose another ID");
    refused(&["foo", "--schema", "message_store"], "it already exists, in schema eventodb_foo", "Choose another ID");
    refused(&["bar", "--schema", "message_store"], "message_store belongs to namespace shop", "another schema");
    refused(&["bar", "--schema", "public"], "the schema public already exists", "another schema with --schema");

    client.batch_execute("alter schema message_store rename to moved").await.expect("renamed");
    refused(&["shop"], "it already exists, in schema moved", "Choose another ID");
    refused(&["bar", "--schema", "message_store"], "now in schema moved", " ns migrate moved");
    client.batch_execute("drop schema eventodb_foo cascade").await.expect("dropped");
    refused(&["foo", "--schema", "other"], "but its schema eventodb_foo is gone", " ns delete foo");
    refused(&["bar", "--schema", "eventodb_foo"], "for namespace foo, but that schema", " ns delete foo");
    place.run(&["ns", "delete", "foo", "--confirm", "foo"]).done();
    place.run(&["ns", "create", "bar", "--schema", "eventodb_foo"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_to_register_a_namespace_in_a_table_with_other_columns() {
    let usual = "token_hash text, description text, created_at bigint, metadata jsonb";
    for (columns, problem) in [
        (format!("id int, schema_name text, {usual}"), "column id of eventodb_store.namespaces has type integer"),
        (
            format!("id text, schema_name int, {usual}"),
            "column schema_name of eventodb_store.namespaces has type integer",
        ),
        (
            format!("id text, schema_name bytea, {usual}"),
            "column schema_name of eventodb_store.namespaces has type bytea",
        ),
        (
            format!("id text, schema_name name, {}", usual.replace("description text", "description int")),
            "column description of eventodb_store.namespaces has type integer, but must have type text",
        ),
        (
            format!("id text, schema_name text, {}", usual.replace("bigint", "timestamptz")),
            "created_at of eventodb_store.namespaces has type timestamp with time zone, but must have type bigint",
        ),
        ("id text, schema_name text".to_owned(), "eventodb_store.namespaces has no column token_hash"),
    ] {
        let place = Place::new(Kind::OursOnPostgres).await;
        let client = place.database.as_ref().expect("a server").client().await;
        let table = format!("drop table eventodb_store.namespaces; create table eventodb_store.namespaces ({columns})");
        client.batch_execute(&table).await.expect("a registry");
        let told = place.run(&["ns", "create", "other"]).failed(2);
        assert!(told.contains(problem), "{columns}: {told}");
        client.batch_execute("alter schema eventodb_test rename to moved").await.expect("renamed");
        place.run(&["ns", "migrate", "moved"]).done();
    }
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("a server").client().await;
    let similar = "alter table eventodb_store.namespaces alter schema_name type name, alter metadata type json,
                   alter id type varchar, alter created_at type numeric";
    client.batch_execute(similar).await.expect("a registry");
    place.run(&["ns", "create", "other"]).done();
    place.run(&["ns", "delete", "other", "--confirm", "other"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_and_repairs_a_renamed_schema() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("a server").client().await;
    place.run(&["write", "account-1", "Opened"]).done();
    client.batch_execute("alter schema eventodb_test rename to \"Other \"\"Place\"").await.expect("renamed");

    let listed = values(place.run(&["ns", "list"]));
    assert_eq!((&listed[0]["schema"], &listed[0]["outdated"]), (&"Other \"Place".into(), &true.into()));
    let caution = listed[0]["caution"].as_str().expect("a note");
    assert!(caution.contains("renamed from eventodb_test") && caution.contains("ns migrate"), "{caution}");
    assert_eq!(place.run(&["get", "account"]).done().lines().count(), 1, "it can still be read");

    let migrated = values(place.run(&["ns", "migrate"]));
    assert_eq!(migrated[0]["renamedFrom"], "eventodb_test");
    let listed = values(place.run(&["ns", "list"]));
    assert_eq!([&listed[0]["id"], &listed[0]["schema"]], ["test", "Other \"Place"], "the registry has the new schema");
    assert_eq!((&listed[0]["outdated"], &listed[0]["caution"]), (&false.into(), &serde_json::Value::Null));
    place.run(&["write", "account-1", "Closed", "--expected-version", "0"]).done();
    let calls = CLIENT.replace("{schema}", "\"Other \"\"Place\"");
    client.batch_execute(&format!("begin; {calls}; rollback")).await.expect("every function");
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_to_write_with_functions_that_name_another_schema() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("a server").client().await;
    place.run(&["ns", "create", "other"]).done();
    let line = "{\"stream\":\"account-1\",\"type\":\"Opened\"}\n";
    let refused = |schema: &str, former: &str| {
        for arguments in [&["write", "account-1", "Opened"][..], &["import", "-"], &["import", "--dry-run", "-"]] {
            let told = place.run_with_input(&[&["-n", schema], arguments].concat(), line).failed(1);
            let renamed = format!("schema {schema} was renamed from {former}");
            assert!(told.contains(&renamed) && told.contains("ns migrate"), "{arguments:?}: {told}");
        }
        let found = place.run(&["-n", schema, "doctor", "--only", "functions"]);
        assert_eq!(found.status, 8, "{found:?}");
        assert!(found.stdout.contains(&format!("the schema was renamed from {former}")), "{found:?}");
    };
    client.batch_execute("alter schema eventodb_test rename to moved").await.expect("renamed");
    refused("moved", "eventodb_test");
    place.run(&["ns", "migrate", "moved"]).done();
    place.run(&["-n", "moved", "write", "account-1", "Opened"]).done();

    let swap = "alter schema moved rename to swap; alter schema eventodb_other rename to moved;
                alter schema swap rename to eventodb_other";
    client.batch_execute(swap).await.expect("swapped");
    refused("moved", "eventodb_other");
    refused("eventodb_other", "moved");
    let counts = "select (select count(*) from moved.messages), (select count(*) from eventodb_other.messages)";
    let counts = client.query_one(counts, &[]).await.expect("counts");
    assert_eq!((counts.get::<_, i64>(0), counts.get::<_, i64>(1)), (0, 1), "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn explains_a_write_to_a_schema_that_was_renamed_after_it_was_opened() {
    let store = stores::TestStore::new(Kind::OursOnPostgres).await;
    let client = store.client().await.expect("a server");
    client.batch_execute("alter schema eventodb_test rename to moved").await.expect("renamed");
    let message = crate::store::messages::new("account-1", "Opened");
    let error = store.namespace.write(&message).await.expect_err("the schema is gone");
    assert!(matches!(&error, StoreError::NamespaceNotFound(id) if id == "test"), "{error}");
    let renamed = store.store.namespace("moved").await.expect("a namespace");
    store.store.migrate_namespace("moved").await.expect("repaired");
    renamed.write(&message).await.expect("the functions were repaired after it was opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn installs_missing_and_changed_functions_again() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("a server").client().await;
    let functions = || {
        let found: serde_json::Value =
            serde_json::from_str(&place.run(&["doctor", "--only", "functions"]).stdout).expect("one check");
        found["status"].as_str().expect("a status").to_owned()
    };
    let migrate = || values(place.run(&["ns", "migrate", "test"]))[0]["reinstalled"].clone();
    assert_eq!((functions(), migrate()), ("ok".to_owned(), false.into()));
    for damage in [
        "drop function eventodb_test.stream_version",
        "alter function eventodb_test.write_message security definer",
        "create or replace function eventodb_test.category(stream_name varchar) returns varchar language sql immutable
         as $$ select 'other' $$",
    ] {
        client.batch_execute(damage).await.expect(damage);
        assert_ne!(functions(), "ok", "{damage}");
        assert_eq!(migrate(), true, "{damage}");
        assert_eq!((functions(), migrate()), ("ok".to_owned(), false.into()), "{damage}");
    }
    let calls = CLIENT.replace("{schema}", "eventodb_test");
    client.batch_execute(&format!("begin; {calls}; rollback")).await.expect("every function");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_a_registered_namespace_whose_schema_is_gone() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let client = place.database.as_ref().expect("a server").client().await;
    client.batch_execute("drop schema eventodb_test cascade").await.expect("dropped");
    let listed = place.run(&["ns", "list"]);
    assert_eq!((listed.status, listed.stdout.as_str()), (0, ""));
    assert!(listed.stderr.contains("eventodb_test is gone") && listed.stderr.contains("ns delete test"), "{listed:?}");
    place.run(&["ns", "delete", "test", "--confirm", "test"]).done();
    assert!(!place.run(&["ns", "list"]).stderr.contains("gone"));
}

/// Other programs could have created the registry with other columns: numeric IDs, NULLs, timestamps.
#[tokio::test(flavor = "multi_thread")]
async fn a_registry_of_another_shape_never_causes_a_panic() {
    const SHAPES: [&str; 4] = [
        "create table eventodb_store.namespaces (id int, schema_name text, description text, created_at bigint);
         insert into eventodb_store.namespaces values (7, 'eventodb_test', 'a number', 1), (null, null, null, null)",
        "create table eventodb_store.namespaces (id text, schema_name text, description text, created_at bigint);
         insert into eventodb_store.namespaces values (null, 'eventodb_test', null, null), ('lost', null, null, null)",
        "create table eventodb_store.namespaces (id uuid, schema_name name, description bytea, created_at timestamptz);
         insert into eventodb_store.namespaces values (gen_random_uuid(), 'eventodb_test', '\\xff00', 'infinity')",
        "create table eventodb_store.namespaces (id text, schema_name text);
         insert into eventodb_store.namespaces values ('seven', 'eventodb_test')",
    ];
    for shape in SHAPES {
        let place = Place::new(Kind::OursOnPostgres).await;
        let client = place.database.as_ref().expect("on the server").client().await;
        client.batch_execute(&format!("drop table eventodb_store.namespaces; {shape}")).await.expect(shape);
        let listed = values(place.run(&["ns", "list", "--format", "json"]));
        let found: Vec<_> = listed.iter().filter(|line| line["schema"] == "eventodb_test").collect();
        assert_eq!(found.len(), 1, "{shape}: {listed:?}");
        if !shape.contains("description") {
            let caution = found[0]["caution"].as_str().unwrap_or_default();
            assert!(
                caution.contains("the registry eventodb_store.namespaces was not read: it has no column description"),
                "{caution}"
            );
        }
        let id = found[0]["id"].as_str().expect("an id");
        for arguments in [
            &["-n", id, "write", "account-1", "Opened"][..],
            &["-n", "eventodb_test", "get", "account-1"],
            &["categories"],
            &["ns", "info", id],
        ] {
            place.run(arguments).done();
        }
        for arguments in [
            &["-n", "lost", "categories"][..],
            &["ns", "list", "--format", "text"],
            &["ns", "create", "other"],
            &["ns", "migrate", id],
            &["ns", "delete", id, "--confirm", id],
        ] {
            let told = place.run(arguments);
            assert!(told.status < 8 && !told.stderr.contains("panicked"), "{shape}, {arguments:?}: {told:?}");
        }
    }
}
