-- Returns the last message of a stream, or its last message of one type.
--
-- $1 stream, $2 type or null
-- Served by: messages_stream, backwards.
select {message}
from {table}
where stream_name::text = $1 and position is not null and ($2::text is null or type::text = $2)
order by position desc
limit 1
