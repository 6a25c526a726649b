-- Compares positions with their categories: the newest message, the time of the first unread one, and how many are
-- unread, up to a limit. The last column is the time of the server.
--
-- The consumers of a category share one bounded read of it: its newest messages down to the lowest position. Each
-- consumer finds its number by a search in that list, which contains the negated positions, because width_bucket needs
-- ascending values. ANY makes the index stop at the lowest position: after a comparison of (category, global_position),
-- PostgreSQL reads on to the beginning of the category. OFFSET keeps the planner from reading again for each consumer.
--
-- $1 categories, $2 the lowest global position that is unread in each, $3 the most messages to count
-- Served by: messages_category, with one probe and one bounded read for each category, and one probe for each position.
with lag as (
  select * from unnest($1::text[], $2::bigint[]) with ordinality as lag(category, unread, consumer)
),
read as (
  select
    of.category,
    (select global_position::bigint from {table} {newest} limit 1) as head,
    array(
      select -global_position::bigint
      from {table}
      where {category} = any(array[of.category]) and global_position >= of.lowest
      order by {category} desc, global_position desc
      limit $3
    ) as unread,
    (clock_timestamp() at time zone 'utc')::timestamp as now
  from (select lag.category, min(lag.unread) as lowest from lag group by lag.category) as of
  offset 0
)
select
  lag.consumer,
  read.head,
  (select {time} from {table} {first} limit 1),
  width_bucket(-lag.unread, read.unread)::bigint,
  read.now
from lag
join read on read.category = lag.category
