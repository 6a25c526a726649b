-- Returns the transactions that hold the locks of some categories. The key of the advisory lock is the hash of the category, which
-- pg_locks shows in two halves.
--
-- $1 categories
select
  l.virtualtransaction::text,
  l.pid,
  (coalesce(a.xact_start, p.prepared, clock_timestamp()) at time zone 'utc')::timestamp as since,
  coalesce(a.application_name::text, p.gid),
  a.state::text
from pg_locks l
left join pg_stat_activity a on a.pid = l.pid
left join lateral (
  -- The fence (offset 0) keeps prepared transactions from being read unless a lock has no process.
  select p.gid, p.prepared
  from pg_locks t join pg_prepared_xacts p on p.transaction = t.transactionid
  where l.pid is null and l.virtualtransaction is not null and t.virtualtransaction = l.virtualtransaction
  offset 0
) p on true
where l.locktype = 'advisory'
  and l.granted
  and l.objsubid = 1
  and l.database = (select oid from pg_database where datname = current_database())
  and l.pid is distinct from pg_backend_pid()
  and ((l.classid::bigint << 32) | l.objid::bigint) in (select {hash_64}(name::varchar) from unnest($1) as name)
