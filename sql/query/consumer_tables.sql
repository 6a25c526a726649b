-- Finds the tables in which consumers of other programs keep their positions: name of the schema and the table, and whether this role
-- may read it, and whether reading it runs nothing but built-in code.
--
-- A view, a foreign table or a policy could run functions of its owner, so only ordinary tables without policies are read. Their columns
-- must have built-in types for the same reason.
--
-- Served by: the catalog.
select
  n.nspname::text,
  c.relname::text,
  has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'),
  c.relkind = 'r' and not c.relrowsecurity and (
    select count(*)
    from pg_attribute as a
    where
      a.attrelid = c.oid
      and a.attnum > 0
      and not a.attisdropped
      and a.attname::text = any(
        case c.relname::text
          when 'propulsion_checkpoint' then array['tranche', 'consumer_group', 'position']
          else array['namespace', 'category', 'consumer_id', 'position', 'updated_at']
        end
      )
      and a.atttypid in (
        'text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'uuid'::regtype, 'int4'::regtype, 'int8'::regtype,
        'timestamp'::regtype, 'timestamptz'::regtype
      )
  ) = case c.relname::text when 'propulsion_checkpoint' then 3 else 5 end
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relname::text in ('propulsion_checkpoint', 'evento_consumer_positions')
order by 1, 2
