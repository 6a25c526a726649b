-- The newest visible message, and who could still commit one with a lower global position: whoever inserts into the table holds
-- a RowExclusiveLock on it from before the number is drawn until the transaction ends. The snapshot of the statement is older
-- than the look at the locks, so a number below the newest one that is not visible belongs to somebody in the list, or to
-- somebody who has ended and whose message the next statement sees. Prepared transactions are in it, without a pid, and
-- with their gid for the name of an application.
--
-- $1 table
-- Served by: messages_pkey, backwards.
select
  coalesce((select global_position from {table} order by global_position desc limit 1), 0)::bigint as newest,
  (clock_timestamp() at time zone 'utc')::timestamp as server_time,
  pg_is_in_recovery() as standby,
  (pg_postmaster_start_time() at time zone 'utc')::timestamp as started,
  l.virtualtransaction::text,
  l.pid,
  (coalesce(a.xact_start, p.prepared, clock_timestamp()) at time zone 'utc')::timestamp as since,
  coalesce(a.application_name::text, p.gid),
  a.state::text
from (select 1) one
left join pg_locks l
  on l.locktype = 'relation'
  and l.mode = 'RowExclusiveLock'
  and l.granted
  and l.relation = $1::regclass::oid
  and l.database = (select oid from pg_database where datname = current_database())
  and l.pid is distinct from pg_backend_pid()
left join pg_stat_activity a on a.pid = l.pid
left join lateral (
  -- The fence keeps it from being asked where nothing is prepared.
  select p.gid, p.prepared
  from pg_locks t join pg_prepared_xacts p on p.transaction = t.transactionid
  where l.pid is null and l.virtualtransaction is not null and t.virtualtransaction = l.virtualtransaction
  offset 0
) p on true
