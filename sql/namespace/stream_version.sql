-- Returns the position of a stream's last message, or null if the stream does not exist.
create or replace function {schema}.stream_version(stream_name varchar) returns bigint
  language sql volatile
begin atomic
  select max(m.position) from {schema}.messages m where m.stream_name = stream_version.stream_name;
end;
