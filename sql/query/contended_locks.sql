-- Part of blocking_transactions.sql: the locks of categories that others wait for.
--
-- Served by: the catalog.
l.locktype = 'advisory'
  and l.objsubid = 1
  and exists (
    select
    from pg_locks w
    where not w.granted
      and w.locktype = 'advisory'
      and w.objsubid = 1
      and (w.database, w.classid, w.objid) = (l.database, l.classid, l.objid)
  )
