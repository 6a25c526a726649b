-- Writes one message through the namespace's own write_message; gives its position and global position. One statement, so
-- one round trip and one transaction: the search path set here ends with it.
--
-- Message DB's write_message finds acquire_lock, stream_version and the table through the search path; it is set to the
-- namespace's schema with pg_temp last, so that nothing planted elsewhere can take their place.
-- The order is forced: each step reads a column of the step before, and "offset 0" keeps a step from being merged into
-- the next. currval is of this session and of this sequence, so another writer's number cannot come in.
--
-- $1 search path, $2 id, $3 stream, $4 type, $5 data, $6 metadata, $7 expected version, $8 table
-- Served by: messages_stream (the version) and messages_id, inside write_message.
select written.position, last.global_position
from
  (select set_config('search_path', $1, true) as path offset 0) as setting
  cross join lateral (
    select {write_message}($2::varchar, $3::varchar, $4::varchar, $5::jsonb, $6::jsonb, $7) as position
    where setting.path is not null
    offset 0
  ) as written
  cross join lateral (
    select currval(pg_get_serial_sequence($8, 'global_position')::regclass) as global_position
    where written.position is not null
    offset 0
  ) as last
