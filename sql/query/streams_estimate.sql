-- Estimates the number of streams from the statistics of ANALYZE, scaled to the present size of the table. Null if the
-- table was never analysed.
--
-- $1 table
-- Served by: the catalog.
select
  round(
    case when s.n_distinct < 0 then -s.n_distinct * c.reltuples else s.n_distinct end
      * (pg_relation_size(c.oid) / current_setting('block_size')::bigint) / c.relpages
  )::bigint
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_stats as s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = 'stream_name'
where c.oid = $1::regclass::oid and c.reltuples > 0 and c.relpages > 0
