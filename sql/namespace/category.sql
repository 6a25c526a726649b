-- Returns the part of a stream name before the first hyphen.
--
-- The planner inlines this function, so the category index can serve category(stream_name) = ... in any query. This
-- works only with the table's collation, and so not for the category in the metadata. If such a query is ordered by
-- global_position with a limit, the planner may still walk the primary key.
create or replace function {schema}.category(stream_name varchar) returns varchar
  language sql immutable parallel safe
  return split_part(stream_name collate "C", '-', 1);
