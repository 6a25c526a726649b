-- Returns the version of Message DB with which these functions are compatible.
create or replace function {schema}.message_store_version() returns varchar
  language sql volatile
  return '1.3.0'::varchar;
