-- Reads messages of a stream from a position on, optionally filtered.
--
-- $1 position, $2 limit, $3 stream, $4 to $10 the filter, if any
-- Served by: messages_stream (stream_name, position).
select {message}
from {table}
where stream_name::text = $3 and position >= $1 and {matches}
order by position
limit $2
