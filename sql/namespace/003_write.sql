-- Functions for writing. Tables, functions, operators and types are qualified with their schema, so that no object in another schema
-- or in pg_temp can shadow them. The search_path stays the caller's, because triggers and policies on messages may need it.
--
-- The character » in the notices is built from its bytes, because some database encodings do not have it.

-- Takes the category lock until the transaction ends. Writes to one category happen one after the other, so their messages become
-- visible in the order of their global positions.
create or replace function {schema}.acquire_lock(stream_name varchar) returns bigint
  language plpgsql volatile
as $$
declare
  _category varchar := {schema}.category(acquire_lock.stream_name);
  _lock bigint := {schema}.hash_64(_category);
begin
  perform pg_catalog.pg_advisory_xact_lock(_lock);
  if 'on' operator(pg_catalog.=) any (array[
    pg_catalog.current_setting('message_store.debug_write', true), pg_catalog.current_setting('message_store.debug', true)
  ]) then
    raise notice '% acquire_lock', pg_catalog.convert_from(pg_catalog.decode('c2bb', 'hex'), 'UTF8');
    raise notice 'stream_name: %', acquire_lock.stream_name;
    raise notice '_category: %', _category;
    raise notice '_category_name_hash: %', _lock;
  end if;
  return _lock;
end
$$;

create or replace function {schema}.stream_version(stream_name varchar) returns bigint
  language sql volatile
begin atomic
  select max(m.position) from {schema}.messages m where m.stream_name = stream_version.stream_name;
end;

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

  if 'on' operator(pg_catalog.=) any (array[
    pg_catalog.current_setting('message_store.debug_write', true), pg_catalog.current_setting('message_store.debug', true)
  ]) then
    raise notice '% write_message', pg_catalog.convert_from(pg_catalog.decode('c2bb', 'hex'), 'UTF8');
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
