-- Lists the categories, each with an estimate of its size.
--
-- A table of up to 4 MiB is counted, because it may never have been analysed. A larger one is estimated as the planner
-- would: the category's share according to ANALYZE, times the estimated number of rows. The remaining share is divided
-- equally among categories without a known share. Without statistics the estimate is null.
--
-- $1 table
-- Served by: messages_category (category expression, ...).
with names as (
  {category_names}
),
size as (
  select
    pg_relation_size(oid) <= 4194304 as small,
    case when reltuples > 0 and relpages > 0 then
      reltuples / relpages * (pg_relation_size(oid) / current_setting('block_size')::bigint)
    end as messages
  from pg_class
  where oid = $1::regclass::oid
),
counted as (
  select name, count(*) as messages
  from (
    select {category}::text as name
    from {table}
    where (select small from size)
    order by {category}, global_position
    limit 50000
  ) as m
  group by name
),
category_index as (
  select n.nspname as schema, index.relname as name, a.attname as first_column
  from pg_index as i
  join pg_class as index on index.oid = i.indexrelid
  join pg_namespace as n on n.oid = index.relnamespace
  join pg_attribute as a on a.attrelid = i.indexrelid and a.attnum = 1
  where i.indrelid = $1::regclass::oid and i.indkey[0] = 0
  limit 1
),
kept as (
  select common.name, common.share
  from pg_stats as s
  left join lateral unnest(s.most_common_vals::text::text[], s.most_common_freqs) as common(name, share) on true
  where
    s.schemaname = (select schema from category_index)
    and s.tablename = (select name from category_index)
    and s.attname = (select first_column from category_index)
),
rest as (
  select
    greatest(0, 1 - coalesce(sum(share), 0))
      / greatest(1, (select count(*) from names where name not in (select k.name from kept as k where k.name is not null))) as share
  from kept
  having count(*) > 0
)
select
  names.name,
  case
    when size.small then coalesce(counted.messages, 0)
    else greatest(0, round(size.messages * coalesce(kept.share, rest.share)))::bigint
  end as messages
from names
cross join size
left join rest on true
left join kept on kept.name = names.name
left join counted on counted.name = names.name
order by names.name collate "C"
