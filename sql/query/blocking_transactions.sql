-- Lists the transactions of other sessions that hold some locks, as a JSON array, or null if there are none. A
-- transaction is listed once for each of its locks. Prepared transactions are listed without a PID and with their GID
-- as the application. The text of the query is left out if this role may not see it (its state is null then), or if its
-- encoding is unknown.
--
-- {locks}: a condition on pg_locks l: awaited_locks.sql, table_locks.sql, writer_locks.sql or contended_locks.sql
-- Served by: the catalog.
select json_agg(json_build_object(
  'transaction', l.virtualtransaction::text,
  'pid', l.pid,
  'since', (extract(epoch from coalesce(a.xact_start, p.prepared, clock_timestamp())) * 1000000)::bigint,
  'user', coalesce(a.usename::text, p.owner::text),
  'application', coalesce(a.application_name::text, p.gid),
  'state', a.state::text,
  'query', case when a.state is not null and getdatabaseencoding() <> 'SQL_ASCII' then left(a.query::text, 500) end
))::text
from pg_locks l
left join pg_stat_activity a on a.pid = l.pid
left join lateral (
  -- The fence (offset 0) avoids reading prepared transactions unless a lock has no process.
  select x.gid, x.prepared, x.owner
  from pg_locks t join pg_prepared_xacts x on x.transaction = t.transactionid
  where l.pid is null and l.virtualtransaction is not null and t.virtualtransaction = l.virtualtransaction
  offset 0
) p on true
where l.granted
  and l.database = (select d.oid from pg_database d where d.datname = current_database())
  and l.pid is distinct from pg_backend_pid()
  and {locks}
