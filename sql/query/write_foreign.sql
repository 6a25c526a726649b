-- Writes one message through the write_message of a namespace that is not ours; gives its position and global position. One
-- statement, so one round trip and one transaction: the search path set here ends with it.
--
-- Message DB's write_message finds acquire_lock, stream_version and the table through the search path; it is set to the
-- namespace's schema with pg_temp last, so that nothing planted elsewhere can take their place. The order is forced:
-- write_message takes an argument from the row that setting the path gives, and currval stands above both. A table whose
-- sequence is not its own has no number here.
--
-- $1 id, $2 stream, $3 type, $4 data, $5 metadata, $6 expected version, $7 search path, $8 table
-- Served by: messages_stream (the version) and messages_id, inside write_message.
select
  written.position::pg_catalog.int8,
  pg_catalog.currval(pg_catalog.pg_get_serial_sequence($8, 'global_position')::pg_catalog.regclass)
from pg_catalog.set_config('search_path', $7, true) as path
cross join lateral {write_message}(case when path is not null then $1 end, $2, $3, $4, $5, $6) as written (position)
