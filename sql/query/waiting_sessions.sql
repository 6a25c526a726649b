-- Lists the sessions that wait for the lock of a category or for the table, and the sessions that they wait for, as a
-- JSON array.
--
-- $1 OIDs of the table and its parts
-- Served by: the catalog.
select coalesce(json_agg(json_build_object(
  'pid', l.pid,
  'application', a.application_name,
  'seconds', extract(epoch from clock_timestamp() - a.query_start)::float8,
  'blocked_by', to_json(pg_blocking_pids(l.pid)),
  'category', l.locktype = 'advisory'
)), '[]')
from pg_locks l
left join pg_stat_activity a on a.pid = l.pid
where not l.granted
  and l.database = (select d.oid from pg_database d where d.datname = current_database())
  and (l.locktype = 'advisory' and l.objsubid = 1 or l.locktype = 'relation' and l.relation::bigint = any ($1))
