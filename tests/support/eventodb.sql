-- A database as an EventoDB server leaves it: its registry and one namespace, "shop". Written for the tests after its known
-- behaviour: parameters with a leading underscore, uuid and jsonb results, conflicts as P0003, -1 for a missing stream,
-- split_part in the index, and a plpgsql category() in the reads.

create schema eventodb_store;
create table eventodb_store.namespaces (
  id text primary key,
  token_hash text not null unique,
  schema_name text not null unique,
  description text,
  created_at bigint not null,
  metadata jsonb
);
insert into eventodb_store.namespaces values
  ('shop', repeat('ab', 32), 'eventodb_shop', 'Created by an EventoDB server', 1767225600, '{"owner": "tests"}');

create schema eventodb_shop;

create table eventodb_shop._schema_version (
  version integer primary key,
  applied_at timestamp not null default now()
);
insert into eventodb_shop._schema_version (version) values (1), (2);

create table eventodb_shop.messages (
  id uuid not null default gen_random_uuid(),
  stream_name varchar not null,
  type varchar not null,
  position bigint not null,
  global_position bigserial primary key,
  data jsonb,
  metadata jsonb,
  time timestamp not null default (now() at time zone 'utc')
);
create unique index messages_id on eventodb_shop.messages (id);
create unique index messages_stream on eventodb_shop.messages (stream_name, position);
create index messages_category on eventodb_shop.messages
  (split_part(stream_name, '-', 1), global_position, (metadata ->> 'correlationStreamName'));

create function eventodb_shop.category(stream_name varchar) returns varchar
language plpgsql immutable as $$
begin
  return split_part(stream_name, '-', 1);
end $$;

create function eventodb_shop.id(stream_name varchar) returns varchar
language plpgsql immutable as $$
begin
  return case when strpos(stream_name, '-') > 0 then substr(stream_name, strpos(stream_name, '-') + 1) end;
end $$;

create function eventodb_shop.cardinal_id(stream_name varchar) returns varchar
language plpgsql immutable as $$
begin
  return split_part(eventodb_shop.id(stream_name), '+', 1);
end $$;

create function eventodb_shop.is_category(stream_name varchar) returns boolean
language plpgsql immutable as $$
begin
  return strpos(stream_name, '-') = 0;
end $$;

create function eventodb_shop.hash_64(value varchar) returns bigint
language plpgsql immutable as $$
begin
  return ('x' || substr(md5(value), 1, 16))::bit(64)::bigint;
end $$;

create function eventodb_shop.acquire_lock(stream_name varchar) returns bigint
language plpgsql as $$
declare
  lock_key bigint := eventodb_shop.hash_64(eventodb_shop.category(stream_name));
begin
  perform pg_advisory_xact_lock(lock_key);
  return lock_key;
end $$;

create function eventodb_shop.stream_version(_stream_name varchar) returns bigint
language plpgsql stable as $$
begin
  return (select coalesce(max(m.position), -1) from eventodb_shop.messages m where m.stream_name = _stream_name);
end $$;

create function eventodb_shop.write_message(
  _id varchar, _stream_name varchar, _type varchar, _data jsonb,
  _metadata jsonb default null, _expected_version bigint default null
) returns bigint
language plpgsql as $$
declare
  version bigint;
begin
  perform eventodb_shop.acquire_lock(_stream_name);
  version := eventodb_shop.stream_version(_stream_name);
  if _expected_version <> version then
    raise exception 'Wrong expected version: % (Stream: %, Stream Version: %)', _expected_version, _stream_name, version
      using errcode = 'P0003';
  end if;
  insert into eventodb_shop.messages (id, stream_name, type, position, data, metadata)
  values (_id::uuid, _stream_name, _type, version + 1, _data, _metadata);
  return version + 1;
end $$;

create function eventodb_shop.get_stream_messages(
  _stream_name varchar, _position bigint default 0, _batch_size bigint default 1000, _condition varchar default null
) returns table (
  id uuid, stream_name varchar, type varchar, "position" bigint, global_position bigint,
  data jsonb, metadata jsonb, "time" timestamp
)
language plpgsql stable as $$
begin
  return query
  select m.id, m.stream_name, m.type, m.position, m.global_position, m.data, m.metadata, m.time
  from eventodb_shop.messages m
  where m.stream_name = _stream_name and m.position >= _position
  order by m.position
  limit nullif(_batch_size, -1);
end $$;

create function eventodb_shop.get_category_messages(
  _category_name varchar, _position bigint default 1, _batch_size bigint default 1000, _correlation varchar default null,
  _consumer_group_member bigint default null, _consumer_group_size bigint default null, _condition varchar default null
) returns table (
  id uuid, stream_name varchar, type varchar, "position" bigint, global_position bigint,
  data jsonb, metadata jsonb, "time" timestamp
)
language plpgsql stable as $$
begin
  return query
  select m.id, m.stream_name, m.type, m.position, m.global_position, m.data, m.metadata, m.time
  from eventodb_shop.messages m
  where (coalesce(_category_name, '') = '' or eventodb_shop.category(m.stream_name) = _category_name)
    and m.global_position >= _position
    and (_correlation is null or eventodb_shop.category(m.metadata ->> 'correlationStreamName') = _correlation)
    and (
      _consumer_group_member is null or _consumer_group_size is null
      or mod(abs(eventodb_shop.hash_64(eventodb_shop.cardinal_id(m.stream_name))), _consumer_group_size)
         = _consumer_group_member
    )
  order by m.global_position
  limit nullif(_batch_size, -1);
end $$;

create function eventodb_shop.get_last_stream_message(_stream_name varchar, _type varchar default null) returns table (
  id uuid, stream_name varchar, type varchar, "position" bigint, global_position bigint,
  data jsonb, metadata jsonb, "time" timestamp
)
language plpgsql stable as $$
begin
  return query
  select m.id, m.stream_name, m.type, m.position, m.global_position, m.data, m.metadata, m.time
  from eventodb_shop.messages m
  where m.stream_name = _stream_name and (_type is null or m.type = _type)
  order by m.position desc
  limit 1;
end $$;
