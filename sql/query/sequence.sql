-- How far the sequence of the global positions is, and how far the table: the sequence falls behind if rows come with their numbers,
-- as by a restore or a logical replication. The last number is null if the role may not see it.
--
-- $1 oid of the sequence
-- Served by: messages_pkey, backwards.
select
  format('%I.%I', n.nspname, c.relname) as sequence,
  (select global_position::bigint from {table} order by global_position desc limit 1) as highest,
  case when has_sequence_privilege(s.seqrelid, 'usage, select') then
    -- A sequence that has given no number yet says null.
    coalesce(pg_sequence_last_value(s.seqrelid::regclass), s.seqstart - s.seqincrement)
  end as last
from pg_catalog.pg_sequence as s
join pg_catalog.pg_class as c on c.oid = s.seqrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where s.seqrelid::bigint = $1 and s.seqincrement > 0
