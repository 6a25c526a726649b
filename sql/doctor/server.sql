-- Describes the server as JSON for doctor: connections, replication, transactions and the age of the database. Facts
-- that the role may not see are null. Columns that PostgreSQL 10 does not have are read through JSON.
--
-- {replay_delay}: replay_delay.sql. {waiting}: waiting_sessions.sql. $1 OIDs of the table and its parts
-- Served by: the catalog.
select json_build_object(
  'version', current_setting('server_version'),
  'version_number', current_setting('server_version_num')::int,
  'standby', pg_is_in_recovery(),
  'replay_delay', {replay_delay},
  'max_connections', current_setting('max_connections')::int,
  'connections', (select count(*) from pg_stat_activity a where a.backend_type = 'client backend'),
  'autovacuum', current_setting('autovacuum'),
  'database_age', (select age(d.datfrozenxid) from pg_database d where d.datname = current_database()),
  'replicas', (
    select coalesce(json_agg(json_build_object(
      'name', r.application_name,
      'state', r.state,
      'bytes', case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn)::int8 end,
      'seconds', extract(epoch from r.replay_lag)::float8
    )), '[]')
    from pg_stat_replication r
  ),
  'slots', (
    select coalesce(json_agg(json_build_object(
      'name', s.slot_name,
      'active', s.active,
      'bytes', pg_wal_lsn_diff(
        case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, s.restart_lsn)::int8,
      'status', to_jsonb(s) ->> 'wal_status'
    )), '[]')
    from pg_replication_slots s
  ),
  'transactions', (
    select coalesce(json_agg(t), '[]')
    from (
      select
        a.pid,
        extract(epoch from clock_timestamp() - a.xact_start)::float8 as seconds,
        a.application_name as application,
        a.usename as role,
        a.state,
        exists (
          select from pg_locks l
          where l.pid = a.pid and l.granted and l.locktype = 'relation' and l.mode = 'RowExclusiveLock'
            and l.database = (select d.oid from pg_database d where d.datname = current_database())
            and l.relation::bigint = any ($1)
        ) as writes
      from pg_stat_activity a
      where a.xact_start is not null and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
      order by a.xact_start
      limit 20
    ) t
  ),
  'prepared', (
    select coalesce(json_agg(json_build_object(
      'gid', p.gid,
      'seconds', extract(epoch from clock_timestamp() - p.prepared)::float8,
      'role', p.owner
    ) order by p.prepared), '[]')
    from pg_prepared_xacts p
    where p.database = current_database()
  ),
  'waiting', ({waiting})
)::text
