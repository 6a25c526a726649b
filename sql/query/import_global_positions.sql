-- The first of some global positions that is taken, and by what.
--
-- $1 global positions
-- Served by: messages_pkey.
select n.number, m.stream_name::text, m.position::bigint
from unnest($1) with ordinality as n (global_position, number)
-- From both sides and ordered: for an equality a planner with old statistics may read the category index from end to end.
cross join lateral (
  select m.stream_name, m.position
  from {table} m
  where m.global_position >= n.global_position and m.global_position <= n.global_position
  order by m.global_position
  limit 1
) m
order by n.number
limit 1
