-- Describes what blocks the readers and writers of a namespace, in one row: the newest global position, the time of the
-- server, whether it is a standby and how many seconds that is behind, and as JSON the open writers, the holders of
-- locks of categories that others wait for, and which sessions wait for which.
--
-- {writers} and {holders}: blocking_transactions.sql with writer_locks.sql and contended_locks.sql. {waiting}:
-- waiting_sessions.sql.
-- {replay_delay}: replay_delay.sql.
-- $1 OIDs of the table and its parts, $2 OID of the sequence or null
-- Served by: messages_pkey, backwards; the catalog.
select
  coalesce((select global_position::bigint from {table} where global_position is not null order by global_position desc limit 1), 0),
  (clock_timestamp() at time zone 'utc')::timestamp,
  pg_is_in_recovery(),
  ({replay_delay})::float8,
  ({writers}),
  ({holders}),
  ({waiting})::text
