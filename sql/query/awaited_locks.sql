-- Part of blocking_transactions.sql: the locks of the transactions that this program waits for. A pooler hides the
-- process of a session, so a session is recognised by its role, its application name and the age of its statement.
--
-- $1 age of the statement in seconds
-- Served by: the catalog.
l.pid in (
  select unnest(pg_blocking_pids(w.pid))
  from pg_stat_activity w
  where w.wait_event_type = 'Lock'
    and w.datname = current_database()
    and w.usename = current_user
    and w.application_name = current_setting('application_name')
    and abs(extract(epoch from clock_timestamp() - w.query_start)::float8 - $1) < 1
)
