-- One bounded step of a search: the messages of a window that match everything given, and a row without id that says how many were
-- looked at and where the window ended.
--
-- The window is cut before the filter. With the filter beside the limit the planner may read and sort the whole scope. What is cheap is
-- compared first; a body is unpacked only where it is asked about.
-- A jsonpath predicate ($.a > 5) must be true, any other path must find something. Which of the two it is, is seen by what it gives for
-- an empty object: a predicate gives exactly one true, false or null.
--
-- $1 number, $2 window, $3 name of the stream or category (null for the namespace), $4 types, $5 prefix of the stream's name,
-- $6 since, $7 until, $8 patterns of text, $9 path on data, $10 path on metadata, $11 member, $12 group size; from $4 on null for any
-- Served by: messages_pkey, messages_category or messages_stream, as the scope says; then messages_pkey.
with paths as materialized (
  select
    jsonb_path_query_array('{}', $9::jsonpath, '{}', true) in ('[true]', '[false]', '[null]') as data_predicate,
    jsonb_path_query_array('{}', $10::jsonpath, '{}', true) in ('[true]', '[false]', '[null]') as metadata_predicate
),
looked_at as materialized (
  select
    {number} as number,
    global_position,
    ($4::text[] is null or type = any($4))
      and ($5::text is null or starts_with(stream_name, $5))
      and ($6::timestamp is null or time >= $6)
      and ($7::timestamp is null or time < $7)
      and ($11::bigint is null or {member})
      and ($9::text is null or case when (select data_predicate from paths)
        then jsonb_path_match(data, $9::jsonpath, '{}', true)
        else jsonb_path_exists(data, $9::jsonpath, '{}', true) end)
      and ($10::text is null or case when (select metadata_predicate from paths)
        then jsonb_path_match(metadata, $10::jsonpath, '{}', true)
        else jsonb_path_exists(metadata, $10::jsonpath, '{}', true) end)
      and ($8::text[] is null or data::text ilike any($8) or metadata::text ilike any($8)) as matches
  from {table}
  {window}
  limit $2
)
select found.*, null::bigint as looked_at, null::bigint as lowest, null::bigint as highest
from looked_at
-- The limit keeps the planner from joining the whole table instead.
cross join lateral (select {head} from {table} as m where m.global_position = looked_at.global_position limit 1) as found
where looked_at.matches
union all
select null, null, null, null, null, null, null, null, count(*), min(number), max(number)
from looked_at
