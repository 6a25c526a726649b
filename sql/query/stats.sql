-- How many messages there are by one or two of category, type and stream, of all or of one category, and when: the time from the
-- first message to the last is divided into buckets.
--
-- $1 category (null for all), $2 buckets, $3 first time, $4 last time, $5 limit (null for all)
-- Served by: the table as a whole, or messages_category.
with counted as (
  select
    {key} as key,
    {by} as by,
    greatest(1, least($2::int, width_bucket(
      extract(epoch from time)::float8, extract(epoch from $3::timestamp)::float8,
      extract(epoch from $4::timestamp)::float8 + 0.000001, $2::int
    ))) as bucket,
    count(*) as messages
  from {table}
  where {range}
  group by 1, 2, 3
)
select
  key, by, sum(messages)::bigint, round(sum(messages) / sum(sum(messages)) over () * 100, 2)::text,
  array_agg(bucket::bigint order by bucket), array_agg(messages order by bucket)
from counted
group by 1, 2
order by {order}
limit $5
