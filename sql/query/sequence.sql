-- Compares the sequence of global positions with the table. The sequence falls behind if rows are inserted with their
-- numbers, as a restore or logical replication does. The last number is null if the role may not see it.
--
-- $1 OID of the sequence, $2 the server's error message, $3 the quoted name of the table
-- Served by: messages_pkey, backwards.
select
  format('%I.%I', n.nspname, c.relname) as sequence,
  (select global_position::bigint from {table} where global_position is not null order by global_position desc limit 1) as highest,
  case when has_sequence_privilege(s.seqrelid, 'usage, select') then
    -- pg_sequence_last_value returns null for an unused sequence.
    coalesce(pg_sequence_last_value(s.seqrelid::regclass), s.seqstart - s.seqincrement)
  end as last,
  -- A refused number moves the sequence forward, perhaps up to the highest one. Then only the name of the index shows
  -- what was refused.
  exists (
    select
    from pg_catalog.pg_index as i
    join pg_catalog.pg_class as x on x.oid = i.indexrelid
    join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = $3::regclass::oid and i.indnatts = 1 and a.attname = 'global_position' and strpos($2, x.relname::text) > 0
  ) as refused
from pg_catalog.pg_sequence as s
join pg_catalog.pg_class as c on c.oid = s.seqrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where s.seqrelid::bigint = $1 and s.seqincrement > 0
