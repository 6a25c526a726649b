-- Where streams end, in the order in which they are asked for. A scalar subquery is run for each, by index, whatever the
-- planner thinks of the table.
--
-- $1 streams
-- Served by: messages_stream, backwards.
select (select m.position::bigint from {table} m where m.stream_name::text = n.stream order by m.position desc limit 1)
from unnest($1) with ordinality as n (stream, number)
order by n.number
