-- Returns a row if writing to a table can call code that is not built into the server: if it is not a plain table, has
-- rules or triggers, is part of another table, or has columns, defaults, constraints, indexes or policies with
-- user-defined types, functions or operators, policies that read other relations, or expressions that run other code
-- through built-in functions.
--
-- $1 the quoted name of the table. {indirect}: indirect.sql
-- Served by: the catalog.
select
from pg_class c
where c.oid = to_regclass($1)
  and (
    c.relkind <> 'r'
    or c.relhasrules
    or c.relispartition
    or exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)
    or exists (select from pg_inherits h where h.inhparent = c.oid)
    or exists (select from pg_attribute a where a.attrelid = c.oid and not a.attisdropped and a.atttypid >= 16384)
    or exists (
      select from (
        select 'pg_attrdef'::regclass::oid, d.oid from pg_attrdef d where d.adrelid = c.oid
        union all
        select 'pg_constraint'::regclass, k.oid from pg_constraint k where k.conrelid = c.oid
        union all
        select 'pg_class'::regclass, i.indexrelid from pg_index i where i.indrelid = c.oid
        union all
        select 'pg_policy'::regclass, p.oid from pg_policy p where p.polrelid = c.oid
      ) o (class, oid)
      join pg_depend d on d.classid = o.class and d.objid = o.oid
      where d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)
        or d.classid = 'pg_policy'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid <> c.oid
    )
    or exists (
      select from (
        select d.adbin from pg_attrdef d where d.adrelid = c.oid
        union all
        select k.conbin from pg_constraint k where k.conrelid = c.oid
        union all
        select p.polqual from pg_policy p where p.polrelid = c.oid
        union all
        select p.polwithcheck from pg_policy p where p.polrelid = c.oid
      ) o (expression)
      where {indirect}
    )
  )
