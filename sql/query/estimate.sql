-- Estimates the number of messages in the table, as the planner would, and the share of one category according to
-- ANALYZE. Each is null if it is unknown, for example because the table was never analysed.
--
-- $1 table, $2 category
-- Served by: the catalog.
with category_index as (
  select n.nspname as schema, index.relname as name, a.attname as first_column
  from pg_index as i
  join pg_class as index on index.oid = i.indexrelid
  join pg_namespace as n on n.oid = index.relnamespace
  join pg_attribute as a on a.attrelid = i.indexrelid and a.attnum = 1
  where i.indrelid = $1::regclass::oid and i.indkey[0] = 0
  limit 1
),
kept as (
  select
    s.n_distinct,
    s.most_common_vals::text::text[] as names,
    s.most_common_freqs as shares
  from pg_stats as s
  where
    s.schemaname = (select schema from category_index)
    and s.tablename = (select name from category_index)
    and s.attname = (select first_column from category_index)
)
select
  case when c.reltuples > 0 and c.relpages > 0 then
    (c.reltuples / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::bigint))::float8
  end as messages,
  coalesce(
    (select kept.shares[array_position(kept.names, $2)] from kept),
    (
      select
        greatest(0, 1 - coalesce((select sum(share) from unnest(kept.shares) as share), 0))
          / greatest(1, case when kept.n_distinct < 0 then -kept.n_distinct * c.reltuples else kept.n_distinct end
            - coalesce(cardinality(kept.names), 0))
      from kept
    )
  )::float8 as share
from pg_class as c
where c.oid = $1::regclass::oid
