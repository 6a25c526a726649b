-- Reads a page of streams of a category from all its messages, if names do not sort bytewise. Meant for a small
-- category, which a walk over all names might take long to reach.
--
-- The fence (offset 0) keeps the planner from walking the names of all categories in order.
--
-- $1 name to begin at, after or before; $2 category; $3 limit
-- Served by: messages_category (category expression, ...), then messages_stream (stream_name, position).
with of_category as (
  select stream_name
  from {table}
  where
    ({category}, global_position) >= ($2, '-9223372036854775808'::bigint)
    and ({category}, global_position) <= ($2, 9223372036854775807)
  offset 0
),
names as (
  select distinct stream_name from of_category where {begin} order by stream_name {order} limit $3
)
select names.stream_name::text, last.version, last.number, last.time
from names
cross join lateral (
  select {last}
  from {table} as m
  where m.stream_name::text = names.stream_name::text
  order by {last_first}
  limit 1
) as last
order by names.stream_name {order}
