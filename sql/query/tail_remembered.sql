-- Returns the IDs of the messages that exist at some global positions.
--
-- $1 global positions
-- Served by: messages_pkey.
select m.global_position::bigint, m.id::text
from unnest($1) as p (position)
join lateral (select global_position, id from {table} where global_position = p.position) m on true
