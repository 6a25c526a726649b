-- What the catalog says of the table messages of one schema, as one JSON object. Only the catalog is read: nothing here calls what
-- belongs to the schema. All is named with pg_catalog, whose first place on the search path a database's owner can take away.
--
-- Catalog columns that are newer than PostgreSQL 10 are read from the row as JSON.
--
-- $1 schema
-- Served by: the catalog.
select pg_catalog.json_build_object(
  'table', c.oid::pg_catalog.int8,
  'kind', c.relkind,
  -- For each column its type, or the type that its domain is made of.
  'columns', (
    select pg_catalog.json_object_agg(a.attname, pg_catalog.json_build_object(
      'oid', b.oid::pg_catalog.int8,
      'kind', b.typtype,
      'name', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'not_null', a.attnotnull,
      'identity', a.attidentity operator(pg_catalog.<>) '',
      'generated', coalesce(pg_catalog.to_jsonb(a) operator(pg_catalog.->>) 'attgenerated', '')
        operator(pg_catalog.<>) '',
      'has_casts', exists(
        select from pg_catalog.pg_cast k where k.castsource operator(pg_catalog.=) b.oid
      )
    ))
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_type b on b.oid operator(pg_catalog.=) (
      with recursive base (oid, kind, of) as (
        select t.oid, t.typtype, t.typbasetype from pg_catalog.pg_type t
        where t.oid operator(pg_catalog.=) a.atttypid
        union all
        select t.oid, t.typtype, t.typbasetype from base
        join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) base.of
        where base.kind operator(pg_catalog.=) 'd'
      )
      select base.oid from base where base.kind operator(pg_catalog.<>) 'd'
    )
    where a.attrelid operator(pg_catalog.=) c.oid
      and a.attnum operator(pg_catalog.>) 0
      and not a.attisdropped
  ),
  -- The columns of each unique index that holds for all rows at once, in the order of the index.
  'unique', (
    select coalesce(pg_catalog.json_agg((
      select pg_catalog.json_agg(a.attname order by k.place)
      from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality k (number, place)
      left join pg_catalog.pg_attribute a
        on a.attrelid operator(pg_catalog.=) c.oid and a.attnum operator(pg_catalog.=) k.number
      -- What an index only includes is no part of its key.
      where k.place operator(pg_catalog.<=) coalesce(
        (pg_catalog.to_jsonb(i) operator(pg_catalog.->>) 'indnkeyatts')::pg_catalog.int8, i.indnatts::pg_catalog.int8
      )
    )), '[]')
    from pg_catalog.pg_index i
    where i.indrelid operator(pg_catalog.=) c.oid
      and i.indisunique and i.indisvalid and i.indisready and i.indimmediate
      and i.indpred is null and i.indexprs is null
  ),
  -- The default of global_position: as text, and the sequence that it draws from or that identity gives it.
  'numbering', (
    select pg_catalog.json_build_object(
      'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
      'is_nextval', coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) operator(pg_catalog.=)
        pg_catalog.format('nextval(%L::regclass)', s.seqrelid::pg_catalog.regclass), false),
      'sequence', s.seqrelid::pg_catalog.int8,
      'owned', exists(
        select from pg_catalog.pg_depend o
        where o.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
          and o.objid operator(pg_catalog.=) s.seqrelid
          and o.refclassid operator(pg_catalog.=) o.classid
          and o.refobjid operator(pg_catalog.=) a.attrelid
          and o.refobjsubid operator(pg_catalog.=) a.attnum
          and o.deptype operator(pg_catalog.=) any (array['a', 'i']::pg_catalog."char"[])
      ),
      'cache', s.seqcache,
      'increment', s.seqincrement,
      'cycles', s.seqcycle
    )
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d
      on d.adrelid operator(pg_catalog.=) a.attrelid and d.adnum operator(pg_catalog.=) a.attnum
    left join pg_catalog.pg_sequence s on s.seqrelid operator(pg_catalog.=) (
      select p.refobjid from pg_catalog.pg_depend p
      where p.classid operator(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid
        and p.objid operator(pg_catalog.=) d.oid
        and p.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        and p.refobjid operator(pg_catalog.<>) a.attrelid
      union all
      select p.objid from pg_catalog.pg_depend p
      where p.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        and p.refobjid operator(pg_catalog.=) a.attrelid
        and p.refobjsubid operator(pg_catalog.=) a.attnum
        and p.classid operator(pg_catalog.=) p.refclassid
        and p.deptype operator(pg_catalog.=) 'i'
        and a.attidentity operator(pg_catalog.<>) ''
      limit 1
    )
    where a.attrelid operator(pg_catalog.=) c.oid and a.attname operator(pg_catalog.=) 'global_position'
      and not a.attisdropped
  ),
  -- Partitions and inheriting tables, at every level.
  'parts', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', p.oid::pg_catalog.int8,
      'kind', p.relkind,
      'name', pg_catalog.format('%I.%I', s.nspname, p.relname)
    ) order by p.oid), '[]')
    from pg_catalog.pg_class p
    join pg_catalog.pg_namespace s on s.oid operator(pg_catalog.=) p.relnamespace
    where p.oid operator(pg_catalog.=) any (part.oids)
  ),
  -- Every table that holds rows has an index for all of them that begins with id.
  'ids_are_indexed', not exists(
    select from pg_catalog.pg_class p
    where p.oid operator(pg_catalog.=) any (part.oids operator(pg_catalog.||) c.oid)
      and p.relkind operator(pg_catalog.<>) 'p'
      and not exists(
        select from pg_catalog.pg_index i
        join pg_catalog.pg_attribute a
          on a.attrelid operator(pg_catalog.=) i.indrelid and a.attnum operator(pg_catalog.=) i.indkey[0]
        where i.indrelid operator(pg_catalog.=) p.oid
          and a.attname operator(pg_catalog.=) 'id'
          and i.indisvalid and i.indpred is null
      )
  ),
  -- Enabled triggers that somebody made and that an INSERT fires, also those that only some partitions have. tgtype is a set of
  -- bits: 1 row, 2 before, 4 insert, 64 instead.
  'triggers', (
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', g.tgname,
      'row', g.tgtype::pg_catalog.int4 operator(pg_catalog.&) 1 operator(pg_catalog.<>) 0,
      'before', g.tgtype::pg_catalog.int4 operator(pg_catalog.&) 2 operator(pg_catalog.<>) 0
    ) order by g.tgname), '[]')
    from pg_catalog.pg_trigger g
    where g.tgrelid operator(pg_catalog.=) any (part.oids operator(pg_catalog.||) c.oid)
      -- A trigger of a partitioned table has a copy in each partition.
      and coalesce(pg_catalog.to_jsonb(g) operator(pg_catalog.->>) 'tgparentid', '0') operator(pg_catalog.=) '0'
      and not g.tgisinternal
      and g.tgenabled operator(pg_catalog.<>) 'D'
      and g.tgtype::pg_catalog.int4 operator(pg_catalog.&) 4 operator(pg_catalog.<>) 0
  ),
  'rules', (
    select coalesce(pg_catalog.json_agg(r.rulename order by r.rulename), '[]')
    from pg_catalog.pg_rewrite r
    where r.ev_class operator(pg_catalog.=) c.oid
  ),
  'row_security', pg_catalog.row_security_active(c.oid),
  'subscribed', exists(
    select from pg_catalog.pg_subscription_rel r where r.srrelid operator(pg_catalog.=) c.oid
  )
)::pg_catalog.text
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
cross join lateral (
  with recursive part (oid) as (
    select h.inhrelid from pg_catalog.pg_inherits h where h.inhparent operator(pg_catalog.=) c.oid
    union
    select h.inhrelid from part join pg_catalog.pg_inherits h on h.inhparent operator(pg_catalog.=) part.oid
  )
  select coalesce(pg_catalog.array_agg(part.oid), array[]::pg_catalog.oid[]) from part
) part (oids)
where n.nspname operator(pg_catalog.=) $1 and c.relname operator(pg_catalog.=) 'messages'
