//! Functions, tables and operators planted in front of ours are never used.

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
    create operator evil.= (leftarg = text, rightarg = text, function = evil.equal);";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planted_in_front_of_our_functions_is_never_called() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let client = store.client().await.expect("a server");
    client.batch_execute(&PLANTED.replace("{schema}", &store.schema)).await.expect("planted");
    let temporary = "create temporary table messages (like evil.messages);
        create function pg_temp.acquire_lock(varchar) returns bigint language plpgsql as
          $$ begin insert into evil.log values ('temporary'); return 1; end $$;";
    client.batch_execute(temporary).await.expect("planted");
    let schema = &store.schema;
    for path in [format!("evil, pg_catalog, {schema}"), format!("pg_temp, evil, {schema}, pg_catalog")] {
        let calls = format!(
            "set search_path = {path};
             select {schema}.write_message(gen_random_uuid()::varchar, 'a-1', 'T', '{{}}'::jsonb);
             select {schema}.stream_version('a-1'), {schema}.category('a-1'), {schema}.hash_64('a');
             select * from {schema}.get_stream_messages('a-1');
             select * from {schema}.get_category_messages('a', consumer_group_member => 0, consumer_group_size => 1);
             select * from {schema}.get_last_stream_message('a-1');
             set search_path = pg_catalog;"
        );
        client.batch_execute(&calls).await.expect(&path);
    }
    let log = client.query("select what from evil.log", &[]).await.expect("the log");
    let called: Vec<&str> = log.iter().map(|row| row.get(0)).collect();
    assert!(called.is_empty(), "{called:?}");
    let written = client.query_one(&format!("select count(*) from {schema}.messages"), &[]).await.expect("a count");
    assert_eq!(written.get::<_, i64>(0), 2);
}

/// What the program itself sends with a write, over a session whose path has another schema in front of Postgres' own.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_the_program_calls_nothing_that_is_planted_in_front_of_postgres_own_functions() {
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
        // Every new session of the database begins with this path.
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
