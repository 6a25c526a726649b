-- Where the message with an id stands, and whether it is the one that was to be written (jsonb compares by value, so the
-- server's own spelling of a number does not matter).
--
-- $1 id, $2 stream, $3 type, $4 data
-- Served by: messages_id.
select
  position,
  global_position,
  stream_name = $2 and type = $3 and data is not distinct from $4::jsonb as same
from {table}
where id = $1
