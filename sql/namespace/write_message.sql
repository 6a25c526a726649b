-- Writes a message after checking the expected version under the category lock, and returns its position.
--
-- Served by: messages_stream for the version, messages_id for the uniqueness of the ID.
create or replace function {schema}.write_message(
  id varchar,
  stream_name varchar,
  type varchar,
  data jsonb,
  metadata jsonb default null,
  expected_version bigint default null
) returns bigint
  language plpgsql volatile
as $$
declare
  _version bigint;
  _position bigint;
  _id pg_catalog.uuid;
begin
  perform {schema}.acquire_lock(write_message.stream_name);

  -- A separate statement, so that it sees messages committed while this call waited for the lock.
  select coalesce(pg_catalog.max(m.position), -1) into _version
  from {schema}.messages m
  where m.stream_name operator(pg_catalog.=) write_message.stream_name;

  if write_message.expected_version operator(pg_catalog.<>) _version then
    raise exception 'Wrong expected version: % (Stream: %, Stream Version: %)',
      write_message.expected_version, write_message.stream_name, _version;
  end if;
  _position := _version operator(pg_catalog.+) 1;
  -- Cast before the insert, which draws a global position first: an invalid ID would use one up.
  _id := write_message.id::pg_catalog.uuid;

  insert into {schema}.messages (id, stream_name, position, type, data, metadata)
  values (
    _id, write_message.stream_name, _position, write_message.type, write_message.data, write_message.metadata
  );

  if {debug_write} then
    raise notice '% write_message', {mark};
    raise notice 'id ($1): %', write_message.id;
    raise notice 'stream_name ($2): %', write_message.stream_name;
    raise notice 'type ($3): %', write_message.type;
    raise notice 'data ($4): %', write_message.data;
    raise notice 'metadata ($5): %', write_message.metadata;
    raise notice 'expected_version ($6): %', write_message.expected_version;
    raise notice '_stream_version: %', _version;
    raise notice '_next_position: %', _position;
  end if;
  return _position;
end
$$;
