-- Describes the table messages as JSON for doctor: its storage, indexes, sequence, roles and the statistics of vacuum.
-- Calls no code of the schema.
--
-- $1 table, $2 OID of the sequence or null
-- Served by: the catalog; messages_pkey, backwards.
select json_build_object(
  'persistence', c.relpersistence,
  'age', age(c.relfrozenxid),
  'row_security', c.relrowsecurity,
  'autovacuum_off', exists (
    select from unnest(c.reloptions) o (setting)
    where lower(o.setting) in ('autovacuum_enabled=false', 'autovacuum_enabled=off', 'autovacuum_enabled=0', 'autovacuum_enabled=no')
  ),
  'dead_rows', (select s.n_dead_tup from pg_stat_all_tables s where s.relid = c.oid),
  'live_rows', (select s.n_live_tup from pg_stat_all_tables s where s.relid = c.oid),
  -- Columns that no writer of messages knows, and that an INSERT without them violates.
  'required', (
    select coalesce(json_agg(quote_ident(a.attname) order by a.attnum), '[]')
    from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      and a.attnotnull and not a.atthasdef and a.attidentity = ''
      and a.attname not in ('global_position', 'position', 'time', 'stream_name', 'type', 'data', 'metadata', 'id')
  ),
  'indexes', (
    select coalesce(json_agg(json_build_object(
      'name', x.relname,
      'usable', i.indisvalid and i.indisready and i.indislive,
      'unique', i.indisunique and i.indimmediate,
      'partial', i.indpred is not null,
      'keys', (
        select json_agg(pg_get_indexdef(i.indexrelid, k, true) order by k)
        from generate_series(1, coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts)) k
      )
    ) order by x.relname), '[]')
    from pg_index i
    join pg_class x on x.oid = i.indexrelid
    where i.indrelid = c.oid
  ),
  'time_default', (
    select pg_get_expr(d.adbin, d.adrelid)
    from pg_attribute a
    join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attname = 'time' and not a.attisdropped
  ),
  'sequence', (
    select json_build_object(
      'name', format('%I.%I', n.nspname, s.relname),
      'last', case when has_sequence_privilege(q.seqrelid, 'usage, select') then
        coalesce(pg_sequence_last_value(q.seqrelid::regclass), q.seqstart - q.seqincrement)
      end,
      'max', q.seqmax
    )
    from pg_sequence q
    join pg_class s on s.oid = q.seqrelid
    join pg_namespace n on n.oid = s.relnamespace
    where q.seqrelid = $2
  ),
  'highest', (select global_position::bigint from {table} where global_position is not null order by global_position desc limit 1),
  -- The roles that were granted the schema, without its owner and superusers.
  'roles', (
    select coalesce(json_agg(json_build_object(
      'name', r.rolname,
      'reads', has_table_privilege(r.oid, c.oid, 'select'),
      'inserts', has_table_privilege(r.oid, c.oid, 'insert'),
      'draws', $2 is null or has_sequence_privilege(r.oid, $2, 'usage, update'),
      'cannot_execute', (
        select coalesce(json_agg(distinct p.proname), '[]')
        from pg_proc p
        where p.pronamespace = n.oid
          and p.proname in ('write_message', 'get_stream_messages', 'get_category_messages', 'stream_version')
          and not has_function_privilege(r.oid, p.oid, 'execute')
      )
    ) order by r.rolname), '[]')
    from (
      select distinct g.grantee
      from aclexplode(n.nspacl) g
      where g.privilege_type = 'USAGE' and g.grantee not in (0, n.nspowner)
    ) g
    join pg_roles r on r.oid = g.grantee and not r.rolsuper
  ),
  'functions', (
    select coalesce(json_agg(json_build_object(
      'name', p.proname,
      'body', p.prosrc,
      'definer', p.prosecdef,
      'volatility', p.provolatile,
      'settings', coalesce(to_json(p.proconfig), '[]')
    )), '[]')
    from pg_proc p
    where p.pronamespace = n.oid
  ),
  -- Indexes whose text columns were sorted by another version of their collation.
  'collations', (
    select coalesce(json_agg(distinct l.collname), '[]')
    from pg_index i
    cross join unnest(i.indcollation::oid[]) k (oid)
    join pg_collation l on l.oid = k.oid
    where i.indrelid = c.oid
      and l.collversion is not null
      and l.collversion is distinct from pg_collation_actual_version(l.oid)
  )
)::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.oid = $1::regclass::oid
