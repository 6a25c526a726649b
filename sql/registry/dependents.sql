-- Lists what dropping a schema with CASCADE would delete besides the store: other tables in it, and objects of other
-- schemas that depend on anything in it. Tables that inherit from messages, such as partitions, belong to the store.
--
-- $1 schema
-- Served by: the catalog.
with recursive
  home as (
    select n.oid from pg_namespace n where n.nspname = $1
  ),
  store(oid) as (
    select c.oid
    from pg_class c
    where c.relnamespace = (select oid from home)
      and c.relname = any ('{messages,_streamscope_version,_schema_version}')
    union
    select h.inhrelid from store join pg_inherits h on h.inhparent = store.oid
  ),
  inside(class, object) as (
    select 'pg_class'::regclass::oid, c.oid from pg_class c
    where c.relnamespace = (select oid from home) or c.oid in (select oid from store)
    union all
    select 'pg_proc'::regclass, p.oid from pg_proc p where p.pronamespace = (select oid from home)
    union all
    select 'pg_type'::regclass, t.oid from pg_type t where t.typnamespace = (select oid from home)
  ),
  dependent(class, object, part, relation, schema) as (
    select
      case when r.oid is null then d.classid else 'pg_class'::regclass end,
      coalesce(r.ev_class, d.objid),
      case when r.oid is null then d.objsubid else 0 end,
      coalesce(r.ev_class, k.conrelid, f.adrelid, g.tgrelid, y.polrelid, c.oid),
      coalesce(p.pronamespace, t.typnamespace)
    from inside
    join pg_depend d on d.refclassid = inside.class and d.refobjid = inside.object and d.deptype in ('n', 'a')
    left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
    left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
    left join pg_attrdef f on d.classid = 'pg_attrdef'::regclass and f.oid = d.objid
    left join pg_trigger g on d.classid = 'pg_trigger'::regclass and g.oid = d.objid
    left join pg_policy y on d.classid = 'pg_policy'::regclass and y.oid = d.objid
    left join pg_class c on d.classid = 'pg_class'::regclass and c.oid = d.objid
    left join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid
    left join pg_type t on d.classid = 'pg_type'::regclass and t.oid = d.objid
  )
select pg_describe_object('pg_class'::regclass, c.oid, 0)
from pg_class c
where c.relnamespace = (select oid from home) and c.relkind in ('r', 'p', 'm', 'f') and c.oid not in (select oid from store)
union
select pg_describe_object(d.class, d.object, d.part)
from dependent d
left join pg_class c on c.oid = d.relation
where coalesce(c.relnamespace, d.schema) <> (select oid from home)
  and (d.relation is null or d.relation not in (select oid from store))
order by 1
