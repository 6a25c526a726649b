-- One poll: reads new messages, the newest visible message, the transactions that may still commit a lower global
-- position, and whether the newest remembered message still exists.
--
-- From before a transaction draws a global position until it ends, it holds a RowExclusiveLock on the table or the
-- partition into which it inserts, and one on the sequence. The snapshot of this statement is older than its view of
-- the locks. So a global position that is below the newest one and not visible here belongs to a transaction in the
-- list, or to one that has ended and whose message the next statement sees. The locks seen by one statement therefore
-- apply to the messages of the next one, never to its own.
--
-- l has exactly one row. r has the messages in order.
--
-- {blocking}: blocking_transaction_ids.sql or blocking_transactions.sql, with table_locks.sql. {rows} and {joined}:
-- tail_rows.sql, or empty to read no messages.
-- $1 to $14 as in tail_rows.sql, $15 table, $16 the newest remembered global position, $17 OID of the sequence or null,
-- $18 global position up to which all messages were returned
-- Served by: messages_pkey, backwards; the catalog; the indexes of tail_rows.sql.
select {rows}l.*
from (
  select
    n.newest,
    n.newest_id,
    -- A table without a unique index can have several.
    (
      select array_agg(same.id::text) from (select id from {table} where global_position = $16 limit 100) same
    ) as remembered_ids,
    (clock_timestamp() at time zone 'utc')::timestamp as server_time,
    n.standby,
    (pg_postmaster_start_time() at time zone 'utc')::timestamp as started,
    (select c.oid::text || '/' || c.relfilenode::text from pg_class c where c.oid = $15::regclass::oid) as storage,
    -- A standby does not show the primary's locks. There, check whether the positions up to the newest have no gap.
    case when n.standby and n.newest - $18 between 0 and 100000 then
      (select count(*) from {table} where global_position > $18 and global_position <= n.newest) = n.newest - $18
    else false end as gapless,
    (
{blocking}
    ) as blocking
  from (
    select
      coalesce((select global_position::bigint from {table} where global_position is not null order by global_position desc limit 1), 0) as newest,
      (select id::text from {table} where global_position is not null order by global_position desc limit 1) as newest_id,
      pg_is_in_recovery() as standby
    offset 0
  ) n
  offset 0
) l
{joined}
