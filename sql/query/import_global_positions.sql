-- Returns the first of some global positions that is taken, with the stream and position of its message.
--
-- $1 global positions
-- Served by: messages_pkey.
select n.number, m.stream_name::text, m.position::bigint
from unnest($1) with ordinality as n (global_position, number)
-- Two bounds and an order instead of an equality: with old statistics the planner may scan the whole category index for
-- one.
cross join lateral (
  select m.stream_name, m.position
  from {table} m
  where m.global_position >= n.global_position and m.global_position <= n.global_position
  order by m.global_position
  limit 1
) m
order by n.number
limit 1
