-- What a stream name means (Message DB's functions of the same names). The bodies are parsed here and now, so no caller's
-- search_path can change what they call; and the planner puts them inline, so that category(stream_name) in anybody's query
-- is served by the category index (which it matches only with the table's own collation).
create schema {schema};

create function {schema}.category(stream_name varchar) returns varchar
  language sql immutable parallel safe
  return split_part(stream_name collate "C", '-', 1);

create function {schema}.is_category(stream_name varchar) returns boolean
  language sql immutable parallel safe
  return coalesce(strpos(stream_name, '-') = 0, true);

create function {schema}.id(stream_name varchar) returns varchar
  language sql immutable parallel safe
  return case when strpos(stream_name, '-') > 0 then substr(stream_name, strpos(stream_name, '-') + 1) end;

create function {schema}.cardinal_id(stream_name varchar) returns varchar
  language sql immutable parallel safe
  return case
    when strpos(stream_name, '-') > 0 then split_part(substr(stream_name, strpos(stream_name, '-') + 1), '+', 1)
  end;

-- The first 64 bits of the MD5 as a signed integer.
create function {schema}.hash_64(value varchar) returns bigint
  language sql immutable parallel safe
  return ('x' || left(md5(value), 16))::bit(64)::bigint;

create function {schema}.message_store_version() returns varchar
  language sql immutable parallel safe
  return '1.3.0'::varchar;
