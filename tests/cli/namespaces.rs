//! The `ns` commands, and how a command finds its namespace.

use serde_json::Value;

use super::place::Place;
use super::support::program::Outcome;
use super::support::server::Database;
use super::support::stores::{self, Kind};

fn values(outcome: Outcome) -> Vec<Value> {
    outcome.done().lines().map(|line| serde_json::from_str(line).expect("a line is one json value")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_is_made_listed_described_and_deleted() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let created = values(place.run(&["ns", "create", "shop-1", "--description", "the \"shop\""]));
    assert_eq!(created[0]["id"], "shop-1");
    assert_eq!(created[0]["schema"], "eventodb_shop_1");
    let token = created[0]["token"].as_str().expect("a token");
    assert!(token.starts_with("ns_") && token.len() > 70, "{token}");

    let listed = place.run(&["ns", "list"]).done();
    assert!(!listed.contains(token), "the token is shown once");
    let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).expect("json")).collect();
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
async fn a_namespace_may_be_called_like_a_command() {
    let place = Place::new(Kind::OursOnPostgres).await;
    place.run(&["ns", "create", "write"]).done();
    place.run(&["-n", "write", "write", "get-1", "last"]).done();
    assert_eq!(place.run(&["get", "get", "-n", "write"]).done().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_namespaces_is_aligned() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let listed = place.run(&["ns", "list", "--format", "text"]).done();
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with("NAMESPACE  MADE BY      VERSION"), "{listed}");
    assert!(lines[1].starts_with("test       streamscope  "), "{listed}");
    let described = place.run(&["ns", "info", "test", "--format", "text"]).done();
    assert!(
        described.contains("namespace    test\nschema       eventodb_test\nmade by      streamscope\n"),
        "{described}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn with_several_namespaces_one_must_be_named() {
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
    assert_eq!(super::support::program::outcome(&mut command).done(), "-1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_namespaces_says_how_to_make_one() {
    let database = Database::new().await;
    let user = super::support::program::User::new();
    let told = user.run(&["--url", &database.url(), "get", "account"]).failed(4);
    assert!(told.contains("no namespace") && told.contains("ns create"), "{told}");
    assert_eq!(user.run(&["--url", &database.url(), "ns", "list"]).done(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_taken_or_too_long_is_refused() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let told = place.run(&["ns", "create", "test"]).failed(1);
    assert!(told.contains("test"), "{told}");
    place.run(&["ns", "create", &"x".repeat(55)]).failed(2);
    place.run(&["ns", "create", ""]).failed(2);
}

/// What Message DB's own installation gives to its role; no role but the maker had any rights without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_named_reads_and_writes_and_does_no_more() {
    let database = Database::new().await;
    let client = database.client().await;
    let roles = ["reader", "worker"].map(|role| format!("{role}_{}", uuid::Uuid::now_v7().simple()));
    client.batch_execute(&format!("create role {} login; create role {}", roles[0], roles[1])).await.expect("roles");
    let user = super::support::program::User::new();
    let create = |role: &str| {
        user.run(&["--url", &database.url(), "ns", "create", "shop", "--grant", &roles[0], "--grant", role])
    };
    // Postgres would cut the name to that of a role.
    let long = "r".repeat(63);
    client.batch_execute(&format!("create role {long}")).await.expect("a role");
    for wrong in ["nobody\"; --", &format!("{long}r")] {
        let told = create(wrong).failed(2);
        assert!(told.contains(wrong), "{told}");
        assert_eq!(user.run(&["--url", &database.url(), "ns", "list"]).done(), "", "nothing was made");
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
async fn row_4_a_name_that_postgres_would_cut_means_no_other_namespace() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let longest = "x".repeat(54);
    place.run(&["ns", "create", &longest]).done();
    let schema = format!("eventodb_{longest}");
    // Cut at 63 bytes both would be the schema that is there.
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
async fn foreign_namespaces_are_listed_but_message_db_is_not_deleted() {
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
async fn migrating_what_is_up_to_date_changes_nothing() {
    let place = Place::new(Kind::OursOnPostgres).await;
    assert_eq!(place.run(&["ns", "migrate"]).done(), "");
    let migrated = values(place.run(&["ns", "migrate", "test"]));
    assert_eq!(migrated[0]["id"], "test");
    assert_eq!(migrated[0]["from"], migrated[0]["to"]);
}
