-- The parts of a stream name, in functions named as in Message DB. Their bodies are parsed on creation, so a caller's search_path cannot
-- change what they call. The planner inlines them, so the category index can serve category(stream_name) = ... in any query.
-- That only works with the table's collation, so not for the category in the metadata. And if such a query is ordered by
-- global_position with a limit, the planner may still walk the primary key.

create or replace function {schema}.category(stream_name varchar) returns varchar
  language sql immutable parallel safe
  return split_part(stream_name collate "C", '-', 1);

create or replace function {schema}.is_category(stream_name varchar) returns boolean
  language sql immutable parallel safe
  return coalesce(strpos(stream_name, '-') = 0, true);

create or replace function {schema}.id(stream_name varchar) returns varchar
  language sql immutable parallel safe
  return case when strpos(stream_name, '-') > 0 then substr(stream_name, strpos(stream_name, '-') + 1) end;

create or replace function {schema}.cardinal_id(stream_name varchar) returns varchar
  language sql immutable parallel safe
  return case
    when strpos(stream_name, '-') > 0 then split_part(substr(stream_name, strpos(stream_name, '-') + 1), '+', 1)
  end;

-- Returns the first 64 bits of the MD5 digest as a signed integer.
create or replace function {schema}.hash_64(value varchar) returns bigint
  language sql immutable parallel safe
  return ('x' || left(md5(value), 16))::bit(64)::bigint;

create or replace function {schema}.message_store_version() returns varchar
  language sql volatile
  return '1.3.0'::varchar;
