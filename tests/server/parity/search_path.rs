//! Functions, tables and operators planted earlier on the search path are never used.

use crate::support::stores::{Kind, TestStore};

const PLANTED: &str = "
    create schema evil;
    create table evil.log (what text);
    create table evil.messages (like {schema}.messages);
    create function evil.acquire_lock(varchar) returns bigint language plpgsql as
      $$ begin insert into evil.log values ('acquire_lock'); return 1; end $$;
    create function evil.hash_64(varchar) returns bigint language plpgsql as
      $$ begin insert into evil.log values ('hash_64'); return 1; end $$;
    create function evil.category(varchar) returns varchar language plpgsql as
      $$ begin insert into evil.log values ('category'); return 'evil'; end $$;
    create function evil.is_category(varchar) returns boolean language plpgsql as
      $$ begin insert into evil.log values ('is_category'); return null; end $$;
    create function evil.stream_version(varchar) returns bigint language plpgsql as
      $$ begin insert into evil.log values ('stream_version'); return 77; end $$;
    create function evil.split_part(text, text, int) returns text language plpgsql as
      $$ begin insert into evil.log values ('split_part'); return 'evil'; end $$;
    create function evil.equal(text, text) returns boolean language plpgsql as
      $$ begin insert into evil.log values ('='); return true; end $$;
    create operator evil.= (leftarg = text, rightarg = text, function = evil.equal);
    create function evil.of_varchars(varchar, varchar) returns boolean language plpgsql as
      $$ begin insert into evil.log values ('= of varchars'); return false; end $$;
    create operator evil.= (leftarg = varchar, rightarg = varchar, function = evil.of_varchars);
    create function evil.of_both(text, varchar) returns boolean language plpgsql as
      $$ begin insert into evil.log values ('= of both'); return false; end $$;
    create operator evil.= (leftarg = text, rightarg = varchar, function = evil.of_both);
    create function evil.of_booleans(boolean, boolean) returns boolean language plpgsql as
      $$ begin insert into evil.log values ('<> of booleans'); return true; end $$;
    create operator evil.<> (leftarg = boolean, rightarg = boolean, function = evil.of_booleans);
    create function evil.of_bigints(bigint, bigint) returns boolean language plpgsql as
      $$ begin insert into evil.log values ('comparison of bigints'); return true; end $$;
    create operator evil.<> (leftarg = bigint, rightarg = bigint, function = evil.of_bigints);
    create operator evil.>= (leftarg = bigint, rightarg = bigint, function = evil.of_bigints);
    create function evil.with_integer(bigint, int) returns boolean language plpgsql as
      $$ begin insert into evil.log values ('comparison with an integer'); return true; end $$;
    create operator evil.<> (leftarg = bigint, rightarg = int, function = evil.with_integer);
    create operator evil.< (leftarg = bigint, rightarg = int, function = evil.with_integer);
    create function evil.plus(bigint, int) returns bigint language plpgsql as
      $$ begin insert into evil.log values ('+'); return 9; end $$;
    create operator evil.+ (leftarg = bigint, rightarg = int, function = evil.plus);
    create function evil.joined(text, text) returns text language plpgsql as
      $$ begin insert into evil.log values ('||'); return 'evil'; end $$;
    create operator evil.|| (leftarg = text, rightarg = text, function = evil.joined);
    create function evil.field(jsonb, text) returns text language plpgsql as
      $$ begin insert into evil.log values ('->>'); return 'evil'; end $$;
    create operator evil.->> (leftarg = jsonb, rightarg = text, function = evil.field);
    create function evil.absolute(bigint) returns bigint language plpgsql as
      $$ begin insert into evil.log values ('@'); return 1; end $$;
    create operator evil.@ (rightarg = bigint, function = evil.absolute);
    create function evil.mod(bigint, smallint) returns bigint language plpgsql as
      $$ begin insert into evil.log values ('mod'); return 1; end $$;
    create function evil.max(bigint) returns bigint language plpgsql as
      $$ begin insert into evil.log values ('max'); return 1; end $$;
    create function evil.current_setting(text, boolean) returns text language plpgsql as
      $$ begin insert into evil.log values ('current_setting'); return 'on'; end $$;
    create function evil.pg_advisory_xact_lock(bigint) returns void language plpgsql as
      $$ begin insert into evil.log values ('pg_advisory_xact_lock'); end $$;
    create function evil.convert_from(bytea, name) returns text language plpgsql as
      $$ begin insert into evil.log values ('convert_from'); return 'evil'; end $$;
    create function evil.checked(anyelement, text) returns boolean language plpgsql as
      $$ begin insert into evil.log values ($2); return true; end $$;
    create domain evil.text as pg_catalog.text check (evil.checked(value, 'text'));
    create domain evil.uuid as pg_catalog.text check (evil.checked(value, 'uuid'));
    create domain evil.varchar as pg_catalog.varchar check (evil.checked(value, 'varchar'));
    create domain evil.int2 as bigint check (evil.checked(value, 'int2'));";

