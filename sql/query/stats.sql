-- Counts the messages of one or all categories by one or two of category, type and stream, in total and in equal time
-- intervals ("buckets") between the earliest and the latest message. Messages with an infinite time are in no bucket.
--
-- $1 category (null for all), $2 number of buckets, $3 limit (null for all)
-- Served by: a scan of the whole table, or messages_category. Reads twice.
with bounds as (
  select min({time}) as first, max({time}) as last,
    extract(epoch from min({time}))::float8 as low, extract(epoch from max({time}))::float8 as high
  from {table}
  where {range} and isfinite({time})
), counted as (
  select
    {key} as key,
    {by} as by,
    case
      when isfinite({time}) is not true then 0
      when low < high then greatest(1, least($2::int, width_bucket(extract(epoch from {time})::float8, low, high, $2::int)))
      else 1
    end as bucket,
    count(*) as messages
  from {table}, bounds
  where {range}
  group by 1, 2, 3
)
select
  key, by, sum(messages)::bigint, round(sum(messages) / sum(sum(messages)) over () * 100, 2)::text,
  array_agg(bucket::bigint order by bucket), array_agg(messages order by bucket),
  (select first from bounds), (select last from bounds)
from counted
group by 1, 2
order by {order}
limit $3
