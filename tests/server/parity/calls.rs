//! Calls every function with valid, odd and invalid arguments.

use super::Pair;

/// Inserts the same messages into both stores, with fixed IDs, positions and times.
async fn fill(pair: &Pair) {
    let rows = "insert into messages (stream_name, position, type, data, metadata, id, time)
        select s, p, (array['A', 'B'])[1 + p % 2], jsonb_build_object('n', p, 'text', 'é \"q\"'),
          case when p % 3 = 0 then null else jsonb_build_object('correlationStreamName', 'other-' || p) end,
          md5(s || p)::uuid, timestamp '2026-01-01' + p * interval '1 second'
        from unnest(array['account-1', 'account-2+x', 'account-2+y', 'account:command-1', 'account', 'other-1', '-1', 'a-b-c']) s,
          generate_series(0, 4) p
        order by p, s collate \"C\"";
    pair.official.1.batch_execute(rows).await.expect("rows");
    pair.ours.1.batch_execute(rows).await.expect("rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn name_functions_return_the_same() {
    let pair = Pair::new().await;
    let values =
        ["'account-1'", "'account'", "'a-b-c'", "'-'", "''", "'-x'", "'x-'", "'a-1+2+3'", "'é-ü+ö'", "null", "'a+b-c'"];
    for value in values {
        for function in ["category", "id", "cardinal_id", "is_category", "hash_64"] {
            pair.same(&format!("select {function}({value})")).await;
        }
        pair.same(&format!("select acquire_lock({value})")).await;
        pair.same(&format!("select stream_version({value})")).await;
    }
    pair.same("select category(stream_name => 'a-1'), id(stream_name => 'a-1'), hash_64(value => 'x')").await;
    pair.same("select message_store_version()").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_return_the_same_rows_and_errors() {
    let pair = Pair::new().await;
    fill(&pair).await;
    let calls = [
        "get_stream_messages('account-1')",
        "get_stream_messages('account-1', 2)",
        "get_stream_messages('account-1', 2, 1)",
        "get_stream_messages('account-1', 0, -1)",
        "get_stream_messages('account-1', 0, 0)",
        "get_stream_messages('account-1', 0, -2)",
        "get_stream_messages('account-1', null, null)",
        "get_stream_messages('account-1', -5)",
        "get_stream_messages('account-1', 100)",
        "get_stream_messages('absent-1')",
        "get_stream_messages('account')",
        "get_stream_messages('')",
        "get_stream_messages(null)",
        "get_stream_messages('-1')",
        "get_stream_messages(stream_name => 'account-1', position => 1, batch_size => 2)",
        "get_stream_messages(stream_name => 'account-1', condition => 'position = 1')",
        "get_category_messages('account')",
        "get_category_messages('account', 10)",
        "get_category_messages('account', 10, 2)",
        "get_category_messages('account', 0, -1)",
        "get_category_messages('account', 0, -2)",
        "get_category_messages('account', null, null)",
        "get_category_messages('account-1')",
        "get_category_messages('')",
        "get_category_messages(null)",
        "get_category_messages('absent')",
        "get_category_messages('account:command')",
        "get_category_messages('account', correlation => 'other')",
        "get_category_messages('account', correlation => 'other-1')",
        "get_category_messages('account', correlation => '')",
        "get_category_messages('account', consumer_group_member => 0)",
        "get_category_messages('account', consumer_group_size => 2)",
        "get_category_messages('account', consumer_group_member => 0, consumer_group_size => 2)",
        "get_category_messages('account', consumer_group_member => 1, consumer_group_size => 2)",
        "get_category_messages('account', consumer_group_member => 0, consumer_group_size => 0)",
        "get_category_messages('account', consumer_group_member => 0, consumer_group_size => -1)",
        "get_category_messages('account', consumer_group_member => -1, consumer_group_size => 2)",
        "get_category_messages('account', consumer_group_member => 2, consumer_group_size => 2)",
        "get_category_messages('account', consumer_group_member => 0, consumer_group_size => 40000)",
        "get_category_messages('account', correlation => 'other', consumer_group_member => 0, consumer_group_size => 1)",
        "get_category_messages(category => 'account', position => 3, batch_size => 1)",
        "get_category_messages('account', condition => 'position = 1')",
        "get_category_messages('account-1', correlation => 'x-1', consumer_group_member => 3)",
        "get_last_stream_message('account-1')",
        "get_last_stream_message('account-1', 'A')",
        "get_last_stream_message('account-1', 'absent')",
        "get_last_stream_message('account')",
        "get_last_stream_message('absent-1')",
        "get_last_stream_message(null)",
        "get_last_stream_message(stream_name => 'account-1', type => 'B')",
    ];
    for call in calls {
        pair.same(&format!("select * from {call}")).await;
    }
    for stream in ["'account-1'", "'absent-1'", "'account'"] {
        pair.same(&format!("select stream_version({stream})")).await;
    }
    for setting in ["off", "on", ""] {
        for client in [&pair.official.1, &pair.ours.1] {
            client.batch_execute(&format!("set message_store.sql_condition = '{setting}'")).await.expect("a setting");
        }
        for condition in [
            "position = 1",
            "messages.type = ''A'' or 1 = 2",
            "data->>''n'' like ''%1%''",
            "nonsense",
            "1 = 1) or (1 = 1",
            "",
        ] {
            pair.same(&format!("select * from get_stream_messages('account-1', condition => '{condition}')")).await;
            pair.same(&format!("select * from get_category_messages('account', condition => '{condition}')")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_return_the_same_positions_and_errors() {
    let pair = Pair::new().await;
    let id = "'11111111-1111-1111-1111-111111111111'";
    let calls = [
        format!("write_message({id}, 'a-1', 'T', '{{\"a\": 1}}')"),
        format!("write_message({id}, 'a-1', 'T', '{{\"a\": 1}}')"),
        "write_message('22222222-2222-2222-2222-222222222222', 'a-1', 'T', '{}', '{\"m\": 1}', 0)".to_owned(),
        "write_message(gen_random_uuid()::varchar, 'a-1', 'T', '{}', null, 0)".to_owned(),
        "write_message(gen_random_uuid()::varchar, 'a-1', 'T', '{}', null, -1)".to_owned(),
        "write_message(gen_random_uuid()::varchar, 'a-2', 'T', '{}', null, -1)".to_owned(),
        "write_message(gen_random_uuid()::varchar, 'a-3', 'T', '{}', null, 7)".to_owned(),
        "write_message(gen_random_uuid()::varchar, 'a-3', 'T', '{}', null, -2)".to_owned(),
        "write_message('not a uuid', 'a-4', 'T', '{}')".to_owned(),
        "write_message('not a uuid', 'a-4', 'T', '{}', null, 9)".to_owned(),
        "write_message(null, 'a-4', 'T', '{}')".to_owned(),
        "write_message(gen_random_uuid()::varchar, null, 'T', '{}')".to_owned(),
        "write_message(gen_random_uuid()::varchar, 'a-4', null, '{}')".to_owned(),
        "write_message(gen_random_uuid()::varchar, 'a-4', 'T', null)".to_owned(),
        "write_message(gen_random_uuid()::varchar, 'category', 'T', '[1, 1.10]')".to_owned(),
        "write_message(gen_random_uuid()::varchar, '', '', '1')".to_owned(),
        "write_message(id => gen_random_uuid()::varchar, stream_name => 'a-5', type => 'T', data => '{}', metadata => '{}', expected_version => -1)".to_owned(),
    ];
    for client in [&pair.official.1, &pair.ours.1] {
        // As from the sixth write of a session on: the plan does not depend on the arguments.
        client.batch_execute("set plan_cache_mode = force_generic_plan").await.expect("a setting");
    }
    for call in &calls {
        pair.same(&format!("select {call}")).await;
    }
    pair.same(
        "select global_position, stream_name, position, type, data, metadata from messages order by global_position",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn views_and_columns_are_the_same() {
    let pair = Pair::new().await;
    for view in [
        "category_type_summary",
        "stream_summary",
        "stream_type_summary",
        "type_category_summary",
        "type_stream_summary",
        "type_summary",
    ] {
        pair.same(&format!("select * from {view}")).await;
        pair.same(&format!(
            "select column_name, data_type from information_schema.columns
             where table_schema = current_schema() and table_name = '{view}' order by ordinal_position"
        ))
        .await;
    }
    fill(&pair).await;
    for view in [
        "category_type_summary",
        "stream_summary",
        "stream_type_summary",
        "type_category_summary",
        "type_stream_summary",
        "type_summary",
    ] {
        pair.same(&format!("select * from {view} v order by v::text collate \"C\"")).await;
    }
    pair.same(
        "select column_name, data_type, is_nullable from information_schema.columns
         where table_schema = current_schema() and table_name = 'messages' order by ordinal_position",
    )
    .await;
    pair.same(
        "select proname, provolatile, pg_get_function_arguments(oid), replace(pg_get_function_result(oid), current_schema() || '.', '')
         from pg_proc where pronamespace = current_schema()::regnamespace order by proname",
    )
    .await;
    pair.same(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute
         where attrelid = (select typrelid from pg_type where typname = 'message' and typnamespace = current_schema()::regnamespace)
         order by attnum",
    )
    .await;
    pair.same(
        "select indexname from pg_indexes where schemaname = current_schema() and tablename = 'messages' order by 1",
    )
    .await;
}
