-- Returns messages of a category from a global position on, optionally of one correlation category or one consumer
-- group member.
--
-- Served by: messages_category.
create or replace function {schema}.get_category_messages(
  category varchar,
  "position" bigint default 1,
  batch_size bigint default 1000,
  correlation varchar default null,
  consumer_group_member bigint default null,
  consumer_group_size bigint default null,
  condition varchar default null
) returns setof {schema}.message
  language plpgsql volatile
as $$
declare
  _member bigint := consumer_group_member;
  _size bigint := consumer_group_size;
  _command varchar := E'select id::varchar, stream_name::varchar, type::varchar, position, global_position,'
    ' data::varchar, metadata::varchar, time from {literal}.messages'
    -- Compared and ordered as a row, or the planner may walk the primary key and filter.
    ' where (pg_catalog.split_part(stream_name, ''-'', 1), global_position) operator(pg_catalog.>=) ($1, $2)'
    ' and (pg_catalog.split_part(stream_name, ''-'', 1), global_position)'
    ' operator(pg_catalog.<=) ($1, 9223372036854775807)';
  _order varchar := 'pg_catalog.split_part(stream_name, ''-'', 1), global_position';
begin
  if not {schema}.is_category(get_category_messages.category) then
    raise exception 'Must be a category: %', get_category_messages.category;
  end if;
  "position" := coalesce("position", 1);
  batch_size := coalesce(batch_size, 1000);

  if get_category_messages.correlation is not null then
    if not {schema}.is_category(get_category_messages.correlation) then
      raise exception 'Correlation must be a category (Correlation: %)', get_category_messages.correlation;
    end if;
    _command := pg_catalog.concat(_command,
      ' and pg_catalog.split_part(metadata operator(pg_catalog.->>) ''correlationStreamName'', ''-'', 1)'
      ' operator(pg_catalog.=) $4');
  end if;

  if (_member is null) operator(pg_catalog.<>) (_size is null) then
    raise exception 'Consumer group member and size must be specified (Consumer Group Member: %, Consumer Group Size: %)',
      _member, _size;
  end if;
  if _size operator(pg_catalog.<) 1 then
    raise exception 'Consumer group size must not be less than 1 (Consumer Group Member: %, Consumer Group Size: %)',
      _member, _size;
  end if;
  if _member operator(pg_catalog.<) 0 then
    raise exception 'Consumer group member must not be less than 0 (Consumer Group Member: %, Consumer Group Size: %)',
      _member, _size;
  end if;
  if _member operator(pg_catalog.>=) _size then
    raise exception
      'Consumer group member must be less than the group size (Consumer Group Member: %, Consumer Group Size: %)',
      _member, _size;
  end if;
  if _member is not null then
    -- A stream without an ID has no hash and belongs to no member.
    _command := pg_catalog.concat(_command,
      E' and pg_catalog.mod(operator(pg_catalog.@) {literal}.hash_64({literal}.cardinal_id(stream_name)), $6)'
      ' operator(pg_catalog.=) $5');
  end if;

  if get_category_messages.condition is not null then
    if coalesce(pg_catalog.current_setting('message_store.sql_condition', true), 'off') operator(pg_catalog.=) 'off' then
      raise exception 'Retrieval with SQL condition is not activated';
    end if;
    _command := pg_catalog.concat(_command, ' and (', get_category_messages.condition, ')');
    -- A condition can admit messages of other categories, which must be in the same order.
    _order := 'global_position ASC';
  end if;

  _command := pg_catalog.concat(_command, E'\n    ORDER BY\n      ', _order);
  if get_category_messages.batch_size operator(pg_catalog.<>) -1 then
    _command := pg_catalog.concat(_command, E'\n      LIMIT\n        $3');
  end if;

  if {debug_get} then
    raise notice '% get_category_messages', {mark};
    raise notice 'category ($1): %', get_category_messages.category;
    raise notice 'position ($2): %', get_category_messages.position;
    raise notice 'batch_size ($3): %', get_category_messages.batch_size;
    raise notice 'correlation ($4): %', get_category_messages.correlation;
    raise notice 'consumer_group_member ($5): %', _member;
    raise notice 'consumer_group_size ($6): %', _size;
    raise notice 'condition: %', get_category_messages.condition;
    raise notice 'Generated Command: %', _command;
  end if;

  return query execute _command using
    get_category_messages.category,
    get_category_messages.position,
    get_category_messages.batch_size,
    get_category_messages.correlation,
    _member,
    -- Message DB accepts no group of more than 32,767 members.
    _size::smallint;
end
$$;
