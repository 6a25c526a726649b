-- Returns the version of each stream, in the given order. A scalar subquery uses the index for each stream, whatever
-- the statistics of the table say.
--
-- $1 streams
-- Served by: messages_stream, backwards.
select (
  select m.position::bigint from {table} m
  where m.stream_name::text = n.stream and m.position is not null
  order by m.position desc
  limit 1
)
from unnest($1) with ordinality as n (stream, number)
order by n.number
