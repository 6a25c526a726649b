-- One poll: the newest visible message, who could still commit one with a lower global position, whether the messages that are
-- remembered are still there, and the messages that came.
--
-- Whoever inserts holds a RowExclusiveLock on the table, or on the part of it that is inserted into, and whoever draws a number
-- holds one on the sequence, from before the number is drawn until the transaction ends. The snapshot of the statement is older
-- than its look at the locks. So what this statement says of the locks judges the messages that the next one reads, never
-- its own: a number below the newest one that is not visible here belongs to somebody in the list, or to somebody who has ended and
-- whose message the next statement sees. Prepared transactions are in the list without a pid, with their gid as the application.
--
-- l has one row, and r gives the messages in their order.
--
-- $1 to $14 as in tail_rows.sql, $15 table, $16 position of the newest message that is remembered, $17 sequence of the numbers (null
-- without), $18 position up to which everything was given
-- Served by: messages_pkey, backwards; the catalog; what serves tail_rows.sql.
select {rows}l.*
from (
  select
    n.newest,
    n.newest_id,
    (select id::text from {table} where global_position = $16) as remembered_id,
    (clock_timestamp() at time zone 'utc')::timestamp as server_time,
    n.standby,
    (pg_postmaster_start_time() at time zone 'utc')::timestamp as started,
    (select c.oid::text || '/' || c.relfilenode::text from pg_class c where c.oid = $15::regclass::oid) as storage,
    -- On a standby, which shows none of the primary's locks: whether no number is missing up to the newest.
    case when n.standby and n.newest - $18 between 0 and 100000 then
      (select count(*) from {table} where global_position > $18 and global_position <= n.newest) = n.newest - $18
    else false end as gapless,
    (
      select json_agg(json_build_object(
        'transaction', k.virtualtransaction::text,
        'pid', k.pid,
        'since', (extract(epoch from coalesce(a.xact_start, p.prepared, clock_timestamp())) * 1000000)::bigint,
        'application', coalesce(a.application_name::text, p.gid),
        'state', a.state::text
      ))::text
      from pg_locks k
      left join pg_stat_activity a on a.pid = k.pid
      left join lateral (
        -- The fence keeps it from being asked where nothing is prepared.
        select x.gid, x.prepared
        from pg_locks t join pg_prepared_xacts x on x.transaction = t.transactionid
        where k.pid is null and k.virtualtransaction is not null and t.virtualtransaction = k.virtualtransaction
        offset 0
      ) p on true
      where k.locktype = 'relation'
        and k.mode = 'RowExclusiveLock'
        and k.granted
        and k.database = (select d.oid from pg_database d where d.datname = current_database())
        and k.pid is distinct from pg_backend_pid()
        and (
          k.relation = $15::regclass::oid
          or k.relation = $17
          -- A partition, or a table that inherits, at any level.
          or exists (
            with recursive up (oid) as (
              select i.inhparent from pg_inherits i where i.inhrelid = k.relation
              union
              select i.inhparent from up join pg_inherits i on i.inhrelid = up.oid
            )
            select from up where up.oid = $15::regclass::oid
          )
        )
    ) as holders
  from (
    select
      coalesce((select global_position::bigint from {table} order by global_position desc limit 1), 0) as newest,
      (select id::text from {table} order by global_position desc limit 1) as newest_id,
      pg_is_in_recovery() as standby
    offset 0
  ) n
  offset 0
) l
{joined}
