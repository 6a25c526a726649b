-- The first of some ids that a stored message has, and where that one stands.
--
-- $1 ids
-- Served by: messages_id.
select n.number, m.stream_name::text, m.position
from unnest($1) with ordinality as n (id, number)
cross join lateral (select m.stream_name, m.position from {table} m where m.id = n.id offset 0) m
order by n.number
limit 1
