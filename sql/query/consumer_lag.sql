-- Compares positions with their categories: the newest message, the time of the first unread one, and how many are unread, up to a
-- limit. The last column is the time of the server.
--
-- $1 categories, $2 the lowest global position that is unread in each, $3 the most messages to count
-- Served by: messages_category, with two probes and one bounded count for each position.
select
  lag.consumer,
  (select global_position::bigint from {table} {newest} limit 1),
  (select {time} from {table} {unread} limit 1),
  (select count(*) from (select 1 from {table} {unread} limit $3) as counted),
  (clock_timestamp() at time zone 'utc')::timestamp
from unnest($1::text[], $2::bigint[]) with ordinality as lag(category, unread, consumer)
