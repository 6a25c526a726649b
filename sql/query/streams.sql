-- Reads a page of streams with a prefix, each with its last message, if names sort bytewise. It jumps from name to name
-- in the index (a loose index scan) until a name does not have the prefix.
--
-- {begin} selects the first name by $1; {beyond} and {order} set the direction.
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
  select {last}
  from {table}
  where stream_name::text = walk.name
  order by {last_first}
  limit 1
) as last
where left(walk.name, length($2)) = $2
order by walk.number
