create schema {schema};

-- Stream names sort bytewise whatever the database's locale is, so that the streams of a category are adjacent.
create table {schema}.messages (
  global_position bigserial primary key,
  position bigint not null,
  time timestamp without time zone not null default (now() at time zone 'utc'),
  stream_name text collate "C" not null,
  type text not null,
  data jsonb,
  metadata jsonb,
  id uuid not null default gen_random_uuid()
);

create unique index messages_id on {schema}.messages (id);

create unique index messages_stream on {schema}.messages (stream_name, position);

create index messages_category on {schema}.messages (
  split_part(stream_name, '-', 1),
  global_position,
  split_part(metadata ->> 'correlationStreamName', '-', 1)
);

-- The type that the get_ functions return.
create type {schema}.message as (
  id varchar,
  stream_name varchar,
  type varchar,
  position bigint,
  global_position bigint,
  data varchar,
  metadata varchar,
  time timestamp
);
