-- Part of blocking_transactions.sql: the locks of writers on the table of messages, a part of it, or its sequence.
--
-- $15 table, $17 OID of the sequence or null
-- Served by: the catalog.
l.locktype = 'relation'
  and l.mode = 'RowExclusiveLock'
  and (
    l.relation = $15::regclass::oid
    or l.relation = $17
    -- A partition or inheriting table, at any level.
    or exists (
      with recursive up (oid) as (
        select i.inhparent from pg_inherits i where i.inhrelid = l.relation
        union
        select i.inhparent from up join pg_inherits i on i.inhrelid = up.oid
      )
      select from up where up.oid = $15::regclass::oid
    )
  )
