-- Returns the first of some IDs that is stored, with the stream and position of its message.
--
-- $1 ids, $2 streams
-- Served by: messages_id or another index on id, else messages_stream.
select n.number, m.stream_name::text, m.position::bigint
from unnest($1, $2) with ordinality as n (id, stream, number)
cross join lateral (select m.stream_name, m.position from {table} m where {same_id} offset 0) m
order by n.number
limit 1
