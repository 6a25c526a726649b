//! Tests of `doctor`: healthy stores of every kind are reported as healthy, and each planted fault is found, and
//! nothing else.

use streamscope::message::{ExpectedVersion, NewMessage, StreamName};
use streamscope::store::NewNamespace;
use streamscope::store::doctor::{CheckStatus, DoctorLimits, Finding, Scan};
use tokio_postgres::Client;

use crate::support::for_each_route;
use crate::support::server::Database;
use crate::support::stores::{Kind, Route, TestStore, store};

for_each_route!(a_healthy_store_has_no_findings);

async fn write(store: &TestStore, stream: &str) {
    let message = NewMessage {
        id: uuid::Uuid::now_v7(),
        stream: StreamName::new(stream).expect("a stream name"),
        message_type: "Opened".to_owned(),
        data: "{\"amount\": 1}".to_owned(),
        metadata: None,
        expected_version: ExpectedVersion::Any,
    };
    store.namespace.write(&message).await.expect("written");
}

/// Returns the findings that are neither ok nor skipped, as `check status`.
fn alarming(findings: &[Finding]) -> Vec<String> {
    let alarming = findings.iter().filter(|finding| matches!(finding.status, CheckStatus::Warn | CheckStatus::Fail));
    alarming.map(|finding| format!("{} {}", finding.check, finding.status.as_str())).collect()
}

/// The functions of the EventoDB of the tests are written for the tests, so they are reported as changed.
fn expected_of(store: &TestStore) -> Vec<String> {
    if store.kind == Kind::EventoDb { vec!["functions warn".to_owned()] } else { Vec::new() }
}

