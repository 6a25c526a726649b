-- Returns the first streams with each of several prefixes, each with its last message. For every prefix, jumps from
-- name to name in the index (a loose index scan), at most $2 times.
--
-- If names sort bytewise, {adjacent} ends the jumps at the first name without the prefix. Otherwise it is true, and
-- some streams with the prefix may be missing.
--
-- $1 prefixes, the most important first; $2 names to walk for each prefix
-- Served by: messages_stream (stream_name, position).
with recursive walk(prefix, rank, name, number) as (
  select
    given.prefix,
    given.rank,
    (select stream_name::text from {table} where stream_name::text >= given.prefix order by stream_name limit 1),
    1::bigint
  from unnest($1::text[]) with ordinality as given(prefix, rank)
  union all
  select
    walk.prefix,
    walk.rank,
    (select stream_name::text from {table} where stream_name::text > walk.name order by stream_name limit 1),
    walk.number + 1
  from walk
  where walk.name is not null and walk.number < $2 and {adjacent}
)
select walk.name, last.version, last.number, last.time
from walk
cross join lateral (
  select {last}
  from {table}
  where stream_name::text = walk.name
  order by {last_first}
  limit 1
) as last
where left(walk.name, length(walk.prefix)) = walk.prefix
order by walk.rank, walk.number
