-- Compares the sequence of global positions with the table. The sequence falls behind if rows are inserted with their numbers, as a
-- restore or logical replication does. The last number is null if the role may not see it.
--
-- $1 OID of the sequence
-- Served by: messages_pkey, backwards.
select
  format('%I.%I', n.nspname, c.relname) as sequence,
  (select global_position::bigint from {table} order by global_position desc limit 1) as highest,
  case when has_sequence_privilege(s.seqrelid, 'usage, select') then
    -- pg_sequence_last_value returns null for an unused sequence.
    coalesce(pg_sequence_last_value(s.seqrelid::regclass), s.seqstart - s.seqincrement)
  end as last
from pg_catalog.pg_sequence as s
join pg_catalog.pg_class as c on c.oid = s.seqrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where s.seqrelid::bigint = $1 and s.seqincrement > 0
