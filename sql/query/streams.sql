-- A page of streams whose names begin with a text, where names sort bytewise: walked from name to name (a loose index scan)
-- until a name does not begin so, each with its last message.
--
-- Forwards or backwards: begin is the names that may come, on $1; beyond and order say which way.
--
-- $1 name to begin at, after or before; $2 prefix; $3 limit
-- Served by: messages_stream (stream_name, position).
with recursive walk(name, number) as (
  (select stream_name::text, 1::bigint from {table} where {begin} order by stream_name {order} limit 1)
  union all
  select
    (select stream_name::text from {table} where stream_name::text {beyond} walk.name order by stream_name {order} limit 1),
    walk.number + 1
  from walk
  where left(walk.name, length($2)) = $2 and walk.number < $3
)
select walk.name, last.version, last.number, last.time
from walk
cross join lateral (
  select position::bigint as version, global_position::bigint as number, {time} as time from {table} where stream_name::text = walk.name order by position desc limit 1
) as last
where left(walk.name, length($2)) = $2
order by walk.number
