-- Returns the position of a stream's last message, or no row if the stream does not exist.
--
-- $1 stream
-- Served by: messages_stream, backwards.
select position::bigint as version
from {table}
where stream_name::text = $1 and position is not null
order by position desc
limit 1
