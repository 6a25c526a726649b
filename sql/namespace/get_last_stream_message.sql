-- Returns the last message of a stream, optionally the last of one type.
--
-- Served by: messages_stream, backwards.
create or replace function {schema}.get_last_stream_message(stream_name varchar, type varchar default null)
  returns setof {schema}.message
  language plpgsql volatile
as $$
declare
  _command varchar := E'select id::varchar, stream_name::varchar, type::varchar, position, global_position,'
    ' data::varchar, metadata::varchar, time from {literal}.messages'
    ' where stream_name operator(pg_catalog.=) $1';
begin
  if get_last_stream_message.type is not null then
    _command := pg_catalog.concat(_command, ' and type operator(pg_catalog.=) $2');
  end if;

  _command := pg_catalog.concat(_command, ' order by position desc limit 1');

  if {debug_get} then
    raise notice '% get_last_message', {mark};
    raise notice 'stream_name ($1): %', get_last_stream_message.stream_name;
    raise notice 'type ($2): %', get_last_stream_message.type;
    raise notice 'Generated Command: %', _command;
  end if;

  return query execute _command using get_last_stream_message.stream_name, get_last_stream_message.type;
end
$$;
