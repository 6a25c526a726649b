-- Counts the newest messages of a category by stream, in a bounded number of index entries.
--
-- $1 category, $2 the most messages to read
-- Served by: messages_category, backwards.
select recent.name, count(*)
from (select stream_name::text as name from {table} {newest} limit $2) as recent
group by recent.name
