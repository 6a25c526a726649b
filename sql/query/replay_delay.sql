-- On a standby: seconds since the last replayed transaction, or 0 if everything received was replayed. Null elsewhere.
--
-- Served by: the catalog.
case when pg_is_in_recovery() then
  case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
  else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 end
end