pub(crate) async fn a_healthy_store_has_no_findings(store: &TestStore) {
    for stream in ["account-1", "account-1", "order-1"] {
        write(store, stream).await;
    }
    let findings = store.namespace.examine(&DoctorLimits::default(), |_| true).await.expect("examined");
    assert_eq!(alarming(&findings), expected_of(store), "{findings:#?}");
    let mut scan = Scan::from(0);
    let step = store.namespace.scan_step(&mut scan).await.expect("scanned");
    assert_eq!((step.examined, step.complete), (3, true));
    assert_eq!(alarming(&scan.findings()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_standby_has_no_findings() {
    for kind in [Kind::OursOnPostgres, Kind::MessageDb, Kind::EventoDb] {
        let store = TestStore::by_route(kind, Route::Pair).await;
        write(&store, "account-1").await;
        let findings =
            store.on_the_standby().await.examine(&DoctorLimits::default(), |_| true).await.expect("examined");
        assert_eq!(alarming(&findings), expected_of(&store), "{findings:#?}");
    }
}

/// A fault: the check that must find it, its status, a part of what it says, and the SQL that plants and removes it.
/// `{s}` is the schema.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const FAULTS: &[Fault] = &[
    ("indexes fail", "unique id", "drop index {s}.messages_id", "create unique index messages_id on {s}.messages (id)"),
    (
        "indexes fail",
        "unique stream_name and position",
        "drop index {s}.messages_stream; create index messages_stream on {s}.messages (stream_name, position)",
        "drop index {s}.messages_stream; create unique index messages_stream on {s}.messages (stream_name, position)",
    ),
    (
        "indexes fail",
        "not usable: messages_id",
        "update pg_index set indisvalid = false where indexrelid = '{s}.messages_id'::regclass",
        "update pg_index set indisvalid = true where indexrelid = '{s}.messages_id'::regclass",
    ),
    (
        "columns warn",
        "data is json",
        "alter table {s}.messages alter column data type json",
        "alter table {s}.messages alter column data type jsonb",
    ),
    (
        "columns warn",
        "accepting NULL: time",
        "alter table {s}.messages alter column time drop not null",
        "alter table {s}.messages alter column time set not null",
    ),
    (
        "columns fail",
        "sets no value for \"Tenant\"",
        "alter table {s}.messages add \"Tenant\" int default 1 not null; alter table {s}.messages alter \"Tenant\" drop default",
        "alter table {s}.messages drop \"Tenant\"",
    ),
    (
        "sequence fail",
        "below the highest global position 3",
        "select setval('{s}.messages_global_position_seq', 2)",
        "select setval('{s}.messages_global_position_seq', 3)",
    ),
    (
        "sequence fail",
        "cache of 20",
        "alter sequence {s}.messages_global_position_seq cache 20",
        "alter sequence {s}.messages_global_position_seq cache 1",
    ),
    (
        "sequence fail",
        "starts again",
        "alter sequence {s}.messages_global_position_seq cycle",
        "alter sequence {s}.messages_global_position_seq no cycle",
    ),
    (
        "sequence fail",
        "100% used",
        "alter sequence {s}.messages_global_position_seq maxvalue 3",
        "alter sequence {s}.messages_global_position_seq no maxvalue",
    ),
    (
        "sequence warn",
        "does not belong",
        "alter sequence {s}.messages_global_position_seq owned by none",
        "alter sequence {s}.messages_global_position_seq owned by {s}.messages.global_position",
    ),
    ("table-kind warn", "inherit", "create table {s}.more () inherits ({s}.messages)", "drop table {s}.more"),
    (
        "triggers warn",
        "before they are stored: planted",
        "create function {s}.planted() returns trigger language plpgsql as 'begin return new; end';
         create trigger planted before insert on {s}.messages for each row execute function {s}.planted()",
        "drop function {s}.planted() cascade",
    ),
    (
        "triggers fail",
        "rules",
        "create rule planted as on insert to {s}.messages do also notify planted",
        "drop rule planted on {s}.messages",
    ),
    (
        "triggers fail",
        "time has no default",
        "alter table {s}.messages alter column time drop default",
        "alter table {s}.messages alter column time set default (now() at time zone 'utc')",
    ),
    (
        "grants warn",
        "not read",
        "create role {role}; grant usage on schema {s} to {role}",
        "drop owned by {role}; drop role {role}",
    ),
    (
        "grants fail",
        "global position",
        "create role {role}; grant usage on schema {s} to {role}; grant select, insert on {s}.messages to {role}",
        "drop owned by {role}; drop role {role}",
    ),
    (
        "collation warn",
        "version 0 of its collation",
        "update pg_database set datcollversion = '0' where datname = current_database()",
        "update pg_database set datcollversion = null where datname = current_database()",
    ),
    (
        "vacuum warn",
        "off for this table",
        "alter table {s}.messages set (autovacuum_enabled = false)",
        "alter table {s}.messages reset (autovacuum_enabled)",
    ),
    (
        "functions fail",
        "missing: stream_version",
        "alter function {s}.stream_version rename to renamed",
        "alter function {s}.renamed rename to stream_version",
    ),
    (
        "functions warn",
        "not as installed: write_message (security definer)",
        "alter function {s}.write_message security definer",
        "alter function {s}.write_message security invoker",
    ),
    (
        "functions warn",
        "not as installed: write_message (set search_path=public, pg_temp)",
        "alter function {s}.write_message set search_path = public, pg_temp",
        "alter function {s}.write_message reset search_path",
    ),
    (
        "functions warn",
        "not as installed: stream_version (stable)",
        "alter function {s}.stream_version stable",
        "alter function {s}.stream_version volatile",
    ),
    (
        "functions warn",
        "not as installed: category (security definer, volatile)",
        "alter function {s}.category security definer volatile",
        "alter function {s}.category security invoker immutable",
    ),
    ("table-kind fail", "unlogged", "alter table {s}.messages set unlogged", "alter table {s}.messages set logged"),
];

async fn every_fault_is_found_and_nothing_else(kind: Kind) {
    let store = TestStore::new(kind).await;
    for stream in ["account-1", "account-1", "order-1"] {
        write(&store, stream).await;
    }
    let client = store.client().await.expect("a server");
    // A collation without a version, such as C, has none to compare with.
    let versioned = client
        .query_one("select pg_database_collation_actual_version(oid) is not null from pg_database where datname = current_database()", &[])
        .await
        .expect("asked")
        .get::<_, bool>(0);
    let role = format!("role_{}", uuid::Uuid::now_v7().simple());
    let filled = |sql: &str| sql.replace("{s}", &store.schema).replace("{role}", &role);
    for (expected, seen, plant, remove) in FAULTS.iter().filter(|fault| versioned || !fault.0.starts_with("collation"))
    {
        client.batch_execute(&filled(plant)).await.unwrap_or_else(|error| panic!("{plant}: {error}"));
        let findings = store.namespace.examine(&DoctorLimits::default(), |_| true).await.expect("examined");
        assert_eq!(alarming(&findings), [*expected], "{plant}\n{findings:#?}");
        let found = findings.iter().find(|finding| expected.starts_with(finding.check)).expect("the finding");
        assert!(found.seen.contains(seen), "{plant}: {found:?}");
        assert!(found.remedy.is_some(), "{plant}: {found:?}");
        client.batch_execute(&filled(remove)).await.unwrap_or_else(|error| panic!("{remove}: {error}"));
        let findings = store.namespace.examine(&DoctorLimits::default(), |_| true).await.expect("examined");
        assert_eq!(alarming(&findings), Vec::<String>::new(), "after {remove}\n{findings:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_table_with_numbers_of_its_own_is_found() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let schema = format!("\"{}\"", store.schema);
    let parts = "create table {s}.alike () inherits ({s}.messages); create table {s}.apart () inherits ({s}.messages);
                 create sequence {s}.own; alter table {s}.apart alter global_position set default nextval('{s}.own')";
    store.client().await.expect("a server").batch_execute(&parts.replace("{s}", &schema)).await.expect("parts");
    let findings = store.namespace.examine(&DoctorLimits::default(), |_| true).await.expect("examined");
    assert_eq!(alarming(&findings), ["sequence fail", "table-kind warn"], "{findings:#?}");
    let finding = findings.iter().find(|finding| finding.check == "sequence").expect("the finding");
    let remedy = finding.remedy.as_deref().expect("a remedy");
    assert!(finding.seen.contains("apart does not default to the next number"), "{finding:?}");
    store.client().await.expect("a server").batch_execute(remedy).await.expect("remedied");
    let findings = store.namespace.examine(&DoctorLimits::default(), |_| true).await.expect("examined");
    assert_eq!(alarming(&findings), ["table-kind warn"], "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_our_namespace_is_found_and_nothing_else() {
    every_fault_is_found_and_nothing_else(Kind::OursOnPostgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_message_db_is_found_and_nothing_else() {
    every_fault_is_found_and_nothing_else(Kind::MessageDb).await;
}

/// Replaces a function by one with another body and returns the definition that restores it.
async fn replace_body(client: &Client, schema: &str, name: &str) -> String {
    let definition: String = client
        .query_one(
            "select pg_get_functiondef(oid) from pg_proc where pronamespace = $1::text::regnamespace and proname = $2",
            &[&schema, &name],
        )
        .await
        .expect("the definition")
        .get(0);
    let changed = if let Some((head, body)) = definition.split_once("AS $function$") {
        let (_, tail) = body.rsplit_once("$function$").expect("a body");
        format!("{head}AS $function$ begin return null; end $function${tail}")
    } else {
        let body = definition.rfind("\nBEGIN ATOMIC").or_else(|| definition.rfind("\nRETURN ")).expect("a body");
        let result = definition.split_once("RETURNS ").and_then(|(_, rest)| rest.split_whitespace().next());
        format!("{}\nRETURN null::{}", &definition[..body], result.expect("a type"))
    };
    client.batch_execute(&changed).await.expect("replaced");
    definition
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_function_is_named() {
    for kind in [Kind::OursOnPostgres, Kind::MessageDb] {
        let store = TestStore::new(kind).await;
        let client = store.client().await.expect("a server");
        for name in ["stream_version", "is_category", "acquire_lock"] {
            let definition = replace_body(&client, &store.schema, name).await;
            let findings =
                store.namespace.examine(&DoctorLimits::default(), |id| id == "functions").await.expect("examined");
            assert_eq!(findings.len(), 1, "only the wanted check runs");
            assert_eq!(findings[0].seen, format!("not as installed: {name}"), "{kind:?}");
            client.batch_execute(&definition).await.expect("restored");
        }
        let findings = store.namespace.examine(&DoctorLimits::default(), |_| true).await.expect("examined");
        assert_eq!(alarming(&findings), Vec::<String>::new(), "{findings:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_writers_and_the_transaction_that_blocks_them_are_found() {
    let store = TestStore::new(Kind::MessageDb).await;
    write(&store, "account-1").await;
    let mut blocker = store.client().await.expect("a server");
    let path = "set search_path = message_store, public";
    blocker.batch_execute(path).await.expect("set");
    let transaction = blocker.transaction().await.expect("begun");
    let insert = "select message_store.write_message(gen_random_uuid()::varchar, 'account-1', 'Opened', '{}')";
    transaction.query_one(insert, &[]).await.expect("written");
    let waiter = store.client().await.expect("a server");
    waiter.batch_execute(path).await.expect("set");
    let waiting = tokio::spawn(async move { waiter.query_one(insert, &[]).await.map(|_| ()) });
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
    let wanted = |id: &str| matches!(id, "transactions" | "category-locks");
    loop {
        let findings = store.namespace.examine(&DoctorLimits::default(), wanted).await.expect("examined");
        if alarming(&findings) == ["transactions warn", "category-locks warn"] {
            assert!(findings[0].seen.contains("uncommitted message"), "{findings:?}");
            assert!(findings[1].seen.contains("the lock of a category"), "{findings:?}");
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{findings:#?}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    transaction.rollback().await.expect("rolled back");
    waiting.await.expect("joined").expect("written");
    let findings = store.namespace.examine(&DoctorLimits::default(), wanted).await.expect("examined");
    assert_eq!(alarming(&findings), Vec::<String>::new(), "{findings:#?}");
}

/// A slot that nobody reads, many connections and old rows are normal up to the limits, so the test lowers the limits.
#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_resources_can_be_changed() {
    let store = TestStore::new(Kind::MessageDb).await;
    let client = store.client().await.expect("a server");
    let slot = format!("slot_{}", uuid::Uuid::now_v7().simple());
    client.batch_execute(&format!("select pg_create_physical_replication_slot('{slot}', true)")).await.expect("a slot");
    let wanted = |id: &str| matches!(id, "replication-slots" | "wraparound" | "connections");
    let findings = store.namespace.examine(&DoctorLimits::default(), wanted).await.expect("examined");
    assert_eq!(alarming(&findings), Vec::<String>::new(), "{findings:#?}");
    let low = DoctorLimits { slot_bytes: (0, i64::MAX), wraparound: (0, i64::MAX), connections: (0, 0) };
    let findings = store.namespace.examine(&low, wanted).await.expect("examined");
    assert_eq!(alarming(&findings), ["replication-slots warn", "wraparound warn", "connections fail"], "{findings:#?}");
    assert!(findings[0].seen.contains("is not in use and retains"), "{findings:#?}");
    client.batch_execute(&format!("select pg_drop_replication_slot('{slot}')")).await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_hide_messages_are_found() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let client = store.client().await.expect("a server");
    let sql = format!("alter table {}.messages enable row level security", store.schema);
    client.batch_execute(&sql).await.expect("enabled");
    let as_owner =
        store.namespace.examine(&DoctorLimits::default(), |id| id == "row-security").await.expect("examined");
    assert_eq!((as_owner[0].status, as_owner[0].seen.as_str()), (CheckStatus::Ok, "on, but not for this role"));
    let role = format!("role_{}", uuid::Uuid::now_v7().simple());
    let schema = &store.schema;
    let create = format!(
        "create role {role} login; grant usage on schema {schema} to {role}; grant select on {schema}.messages to {role};
         grant execute on all functions in schema {schema} to {role}"
    );
    client.batch_execute(&create).await.expect("a role");
    let url = store.url.as_deref().expect("a server").replacen("postgres@", &format!("{role}@"), 1);
    let environment = streamscope::store::connect::Environment::default();
    let settings = streamscope::store::Settings::resolve(Some(&url), &environment).expect("valid").expect("a server");
    let theirs = streamscope::store::Store::new(settings, streamscope::store::Options::default());
    let namespace = theirs.namespace(schema).await.expect("opened");
    let findings = namespace.examine(&DoctorLimits::default(), |_| true).await.expect("examined");
    assert_eq!(alarming(&findings), ["row-security warn"], "{findings:#?}");
    client.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_finds_what_the_catalog_cannot_show() {
    let store = TestStore::new(Kind::MessageDb).await;
    let client = store.client().await.expect("a server");
    let plant = "
        drop index message_store.messages_id;
        drop index message_store.messages_stream;
        insert into message_store.messages (id, stream_name, type, position, time, data, metadata) values
          ('00000000-0000-0000-0000-000000000001', 'account-1', 'A', 0, '2026-01-02', '{}', null),
          ('00000000-0000-0000-0000-000000000002', 'account-1', 'A', 2, '2026-01-02', '{}', null),
          ('00000000-0000-0000-0000-000000000002', 'account-2', 'A', 0, '2026-01-02', '{}', null),
          ('00000000-0000-0000-0000-000000000003', 'account-2', 'A', 0, '2026-01-01', '{}', null),
          ('00000000-0000-0000-0000-000000000004', 'account-3', 'A', 0, '2026-01-01', '[1]', null),
          ('00000000-0000-0000-0000-000000000005', 'account', 'A', 0, '2026-01-01', '{}', null),
          ('00000000-0000-0000-0000-000000000006', 'account-4', 'A', 0, '2026-01-01', '{}',
           '{\"causationMessageStreamName\": \"account-1\", \"causationMessagePosition\": 2}'),
          ('00000000-0000-0000-0000-000000000007', 'account-4', 'A', 1, '2026-01-01', '{}',
           '{\"causationMessageStreamName\": \"account-1\", \"causationMessagePosition\": 7}'),
          ('00000000-0000-0000-0000-000000000008', 'account-5', 'A', -1, '2026-01-01', '{}', null);
        create index messages_stream on message_store.messages (stream_name, position);
        create index messages_id on message_store.messages (id)";
    client.batch_execute(plant).await.expect("planted");
    let mut scan = Scan::from(0);
    store.namespace.scan_step(&mut scan).await.expect("scanned");
    let seen: Vec<(&str, &str, String)> =
        scan.findings().into_iter().map(|finding| (finding.check, finding.status.as_str(), finding.seen)).collect();
    let (one, two) = ("1 of 9 messages examined is", "2 of 9 messages examined are");
    let expected = [
        (
            "stream-gaps",
            "fail",
            format!("{two} after a gap in the stream or below position 0; the first is account-1@2"),
        ),
        (
            "duplicate-positions",
            "fail",
            format!("{two} at a position that another message of the stream has; the first is account-2@0"),
        ),
        (
            "duplicate-ids",
            "fail",
            format!("{two} stored with an ID that another message has; the first is account-1@2"),
        ),
        ("times", "warn", format!("{one} more than a minute older than the message before; the first is account-2@0")),
        ("causes", "warn", format!("{one} linked to a cause that does not exist; the first is account-4@1")),
        (
            "bodies",
            "warn",
            format!("{one} stored with data or metadata that is not a JSON object; the first is account-3@0"),
        ),
        ("stream-names", "warn", format!("{one} in a stream without an ID; the first is account@0")),
    ];
    assert_eq!(seen, expected);
    let mut rest = Scan::from(6);
    let step = store.namespace.scan_step(&mut rest).await.expect("scanned");
    assert_eq!((step.examined, step.through, step.complete), (4, 9, true), "a scan continues at a global position");
}

#[tokio::test(flavor = "multi_thread")]
async fn remedies_can_be_pasted_whatever_the_names_contain() {
    let database = Database::new().await;
    let schema = "d\u{15}\u{1b}[201~\rtouch pwn\r\"x'\u{f6}";
    let new = NewNamespace { id: "odd", schema: Some(schema), ..NewNamespace::default() };
    store(&database).create(&new).await.expect("created");
    let client = database.client().await;
    let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
    let damage = format!(
        "drop index {quoted}.messages_id; alter sequence {quoted}.messages_global_position_seq cycle;
         alter table {quoted}.messages alter column time drop default"
    );
    client.batch_execute(&damage).await.expect("damaged");
    let examined = async || {
        let namespace = store(&database).namespace("odd").await.expect("opened");
        namespace.examine(&DoctorLimits::default(), |_| true).await.expect("examined")
    };
    let findings = examined().await;
    assert_eq!(alarming(&findings), ["indexes fail", "sequence fail", "triggers fail"], "{findings:#?}");
    for remedy in findings.into_iter().filter_map(|finding| finding.remedy) {
        assert!(remedy.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{remedy:?}");
        client.batch_execute(&remedy).await.unwrap_or_else(|error| panic!("{remedy}: {error}"));
    }
    assert_eq!(alarming(&examined().await), Vec::<String>::new());
}
