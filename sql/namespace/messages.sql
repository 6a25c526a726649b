-- The table of messages, with the indexes that serve every query: messages_pkey by global position, messages_id by ID,
-- messages_stream by stream and position, messages_category by category and global position.
--
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