#[tokio::test(flavor = "multi_thread")]
async fn our_functions_never_call_planted_objects() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let client = store.client().await.expect("a server");
    client.batch_execute(&PLANTED.replace("{schema}", &store.schema)).await.expect("planted");
    let temporary = "create temporary table messages (like evil.messages);
        create function pg_temp.acquire_lock(varchar) returns bigint language plpgsql as
          $$ begin insert into evil.log values ('temporary'); return 1; end $$;";
    client.batch_execute(temporary).await.expect("planted");
    let schema = &store.schema;
    let paths = [format!("evil, pg_catalog, {schema}"), format!("pg_temp, evil, {schema}, pg_catalog")];
    for (path, version) in paths.iter().zip([0, 2]) {
        let calls = format!(
            "set search_path = {path};
             set message_store.sql_condition = on;
             set message_store.debug = on;
             select {schema}.write_message(gen_random_uuid()::varchar, 'a-1', 'T', '{{}}'::jsonb);
             select {schema}.write_message(gen_random_uuid()::varchar, 'a-1', 'T', '{{}}', null, {version});
             select {schema}.stream_version('a-1'), {schema}.category('a-1'), {schema}.hash_64('a');
             select * from {schema}.get_stream_messages('a-1');
             select * from {schema}.get_stream_messages('a-1', condition => 'true');
             select * from {schema}.get_category_messages('a', consumer_group_member => 0, consumer_group_size => 1);
             select * from {schema}.get_category_messages('a', 1, -1, 'b', condition => 'true');
             select * from {schema}.get_last_stream_message('a-1', 'T');
             set search_path = pg_catalog;"
        );
        client.batch_execute(&calls).await.expect(path);
    }
    let log = client.query("select what from evil.log", &[]).await.expect("the log");
    let called: Vec<&str> = log.iter().map(|row| row.get(0)).collect();
    assert!(called.is_empty(), "{called:?}");
    let written = client.query_one(&format!("select count(*) from {schema}.messages"), &[]).await.expect("a count");
    assert_eq!(written.get::<_, i64>(0), 4);
}

/// Covers the statements that the store sends for a write, in a session whose search path begins with another schema.
#[tokio::test(flavor = "multi_thread")]
async fn writing_never_calls_functions_planted_before_pg_catalog() {
    use streamscope::message::{ExpectedVersion, NewMessage, StreamName};
    for kind in [Kind::OursOnPostgres, Kind::MessageDb, Kind::EventoDb] {
        let store = TestStore::new(kind).await;
        let client = store.client().await.expect("a server");
        let planted = "create schema evil;
            create table evil.log (what text);
            create function evil.set_config(text, text, boolean) returns text language plpgsql as
              $$ begin insert into evil.log values ('set_config'); return 'evil'; end $$;
            create function evil.currval(regclass) returns bigint language sql as $$ select 666::bigint $$;
            create function evil.pg_get_serial_sequence(text, text) returns text language plpgsql as
              $$ begin insert into evil.log values ('pg_get_serial_sequence'); return 'evil'; end $$;";
        client.batch_execute(planted).await.expect("planted");
        // New sessions of the database use this path.
        let set = "do $$ begin execute format('alter database %I set search_path = evil, pg_catalog', current_database()); end $$";
        client.batch_execute(set).await.expect("a path");
        let url = store.database.as_ref().expect("a server").url();
        let namespace = crate::support::stores::settings(&url);
        let hostile = streamscope::store::Store::new(namespace, streamscope::store::Options::default());
        let namespace = hostile.namespace(&store.namespace.info().id).await.expect("a namespace");
        let message = NewMessage {
            id: uuid::Uuid::now_v7(),
            stream: StreamName::new("a-1").expect("a stream"),
            message_type: "T".to_owned(),
            data: "{}".to_owned(),
            metadata: None,
            expected_version: ExpectedVersion::NoStream,
        };
        let written = namespace.write(&message).await.expect("a write");
        assert_eq!((written.position, written.global_position), (0, 1), "{kind:?}");
        let log = client.query("select what from evil.log", &[]).await.expect("the log");
        assert!(log.is_empty(), "{kind:?}: {:?}", log.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>());
    }
}
