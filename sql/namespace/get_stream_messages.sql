-- Returns messages of a stream from a position on.
--
-- Served by: messages_stream.
create or replace function {schema}.get_stream_messages(
  stream_name varchar,
  "position" bigint default 0,
  batch_size bigint default 1000,
  condition varchar default null
) returns setof {schema}.message
  language plpgsql volatile
as $$
declare
  _command varchar := E'select id::varchar, stream_name::varchar, type::varchar, position, global_position,'
    ' data::varchar, metadata::varchar, time from {literal}.messages'
    ' where stream_name operator(pg_catalog.=) $1 and position operator(pg_catalog.>=) $2';
begin
  if {schema}.is_category(get_stream_messages.stream_name) then
    raise exception 'Must be a stream name: %', get_stream_messages.stream_name;
  end if;
  "position" := coalesce("position", 0);
  batch_size := coalesce(batch_size, 1000);

  if get_stream_messages.condition is not null then
    if coalesce(pg_catalog.current_setting('message_store.sql_condition', true), 'off') operator(pg_catalog.=) 'off' then
      raise exception 'Retrieval with SQL condition is not activated';
    end if;
    _command := pg_catalog.concat(_command, ' and (', get_stream_messages.condition, ')');
  end if;

  _command := pg_catalog.concat(_command, E'\n    ORDER BY\n      position ASC');
  if get_stream_messages.batch_size operator(pg_catalog.<>) -1 then
    _command := pg_catalog.concat(_command, E'\n      LIMIT\n        $3');
  end if;

  if {debug_get} then
    raise notice '% get_stream_messages', {mark};
    raise notice 'stream_name ($1): %', get_stream_messages.stream_name;
    raise notice 'position ($2): %', get_stream_messages.position;
    raise notice 'batch_size ($3): %', get_stream_messages.batch_size;
    raise notice 'condition ($4): %', get_stream_messages.condition;
    raise notice 'Generated Command: %', _command;
  end if;

  return query execute _command using
    get_stream_messages.stream_name,
    get_stream_messages.position,
    get_stream_messages.batch_size;
end
$$;
