//! Tests that reading a database never runs code that another role planted in it. A planted function leaves a file on
//! the server, which works in a read-only transaction too. Each test first triggers the function with a plain query, to
//! show that it works.

use std::path::PathBuf;

use crate::support::program::User;
use crate::support::server::Database;
use crate::support::stores::message_db;

/// A database with a role that may create objects, and a function that leaves the file.
struct Planted {
    database: Database,
    role: String,
    proof: PathBuf,
}

/// An imitation of a registered namespace.
const STORE: &str = "
    create schema eventodb_store;
    create table eventodb_store.namespaces (id text, token_hash text, schema_name text, description text, created_at bigint, metadata jsonb);
    insert into eventodb_store.namespaces values ('shop', 'x', 'eventodb_shop', 'planted', 0, '{}');
    create schema eventodb_shop;
    create table eventodb_shop.messages (global_position bigserial primary key, position bigint, time timestamp default now(),
      stream_name text, type text, data jsonb, metadata jsonb, id uuid default gen_random_uuid());
    create table eventodb_shop._schema_version (version integer);
    insert into eventodb_shop._schema_version values (1);
    create function eventodb_shop.write_message(text) returns bigint language sql as 'select 1::bigint';
    insert into eventodb_shop.messages (stream_name, position, type) values ('account-1', 0, 'Opened');";

impl Planted {
    async fn new(database: Database, plant: &str) -> Self {
        let name = uuid::Uuid::now_v7().simple().to_string();
        let (role, proof) = (format!("mallory_{name}"), std::env::temp_dir().join(format!("planted_{name}")));
        let client = database.client().await;
        let ground = format!(
            "create role {role} in role pg_write_server_files; grant all on schema public to {role}; grant all on database {} to {role};
             set session authorization {role};
             create function public.leave() returns void language plpgsql as
               'begin copy (select 1) to ''{}''; end';
             create function public.evil(anyelement) returns anyelement language plpgsql immutable as
               'begin perform public.leave(); return $1; end';",
            database.name(),
            proof.display(),
        );
        client.batch_execute(&ground).await.expect("the role and the functions are created");
        client.batch_execute(plant).await.expect("the code is planted");
        let planted = Self { database, role, proof };
        // Creating it may have triggered it.
        if planted.proof.exists() {
            planted.pick_up();
        }
        planted
    }

    /// Checks that a plain query triggers the planted code. Otherwise the test would prove nothing.
    async fn goes_off_by(&self, query: &str) {
        self.database.client().await.batch_execute(query).await.expect("the query succeeds");
        assert!(self.proof.exists(), "{query} does not trigger it");
        self.pick_up();
    }

    fn pick_up(&self) {
        std::fs::remove_file(&self.proof).expect("the file is there");
    }

    /// Runs commands as a superuser, with and without `--read-only`, and checks that they do not trigger it. Returns
    /// all output.
    fn stays_quiet(&self, commands: &[&[&str]]) -> String {
        self.stays_quiet_for(&self.database.url(), commands)
    }

    fn stays_quiet_for(&self, url: &str, commands: &[&[&str]]) -> String {
        let user = User::new();
        let mut told = String::new();
        for command in commands {
            for guard in [&[][..], &["--read-only"]] {
                let outcome = user.run(&[&["--url", url], guard, command].concat());
                assert!(!self.proof.exists(), "{command:?} triggered it: {outcome:?}");
                assert!(outcome.status < 100, "{command:?}: {outcome:?}");
                told.push_str(&outcome.stdout);
                told.push_str(&outcome.stderr);
            }
        }
        told
    }

    async fn clear(self) {
        let client = self.database.client().await;
        client.batch_execute(&format!("drop owned by {0} cascade; drop role {0}", self.role)).await.expect("dropped");
    }
}

/// Commands that do not name a namespace.
const UNASKED: &[&[&str]] = &[
    &["ns", "list"],
    &["ns", "list", "--format", "text"],
    &["categories"],
    &["streams"],
    &["get", "account"],
    &["get", "account-1"],
    &["last", "account-1"],
    &["version", "account-1"],
    &["stats"],
    &["export"],
    &["tail", "account", "--from", "start", "--until", "now"],
];

