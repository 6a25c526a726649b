-- Messages of a stream from a position on.
--
-- $1 position, $2 limit, $3 stream
-- Served by: messages_stream (stream_name, position).
select {message}
from {table}
where stream_name::text = $3 and position >= $1
order by position
limit $2
