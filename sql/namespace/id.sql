-- Returns the part of a stream name after the first hyphen, or null if there is no hyphen.
create or replace function {schema}.id(stream_name varchar) returns varchar
  language sql immutable parallel safe
  return case when strpos(stream_name, '-') > 0 then substr(stream_name, strpos(stream_name, '-') + 1) end;
