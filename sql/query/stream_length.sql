-- Returns the first and the last position of a stream, or no row if it does not exist.
--
-- $1 stream
-- Served by: messages_stream, at both ends.
select first.number, last.number
from
  (
    select position::bigint as number from {table}
    where stream_name::text = $1 and position is not null
    order by position
    limit 1
  ) as first,
  (
    select position::bigint as number from {table}
    where stream_name::text = $1 and position is not null
    order by position desc
    limit 1
  ) as last
