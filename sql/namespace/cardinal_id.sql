-- Returns the ID of a stream up to its first plus sign. It determines the consumer group member.
create or replace function {schema}.cardinal_id(stream_name varchar) returns varchar
  language sql immutable parallel safe
  return case
    when strpos(stream_name, '-') > 0 then split_part(substr(stream_name, strpos(stream_name, '-') + 1), '+', 1)
  end;
