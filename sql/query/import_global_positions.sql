-- The first of some global positions that is taken, and by what.
--
-- $1 global positions
-- Served by: messages_pkey.
select n.number, m.stream_name::text, m.position
from unnest($1) with ordinality as n (global_position, number)
cross join lateral (
  select m.stream_name, m.position from {table} m where m.global_position = n.global_position offset 0
) m
order by n.number
limit 1
