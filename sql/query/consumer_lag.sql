-- Compares positions with their categories: the newest message, the time of the first unread one, and how many are unread, up to a
-- limit. The last column is the time of the server.
--
-- The consumers of a category share two bounded reads of it. The first counts the messages above the lowest position. The second lists
-- as many of the newest ones, and each consumer finds its number by a search in that list. The list is negative so that it rises, which
-- width_bucket needs. A category with one position needs only the first. OFFSET keeps the planner from reading again for each consumer.
--
-- $1 categories, $2 the lowest global position that is unread in each, $3 the most messages to count
-- Served by: messages_category, with one probe and two bounded reads for each category, and one probe for each position.
with lag as (
  select * from unnest($1::text[], $2::bigint[]) with ordinality as lag(category, unread, consumer)
),
counted as (
  select
    of.*,
    (select count(*) from (select 1 from {table} {unread} limit $3) as unread) as above
  from (
    select lag.category, min(lag.unread) as lowest, max(lag.unread) as highest from lag group by lag.category
  ) as of
  offset 0
),
read as (
  select
    of.category,
    of.above,
    (select global_position::bigint from {table} {newest} limit 1) as head,
    case when of.lowest < of.highest then array(
      select -global_position::bigint from {table} {newest} limit of.above
    ) end as list,
    (clock_timestamp() at time zone 'utc')::timestamp as now
  from counted as of
  offset 0
)
select
  lag.consumer,
  read.head,
  (select {time} from {table} {first} limit 1),
  coalesce(width_bucket(-lag.unread, read.list)::bigint, read.above),
  read.now
from lag
join read on read.category = lag.category
