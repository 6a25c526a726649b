-- Part of blocking_transactions.sql: the locks of writers on the table of messages, its parts and its sequence.
--
-- $1 OIDs of the table and its parts, $2 OID of the sequence or null
-- Served by: the catalog.
l.locktype = 'relation'
  and l.mode = 'RowExclusiveLock'
  and (l.relation::bigint = any ($1) or l.relation::bigint = $2)
