-- Returns whether a name has no hyphen, and so names a category.
create or replace function {schema}.is_category(stream_name varchar) returns boolean
  language sql immutable parallel safe
  return coalesce(strpos(stream_name, '-') = 0, true);
