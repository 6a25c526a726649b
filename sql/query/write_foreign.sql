-- Writes one message through the write_message of a namespace that another program created, and returns its position
-- and global position. As a single statement it takes one round trip and one transaction, and the search path that it
-- sets ends with it.
--
-- Message DB's write_message finds acquire_lock, stream_version and the table through the search path. The path is set
-- to the namespace's schema, with pg_temp last, so that nothing planted elsewhere can shadow them. The order of
-- evaluation is certain: an argument of write_message depends on the row that sets the path, and currval is evaluated
-- after both.
--
-- $1 id, $2 stream, $3 type, $4 data, $5 metadata, $6 expected version, $7 search path, $8 sequence
-- Served by: messages_stream (the version) and messages_id, inside write_message.
select
  written.position::pg_catalog.int8,
  pg_catalog.currval($8::pg_catalog.regclass)
from pg_catalog.set_config('search_path', $7, true) as path
cross join lateral {write_message}(case when path is not null then $1 end, $2, $3, $4, $5, $6) as written (position)
