//! Things that callers contribute: a search path with their own functions and tables, triggers, policies, conditions,
//! and statements in which one function sees the effects of another.

use std::time::{Duration, Instant};

use super::{Pair, outcome};
use crate::support::server::Database;

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_may_call_the_callers_functions_and_end_in_a_comment() {
    let pair = Pair::new().await;
    for client in [&pair.official.1, &pair.ours.1] {
        let prepare = "set message_store.sql_condition = on;
            create table public.wanted (type text);
            insert into public.wanted values ('T');
            create function public.late(data jsonb) returns boolean language sql as $$ select (data ->> 'n')::int > 1 $$;
            insert into messages (stream_name, position, type, data, id, time)
              select 'a-1', i, 'T', jsonb_build_object('n', i), md5(i::text)::uuid, timestamp '2026-01-01'
              from generate_series(6, 0, -1) i;";
        client.batch_execute(prepare).await.expect("prepared");
    }
    for condition in [
        "late(data)",
        "type in (select type from wanted)",
        "position = (select max(m.position) from messages m)",
        "category(stream_name) = ''a''",
        "position > 0 -- not the first",
        "position > 0) -- not the first",
        "position > 0 /* not the first",
        "position > 0) order by (position",
        "exists (select from messages m for update)",
    ] {
        for rest in ["", ", batch_size => 2", ", batch_size => -1"] {
            pair.same(&format!("select * from get_stream_messages('a-1', condition => '{condition}'{rest})")).await;
            pair.same(&format!("select * from get_category_messages('a', condition => '{condition}'{rest})")).await;
        }
    }
    let two =
        pair.same("select * from get_stream_messages('a-1', batch_size => 2, condition => 'late(data)) --')").await;
    assert_eq!(two.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_and_policies_can_use_the_clients_objects() {
    let pair = Pair::new().await;
    let role = format!("tenant_{}", uuid::Uuid::now_v7().simple());
    for (store, client) in [&pair.official, &pair.ours] {
        let schema = &store.schema;
        let prepare = format!(
            "create table public.outbox (stream_name text, version bigint);
             create function public.note() returns trigger language plpgsql as $$ begin
               insert into outbox values (new.stream_name, stream_version(new.stream_name));
               return new;
             end $$;
             create trigger noted after insert on messages for each row execute function public.note();
             create function public.allowed(name text) returns boolean language plpgsql as $$ begin
               return exists (select from outbox where stream_name = name);
             end $$;
             create policy own on messages for select using (allowed(stream_name));
             create policy anyones on messages for insert with check (true);
             alter table messages enable row level security;
             do $$ begin create role {role}; exception when duplicate_object then null; end $$;
             grant usage on schema {schema} to {role};
             grant all on all tables in schema {schema}, public to {role};
             grant all on all sequences in schema {schema} to {role};
             set role {role};"
        );
        client.batch_execute(&prepare).await.expect("prepared");
    }
    for stream in ["a-1", "a-1", "b-1"] {
        pair.same(&format!("select write_message(gen_random_uuid()::varchar, '{stream}', 'T', '{{}}')")).await;
    }
    let noted = pair.same("select * from outbox").await;
    assert_eq!(noted.len(), 3);
    pair.same("delete from outbox where stream_name = 'b-1'").await;
    for call in [
        "get_stream_messages('a-1')",
        "get_stream_messages('b-1')",
        "get_category_messages('a')",
        "get_last_stream_message('b-1')",
    ] {
        pair.same(&format!("select stream_name, position from {call}")).await;
    }
    for (_, client) in [&pair.official, &pair.ours] {
        client.batch_execute(&format!("reset role; drop owned by {role}")).await.expect("dropped");
    }
    pair.ours.1.batch_execute(&format!("drop role {role}")).await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_sees_its_own_writes() {
    let pair = Pair::new().await;
    let write = "write_message(gen_random_uuid()::varchar, 'v-1', 'T', '{}')";
    let seen = pair.same(&format!("select {write}, stream_version('v-1')")).await;
    assert_eq!(seen, [r#"Some("0")|Some("0")"#]);
    pair.same(&format!("select {write}, (select count(*) from get_stream_messages('v-1'))")).await;
    pair.same(&format!("select {write}, (get_category_messages('v')).position")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_after_a_lock_in_one_statement_sees_what_was_committed_meanwhile() {
    let pair = Pair::new().await;
    for (store, client) in [&pair.official, &pair.ours] {
        let database = store.database.as_ref().expect("on a server");
        let first = database.client().await;
        let path = format!("set search_path = {}, public", store.schema);
        let write = "begin; select write_message(gen_random_uuid()::varchar, 'g-1', 'T', '{}')";
        first.batch_execute(&format!("{path}; {write}")).await.expect("written");
        let waiting = outcome(client, "select acquire_lock('g-1') is not null, stream_version('g-1')");
        let commit = async {
            waiter(database).await;
            first.batch_execute("commit").await.expect("committed");
        };
        let (seen, ()) = tokio::join!(waiting, commit);
        assert_eq!(seen, [r#"Some("t")|Some("0")"#], "{:?}", store.kind);
    }
}

/// Waits until a session waits for an advisory lock of the database.
async fn waiter(database: &Database) {
    let client = database.client().await;
    let waits = "select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())";
    let start = Instant::now();
    while client.query(waits, &[]).await.expect("the locks").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "nobody waits");
    }
}
