-- Part of blocking_transactions.sql: the locks of some categories. The key of the advisory lock is the hash of the category, which
-- pg_locks shows in two halves.
--
-- $1 categories
-- Served by: the catalog.
l.locktype = 'advisory'
  and l.objsubid = 1
  and ((l.classid::bigint << 32) | l.objid::bigint) in (select {hash_64}(name::varchar) from unnest($1) as name)