#[tokio::test(flavor = "multi_thread")]
async fn reading_never_runs_code_planted_in_the_registry() {
    let plants = [
        (
            "alter table eventodb_store.namespaces rename to kept;
             create view eventodb_store.namespaces as select public.evil(id) as id, schema_name, description, created_at from eventodb_store.kept",
            "select id from eventodb_store.namespaces",
            "it is a view",
        ),
        (
            "create type public.told as enum ('shop');
             create function public.say(public.told) returns text language plpgsql as 'begin perform public.leave(); return ''shop''; end';
             create cast (public.told as text) with function public.say(public.told) as implicit;
             alter table eventodb_store.namespaces alter id type public.told using id::public.told",
            "select id::text from eventodb_store.namespaces",
            "column id has type public.told",
        ),
        (
            "create index on eventodb_store.namespaces ((id || public.evil('x'::text)))",
            "explain select id from eventodb_store.namespaces",
            "one of its indexes has an expression",
        ),
        (
            "create statistics public.s on (id || public.evil('x'::text)), schema_name from eventodb_store.namespaces; analyze eventodb_store.namespaces",
            "explain select id from eventodb_store.namespaces where id = 'x'",
            "it has extended statistics",
        ),
    ];
    for (plant, sets_off, reason) in plants {
        let planted = Planted::new(Database::new().await, &format!("{STORE}{plant}")).await;
        planted.goes_off_by(sets_off).await;
        let told = planted.stays_quiet(UNASKED);
        assert!(
            told.contains(&format!("the registry eventodb_store.namespaces was not read: {reason}")),
            "{reason}: {told}"
        );
        assert!(told.contains("eventodb_shop"), "the namespace is listed with its schema: {told}");
        planted.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_never_runs_code_planted_in_a_version_table() {
    let plants = [
        (
            "drop table eventodb_shop._schema_version;
             create view eventodb_shop._schema_version as select public.evil(1) as version",
            "select version from eventodb_shop._schema_version",
            "_schema_version was not read: it is a view",
        ),
        (
            "create view eventodb_shop._streamscope_version as select public.evil(1) as version",
            "select version from eventodb_shop._streamscope_version",
            "_streamscope_version was not read: it is a view",
        ),
        (
            "create type public.number as enum ('1');
             create function public.more(text, public.number) returns text language plpgsql as 'begin perform public.leave(); return ''1''; end';
             create aggregate public.max(public.number) (sfunc = public.more, stype = text);
             alter table eventodb_shop._schema_version alter version type public.number using '1'::public.number",
            "select max(version) from eventodb_shop._schema_version",
            "_schema_version was not read: column version has type",
        ),
    ];
    for (plant, sets_off, reason) in plants {
        let planted = Planted::new(Database::new().await, &format!("{STORE}{plant}")).await;
        planted.goes_off_by(sets_off).await;
        let told = planted.stays_quiet(UNASKED);
        assert!(told.contains(reason), "{reason}: {told}");
        planted.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn never_reads_messages_that_are_not_a_plain_table() {
    let plants = [
        (
            "alter table eventodb_shop.messages rename to kept;
             create view eventodb_shop.messages as select global_position, position, time, public.evil(stream_name) as stream_name, type,
               data, metadata, id from eventodb_shop.kept",
            "select stream_name from eventodb_shop.messages",
            "messages is a view",
        ),
        (
            "create type public.told as enum ('Opened');
             create function public.say(public.told) returns text language plpgsql as 'begin perform public.leave(); return ''x''; end';
             create cast (public.told as text) with function public.say(public.told) as assignment;
             alter table eventodb_shop.messages alter type type public.told using type::public.told",
            "select type::text from eventodb_shop.messages",
            "column type has type public.told",
        ),
    ];
    let named: &[&[&str]] =
        &[&["categories", "-n", "shop"], &["get", "account-1", "-n", "shop"], &["ns", "info", "shop"]];
    for (plant, sets_off, reason) in plants {
        let planted = Planted::new(Database::new().await, &format!("{STORE}{plant}")).await;
        planted.goes_off_by(sets_off).await;
        let told = planted.stays_quiet(UNASKED);
        assert!(told.contains(reason), "{reason}: {told}");
        let told = planted.stays_quiet(named);
        assert!(told.contains(&format!("namespace shop cannot be opened: {reason}")), "{told}");
        planted.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_the_catalog_never_casts_the_default_of_a_new_column() {
    let plants = ["eventodb_shop.messages", "eventodb_shop._schema_version", "eventodb_store.namespaces"];
    for table in plants {
        let plant = format!(
            "{STORE} create type public.told as enum ('x');
             create function public.say(public.told) returns json language plpgsql as 'begin perform public.leave(); return ''1''; end';
             create cast (public.told as json) with function public.say(public.told);
             alter table {table} add extra public.told default 'x'"
        );
        let planted = Planted::new(Database::new().await, &plant).await;
        planted.goes_off_by("select to_json(a) from pg_attribute a where attname = 'extra'").await;
        let told = planted.stays_quiet(UNASKED);
        assert!(told.contains("account-1"), "the namespace is read: {told}");
        planted.stays_quiet(&[&["ns", "info", "shop"], &["doctor", "-n", "shop"], &["get", "account", "-n", "shop"]]);
        planted.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opens_a_namespace_that_calls_foreign_functions_only_by_name() {
    let partitioned = |whole: &str, part: &str| {
        format!(
            "alter table eventodb_shop.messages rename to kept;
             create table eventodb_shop.{whole} (like eventodb_shop.kept including defaults)
               partition by list ((type || public.evil('x'::text)));
             create table eventodb_shop.{part} partition of eventodb_shop.{whole} default;
             insert into eventodb_shop.messages select * from eventodb_shop.kept"
        )
    };
    let plants = [
        (
            "create index on eventodb_shop.messages ((type || public.evil('x'::text)))",
            "explain select type from eventodb_shop.messages",
        ),
        (
            "create table eventodb_shop.more (check (public.evil(1) > 0)) inherits (eventodb_shop.messages)",
            "explain select type from eventodb_shop.messages where type = 'x'",
        ),
        (
            "create function eventodb_shop.message_store_version() returns text language sql as 'select ''1.3.0''';
             create function eventodb_shop.category(text) returns text language plpgsql immutable as
               'begin perform public.leave(); return split_part($1, ''-'', 1); end';
             create index on eventodb_shop.messages (eventodb_shop.category(stream_name), global_position)",
            "select eventodb_shop.category('x')",
        ),
        (
            "create schema ahead;
             create function ahead.split_part(text, text, int) returns text language plpgsql as
               'begin perform public.leave(); return pg_catalog.split_part($1, $2, $3); end';
             create function eventodb_shop.message_store_version() returns text language sql as 'select ''1.3.0''';
             create function eventodb_shop.category(stream_name varchar) returns varchar language plpgsql immutable
               set search_path = ahead, pg_catalog as 'begin return split_part(category.stream_name, ''-'', 1); end;';
             create index on eventodb_shop.messages (eventodb_shop.category(stream_name), global_position)",
            "select eventodb_shop.category('x')",
        ),
        // Without an index, the reads themselves would call it.
        (
            "create function eventodb_shop.message_store_version() returns text language sql as 'select ''1.3.0''';
             create function eventodb_shop.category(stream_name varchar) returns varchar language plpgsql immutable as
               'begin perform public.leave(); return split_part($1, ''-'', 1); end'",
            "select eventodb_shop.category('x')",
        ),
        // The original, and an overload that fits the type of the column better.
        (
            "create function eventodb_shop.message_store_version() returns text language sql as 'select ''1.3.0''';
             create function eventodb_shop.category(stream_name varchar) returns varchar language plpgsql immutable as
               'begin return split_part(category.stream_name, ''-'', 1); end;';
             create function eventodb_shop.category(text) returns text language plpgsql immutable as
               'begin perform public.leave(); return split_part($1, ''-'', 1); end';
             create index on eventodb_shop.messages (eventodb_shop.category(stream_name::varchar), global_position)",
            "select eventodb_shop.category(stream_name) from eventodb_shop.messages",
        ),
        (&partitioned("messages", "part"), "explain select type from eventodb_shop.messages"),
        (
            &partitioned("whole", "messages"),
            "set constraint_exclusion = on; explain select type from eventodb_shop.messages where type = 'x'",
        ),
    ];
    for (plant, sets_off) in plants {
        let planted = Planted::new(Database::new().await, &format!("{STORE}{plant}")).await;
        planted.goes_off_by(sets_off).await;
        let told = planted.stays_quiet(UNASKED);
        assert!(told.contains("reading it calls function") && told.contains("name it with -n"), "{told}");
        let outcome = User::new().run(&["--url", &planted.database.url(), "get", "account-1", "-n", "shop"]);
        assert_eq!(outcome.done().lines().count(), 1, "a namespace that is named is opened");
        if planted.proof.exists() {
            planted.pick_up();
        }
        planted.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_foreign_policies_only_for_a_namespace_chosen_by_name() {
    let policies = [
        ("", "public.evil(true)", "function public.evil"),
        (
            "create domain public.checked as text check (public.evil(value) is not null)",
            "stream_name::public.checked is not null",
            "code behind type public.checked",
        ),
        (
            "create view public.seen as select public.evil(1) as number; grant select on public.seen to public",
            "exists (select from public.seen where number > 0)",
            "code behind view public.seen",
        ),
        ("", "query_to_xml('select public.evil(1)', true, false, '') is not null", "code behind policy p"),
        (
            "create type public.told as enum ('x');
             create function public.say(public.told) returns json language plpgsql as 'begin perform public.leave(); return ''1''; end';
             create cast (public.told as json) with function public.say(public.told);
             alter table eventodb_shop.messages add extra public.told default 'x'",
            "to_json(messages) is not null",
            "code behind policy p",
        ),
    ];
    for (before, condition, called) in policies {
        let planted = Planted::new(
            Database::new().await,
            &format!(
                "{STORE} {before}; alter table eventodb_shop.messages enable row level security;
                 create policy p on eventodb_shop.messages using ({condition});
                 alter table eventodb_store.namespaces enable row level security;
                 create policy p on eventodb_store.namespaces using (public.evil(true));
                 grant usage on schema eventodb_shop, eventodb_store to public;
                 grant select on all tables in schema eventodb_shop, eventodb_store to public"
            ),
        )
        .await;
        let victim = format!("victim_{}", uuid::Uuid::now_v7().simple());
        let client = planted.database.client().await;
        let role = format!("create role {victim} login in role pg_write_server_files");
        client.batch_execute(&role).await.expect("a role");
        for table in ["eventodb_store.namespaces", "eventodb_shop.messages"] {
            planted.goes_off_by(&format!("set session authorization {victim}; select * from {table}")).await;
        }
        let url = planted.database.url().replacen("postgres@", &format!("{victim}@"), 1);
        let told = planted.stays_quiet_for(&url, UNASKED);
        assert!(told.contains(&format!("reading it calls {called}")) && told.contains("name it with -n"), "{told}");
        client.batch_execute(&format!("drop role {victim}")).await.expect("dropped");
        planted.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_the_positions_of_consumers_never_runs_planted_code() {
    for (plant, reason) in [
        (
            "create index on public.propulsion_checkpoint ((tranche || public.evil('x'::text)))",
            "one of its indexes has an expression",
        ),
        (
            "create statistics public.s on (tranche || public.evil('x'::text)), position from public.propulsion_checkpoint;
             analyze public.propulsion_checkpoint",
            "it has extended statistics",
        ),
    ] {
        let table = "create table public.propulsion_checkpoint (tranche text, consumer_group text, position bigint)";
        let planted = Planted::new(Database::new().await, &format!("{STORE} {table}; {plant}")).await;
        planted.goes_off_by("explain select * from public.propulsion_checkpoint where tranche = 'x'").await;
        let told = planted.stays_quiet(&[&["consumers"], &["-n", "shop", "consumers"]]);
        assert!(told.contains(reason), "{told}");
        planted.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounded_part_of_the_registry_is_read() {
    let database = Database::new().await;
    let sql = format!(
        "{STORE} update eventodb_store.namespaces set description = repeat('d', 1000000);
         insert into eventodb_store.namespaces select 'lost' || i, 'x', 'lost' || i, '', 0, '{{}}' from generate_series(1, 20000) i"
    );
    database.client().await.batch_execute(&sql).await.expect("a large registry");
    let outcome = User::new().run(&["--url", &database.url(), "ns", "list"]);
    assert!(outcome.stdout.contains("\"id\":\"shop\"") && outcome.stdout.len() < 2000, "{}", outcome.stdout.len());
    assert_eq!(outcome.stderr.matches("is registered, but its schema").count(), 9999);
}

#[tokio::test(flavor = "multi_thread")]
async fn suggested_commands_quote_names_that_a_shell_would_run() {
    let database = Database::new().await;
    let id = "x; touch pwned; \u{15}\u{1b}[201~\r";
    let client = database.client().await;
    let entry = format!("{STORE} update eventodb_store.namespaces set id = $id${id}$id$");
    client.batch_execute(&entry).await.expect("a registered namespace");
    let version = "create table eventodb_shop._streamscope_version (version integer); insert into eventodb_shop._streamscope_version values (1)";
    client.batch_execute(version).await.expect("an old version");
    let quoted = r#""$(printf 'x\073 touch pwned\073 \025\033\133201\176\015')""#;
    let user = User::new();
    let examined = user.run(&["--url", &database.url(), "doctor", "--format", "text"]);
    let command = |command| format!("streamscope --url {} {command} {quoted}", database.url());
    assert!(examined.stdout.contains(&command("ns migrate")), "{examined:?}");
    client.batch_execute("drop schema eventodb_shop cascade").await.expect("dropped");
    let listed = user.run(&["--url", &database.url(), "ns", "list"]);
    assert!(listed.stderr.contains(&command("ns delete")), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_read_hides_no_namespace() {
    for version in ["json using '1'", "boolean using true", "point using '(1,1)'"] {
        let database = Database::new().await;
        let client = database.client().await;
        let sql = format!("{STORE} alter table eventodb_shop._schema_version alter version type {version}");
        client.batch_execute(&sql).await.expect(version);
        let told = User::new().run(&["--url", &database.url(), "ns", "list"]).done();
        let problem = "_schema_version was not read: column version has type";
        assert!(told.contains("\"shop\"") && told.contains(problem), "{told}");
    }
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(STORE).await.expect("a store");
    let lock = "begin; lock table eventodb_store.namespaces, eventodb_shop._schema_version";
    client.batch_execute(lock).await.expect("locked");
    let told = User::new().run(&["--url", &database.url(), "ns", "list"]);
    let problem = "was not read: another session has locked it";
    assert!(told.status == 0 && told.stdout.contains("eventodb_shop") && told.stdout.contains(problem), "{told:?}");
    let other =
        "rollback; create schema other; create table other.messages (like eventodb_shop.messages including all);
                 create function other.write_message() returns int language sql as 'select 1'";
    for sql in [other, "begin; lock table other.messages"] {
        client.batch_execute(sql).await.expect(sql);
    }
    let told = User::new().run(&["--url", &database.url(), "ns", "list"]);
    let problem = "another session has locked its table messages";
    assert!(told.status == 0 && told.stdout.contains("eventodb_shop") && told.stdout.contains(problem), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_never_runs_a_planted_replacement_of_a_function_that_message_db_calls() {
    let planted = Planted::new(
        message_db().await,
        "create function public.split_part(varchar, text, int) returns text language plpgsql immutable as
           'begin perform public.leave(); return pg_catalog.split_part($1::text, $2, $3); end'",
    )
    .await;
    let client = planted.database.client().await;
    let write = "set search_path = message_store, pg_catalog;
                 select write_message(gen_random_uuid()::varchar, 'account-1', 'Opened', '{}')";
    client.batch_execute(write).await.expect("written");
    if planted.proof.exists() {
        planted.pick_up();
    }
    planted.goes_off_by("select message_store.category('account-1')").await;
    let told = planted.stays_quiet(UNASKED);
    assert!(told.contains("account-1"), "{told}");
    planted.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_registry_cannot_take_over_the_name_of_a_schema() {
    let hijack = "update eventodb_store.namespaces set id = 'message_store';
                  create index on eventodb_shop.messages ((type || public.evil('x'::text)))";
    let planted = Planted::new(message_db().await, &format!("{STORE}{hijack}")).await;
    planted.goes_off_by("explain select type from eventodb_shop.messages").await;
    let refused = "namespace message_store cannot be opened: this is both the name of a schema with messages \
                   and, in eventodb_store.namespaces, the ID of the namespace in schema eventodb_shop";
    for command in [
        &["-n", "message_store", "get", "account"][..],
        &["-n", "message_store", "categories"],
        &["-n", "message_store", "doctor"],
        &["-n", "message_store", "write", "account-1", "Opened"],
        &["ns", "info", "message_store"],
    ] {
        let told = planted.stays_quiet(&[command]);
        assert!(told.contains(refused), "{command:?}: {told}");
    }
    planted.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_path_with_planted_schemas_changes_nothing() {
    let planted = Planted::new(
        Database::new().await,
        &format!(
            "{STORE} create schema ahead;
             create function ahead.same(text, text) returns boolean language plpgsql as 'begin perform public.leave(); return true; end';
             create operator ahead.= (leftarg = text, rightarg = text, function = ahead.same);
             create function ahead.count(text) returns text language plpgsql as 'begin perform public.leave(); return $1; end';
             create function ahead.lower(text) returns text language plpgsql as 'begin perform public.leave(); return $1; end';
             create function ahead.split_part(text, text, int) returns text language plpgsql as 'begin perform public.leave(); return $1; end';
             create function ahead.current_setting(text) returns text language plpgsql as 'begin perform public.leave(); return $1; end';
             create function ahead.set_config(text, text, boolean) returns text language plpgsql as 'begin perform public.leave(); return $1; end'"
        ),
    )
    .await;
    let path = format!("alter database {} set search_path = ahead, pg_catalog, public", planted.database.name());
    planted.database.client().await.batch_execute(&path).await.expect("a path");
    planted.goes_off_by("select 'a'::text = 'b'::text").await;
    let told = planted.stays_quiet(UNASKED);
    assert!(told.contains("account-1"), "{told}");
    planted.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_database_put_no_words_into_the_list() {
    let planted = Planted::new(Database::new().await, STORE).await;
    for setting in ["found", "shape", "tables"] {
        let set = format!("alter database {} set streamscope.{setting} = 'run this'", planted.database.name());
        planted.database.client().await.batch_execute(&set).await.expect("a setting");
    }
    let told = planted.stays_quiet(&[&["ns", "list"], &["get", "account-1"]]);
    assert!(told.contains("account-1") && !told.contains("run this"), "{told}");
    planted.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn never_writes_to_a_registry_that_would_run_planted_code() {
    for plant in [
        "create function public.trap() returns trigger language plpgsql as 'begin perform public.leave(); return new; end';
         create trigger t before insert or delete on eventodb_store.namespaces for each row execute function public.trap()",
        "alter table eventodb_store.namespaces add more int default public.evil(1)",
        "create rule r as on insert to eventodb_store.namespaces do also select public.evil(1)",
        "create domain public.checked as text check (public.evil(value) is not null);
         alter table eventodb_store.namespaces add check (id::public.checked is not null)",
        "create domain public.checked as text check (public.evil(value) is not null);
         create index on eventodb_store.namespaces ((id::public.checked::text))",
        "alter table eventodb_store.namespaces rename to kept;
         create table eventodb_store.whole (like eventodb_store.kept) partition by list ((id || public.evil('x'::text)));
         create table eventodb_store.namespaces partition of eventodb_store.whole default",
        "alter table eventodb_store.namespaces add more text default query_to_xml('select public.evil(1)', true, false, '')::text",
        "alter table eventodb_store.namespaces add check (query_to_xml('select public.evil(1)', true, false, '') is not null)",
    ] {
        let planted = Planted::new(Database::new().await, &format!("{STORE}{plant}")).await;
        planted.goes_off_by("insert into eventodb_store.namespaces (id, created_at) values ('x', 0)").await;
        let told = planted.stays_quiet(&[&["ns", "create", "mine"]]);
        assert!(told.contains("would run its owner's rules, triggers or functions"), "{told}");
        planted.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn repairing_a_renamed_namespace_never_runs_code_planted_in_the_registry() {
    let planted = Planted::new(
        Database::new().await,
        &format!(
            "{STORE} create function public.trap() returns trigger language plpgsql as 'begin perform public.leave(); return new; end';
             create trigger t before update on eventodb_store.namespaces for each statement execute function public.trap();
             alter table eventodb_store.namespaces disable trigger t"
        ),
    )
    .await;
    planted
        .goes_off_by(
            "alter table eventodb_store.namespaces enable trigger t; update eventodb_store.namespaces set id = id",
        )
        .await;
    let client = planted.database.client().await;
    client.batch_execute("alter table eventodb_store.namespaces rename to kept").await.expect("out of the way");
    User::new().run(&["--url", &planted.database.url(), "ns", "create", "mine", "--schema", "mine"]).done();
    let renamed = "alter schema mine rename to renamed; drop table eventodb_store.namespaces;
                   alter table eventodb_store.kept rename to namespaces";
    client.batch_execute(renamed).await.expect("renamed");
    let told = planted.stays_quiet(&[&["ns", "migrate", "renamed"]]);
    assert!(told.contains("would run its owner's rules, triggers or functions"), "{told}");
    planted.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrading_all_namespaces_never_runs_planted_code() {
    const TRAP: &str = "
        create function public.trap() returns trigger language plpgsql as 'begin perform public.leave(); return new; end';
        create trigger t before insert on ";
    let old = "create table eventodb_shop._streamscope_version (version integer primary key, applied_at timestamptz default now());
               insert into eventodb_shop._streamscope_version values (1);";
    for plant in [
        format!("{old} {TRAP} eventodb_shop._streamscope_version for each row execute function public.trap()"),
        format!("{old} {TRAP} eventodb_shop._schema_version for each statement execute function public.trap()"),
        format!("{old} alter table eventodb_shop._streamscope_version alter applied_at set default public.evil(now())"),
    ] {
        let planted = Planted::new(Database::new().await, &format!("{STORE}{plant}")).await;
        planted
            .goes_off_by(
                "insert into eventodb_shop._streamscope_version values (2); delete from eventodb_shop._streamscope_version where version = 2;
                 insert into eventodb_shop._streamscope_version (version) values (3);
                 delete from eventodb_shop._streamscope_version where version = 3; insert into eventodb_shop._schema_version values (2)",
            )
            .await;
        let mine = User::new().run(&["--url", &planted.database.url(), "ns", "create", "mine", "--schema", "mine"]);
        mine.done();
        let old = "delete from mine._streamscope_version; insert into mine._streamscope_version values (1)";
        planted.database.client().await.batch_execute(old).await.expect("an old namespace");
        let told = planted.stays_quiet(&[&["ns", "migrate"]]);
        assert!(told.contains("namespace shop cannot be opened: upgrading it would run its owner's"), "{told}");
        assert!(told.contains("{\"id\":\"mine\",\"from\":\"1\""), "the others are upgraded: {told}");
        planted.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_warn_that_policies_may_hide_messages_and_import_refuses_them() {
    let plant = format!(
        "{STORE} alter table eventodb_shop.messages enable row level security;
         create policy p on eventodb_shop.messages using (stream_name <> 'account-1');
         grant usage on schema eventodb_shop, eventodb_store to public;
         grant select on all tables in schema eventodb_shop, eventodb_store to public"
    );
    let planted = Planted::new(Database::new().await, &plant).await;
    let (user, name) = (User::new(), format!("reader_{}", uuid::Uuid::now_v7().simple()));
    let client = planted.database.client().await;
    client.batch_execute(&format!("create role {name} login")).await.expect("a role");
    let url = planted.database.url().replacen("postgres@", &format!("{name}@"), 1);
    for command in [
        &["get", "account-1"][..],
        &["last", "account-1"],
        &["version", "account-1"],
        &["stats"],
        &["export"],
        &["tail", "--until", "now"],
    ] {
        let outcome = user.run(&[&["--url", &url], command].concat());
        assert_eq!(outcome.stderr.matches("messages may be hidden").count(), 1, "{command:?}: {outcome:?}");
        let outcome = user.run(&[&["--url", &planted.database.url()], command].concat());
        assert!(!outcome.stderr.contains("hidden"), "a superuser sees all: {outcome:?}");
    }
    for command in [&["import", "/dev/null"][..], &["import", "--dry-run", "/dev/null"]] {
        let outcome = user.run(&[&["--url", &url], command].concat());
        assert_eq!(outcome.status, 1, "{command:?}: {outcome:?}");
        assert!(
            outcome.stderr.contains("policies") && outcome.stderr.contains("bypassrls"),
            "{command:?}: {outcome:?}"
        );
    }
    client.batch_execute(&format!("drop role {name}")).await.expect("dropped");
    planted.clear().await;
}
