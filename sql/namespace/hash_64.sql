-- Returns the first 64 bits of the MD5 digest as a signed integer.
create or replace function {schema}.hash_64(value varchar) returns bigint
  language sql immutable parallel safe
  return ('x' || left(md5(value), 16))::bit(64)::bigint;
