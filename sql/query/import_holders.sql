-- Who holds the locks of some categories. The hash of a category is the key of an advisory lock, which is shown in two halves.
--
-- $1 categories
select
  l.virtualtransaction::text,
  l.pid,
  (coalesce(a.xact_start, clock_timestamp()) at time zone 'utc')::timestamp as since,
  a.application_name::text,
  a.state::text
from pg_locks l
left join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory'
  and l.granted
  and l.objsubid = 1
  and l.database = (select oid from pg_database where datname = current_database())
  and l.pid is distinct from pg_backend_pid()
  and ((l.classid::bigint << 32) | l.objid::bigint) in (select {hash_64}(name::varchar) from unnest($1) as name)
