-- Where the message with an id stands, and whether it is the one that was to be written (jsonb compares by value, so the
-- server's own spelling of a number does not matter). A JSON null and NULL are printed alike, so they count as the same.
--
-- $1 id, $2 stream, $3 type, $4 data, $5 metadata or null
-- Served by: messages_id.
select
  position,
  global_position,
  stream_name::text = $2
    and type::text = $3
    and coalesce(data, 'null') = $4::jsonb
    and coalesce(metadata, 'null') = coalesce($5, 'null')::jsonb as same
from {table}
where id = $1
