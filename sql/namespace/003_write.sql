-- Writing. The search_path is fixed for each function, so that neither tables nor helpers of another schema, nor temporary
-- ones, can be put in place of these.

-- Held until the transaction ends: writes to one category come one after the other, so their messages become visible in the
-- order of their global positions.
create function {schema}.acquire_lock(stream_name varchar) returns bigint
  language plpgsql volatile
  set search_path = {schema}, pg_temp
as $$
declare
  _category varchar := {schema}.category(acquire_lock.stream_name);
  _lock bigint := {schema}.hash_64(_category);
begin
  perform pg_advisory_xact_lock(_lock);
  if 'on' in (current_setting('message_store.debug_write', true), current_setting('message_store.debug', true)) then
    raise notice '» acquire_lock';
    raise notice 'stream_name: %', acquire_lock.stream_name;
    raise notice '_category: %', _category;
    raise notice '_category_name_hash: %', _lock;
  end if;
  return _lock;
end
$$;

create function {schema}.stream_version(stream_name varchar) returns bigint
  language sql stable parallel safe
begin atomic
  select max(m.position) from {schema}.messages m where m.stream_name = stream_version.stream_name;
end;

create function {schema}.write_message(
  id varchar,
  stream_name varchar,
  type varchar,
  data jsonb,
  metadata jsonb default null,
  expected_version bigint default null
) returns bigint
  language plpgsql volatile
  set search_path = {schema}, pg_temp
as $$
declare
  _version bigint;
  _position bigint;
begin
  perform {schema}.acquire_lock(write_message.stream_name);

  -- A statement of its own, so that it sees what was committed while this one waited for the lock.
  select coalesce(max(m.position), -1) into _version
  from {schema}.messages m
  where m.stream_name = write_message.stream_name;

  if write_message.expected_version <> _version then
    raise exception 'Wrong expected version: % (Stream: %, Stream Version: %)',
      write_message.expected_version, write_message.stream_name, _version;
  end if;
  _position := _version + 1;

  insert into {schema}.messages (id, stream_name, position, type, data, metadata)
  values (
    write_message.id::uuid, write_message.stream_name, _position,
    write_message.type, write_message.data, write_message.metadata
  );

  if 'on' in (current_setting('message_store.debug_write', true), current_setting('message_store.debug', true)) then
    raise notice '» write_message';
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
