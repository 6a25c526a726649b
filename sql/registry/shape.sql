-- Describes a table messages as JSON, from the catalog alone: a subquery over c, its row in list.sql. Calls no code of the schema.
-- Catalog columns that PostgreSQL 10 does not have are read through JSON, except for those of pg_attribute: its attmissingval can have a
-- user-defined type, and converting that to JSON can call a user-defined cast.
--
-- {indirect}: indirect.sql, for the expression of a policy
-- Served by: the catalog.
(select json_build_object(
  'table', c.oid::int8,
  'kind', c.relkind,
  -- The columns by name, each with its type, or with the base type of its domain.
  'columns', (
    select json_object_agg(a.attname, json_build_object(
      'oid', b.oid::int8,
      'kind', b.typtype,
      'name', format_type(a.atttypid, a.atttypmod),
      'not_null', a.attnotnull,
      'identity', a.attidentity <> '',
      -- Without the column in pg_attribute, its name means the one of older.
      'generated', (
        select (select attgenerated from pg_attribute g where g.attrelid = a.attrelid and g.attnum = a.attnum) <> ''
        from (select ''::"char") older (attgenerated)
      ),
      'nondeterministic', exists (
        select from pg_collation l where l.oid = a.attcollation and to_jsonb(l) ->> 'collisdeterministic' = 'false'
      ),
      'has_casts', exists (select from pg_cast k where k.castsource = b.oid)
    ))
    from pg_attribute a
    join pg_type b on b.oid = (
      with recursive base (oid, kind, of) as (
        select t.oid, t.typtype, t.typbasetype from pg_type t where t.oid = a.atttypid
        union all
        select t.oid, t.typtype, t.typbasetype from base join pg_type t on t.oid = base.of where base.kind = 'd'
      )
      select base.oid from base where base.kind <> 'd'
    )
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ),
  -- The columns of each valid, immediate unique index that covers all rows, in index order.
  'unique', (
    select coalesce(json_agg((
      select json_agg(a.attname order by k.place)
      from unnest(i.indkey::int2[]) with ordinality k (number, place)
      left join pg_attribute a
        on a.attrelid = c.oid and a.attnum = k.number
      -- Included columns are not part of the key.
      where k.place <= coalesce((to_jsonb(i) ->> 'indnkeyatts')::int8, i.indnatts::int8)
    )), '[]')
    from pg_index i
    where i.indrelid = c.oid
      and i.indisunique and i.indisvalid and i.indisready and i.indimmediate
      and i.indpred is null and i.indexprs is null
  ),
  -- The default of global_position, and the sequence of the default or the identity column.
  'numbering', (
    select json_build_object(
      'default', pg_get_expr(d.adbin, d.adrelid),
      'is_nextval', coalesce(pg_get_expr(d.adbin, d.adrelid) =
        format('nextval(%L::regclass)', s.seqrelid::regclass), false),
      'sequence', s.seqrelid::int8,
      'sequence_name', (
        select format('%I.%I', n.nspname, q.relname)
        from pg_class q
        join pg_namespace n on n.oid = q.relnamespace
        where q.oid = s.seqrelid
      ),
      'owned', exists (
        select from pg_depend o
        where o.classid = 'pg_class'::regclass
          and o.objid = s.seqrelid
          and o.refclassid = o.classid
          and o.refobjid = a.attrelid
          and o.refobjsubid = a.attnum
          and o.deptype = any (array['a', 'i']::"char"[])
      ),
      'cache', s.seqcache,
      'increment', s.seqincrement,
      'cycles', s.seqcycle
    )
    from pg_attribute a
    left join pg_attrdef d
      on d.adrelid = a.attrelid and d.adnum = a.attnum
    left join pg_sequence s on s.seqrelid = (
      select p.refobjid from pg_depend p
      where p.classid = 'pg_attrdef'::regclass
        and p.objid = d.oid
        and p.refclassid = 'pg_class'::regclass
        and p.refobjid <> a.attrelid
      union all
      select p.objid from pg_depend p
      where p.refclassid = 'pg_class'::regclass
        and p.refobjid = a.attrelid
        and p.refobjsubid = a.attnum
        and p.classid = p.refclassid
        and p.deptype = 'i'
        and a.attidentity <> ''
      limit 1
    )
    where a.attrelid = c.oid and a.attname = 'global_position'
      and not a.attisdropped
  ),
  -- Partitions and inheriting tables, at every level. An insert into one of them uses its own default of global_position: the next
  -- number of the sequence in draws_from, or some other expression if draws_from is 0.
  'parts', (
    select coalesce(json_agg(json_build_object(
      'oid', p.oid::int8,
      'kind', p.relkind,
      'name', format('%I.%I', s.nspname, p.relname),
      'draws_from', (
        select coalesce((
          select q.refobjid from pg_depend q
          where q.classid = 'pg_attrdef'::regclass
            and q.objid = d.oid
            and q.refclassid = 'pg_class'::regclass
            and pg_get_expr(d.adbin, d.adrelid) = format('nextval(%L::regclass)', q.refobjid::regclass)
        ), 0)::int8
        from pg_attribute a
        join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = p.oid and a.attname = 'global_position' and not a.attisdropped
      )
    ) order by p.oid), '[]')
    from pg_class p
    join pg_namespace s on s.oid = p.relnamespace
    where p.oid = any (part.oids)
  ),
  -- Whether every table with rows has a complete index that begins with id.
  'ids_are_indexed', not exists (
    select from pg_class p
    where p.oid = any (part.oids || c.oid)
      and p.relkind <> 'p'
      and not exists (
        select from pg_index i
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = p.oid and a.attname = 'id' and i.indisvalid and i.indpred is null
      )
  ),
  -- Enabled, user-defined triggers that fire on INSERT, including those that only some partitions have. tgtype is a set of bits: 1 row,
  -- 2 before, 4 insert, 64 instead.
  'triggers', (
    select coalesce(json_agg(json_build_object(
      'name', g.tgname,
      'row', g.tgtype::int4 & 1 <> 0,
      'before', g.tgtype::int4 & 2 <> 0,
      'numbers', g.tgtype::int4 & 3 = 3 and strpos(f.prosrc, 'global_position') > 0
    ) order by g.tgname), '[]')
    from pg_trigger g
    join pg_proc f on f.oid = g.tgfoid
    where g.tgrelid = any (part.oids || c.oid)
      -- A trigger of a partitioned table has a copy in each partition.
      and coalesce(to_jsonb(g) ->> 'tgparentid', '0') = '0'
      and not g.tgisinternal
      and g.tgenabled <> 'D'
      and g.tgtype::int4 & 4 <> 0
  ),
  -- The argument types of write_message.
  'write_arguments', (
    select json_agg(t.type::int8 order by t.place)
    from (
      select p.proargtypes from pg_proc p
      where p.pronamespace = c.namespace and p.proname = 'write_message' and p.pronargs = 6
      order by p.oid
      limit 1
    ) p
    cross join unnest(p.proargtypes::oid[]) with ordinality t (type, place)
  ),
  'rules', (
    select coalesce(json_agg(r.rulename order by r.rulename), '[]')
    from pg_rewrite r
    where r.ev_class = c.oid
  ),
  'row_security', row_security_active(c.oid),
  -- A subscription names the partitions, unless the publication has publish_via_partition_root.
  'subscribed', exists (select from pg_subscription_rel r where r.srrelid = any (part.oids || c.oid)),
  -- Whether names sort bytewise, by the collation of the column or, if that is the default, of the database.
  'bytewise', coalesce((
    select case
      when a.attcollation = 100 then (
        select
          (d.settings ->> 'datlocprovider' is null or d.settings ->> 'datlocprovider' in ('c', 'b'))
          and upper(coalesce(d.settings ->> 'datlocale', d.settings ->> 'datcollate')) in ('C', 'POSIX', 'C.UTF-8', 'C.UTF8')
        from (select to_jsonb(b) as settings from pg_database b where b.datname = current_database()) d
      )
      else (select l.collname in ('C', 'POSIX', 'ucs_basic', 'pg_c_utf8') from pg_collation l where l.oid = a.attcollation)
    end
    from pg_attribute a
    where a.attrelid = c.oid and a.attname = 'stream_name' and not a.attisdropped
  ), false),
  -- User-defined functions and operators that planning or reading calls: in index expressions, statistics, constraints, partition keys
  -- and the policies that apply. A type can call functions in the checks of its domains, and a relation that a policy reads in anything
  -- above. In a schema of Message DB, reading a category calls its function category, or an overload of it. They are listed too, except
  -- for the original one.
  'calls', (
    with category (oid, is_original) as (
      select
        f.oid,
        f.pronargs = 1 and f.proargtypes[0] = 'varchar'::regtype and f.prorettype = 'varchar'::regtype and f.proconfig is null
          and f.prolang = (select l.oid from pg_language l where l.lanname = 'plpgsql')
          and regexp_replace(lower(f.prosrc), '[[:space:]]', '', 'g') = 'beginreturnsplit_part(category.stream_name,''-'',1);end;'
      from pg_proc f
      where f.pronamespace = c.namespace and f.proname = 'category'
    )
    select coalesce(json_agg(distinct code.name), '[]')
    from (
      select
        case when d.refclassid in ('pg_type'::regclass, 'pg_class'::regclass) then 'code behind ' else '' end
          || pg_describe_object(d.refclassid, d.refobjid, 0)
      from (
        with recursive whole (oid) as (
          select c.oid
          union
          select h.inhparent from whole join pg_inherits h on h.inhrelid = whole.oid
        )
        select whole.oid from whole
        union
        select p.oid from unnest(part.oids) p (oid)
      ) t (oid)
      cross join lateral (
        select 'pg_class'::regclass::oid, t.oid
        union all
        select 'pg_class'::regclass, i.indexrelid from pg_index i where i.indrelid = t.oid
        union all
        select 'pg_statistic_ext'::regclass, s.oid from pg_statistic_ext s where s.stxrelid = t.oid
        union all
        select 'pg_constraint'::regclass, k.oid from pg_constraint k where k.conrelid = t.oid
        union all
        select 'pg_policy'::regclass, p.oid from pg_policy p where p.polrelid = t.oid and row_security_active(t.oid)
      ) o (class, oid)
      join pg_depend d on d.classid = o.class and d.objid = o.oid and (d.classid <> 'pg_class'::regclass or d.objsubid = 0)
      where (
          d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass)
          or d.refclassid = 'pg_type'::regclass and exists (select from pg_type y where y.oid = d.refobjid and y.typtype <> 'e')
          or d.refclassid = 'pg_class'::regclass and d.classid = 'pg_policy'::regclass and d.refobjid <> t.oid
        )
        and not exists (
          select from category f where d.refclassid = 'pg_proc'::regclass and f.oid = d.refobjid and f.is_original
        )
      union all
      select pg_describe_object('pg_proc'::regclass, f.oid, 0)
      from category f
      where not f.is_original
        and exists (select from pg_proc v where v.pronamespace = c.namespace and v.proname = 'message_store_version')
        and not exists (
          select from pg_class v where v.relnamespace = c.namespace and v.relname = '_streamscope_version' and v.relkind = 'r'
        )
      union all
      select 'code behind ' || pg_describe_object('pg_policy'::regclass, p.oid, 0)
      from pg_policy p
      where p.polrelid = c.oid and row_security_active(c.oid)
        and {indirect}
    ) code (name)
  )
)
from (
  with recursive part (oid) as (
    select h.inhrelid from pg_inherits h where h.inhparent = c.oid
    union
    select h.inhrelid from part join pg_inherits h on h.inhparent = part.oid
  )
  select coalesce(array_agg(part.oid), array[]::oid[]) from part
) part (oids))
