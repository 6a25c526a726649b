-- Writes one message through the namespace's own write_message; gives its position and global position. One statement, so
-- one round trip and one transaction: the search path set here ends with it.
--
-- Message DB's write_message finds acquire_lock, stream_version and the table through the search path; it is set to the
-- namespace's schema with pg_temp last, so that nothing planted elsewhere can take their place. The functions of our
-- own namespaces have a path of their own, and setting another would only cost time there.
-- The order is forced: CASE evaluates its condition before its result, and "offset 0" keeps the inner select from being
-- merged into the outer one. currval is of this session and of this sequence, so another writer's number cannot come in.
--
-- $1 search path, $2 id, $3 stream, $4 type, $5 data, $6 metadata, $7 expected version, $8 table
-- Served by: messages_stream (the version) and messages_id, inside write_message.
select
  written.position,
  case when written.position is not null
    then pg_catalog.currval(pg_catalog.pg_get_serial_sequence($8, 'global_position')::pg_catalog.regclass)
  end as global_position
from (
  select
    case when {path} is not null
      then {write_message}($2::pg_catalog.varchar, $3::pg_catalog.varchar, $4::pg_catalog.varchar, $5::pg_catalog.jsonb, $6::pg_catalog.jsonb, $7)
    end as position
  offset 0
) as written
